"""Graphs on ONNX Runtime: the default engine, on CPU, with no torch installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from crossjudge.backends.base import finished
from crossjudge.backends.cores import choose_num_threads
from crossjudge.errors import BackendError, CorruptFileError
from crossjudge.types import Batch, FloatArray, JointBatch, OneWayBatch

ANSWERS = ("logits", "last_hidden_state", "token_states", "token_embeddings")
"""Names that an output with logits or token states goes by; without any of them, the first output is taken."""

_JOINT_ARRAYS = ("input_ids", "attention_mask", "token_type_ids")
_ONE_WAY_ARRAYS = ("premise_ids", "premise_mask", "hypothesis_ids", "hypothesis_mask")
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Graph rewrites that cost time: the fused node took eight times as long as an addition and a norm (1.31.1)."""

LARGE_ATTENTION = 4_000_000
"""Tokens times longest sequence beyond which a batch, made by very long texts, gives its memory back after the run."""

_SHRINKING = onnxruntime.RunOptions()
_SHRINKING.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

_DTYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class OnnxBackend:
    """One inference session; inputs are fed by the names that the graph declares.

    `graph`: the `.onnx` file. `precision`: what the graph computes in, for the record. `num_threads`: threads of one
    forward pass, None for one per usable core. `output`: the output to read, None for the first of `ANSWERS`.
    `answer_size`: `num_labels` or `hidden_size` as the graph declares it, None where it does not say.
    """

    name = "onnx"

    def __init__(
        self, graph: Path, *, precision: str = "fp32", num_threads: int | None = None, output: str | None = None
    ) -> None:
        self.precision = precision
        self._graph = graph
        self._session: Any = _open_session(graph, choose_num_threads(num_threads))
        self._dtypes = {one.name: _DTYPES.get(one.type, np.int64) for one in self._session.get_inputs()}
        outputs = {one.name: one.shape for one in self._session.get_outputs()}
        if output is not None and output not in outputs:
            raise BackendError(f"Opening {graph}: no output {output!r}; the graph has {', '.join(outputs)}.")
        self._output = output or next((name for name in ANSWERS if name in outputs), next(iter(outputs)))
        size = outputs[self._output][-1] if outputs[self._output] else None
        self.answer_size: int | None = size if isinstance(size, int) else None

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        session = self._session
        if session is None:
            raise BackendError(f"Running {self._graph}: the backend was closed. Open the model again.")
        feeds = self._feeds(batch)
        try:
            run_options = _SHRINKING if _attention_size(batch) > LARGE_ATTENTION else None
            answer: NDArray[np.floating] = session.run([self._output], feeds, run_options)[0]
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base
            raise BackendError(
                f"Running {self._graph} on inputs of shapes {[list(one.shape) for one in feeds.values()]}: "
                f"ONNX Runtime answered {str(error).strip()}. Use a smaller token budget if memory is short; otherwise "
                "graph and tokenizer do not belong together: export the model again."
            ) from error
        return finished(answer[batch.slots >= 0] if isinstance(batch, OneWayBatch) else answer, batch)

    def close(self) -> None:
        """See `Backend.close`."""
        self._session = None

    def _feeds(self, batch: Batch) -> dict[str, NDArray[Any]]:
        have = _arrays(batch)
        unknown = sorted(set(self._dtypes) - set(have))
        if unknown:
            raise BackendError(
                f"Running {self._graph}: the graph wants {', '.join(unknown)}, and a {type(batch).__name__} brings "
                f"{', '.join(have)}. Export the graph again with crossjudge."
            )
        return {name: have[name].astype(dtype, copy=False) for name, dtype in self._dtypes.items()}


def _arrays(batch: Batch) -> dict[str, NDArray[np.int64]]:
    names = _ONE_WAY_ARRAYS if isinstance(batch, OneWayBatch) else _JOINT_ARRAYS
    return {name: getattr(batch, name) for name in names}


def _attention_size(batch: Batch) -> int:
    """How much memory attention takes, in tokens times the longest sequence they attend to."""
    if isinstance(batch, JointBatch):
        return int(batch.total_tokens * batch.input_ids.shape[1])
    return int(batch.total_tokens * (batch.premise_ids.shape[1] + batch.hypothesis_ids.shape[2]))


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
