"""Training examples -> batches of similar length, premises shared, in an order that the seed alone decides."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

from crossjudge.text.batching import plan
from crossjudge.types import Attention, Batch, Encoding, JointBatch, OneWayBatch

WINDOW_PAIRS = 12_000
"""Pairs sorted by length together: enough for little padding, few enough that every stretch of training is mixed."""
WASTE_LIMIT = 2.0
"""More padding than inference allows: a step of few pairs costs a whole optimizer update."""
MOST_SHARED = 6
"""Hypotheses of one premise that stay together, so that few steps are about a single text: the others of that premise
meet them in a step only where the shuffle puts both in one window."""


def epoch_batches(
    encodings: Sequence[Encoding],
    *,
    token_budget: int,
    batch_size: int,
    attention: Attention,
    pad_token_id: int,
    seed: int,
) -> Iterator[Batch]:
    """One pass over all encodings; `rows` of every batch point into `encodings`."""
    rng = random.Random(seed)
    order = _grouped_order(encodings, attention, rng)
    for start in range(0, len(order), WINDOW_PAIRS):
        rows = order[start : start + WINDOW_PAIRS]
        batches = plan(
            [encodings[row] for row in rows],
            token_budget=token_budget,
            batch_size=batch_size,
            attention=attention,
            pad_token_id=pad_token_id,
            waste_limit=WASTE_LIMIT,
        )
        rng.shuffle(batches)
        yield from (_renumbered(batch, rows) for batch in batches)


def _grouped_order(encodings: Sequence[Encoding], attention: Attention, rng: random.Random) -> list[int]:
    """Rows in random order; in one-way attention pairs of one premise stay together, a few at a time."""
    rows = list(range(len(encodings)))
    rng.shuffle(rows)
    if attention == "joint":
        return rows
    groups: dict[bytes, list[int]] = {}
    for row in rows:
        groups.setdefault(encodings[row].input_ids[: encodings[row].premise_len].tobytes(), []).append(row)
    pieces = [group[at : at + MOST_SHARED] for group in groups.values() for at in range(0, len(group), MOST_SHARED)]
    rng.shuffle(pieces)
    return [row for piece in pieces for row in piece]


def _renumbered(batch: Batch, rows: Sequence[int]) -> Batch:
    lookup = np.asarray([*rows, -1])
    if isinstance(batch, JointBatch):
        return JointBatch(batch.input_ids, batch.attention_mask, batch.token_type_ids, lookup[batch.rows])
    assert isinstance(batch, OneWayBatch)
    return OneWayBatch(
        batch.premise_ids, batch.premise_mask, batch.hypothesis_ids, batch.hypothesis_mask, lookup[batch.slots]
    )
