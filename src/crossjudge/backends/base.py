"""What every backend is: `forward(Batch)` -> numbers, one row per text or pair, and the check that they are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import NonFiniteLogitsError
from crossjudge.text.batching import WASTE_LIMIT
from crossjudge.types import Batch, FloatArray, IntArray, JointBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchWishes:
    """What batches an engine computes best.

    `length_step`: rows padded to a multiple of so many tokens. `side_by_side`: whether one-way pairs that share no
    premise should come as `PairBatch`. `token_budget`: tokens of one batch, padding included. `waste_limit`: how many
    times its useful tokens a batch may have at most; with 1, sequences of one length only share a batch.
    """

    length_step: int = 1
    side_by_side: bool = False
    token_budget: int = 2_048
    waste_limit: float = WASTE_LIMIT


class Backend(Protocol):
    """An engine with one model in it. Any number of threads may call `forward` at once."""

    @property
    def name(self) -> str:
        """ "onnx", "openvino", "torch" or "fake"."""
        ...

    @property
    def precision(self) -> str:
        """ "fp32", "bf16", "fp16" or "int8"."""
        ...

    # Backends may also have `wishes: BatchWishes`, and `forward_all`, which computes several batches at once.

    def forward(self, batch: Batch) -> FloatArray:
        """Float32 logits `(n_pairs, num_labels)` in the order of `batch.rows`; bi-encoders give token states
        `(n_texts, seq_len, hidden_size)`, zero where there is padding.

        Raises `NonFiniteLogitsError` naming the input row, and `BackendError` when the engine fails.
        """
        ...

    def close(self) -> None:
        """Let go of the model; calling it twice is fine, and `forward` afterwards raises `BackendError`."""
        ...


def wishes_of(backend: Backend) -> BatchWishes:
    """The backend's own wishes, or none in particular."""
    wishes: BatchWishes = getattr(backend, "wishes", BatchWishes())
    return wishes


def forward_each(backend: Backend, batches: Iterable[Batch]) -> Iterator[FloatArray]:
    """`forward` of every batch, in their order; several at once where the backend can."""
    many = getattr(backend, "forward_all", None)
    if many is not None:
        yield from many(batches)
        return
    for batch in batches:
        yield backend.forward(batch)


def finished(values: NDArray[np.floating], batch: Batch) -> FloatArray:
    """What an engine computed -> what `forward` returns: float32, finite, and zero where there is padding.

    `values`: logits `(n_pairs, num_labels)`, or token states `(n_texts, seq_len, hidden_size)`.
    """
    answer: FloatArray = np.asarray(values, dtype=np.float32)
    if answer.ndim == 3 and isinstance(batch, JointBatch):
        answer = np.where(batch.attention_mask[:, :, None] == 1, answer, np.float32(0))
    check_finite(answer, batch.rows)
    return answer


def check_finite(values: FloatArray, rows: IntArray) -> None:
    """Raise `NonFiniteLogitsError` for the lowest input row of `rows` whose values (leading axis) are not finite."""
    if np.isfinite(values).all():
        return
    broken = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    index = int(rows[broken].min())
    raise NonFiniteLogitsError(
        f"Running the model: input {index} gave NaN or infinity; expected finite numbers. In half precision some "
        "models overflow, so try precision='fp32'; in fp32 it is the weights that are broken: get them again.",
        index=index,
    )
