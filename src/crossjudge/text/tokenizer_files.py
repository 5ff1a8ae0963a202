"""The files a checkpoint keeps its tokenizer in, read into a raw `tokenizers.Tokenizer` without truncation state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, normalizers, pre_tokenizers

from crossjudge.errors import CorruptFileError, MissingFileError
from crossjudge.extras import is_installed, require


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer kept in `folder`, with truncation and padding switched off for good.

    Raises `MissingFileError` when the folder holds none of the known shapes, `CorruptFileError` when it cannot be read.
    """
    for filename, read in SHAPES.items():
        if (folder / filename).is_file():
            tokenizer = _read(read, folder, filename)
            _rebuild(tokenizer, tokenizer_class(folder), read_tokenizer_config(folder))
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
    return _read_object(folder / "tokenizer_config.json")


def tokenizer_class(folder: Path) -> str | None:
    """Which of transformers' classes the checkpoint wants, without "Fast"; None where nothing says so."""
    model = _read_object(folder / "config.json")
    saved = read_tokenizer_config(folder).get("tokenizer_class") or model.get("tokenizer_class")
    return saved.removesuffix("Fast") if isinstance(saved, str) else _CLASS_OF.get(str(model.get("model_type")))


def gives_token_types(folder: Path) -> bool:
    """Whether the reference's tokenizer answers with token types: as saved, else as its class does."""
    inputs = read_tokenizer_config(folder).get("model_input_names")
    if isinstance(inputs, list):
        return "token_type_ids" in inputs
    return tokenizer_class(folder) in (None, *_GIVE_TOKEN_TYPES)


def lowercase_first(tokenizer: Tokenizer) -> None:
    """Lower-case every text before anything else is done to it; special tokens in a text stay as they are."""
    now = tokenizer.normalizer
    if isinstance(now, normalizers.Sequence):
        steps = [now[place] for place in range(len(now))]
    else:
        steps = [] if now is None else [now]
    if not any(isinstance(step, normalizers.Lowercase) for step in steps):
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *steps])


_CLASS_OF = {
    **dict.fromkeys(("bert", "electra", "distilbert", "convbert", "squeezebert", "ernie"), "BertTokenizer"),
    **dict.fromkeys(("roberta", "longformer", "ibert", "data2vec-text"), "RobertaTokenizer"),
    **{"xlm-roberta": "XLMRobertaTokenizer", "deberta": "DebertaTokenizer", "deberta-v2": "DebertaV2Tokenizer"},
}
"""`model_type` -> the tokenizer class it has where the checkpoint names none."""

_GIVE_TOKEN_TYPES = (
    *("BertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer", "SqueezeBertTokenizer"),
    *("DebertaTokenizer", "DebertaV2Tokenizer"),
)

_TAKE_THE_FILE = (None, "PreTrainedTokenizer", "TokenizersBackend")
"""Classes that use `tokenizer.json` as it is; any other rebuilds a part of it from `tokenizer_config.json`."""


def _rebuild(tokenizer: Tokenizer, name: str | None, config: Mapping[str, Any]) -> None:
    """Let the saved settings, and the defaults of the class, overrule `tokenizer.json` where the reference does."""
    if name in _TAKE_THE_FILE:
        return
    normalizer, splitter = tokenizer.normalizer, tokenizer.pre_tokenizer
    if isinstance(normalizer, normalizers.BertNormalizer):
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=normalizer.clean_text,
            handle_chinese_chars=config.get("tokenize_chinese_chars", True),
            strip_accents=config.get("strip_accents"),
            lowercase=config.get("do_lower_case", True),
        )
    elif name == "DebertaV2Tokenizer" and config.get("do_lower_case"):
        lowercase_first(tokenizer)
    if isinstance(splitter, pre_tokenizers.ByteLevel):
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=config.get("add_prefix_space", False), use_regex=splitter.use_regex
        )


def _read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object in the file `path`; empty where there is no file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptFileError(f"Reading {path}: not valid JSON ({error}). Fetch the file again.", path=path) from error
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise CorruptFileError(f"Reading {path}: found a {kind}; expected an object. Fetch the file again.", path=path)
    return content


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
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _from_vocab_txt(folder: Path) -> Tokenizer:
    from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer
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
            "transformers. Install it with: pip install 'crossjudge[torch]', or save a tokenizer.json beside the "
            "model.",
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
