"""Graphs on ONNX Runtime: the default engine, on CPU, with no torch installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from crossjudge.backends.base import BatchWishes
from crossjudge.backends.graph import GraphBackend
from crossjudge.backends.lanes import Feeds
from crossjudge.errors import BackendError, CorruptFileError

ANSWERS = ("logits", "last_hidden_state", "token_states", "token_embeddings")
"""Names that an output with logits or token states goes by; without any of them, the first output is taken."""

INT8_WISHES = BatchWishes(waste_limit=1)
"""Only sequences of one length share a batch: without padding no neighbour can move a bit, and a bit can round
an int8 activation the other way. It is quicker too: 0.64 s of one core for 500 sentence pairs, padded 0.89."""

SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Graph rewrites that cost time: the fused node took eight times as long as an addition and a norm (1.31.1)."""

LARGE_ATTENTION = 4_000_000
"""Tokens times longest sequence beyond which a batch, made by very long texts, gives its memory back after the run."""

_SHRINKING = onnxruntime.RunOptions()
_SHRINKING.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

_DTYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}


class OnnxBackend(GraphBackend):
    """One graph on ONNX Runtime; see `GraphBackend`."""

    def __init__(
        self, graph: Path, *, precision: str = "fp32", num_threads: int | None = None, output: str | None = None
    ) -> None:
        super().__init__(
            "onnx", open_onnx, graph, precision=precision, num_threads=num_threads, output=output,
            wishes=INT8_WISHES if precision == "int8" else None,
        )  # fmt: skip


class OnnxGraph:
    """An inference session and the one answer that is read from it; see `Runner`."""

    def __init__(self, graph: Path, num_threads: int, output: str | None) -> None:
        self._graph = graph
        self._session: Any = _open_session(graph, num_threads)
        self._dtypes = {one.name: _DTYPES.get(one.type, np.int64) for one in self._session.get_inputs()}
        outputs = {one.name: one.shape for one in self._session.get_outputs()}
        if output is not None and output not in outputs:
            raise BackendError(f"Opening {graph}: no output {output!r}; the graph has {', '.join(outputs)}.")
        self._output = output or next((name for name in ANSWERS if name in outputs), next(iter(outputs)))
        size = outputs[self._output][-1] if outputs[self._output] else None
        self.inputs = tuple(self._dtypes)
        self.answer_size: int | None = size if isinstance(size, int) else None

    def run(self, feeds: Feeds) -> NDArray[np.floating]:
        """See `Runner.run`."""
        return self.run_for(feeds, [self._output])[0]

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[NDArray[np.floating]]:
        """See `Runner.run_for`."""
        arrays = {name: feeds[name].astype(dtype, copy=False) for name, dtype in self._dtypes.items()}
        try:
            options = _SHRINKING if _attention_size(feeds) > LARGE_ATTENTION else None
            answers: Sequence[NDArray[np.floating]] = self._session.run(outputs, arrays, options)
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base
            raise BackendError(
                f"Running {self._graph} on inputs of shapes {[list(one.shape) for one in arrays.values()]}: "
                f"ONNX Runtime answered {str(error).strip()}. Use a smaller token budget if memory is short; otherwise "
                "graph and tokenizer do not belong together: export the model again."
            ) from error
        return answers


def open_onnx(graph: Path, *, lanes: int, num_threads: int, output: str | None) -> OnnxGraph:
    """See `Open`: a session may be run by several threads at once, each then computing on its own."""
    return OnnxGraph(graph, max(1, num_threads // lanes), output)


def _attention_size(feeds: Feeds) -> int:
    """How much memory attention takes, in tokens times the longest sequence they attend to."""
    ids = [one for name, one in feeds.items() if name.endswith("_ids")]
    seen = sum(int(np.prod(one.shape[2:])) if one.ndim == 4 else one.shape[-1] for one in ids[:1])
    kept = feeds["keys_values"].shape[1] if "keys_values" in feeds else 0
    return sum(one.size for one in ids[:1]) * (seen + kept)


def _open_session(graph: Path, num_threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 4  # fatal only: errors come as exceptions, which say more
    # The arena is quick but keeps the largest batch's memory for ever (2.9 GB after one batch of 64 x 512 tokens
    # through a 6-layer model), so a run on a large batch gives it back; see `_SHRINKING`.
    options.enable_mem_pattern = False
    # Threads that spin between the nodes of a run make one pair take 2.0 ms rather than 3.4; once a run is over they
    # must rest, since the cores then belong to others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
        )
    except Exception as error:  # ONNX Runtime's own exceptions share no narrower base
        raise CorruptFileError(
            f"Opening the graph {graph}: ONNX Runtime {onnxruntime.__version__} answered {str(error).strip()}. "
            "Expected a readable ONNX file with its data beside it; export or download it again.",
            path=graph,
        ) from error
