"""A cross-encoder's last linear layer: what it reads of a pair, its weights, and putting others in their place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossjudge.backends.base import BatchWishes, finished
from crossjudge.backends.cores import choose_num_threads
from crossjudge.backends.one_way import judge_feeds
from crossjudge.backends.onnx import INT8_WISHES, OnnxGraph, open_onnx
from crossjudge.errors import UnsupportedModelError
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.export import exported_graph, graph_files
from crossjudge.models.graph_bytes import GraphLayer, expose, last_layer, tensor_places
from crossjudge.models.loading import shipped_precision
from crossjudge.models.one_way_folder import exit_thresholds, save_exit_thresholds
from crossjudge.models.safetensors_bytes import find_head_tensors
from crossjudge.text.batching import plan
from crossjudge.types import Batch, FloatArray, OneWayBatch, Pair

Progress = Callable[[int, int], None]
WEIGHTS = "weights.bin"


@dataclass(frozen=True, slots=True)
class LastLayer:
    """`features @ weight + bias` are the logits.

    `weight`: float32 `(hidden_size, num_labels)`; `bias`: `(num_labels,)`.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def read_last_layer(model: CrossEncoder) -> LastLayer:
    """The last layer of the head that `model` has open.

    Raises `UnsupportedModelError` where the graph does not end in a float32 linear layer.
    """
    _refuse_int8_graph(model.checkpoint)
    found = _find(model)
    weight = found.weight.read()
    return LastLayer(weight.T.copy() if found.transposed else weight, found.bias.read())


def pair_features(model: CrossEncoder, pairs: Sequence[Pair], *, progress: Progress | None = None) -> FloatArray:
    """What the last layer reads of each pair, float32 `(n_pairs, hidden_size)`, on ONNX Runtime."""
    encodings = model.tokenizer.encode([model.prepared(pair) for pair in pairs])
    found = _find(model)
    features = np.zeros((len(pairs), found.weight.dims[found.transposed]), dtype=np.float32)
    wishes = INT8_WISHES if shipped_precision(model.checkpoint) == "int8" else BatchWishes()
    batches = plan(
        encodings,
        token_budget=wishes.token_budget,
        attention=model.attention,
        pad_token_id=model.tokenizer.pad_token_id,
        waste_limit=wishes.waste_limit,
    )
    done = 0
    with _graph_of_features(model, found.features) as graph:
        for batch in batches:
            features[batch.rows] = _read_features(graph, batch)
            done += len(batch.rows)
            if progress is not None:
                progress(done, len(pairs))
    return features


def _read_features(graph: OnnxGraph, batch: Batch) -> FloatArray:
    """`(n_pairs, hidden_size)`, in the order of `batch.rows`."""
    if isinstance(batch, OneWayBatch):
        return finished(graph.run(judge_feeds(batch))[batch.slots >= 0], batch)
    return finished(graph.run({name: getattr(batch, name) for name in graph.inputs}), batch)


@contextmanager
def _graph_of_features(model: CrossEncoder, features: str) -> Iterator[OnnxGraph]:
    """A copy of the model's graph that answers with the value `features`."""
    with tempfile.TemporaryDirectory(prefix="crossjudge-") as folder:
        files = [_copied(path, Path(folder)) for path in _files_of(model.checkpoint)]
        expose(files[0], features)
        yield open_onnx(files[0], lanes=1, num_threads=choose_num_threads(None), output=features)


def _files_of(checkpoint: Checkpoint) -> list[Path]:
    """The graph that answers pairs, and what must lie beside it."""
    if checkpoint.attention == "one_way":
        return [checkpoint.graphs["judge"], checkpoint.folder / WEIGHTS]
    return graph_files(exported_graph(checkpoint))


def _copied(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    shutil.copyfile(path, copy)
    return copy


def write_last_layer(folder: Path, head: str | None, layer: LastLayer) -> None:
    """Put `layer` in the place of the last layer of `head` in the checkpoint in `folder`: in its weights and graphs.

    Manifest and calibrations of the folder are the caller's to renew. A one-way model's early exits for this head are
    switched off, since the layers before the exits still say what they said.
    """
    checkpoint = load_checkpoint(folder, local_files_only=True)
    if checkpoint.attention == "one_way":
        _write_one_way(checkpoint, head, layer)
        return
    rounded = layer
    if checkpoint.weights:
        weight, bias = find_head_tensors(checkpoint.weights)
        rounded = LastLayer(weight.write(layer.weight.T).T, bias.write(layer.bias))
    assert checkpoint.graph is not None
    _write_graph(last_layer(checkpoint.graph, _output(checkpoint, head)), rounded)


def _write_one_way(checkpoint: Checkpoint, head: str | None, layer: LastLayer) -> None:
    found = last_layer(checkpoint.graphs["judge"], _output(checkpoint, head))
    for graph in sorted(checkpoint.folder.glob("*.onnx")):
        places = tensor_places(graph)
        if found.weight.name in places:
            places[found.weight.name].write(layer.weight)
            places[found.bias.name].write(layer.bias)
    thresholds = exit_thresholds(checkpoint.folder, checkpoint.raw)
    if head in thresholds:
        save_exit_thresholds(checkpoint.folder, {name: one for name, one in thresholds.items() if name != head})


def _write_graph(found: GraphLayer, layer: LastLayer) -> None:
    found.weight.write(np.ascontiguousarray(layer.weight.T) if found.transposed else layer.weight)
    found.bias.write(layer.bias)


def _find(model: CrossEncoder) -> GraphLayer:
    checkpoint = model.checkpoint
    graph = checkpoint.graphs["judge"] if checkpoint.attention == "one_way" else exported_graph(checkpoint)
    return last_layer(graph, _output(checkpoint, model.head))


def _output(checkpoint: Checkpoint, head: str | None) -> str:
    return head if head is not None and len(checkpoint.heads) > 1 else "logits"


def _refuse_int8_graph(checkpoint: Checkpoint) -> None:
    if checkpoint.attention == "joint" and shipped_precision(checkpoint) == "int8":
        raise UnsupportedModelError(
            f"Changing the last layer of '{checkpoint.name}': its graphs are int8, one for each engine. Use the "
            "checkpoint that it was exported from, and export the result in int8.",
            path=checkpoint.folder,
        )
