"""The files a checkpoint keeps its tokenizer in, read into a raw `tokenizers.Tokenizer` that holds no truncation state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from crossjudge.errors import CorruptFileError, MissingFileError
from crossjudge.extras import is_installed, require


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer kept in `folder`, with truncation and padding switched off for good.

    Raises `MissingFileError` when the folder holds none of the known shapes, `CorruptFileError` when it cannot be read.
    """
    for filename, read in SHAPES.items():
        if (folder / filename).is_file():
            tokenizer = _read(read, folder, filename)
            tokenizer.no_truncation()
            tokenizer.no_padding()
            return tokenizer
    raise MissingFileError(
        f"Loading the tokenizer of {folder}: none of {', '.join(SHAPES)} is there. "
        "Save the tokenizer beside the model: AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER).",
        path=folder,
    )


def read_tokenizer_config(folder: Path) -> Mapping[str, Any]:
    """`tokenizer_config.json` as saved, or an empty mapping where there is none."""
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return {}
    try:
        config: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptFileError(f"Reading {path}: not valid JSON ({error}). Fetch the file again.", path=path) from error
    return config


def _read(read: Callable[[Path], Tokenizer], folder: Path, filename: str) -> Tokenizer:
    try:
        return read(folder)
    except (ValueError, OSError, KeyError) as error:
        raise _corrupt(folder / filename, error) from error
    except Exception as error:
        # The Rust library raises bare `Exception` for a file it cannot parse; anything more specific is ours to see.
        if type(error) is not Exception:
            raise
        raise _corrupt(folder / filename, error) from error


def _corrupt(path: Path, error: Exception) -> CorruptFileError:
    return CorruptFileError(
        f"Reading the tokenizer from {path}: {error}. Expected a file saved by the tokenizers library; fetch it again.",
        path=path,
    )


def _from_tokenizer_json(folder: Path) -> Tokenizer:
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    return Tokenizer.from_str(_with_saved_casing(text, read_tokenizer_config(folder)))


def _with_saved_casing(text: str, config: Mapping[str, Any]) -> str:
    """The reference lets `tokenizer_config.json` overrule a BERT normalizer's casing, so we do too."""
    saved = {
        ours: config[theirs]
        for theirs, ours in {
            "do_lower_case": "lowercase",
            "strip_accents": "strip_accents",
            "tokenize_chinese_chars": "handle_chinese_chars",
        }.items()
        if theirs in config
    }
    if not saved:
        return text
    content = json.loads(text)
    normalizer = content.get("normalizer") or {}
    if normalizer.get("type") != "BertNormalizer" or all(normalizer.get(key) == value for key, value in saved.items()):
        return text
    content["normalizer"] = normalizer | saved
    return json.dumps(content, ensure_ascii=False)


def _from_vocab_txt(folder: Path) -> Tokenizer:
    from tokenizers.implementations import BertWordPieceTokenizer
    from tokenizers.processors import TemplateProcessing

    lowercase = bool(read_tokenizer_config(folder).get("do_lower_case", True))
    built = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=lowercase)
    # Re-read through JSON: the convenience class wraps the tokenizer that everything else here works on.
    tokenizer = Tokenizer.from_str(built.to_str())
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _through_transformers(folder: Path) -> Tokenizer:
    """Older shapes (SentencePiece, `vocab.json` with `merges.txt`) need the reference's own converter."""
    if not is_installed("transformers"):
        raise MissingFileError(
            f"Loading the tokenizer of {folder}: there is no tokenizer.json, and converting the older files needs "
            "transformers. Install it with: pip install 'crossjudge[torch]', or save a tokenizer.json beside the model.",
            path=folder,
        )
    transformers = require("transformers", to="convert a slow tokenizer")
    converted = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    return Tokenizer.from_str(converted.backend_tokenizer.to_str())


SHAPES: Mapping[str, Callable[[Path], Tokenizer]] = {
    "tokenizer.json": _from_tokenizer_json,
    "vocab.txt": _from_vocab_txt,
    "vocab.json": _through_transformers,
    "sentencepiece.bpe.model": _through_transformers,
    "spm.model": _through_transformers,
    "spiece.model": _through_transformers,
}
"""File that proves a shape -> how to read it, most direct first."""
