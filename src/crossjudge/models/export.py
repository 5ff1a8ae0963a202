"""Weights become an inference graph: made once and kept in the cache, or written as a folder that needs no torch."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crossjudge.errors import BackendError, InputError
from crossjudge.extras import require
from crossjudge.models.certificates import save_certificates
from crossjudge.models.checkpoint import Checkpoint, Kind
from crossjudge.models.graph_cache import EXPORTER_VERSION, RECORD, cached_graph, graph_key, keep_graph
from crossjudge.models.layout import GRAPHS, INDEX, WEIGHTS
from crossjudge.models.new_folder import put_in_place, require_new
from crossjudge.models.parity_sample import sample_pairs
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Encoding, Pair

PACKAGES = ("torch", "transformers", "onnx", "onnxscript")
"""What exporting needs beyond the core; the `torch` extra brings them."""

PRECISIONS = ("fp32", "bf16", "fp16", "int8")
WRITTEN = ("fp32", "int8")
"""Those that a graph file is written in."""

OPENVINO_INT8 = "onnx/model_openvino_int8.onnx"
"""Where the int8 graph for OpenVINO lies, beside `GRAPHS[0]`, which is ONNX Runtime's."""
CERTIFICATES = "parity.json"


def kind_of(checkpoint: Checkpoint) -> Kind:
    """What the checkpoint was loaded as."""
    return "cross_encoder" if checkpoint.pooling is None else "bi_encoder"


def exported_graph(checkpoint: Checkpoint) -> Path:
    """The float32 graph of `checkpoint`: the one it came with, the one in the cache, or one that is made now.

    Only making one needs the `torch` extra (`MissingExtraError`). Raises `BackendError` when the graph cannot be made,
    or does not give the network's numbers.
    """
    if checkpoint.graph is not None:
        return checkpoint.graph
    kind = kind_of(checkpoint)
    key = graph_key(checkpoint, kind)
    found = cached_graph(key)
    if found is not None:
        return found
    for package in PACKAGES:
        require(package, to=f"export '{checkpoint.name}' (it holds weights, and no {GRAPHS[0]})")
    return keep_graph(key, _record(checkpoint, kind), lambda path: _make_graph(checkpoint, kind, path))


def export(
    checkpoint: Checkpoint,
    out_folder: str | Path,
    *,
    precision: str = "fp32",
    calibration: Sequence[Pair] | None = None,
) -> Path:
    """Write `out_folder`: graph, config and tokenizer, without weights; it loads where there is no torch.

    `precision`: "fp32" or "int8"; for int8, `calibration` pairs give the scales (None: hand-written pairs of our own),
    and `parity.json` beside the config says how often the graph decides as fp32. `out_folder` must be new or empty.
    Returns it. Raises `InputError` for a folder in use, an unknown precision or too few pairs, and `BackendError` for
    a precision that cannot be written.
    """
    out = Path(out_folder).expanduser().absolute()
    _check_request(checkpoint, out, precision, calibration)
    graph = exported_graph(checkpoint)

    def write(fresh: Path) -> None:
        for source in files_to_keep(checkpoint):
            copy_file(source, fresh / source.relative_to(checkpoint.folder))
        inner = fresh / checkpoint.tokenizer_folder.relative_to(checkpoint.folder)
        if precision == "int8":
            _write_int8(checkpoint, graph, inner, calibration)
        else:
            copy_graph(graph, inner)

    put_in_place(out, write)
    return out


def copy_graph(graph: Path, inner: Path) -> None:
    """Put `graph`, with its data and record, where a checkpoint whose `config.json` is in `inner` has its graph."""
    for source in graph_files(graph):
        copy_file(source, (inner / GRAPHS[0]).with_name(source.name))


def _write_int8(checkpoint: Checkpoint, graph: Path, inner: Path, pairs: Sequence[Pair] | None) -> None:
    """int8 graphs in the folder `inner`, what they were made of in its config, and the certificates."""
    from crossjudge.models.int8_export import calibration_texts, write_int8

    given = list(sample_pairs() if pairs is None else pairs)
    texts = calibration_texts(given, _encoder(checkpoint), pad_token_id=checkpoint.pad_token_id)
    vectors = kind_of(checkpoint) == "bi_encoder"
    certificates = write_int8(
        graph, {"onnx": inner / GRAPHS[0], "openvino": inner / OPENVINO_INT8}, texts, vectors=vectors
    )
    save_certificates(inner / CERTIFICATES, certificates, calibration=texts.to_dict())
    config = json.loads((inner / "config.json").read_text(encoding="utf-8"))
    config["crossjudge"] = {"precision": "int8", "calibration": texts.to_dict()}
    (inner / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _encoder(checkpoint: Checkpoint) -> Callable[[Sequence[Pair]], list[Encoding]]:
    """Pairs -> encodings as the loaded model will make them; for a bi-encoder, those of both texts."""
    tokenizer = PairTokenizer.from_folder(
        checkpoint.tokenizer_folder,
        max_length=checkpoint.max_length,
        pad_token_id=checkpoint.pad_token_id,
        lowercase=checkpoint.lowercase,
    )
    prompt = checkpoint.prompt

    def of_pairs(pairs: Sequence[Pair]) -> list[Encoding]:
        return tokenizer.encode([Pair(prompt + one.text_a, one.text_b) for one in pairs])

    def of_texts(pairs: Sequence[Pair]) -> list[Encoding]:
        texts = dict.fromkeys(text for one in pairs for text in (one.text_a, one.text_b))
        return tokenizer.encode_single([prompt + text for text in texts])

    return of_texts if kind_of(checkpoint) == "bi_encoder" else of_pairs


def graph_files(graph: Path) -> list[Path]:
    """`graph`, the files beside it that hold its weights, and the record of how it was made."""
    beside = [*(graph.with_name(graph.name + end) for end in (".data", "_data")), graph.with_name(RECORD)]
    return [graph, *(path for path in beside if path.is_file())]


def _make_graph(checkpoint: Checkpoint, kind: Kind, path: Path) -> None:
    from crossjudge.models.networks import load_network
    from crossjudge.models.tracing import Vocabulary, write_graph

    vocabulary = Vocabulary(
        vocab_size=int(checkpoint.raw["vocab_size"]),
        num_types=int(checkpoint.raw.get("type_vocab_size") or 0),
        pad_token_id=checkpoint.pad_token_id,
        max_length=checkpoint.max_length,
    )
    write_graph(load_network(checkpoint, kind=kind, attention_kernel="eager"), path, vocabulary)


def _record(checkpoint: Checkpoint, kind: Kind) -> dict[str, object]:
    return {
        "exporter": EXPORTER_VERSION,
        "model": checkpoint.folder.name if Path(checkpoint.name).exists() else checkpoint.name,
        "kind": kind,
        "precision": "fp32",
        "weights_sha256": checkpoint.weights_hash(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _check_request(checkpoint: Checkpoint, out: Path, precision: str, calibration: Sequence[Pair] | None) -> None:
    if precision not in PRECISIONS:
        raise InputError(f"Exporting: no precision {precision!r}. Choose one of {', '.join(PRECISIONS)}.")
    if precision not in WRITTEN:
        raise BackendError(
            f"Exporting '{checkpoint.name}' in {precision}: graphs are written in {' and '.join(WRITTEN)}. Leave "
            "the precision out; bf16 is asked for when a model is loaded."
        )
    if checkpoint.attention == "one_way":
        raise InputError(
            f"Exporting '{checkpoint.name}': it is an inference graph already. Copy its folder, {checkpoint.folder}."
        )
    if calibration is not None and precision != "int8":
        raise InputError(
            f"Exporting '{checkpoint.name}' in {precision}: calibration pairs are for int8 alone. Ask for "
            "int8, or leave them out."
        )
    if precision == "int8":
        require("onnx", to=f"export '{checkpoint.name}' in int8")
    if isinstance(ours := checkpoint.raw.get("crossjudge"), dict) and ours.get("precision") == "int8":
        raise InputError(
            f"Exporting '{checkpoint.name}': it is an int8 graph already, and its float32 weights are not there. Copy "
            f"its folder, {checkpoint.folder}, or name the checkpoint that it was made of."
        )
    require_new(out, doing="Exporting")


_KEPT_SUFFIXES = (".json", ".txt", ".model")
_KEPT_NAMES = ("README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE")


def files_to_keep(checkpoint: Checkpoint) -> Iterator[Path]:
    """Configs, tokenizer, card, licence and what follows the transformer in a bi-encoder, but not its weights."""
    for path in sorted(checkpoint.folder.rglob("*")):
        inside = path.relative_to(checkpoint.folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if hidden or not path.is_file() or inside.parts[0] in ("onnx", "openvino") or path.name == INDEX:
            continue
        after_pooling = path.name == WEIGHTS and path not in checkpoint.weights
        if path.suffix in _KEPT_SUFFIXES or path.name in _KEPT_NAMES or after_pooling:
            yield path


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, or what a link points to, making the folders it needs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
