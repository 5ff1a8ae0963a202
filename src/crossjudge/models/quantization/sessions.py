"""A graph in memory: run on ONNX Runtime with values inside it as outputs, and saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import onnxruntime

from crossjudge.backends.cores import choose_num_threads

LARGEST_MESSAGE = 1_500_000_000
"""Bytes beyond which a graph goes to ONNX Runtime through a folder: protobuf ends at 2 GiB."""


@contextmanager
def open_graph(graph: onnx.ModelProto, *, outputs: Sequence[str] = ()) -> Iterator[Any]:
    """An inference session of `graph` that also gives `outputs`, values inside it."""
    watched = _watched(graph, outputs) if outputs else graph
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = choose_num_threads(None)
    options.log_severity_level = 4
    options.enable_mem_pattern = False
    if watched.ByteSize() < LARGEST_MESSAGE:
        yield onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        save_graph(watched, path)
        yield onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def save_graph(graph: onnx.ModelProto, path: Path) -> None:
    """Write `graph` to `path`, one too large for a single file with its weights beside it in `NAME.data`."""
    if graph.ByteSize() < LARGEST_MESSAGE:
        path.write_bytes(graph.SerializeToString())
    else:
        onnx.save(graph, str(path), save_as_external_data=True, location=f"{path.name}.data")


def _watched(graph: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    have = {one.name for one in graph.graph.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs if name not in have)
    return watched
