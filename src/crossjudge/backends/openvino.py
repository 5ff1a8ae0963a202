"""Graphs on OpenVINO: the fastest engine on x86 processors; needs the `openvino` extra."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from crossjudge.backends.base import BatchWishes
from crossjudge.backends.graph import GraphBackend
from crossjudge.backends.lanes import Feeds
from crossjudge.backends.onnx import ANSWERS
from crossjudge.errors import BackendError, CorruptFileError

HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}
"""Precision -> what OpenVINO computes in where nothing is quantised. Unasked it would take bf16 where it can."""

WISHES = BatchWishes(length_step=16, side_by_side=True, token_budget=2_048)
"""Rows of a multiple of 16 tokens: at 31 tokens the fused attention takes 1.7 times as long as at 32 (2026.4), and
every new shape costs some milliseconds, once."""

_core_lock = threading.Lock()
_core: Any = None


class OpenvinoBackend(GraphBackend):
    """One graph on OpenVINO's CPU plugin; see `GraphBackend`."""

    def __init__(
        self, graph: Path, *, precision: str = "fp32", num_threads: int | None = None, output: str | None = None
    ) -> None:
        super().__init__(
            "openvino", opener(precision), graph, precision=precision, num_threads=num_threads, output=output,
            wishes=WISHES,
        )  # fmt: skip


class OpenvinoGraph:
    """A compiled model and the one answer that is read from it; see `Runner`."""

    def __init__(self, graph: Path, *, hint: str, lanes: int, num_threads: int, output: str | None) -> None:
        self._graph = graph
        self._compiled = _compile(graph, hint, lanes, num_threads)
        self._idle: deque[Any] = deque()  # requests nobody runs; each holds its inputs and answers
        self.inputs = tuple(one.any_name for one in self._compiled.inputs)
        outputs = {name: one for one in self._compiled.outputs for name in one.names}
        if output is not None and output not in outputs:
            raise BackendError(f"Opening {graph}: no output {output!r}; the graph has {', '.join(outputs)}.")
        self._outputs = outputs
        self._output: str = output or next((name for name in ANSWERS if name in outputs), next(iter(outputs)))
        shape = outputs[self._output].get_partial_shape()
        size = shape[len(shape) - 1] if shape.rank.is_static and len(shape) else None
        self.answer_size: int | None = size.get_length() if size is not None and size.is_static else None

    def run(self, feeds: Feeds) -> NDArray[np.floating]:
        """See `Runner.run`."""
        return self.run_for(feeds, [self._output])[0]

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[NDArray[np.floating]]:
        """See `Runner.run_for`."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            request.infer({name: np.ascontiguousarray(feeds[name]) for name in self.inputs}, share_inputs=True)
        except RuntimeError as error:
            raise BackendError(
                f"Running {self._graph} on inputs of shapes {[list(feeds[name].shape) for name in self.inputs]}: "
                f"OpenVINO answered {str(error).strip()}. Use a smaller token budget if memory is short; otherwise "
                "graph and tokenizer do not belong together: export the model again."
            ) from error
        answers = [request.get_tensor(self._outputs[name]).data.copy() for name in outputs]
        self._idle.append(request)
        return answers


def opener(precision: str) -> Any:
    """An `Open` that computes in `precision`."""
    if precision not in HINTS:
        raise BackendError(
            f"Opening a graph on OpenVINO: precision {precision!r} is not one of {', '.join(HINTS)}. Choose one."
        )

    def open_openvino(graph: Path, *, lanes: int, num_threads: int, output: str | None) -> OpenvinoGraph:
        hint = "bf16" if precision == "int8" and "BF16" in capabilities() else HINTS[precision]
        return OpenvinoGraph(graph, hint=hint, lanes=lanes, num_threads=num_threads, output=output)

    return open_openvino


def capabilities() -> tuple[str, ...]:
    """What the processor computes natively, as OpenVINO names it: "FP32", "BF16", "INT8", ..."""
    return tuple(_the_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _the_core() -> Any:
    global _core
    with _core_lock:
        if _core is None:
            # OpenVINO makes its table of types when it is first asked, and lets go of Python's lock meanwhile: of two
            # threads that ask first, one waits for the table with the lock that the other needs to finish it.
            openvino.Type.f32.to_dtype()
            _core = openvino.Core()
    return _core


def _compile(graph: Path, hint: str, lanes: int, num_threads: int) -> Any:
    options = {
        "INFERENCE_PRECISION_HINT": hint,
        "NUM_STREAMS": str(lanes),
        "INFERENCE_NUM_THREADS": num_threads,
        # Left to itself it would bind its threads to cores that other processes use too.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        return _the_core().compile_model(str(graph), "CPU", options)
    except RuntimeError as error:
        raise CorruptFileError(
            f"Opening the graph {graph}: OpenVINO {openvino.__version__} answered {str(error).strip()}. Expected a "
            "readable ONNX file with its data beside it; export or download it again.",
            path=graph,
        ) from error
