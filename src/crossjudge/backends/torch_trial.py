"""One small batch, packed and padded, before a kernel is trusted with a user's batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crossjudge.types import Batch, FloatArray, IntArray, JointBatch, OneWayBatch

TOLERANCE = {"fp32": 1e-3, "bf16": 0.1, "fp16": 0.02}
"""How far logits may be apart, as a share of the largest: rounding, not a wrong neighbour, which moves them wholly."""


def apart(
    packed: Callable[[Batch], FloatArray], padded: Callable[[Batch], FloatArray], *, one_way: bool
) -> tuple[float, float]:
    """The largest difference between both answers to a batch of mixed lengths, and the largest logit, at least 1."""
    batch = trial_batch(one_way=one_way)
    expected, seen = padded(batch), packed(batch)
    return float(np.abs(expected - seen).max()), max(1.0, float(np.abs(expected).max()))


def trial_batch(*, one_way: bool) -> Batch:
    """Two texts of 3 and 9 tokens, and two of 7 and 4 asked of each in one-way attention; ids from 5 to 24."""
    first, first_mask = _texts((3, 9))
    if not one_way:
        types = np.where(np.arange(first.shape[1]) > 1, first_mask, 0)
        return JointBatch(first, first_mask, types, rows=np.arange(2))
    second, second_mask = _texts((7, 4, 4, 7))
    shape = (2, 2, second.shape[1])
    return OneWayBatch(
        first, first_mask, second.reshape(shape), second_mask.reshape(shape), slots=np.arange(4).reshape(2, 2)
    )


def _texts(lengths: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    ids = 5 + (np.arange(mask.size).reshape(mask.shape) * 7) % 20
    return ids.astype(np.int64) * mask, mask
