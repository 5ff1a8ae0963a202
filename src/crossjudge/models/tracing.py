"""A PyTorch network becomes an ONNX graph with free batch and sequence axes, proved against the network."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from crossjudge.backends.onnx import OnnxBackend
from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import BackendError
from crossjudge.models.networks import Network
from crossjudge.types import IntArray, JointBatch

DRIFT_LIMIT = 1e-4
"""How far graph and network may differ, times the size of the largest number where that is above 1."""

SHAPES = ((1, 3), (3, 17), (2, 63))
"""`(n_pairs, seq_len)` that are compared: odd ones, alone and padded, none of which the graph was traced with."""

LONGEST = 512
"""A sequence of `max_length` is compared too, up to this many tokens: attention's memory grows with the square."""

_TRACED_SHAPE = (2, 16)
_AXES = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
"""Free, or an error: never quietly fixed to what was traced."""

# torch.export walks modules and functions of the whole process while it traces, so one trace runs at a time.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Which numbers a network accepts: ids below `vocab_size`, types below `num_types`, rows up to `max_length`."""

    vocab_size: int
    num_types: int
    pad_token_id: int
    max_length: int


def write_graph(network: Network, path: Path, vocabulary: Vocabulary) -> None:
    """Trace `network`, write the graph to `path`, and compare the two on random ids.

    The network must have been loaded with `attention_kernel="eager"`: that gives the plainest graph, and the fastest
    (at 512 tokens 1.35 times faster than with "sdpa"). Raises `BackendError` when it cannot be traced, or when graph
    and network differ by more than `DRIFT_LIMIT`; nothing is left at `path` then that should be used.
    """
    draw = _Draw(vocabulary)
    with _one_at_a_time, _quiet():
        try:
            _trace(network, draw.batch(*_TRACED_SHAPE), path)
        except Exception as error:  # torch.export and its passes raise anything
            raise BackendError(
                f"Exporting a {type(network.module).__name__} with PyTorch {torch.__version__}: {_first_line(error)}. "
                "Use backend='torch', which needs no graph, or upgrade PyTorch."
            ) from error
    longest = min(vocabulary.max_length, LONGEST)
    shapes = [*((n_pairs, seq_len) for n_pairs, seq_len in SHAPES if seq_len <= longest), (1, longest)]
    _compare(network, path, [draw.batch(*shape) for shape in shapes])


def _trace(network: Network, batch: JointBatch, path: Path) -> None:
    example = {name: torch.from_numpy(getattr(batch, name)) for name in network.inputs}
    program = torch.onnx.export(
        network.module,
        (),
        kwargs=example,
        input_names=list(network.inputs),
        output_names=[getattr(network.module, "answer", "logits")],
        dynamic_shapes=dict.fromkeys(network.inputs, _AXES),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # stack traces, with this machine's paths in them
    program.save(str(path))


class _Draw:
    """Batches of random ids, always the same ones."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.random = np.random.default_rng(20)

    def batch(self, n_pairs: int, seq_len: int) -> JointBatch:
        """The first row is full, each later one shorter; the second half of a row is the second segment."""
        pad = self.vocabulary.pad_token_id
        lengths = np.linspace(seq_len, max(1, seq_len // 3), n_pairs).astype(np.int64)
        mask: IntArray = (np.arange(seq_len) < lengths[:, None]).astype(np.int64)
        ids = self.random.integers(0, self.vocabulary.vocab_size, (n_pairs, seq_len))
        ids[ids == pad] = (pad + 1) % self.vocabulary.vocab_size
        second = (np.arange(seq_len) >= lengths[:, None] // 2).astype(np.int64) * mask
        return JointBatch(
            input_ids=np.where(mask == 1, ids, pad),
            attention_mask=mask,
            token_type_ids=second if self.vocabulary.num_types > 1 else np.zeros_like(second),
            rows=np.arange(n_pairs, dtype=np.int64),
        )


def _compare(network: Network, path: Path, batches: list[JointBatch]) -> None:
    graph = OnnxBackend(path)
    reference = TorchBackend(network.module, inputs=network.inputs, device="cpu")
    for batch in batches:
        expected, seen = reference.forward(batch), graph.forward(batch)
        drift = float(np.abs(seen - expected).max()) if seen.shape == expected.shape else np.inf
        if drift > DRIFT_LIMIT * max(1.0, float(np.abs(expected).max())):
            raise BackendError(
                f"Exporting a {type(network.module).__name__}: on ids of shape {list(batch.input_ids.shape)} the graph "
                f"differs from PyTorch by {drift:.1e} (expected at most {DRIFT_LIMIT:.0e}; shapes {list(seen.shape)} "
                f"and {list(expected.shape)}). The graph was thrown away; use backend='torch' for this model."
            )
    graph.close()


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")


_CHATTER = ("torch.onnx", "onnxscript", "onnx_ir")
"""Loggers that warn of what is none of the user's business: absent torchvision, constants that stay unfolded."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _CHATTER]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # PyTorch 2.13 copies its own tree specs in a way that it deprecates.
            warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)`", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
