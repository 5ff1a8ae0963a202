"""A trained one-way network -> a folder that runs without torch: graphs over one file of weights, config, manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.numpy import load_file

from crossjudge.errors import InputError, MissingFileError, UnsupportedModelError
from crossjudge.models.integrity import corrupt, read_json
from crossjudge.models.manifest import write_manifest
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_graph import GELU_LOWEST, embed_graph, judge_graph, shift_of

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
) -> Path:
    """Write the inference folder of the network that training left in `trained`.

    `precision`: "int8" (weights by column, activations by row) or "fp32". `max_length`: tokens of a pair, None for as
    many as there are positions. `objective`: what the model says by default, None for what its first head is called.
    """
    if precision not in PRECISIONS:
        raise InputError(f"Exporting {trained}: precision {precision!r}; expected {' or '.join(PRECISIONS)}.")
    config = read_config(trained / "config.json")
    if max_length is not None and not 0 < max_length <= config.max_positions:
        raise InputError(
            f"Exporting {trained}: max_length={max_length}; expected 1 to {config.max_positions}, its positions."
        )
    weights = _trained_weights(trained)
    out.mkdir(parents=True, exist_ok=True)
    graphs = {
        "judge.onnx": judge_graph(config, weights, precision=precision),
        "embed.onnx": embed_graph(config, weights, precision=precision),
    }
    write_graphs(out, graphs)
    _copy_tokenizer(trained, out)
    section = {
        "format": 1,
        "attention": "one_way",
        "objective": objective or next(iter(config.heads)),
        "max_length": max_length or config.max_positions,
        "precision": precision,
        "heads": {name: list(labels) for name, labels in config.heads.items()},
        "graphs": {"judge": "judge.onnx", "embed": "embed.onnx"},
        "pooling": {"mode": "mean"},
    }
    content = {"model_type": "one_way", **config.to_dict(), "crossjudge": section}
    (out / "config.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    write_manifest(out)
    return out


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
    constants: dict[str, NDArray[Any]] = {}
    for name in ("judge.onnx", "embed.onnx"):
        model = onnx.load(folder / name)
        constants |= {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    return _Reader(read_config(folder / "config.json"), constants).weights()


class _Reader:
    """Graph constants -> the network's weights; the reverse of `one_way_graph._Network`."""

    def __init__(self, config: OneWayConfig, constants: Mapping[str, NDArray[Any]]) -> None:
        self.config, self.constants = config, constants

    def weights(self) -> dict[str, NDArray[np.float32]]:
        config = self.config
        read = {name: value for name, value in self.constants.items() if _is_plain(name)}
        read |= {
            f"heads.{head}.{part}.weight": self.constants[f"heads.{head}.{part}.weight"].T
            for head in config.heads
            for part in ("dense", "out")
        }
        read["embeddings.word_embeddings.weight"] = self.words()
        # Segment rows were folded into the positions; the difference of the two tables is what is left of them.
        first, second = self.constants["positions_0"], self.constants["positions_1"]
        offset = np.zeros((config.position_offset, config.hidden_size), dtype=np.float32)
        read["embeddings.position_embeddings.weight"] = np.concatenate([offset, first])
        segments = np.zeros((config.type_vocab_size, config.hidden_size), dtype=np.float32)
        if config.type_vocab_size > 1:
            segments[1] = (second - first).mean(axis=0)
        read["embeddings.token_type_embeddings.weight"] = segments
        for depth in range(config.num_layers):
            read |= self.layer(depth)
        return {name: np.array(value, dtype=np.float32, order="C") for name, value in read.items()}

    def words(self) -> NDArray[Any]:
        if "words" in self.constants:
            return self.constants["words"]
        words: NDArray[Any] = self.constants["words_int8"].astype(np.float32) * self.constants["words_scale"]
        return words

    def layer(self, depth: int) -> dict[str, NDArray[Any]]:
        name = f"layers.{depth}"
        read: dict[str, NDArray[Any]] = {}
        for part in ("attention_out", "up", "down"):
            read[f"{name}.{part}.weight"], read[f"{name}.{part}.bias"] = self.linear(f"{name}.{part}")
        parts = ("q", "kv") if depth == self.config.num_layers - 1 else ("qkv",)
        pieces = [self.linear(f"{name}.{part}") for part in parts]
        weight = np.concatenate([piece[0] for piece in pieces])
        bias = np.concatenate([piece[1] for piece in pieces])
        size = self.config.hidden_size
        scale = np.float32((size // self.config.num_heads) ** 0.5)
        read[f"{name}.qkv.weight"] = np.concatenate([weight[:size] * scale, weight[size:]])
        read[f"{name}.qkv.bias"] = np.concatenate([bias[:size] * scale, bias[size:]])
        return read

    def linear(self, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        if f"{name}.int8" not in self.constants:
            return self.constants[f"{name}.weight"].T, self.constants[f"{name}.bias"]
        quantized, scale = self.constants[f"{name}.int8"], self.constants[f"{name}.scale"]
        matrix = quantized.astype(np.float32) * scale
        if f"{name}.bias" in self.constants:
            return matrix.T, self.constants[f"{name}.bias"]
        return matrix.T, self.constants[f"{name}.shifted_bias"] - shift_of(quantized, scale, GELU_LOWEST)


def _is_plain(name: str) -> bool:
    """Constants that lie in the graph as they do in the network: norms, and the biases of heads."""
    return "norm." in name or (name.startswith("heads.") and name.endswith(".bias"))


def _copy_tokenizer(source: Path, out: Path) -> None:
    if not (source / "tokenizer.json").is_file():
        raise MissingFileError(f"Exporting {source}: there is no tokenizer.json beside the weights.", path=source)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
