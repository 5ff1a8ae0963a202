"""A trained one-way network -> a folder that runs without torch: graphs over one file of weights, config, manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.numpy import load_file

from crossjudge.backends.one_way import judge_feeds
from crossjudge.errors import InputError, MissingFileError, UnsupportedModelError
from crossjudge.models.integrity import corrupt, read_json
from crossjudge.models.manifest import write_manifest
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_exact import exact_graphs
from crossjudge.models.one_way_folder import FORMAT
from crossjudge.models.one_way_fused import fused_graphs
from crossjudge.models.one_way_parts import layer_name
from crossjudge.models.parity_sample import sample_pairs
from crossjudge.models.quantization import (
    Method,
    collect_ranges,
    initializers,
    joined_ranges,
    quantize_graphs,
    read_constants,
)
from crossjudge.text.batching import plan
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Encoding, OneWayBatch, Pair

PRECISIONS = ("int8", "fp32")
WEIGHTS = "weights.bin"
ALIGNMENT = 64
INLINE_BYTES = 1024
"""Constants smaller than this stay inside the graph file."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def export_one_way(
    trained: Path,
    out: Path,
    *,
    precision: str = "int8",
    max_length: int | None = None,
    objective: str | None = None,
    calibration: Sequence[Pair] | None = None,
    keep_exits: bool = True,
) -> Path:
    """Write the inference folder of the network that training left in `trained`.

    `precision`: "int8" or "fp32". `calibration`: pairs that int8 scales are measured on, None for hand-written ones.
    `max_length`: tokens of a pair, None for as many as there are positions. `objective`: what the model says by
    default, None for what its first head is called. `keep_exits`: whether heads after earlier layers come along.
    """
    if precision not in PRECISIONS:
        raise InputError(f"Exporting {trained}: precision {precision!r}; expected {' or '.join(PRECISIONS)}.")
    config = read_config(trained / "config.json")
    if max_length is not None and not 0 < max_length <= config.max_positions:
        raise InputError(
            f"Exporting {trained}: max_length={max_length}; expected 1 to {config.max_positions}, its positions."
        )
    if not keep_exits:
        config = replace(config, exits=())
    weights = _trained_weights(trained)
    if precision == "int8":
        weights = _with_packable_heads(weights)
    out.mkdir(parents=True, exist_ok=True)
    graphs = exact_graphs(config, weights)
    if precision == "int8":
        pairs = list(sample_pairs()) if calibration is None else list(calibration)
        graphs = _in_int8(graphs, config, _encoded(trained, pairs, max_length or config.max_positions))
    write_graphs(out, {f"{name}.onnx": graph for name, graph in graphs.items()})
    _copy_tokenizer(trained, out)
    section = {
        "format": FORMAT,
        "attention": "one_way",
        "objective": objective or next(iter(config.heads)),
        "max_length": max_length or config.max_positions,
        "precision": precision,
        "heads": {name: list(labels) for name, labels in config.heads.items()},
        "graphs": {name: f"{name}.onnx" for name in graphs},
        "pooling": {"mode": "mean"},
    }
    content = {"model_type": "one_way", **config.to_dict(), "crossjudge": section}
    (out / "config.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    write_manifest(out)
    return out


def _encoded(trained: Path, pairs: Sequence[Pair], max_length: int) -> list[Encoding]:
    _require_tokenizer(trained)
    return PairTokenizer.from_folder(trained, max_length=max_length, attention="one_way").encode(pairs)


def _with_packable_heads(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The matrices of heads rounded to bfloat16, half of whose bytes are zeros then, which a wheel packs away."""
    return {
        name: _rounded(value) if name.startswith(("heads.", "exits.")) and value.ndim == 2 else value
        for name, value in weights.items()
    }


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def _in_int8(
    graphs: Mapping[str, onnx.ModelProto], config: OneWayConfig, encodings: Sequence[Encoding]
) -> dict[str, onnx.ModelProto]:
    """Linear layers in int8: `down`, whose input has rare huge values, with a scale for each row, others with one.

    Of 3,000 held-out NLI pairs that left 99.27% of fp32's decisions; a scale per row everywhere 98.97% (and more time),
    one scale everywhere 98.20%. Heads stay float (`_with_packable_heads`): a thousandth of the work and all of the
    decision.
    """
    batches = list(_one_by_one(encodings))
    judged = collect_ranges(graphs["judge"], (judge_feeds(batch) for batch in batches))
    # The last layer's premise states are computed for sentence vectors alone.
    embedded = collect_ranges(
        graphs["embed"], ({"input_ids": one.premise_ids, "attention_mask": one.premise_mask} for one in batches)
    )
    ranges = joined_ranges([judged, embedded])
    methods: dict[str, Method] = {name: _method(name) for name in ranges}
    return quantize_graphs(graphs, ranges, dialect="onnx", methods=methods, embeddings=True)


def _method(weight: str) -> Method:
    if not weight.startswith(("layers.", "embedding_layers.")):
        return "keep"
    return "row" if weight.endswith(".down.weight") else "static"


def _one_by_one(encodings: Sequence[Encoding]) -> Iterator[OneWayBatch]:
    """A pair a batch, so that no padding is measured."""
    for encoding in encodings:
        (batch,) = plan([encoding], token_budget=len(encoding), attention="one_way")
        assert isinstance(batch, OneWayBatch)
        yield batch


def write_openvino(exported: Path, out: Path) -> None:
    """The graphs of an exported folder as OpenVINO computes them best: float32, attention in parts."""
    config, weights = read_config(exported / "config.json"), read_weights(exported)
    graphs = fused_graphs(config, weights)
    write_graphs(out, {f"{name}.onnx": graph for name, graph in graphs.items()})


def read_config(path: Path) -> OneWayConfig:
    """The network's shapes from a one-way `config.json`, trained or exported."""
    if not path.is_file():
        raise MissingFileError(
            f"Reading a one-way model: there is no {path}. Name a folder that training or export left.", path=path
        )
    content = read_json(path)
    known = {name: content[name] for name in OneWayConfig.__dataclass_fields__ if name in content}
    if content.get("model_type") != "one_way" or not isinstance(known.get("heads"), dict):
        raise UnsupportedModelError(
            f"Reading {path}: its model_type is {content.get('model_type')!r}; expected 'one_way' with its heads, as "
            "training writes it. Train one-way heads on this encoder first.",
            path=path,
        )
    known["heads"] = {name: tuple(labels) for name, labels in known["heads"].items()}
    try:
        return OneWayConfig(**known)
    except TypeError as error:
        raise corrupt(path, f"it does not hold the network's shapes ({error})") from error


def _trained_weights(trained: Path) -> dict[str, NDArray[Any]]:
    path = trained / "model.safetensors"
    if not path.is_file():
        raise MissingFileError(
            f"Exporting {trained}: there is no model.safetensors. Name the folder that training left; one that was "
            "exported holds graphs already.",
            path=path,
        )
    weights: dict[str, NDArray[Any]] = load_file(path)
    return weights


def write_graphs(folder: Path, graphs: Mapping[str, onnx.ModelProto]) -> None:
    """Write graphs whose large constants lie once in `weights.bin`, whichever of them use it."""
    places: dict[str, tuple[int, int]] = {}
    with (folder / WEIGHTS).open("wb") as data:
        for name, model in graphs.items():
            for tensor in model.graph.initializer:
                if len(tensor.raw_data) >= INLINE_BYTES:
                    place = places.get(tensor.name) or _append(data, tensor.raw_data)
                    places[tensor.name] = place
                    _point_to(tensor, *place)
            (folder / name).write_bytes(model.SerializeToString())


def _append(data: BinaryIO, raw: bytes) -> tuple[int, int]:
    data.write(b"\0" * (-data.tell() % ALIGNMENT))
    offset = data.tell()
    data.write(raw)
    return offset, len(raw)


def _point_to(tensor: onnx.TensorProto, offset: int, length: int) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": WEIGHTS, "offset": str(offset), "length": str(length)}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def read_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The network's weights out of an exported folder, under `OneWayEncoder`'s names, int8 ones multiplied out.

    What comes back is exactly what the graphs compute with, so the torch backend and the graphs share their weights.
    """
    graphs = [onnx.load(path) for path in sorted(folder.glob("*.onnx"))]
    raw = {name: value for graph in graphs for name, value in initializers(graph).items()}
    constants: dict[str, NDArray[Any]] = {}
    for graph in graphs:
        constants |= read_constants(graph, beside=raw)
    return _Reader(read_config(folder / "config.json"), constants).weights()


class _Reader:
    """Graph constants -> the network's weights; the reverse of `one_way_parts`."""

    def __init__(self, config: OneWayConfig, constants: Mapping[str, NDArray[Any]]) -> None:
        self.config, self.constants = config, constants

    def weights(self) -> dict[str, NDArray[np.float32]]:
        config = self.config
        read = {name: value for name, value in self.constants.items() if "norm." in name}
        for name in [name for name in self.constants if name.startswith(("heads.", "exits."))]:
            read[name] = self.constants[name].T if name.endswith(".weight") else self.constants[name]
        read["embeddings.word_embeddings.weight"] = self.table("words")
        # Segment rows were folded into the positions; the difference of the two tables is what is left of them.
        first, second = np.split(self.constants["places"], 2)
        offset = np.zeros((config.position_offset, config.hidden_size), dtype=np.float32)
        read["embeddings.position_embeddings.weight"] = np.concatenate([offset, first])
        segments = np.zeros((config.type_vocab_size, config.hidden_size), dtype=np.float32)
        if config.type_vocab_size > 1:
            segments[1] = (second - first).mean(axis=0)
        read["embeddings.token_type_embeddings.weight"] = segments
        for depth in range(config.num_layers):
            last = depth == config.num_layers - 1
            read |= self.layer(layer_name(depth), ("q", "kv") if last else ("qkv",))
        for place in range(config.embedding_layers):
            read |= self.layer(f"embedding_layers.{place}", ("qkv",))
        return {name: np.array(value, dtype=np.float32, order="C") for name, value in read.items()}

    def layer(self, name: str, parts: Sequence[str]) -> dict[str, NDArray[Any]]:
        """`parts`: the linear layers that query, key and value weights lie in."""
        read: dict[str, NDArray[Any]] = {}
        for part in ("attention_out", "up", "down"):
            read[f"{name}.{part}.weight"], read[f"{name}.{part}.bias"] = self.linear(f"{name}.{part}")
        pieces = [self.linear(f"{name}.{part}") for part in parts]
        weight = np.concatenate([piece[0] for piece in pieces])
        bias = np.concatenate([piece[1] for piece in pieces])
        size = self.config.hidden_size
        scale = np.float32((size // self.config.num_heads) ** 0.5)
        read[f"{name}.qkv.weight"] = np.concatenate([weight[:size] * scale, weight[size:]])
        read[f"{name}.qkv.bias"] = np.concatenate([bias[:size] * scale, bias[size:]])
        return read

    def linear(self, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        return self.table(f"{name}.weight").T, self.constants[f"{name}.bias"]

    def table(self, name: str) -> NDArray[Any]:
        return self.constants[name]


def _require_tokenizer(source: Path) -> None:
    if not (source / "tokenizer.json").is_file():
        raise MissingFileError(f"Exporting {source}: there is no tokenizer.json beside the weights.", path=source)


def _copy_tokenizer(source: Path, out: Path) -> None:
    _require_tokenizer(source)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
