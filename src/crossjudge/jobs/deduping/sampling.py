"""What a deduplication would cost, from a sample of its texts."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

from crossjudge.apps.deduplication.candidates import EXACT, EXACT_UP_TO
from crossjudge.apps.deduplication.deduplicator import Deduplicator
from crossjudge.jobs.deduping import cells
from crossjudge.jobs.deduping.tables import block_key
from crossjudge.jobs.encoder import CountedBiEncoder, Counts
from crossjudge.jobs.sampling import Measured, shared_out
from crossjudge.jobs.task import Item
from crossjudge.types import FloatArray, IntArray


class Measurable(Protocol):
    """What is asked of a deduplication to measure it; see `DedupeTask`."""

    first_stage: CountedBiEncoder
    settings: Deduplicator

    def counts(self) -> Counts:
        """Tokens computed so far, of both models."""
        ...

    def same(self, item: Item) -> Hashable:
        """Equal for copies within a block."""
        ...


def measured(task: Measurable, items: Sequence[Item], most: int, *, rows: int) -> Measured:
    """All texts of the sample are encoded, and `most` of their nearest pairs compared.

    Pairs in the whole: as often as in the sample, but no more than each text may bring.
    """
    distinct = list({task.same(item): item for item in items}.values())
    if len(distinct) < 2:
        return Measured(tokens=[], seconds=0.0, distinct_share=1.0)
    texts = [text for text, _ in distinct]
    blocks = np.array([block_key(block) for _, block in distinct], dtype=np.uint64).view(np.int64)
    task.first_stage.encode(texts[:8])  # the first ones are slower than all others
    began, before = time.perf_counter(), task.counts()
    vectors = task.first_stage.encode(texts)
    tokens, seconds = float(task.counts().since(before).tokens), time.perf_counter() - began
    pairs, near_share = _near_pairs(vectors, blocks, task.settings.least_cosine)
    texts_of_all = rows * len(distinct) / len(items)
    pairs_a_text = min(near_share * (texts_of_all - 1) / 2, task.settings.neighbours)
    tokens_of_pairs, seconds_of_pairs = _compared(task, texts, pairs[:most])
    # The sample with as many pairs a text as the whole has.
    weight = pairs_a_text * len(distinct) / len(pairs[:most])
    return Measured(
        tokens=shared_out(tokens + tokens_of_pairs * weight, distinct, repeats=len(items) - len(distinct)),
        seconds=seconds + seconds_of_pairs * weight,
        distinct_share=len(distinct) / len(items),
        pairs_to_compare=pairs_a_text * texts_of_all,
        more_seconds=_cosines(texts_of_all, task.settings.search) * _seconds_a_cosine(vectors),
    )


def _near_pairs(vectors: FloatArray, blocks: IntArray, least_cosine: float) -> tuple[IntArray, float]:
    """The pairs of the sample, the nearest first, and which share of them is near enough."""
    first, second = np.triu_indices(len(vectors), k=1)
    one_block = blocks[first] == blocks[second]
    cosines = (vectors @ vectors.T)[first, second]
    near = one_block & (cosines >= least_cosine)
    order = np.argsort(-np.where(one_block, cosines, -2), kind="stable")
    return np.stack([first[order], second[order]], axis=1), float(near.mean())


def _compared(task: Measurable, texts: Sequence[str], pairs: IntArray) -> tuple[float, float]:
    """Tokens and seconds of deciding about pairs."""
    asked = [(texts[first], texts[second]) for first, second in pairs.tolist()]
    task.settings.decider(asked[:4])
    began, before = time.perf_counter(), task.counts()
    task.settings.decider(asked)
    return float(task.counts().since(before).tokens), time.perf_counter() - began


def _cosines(texts: float, search: str) -> float:
    """How many are computed: each text with each, or with those of its cells."""
    if search == EXACT or texts <= EXACT_UP_TO:
        return texts * texts
    return cells.cosines_for(texts)


def _seconds_a_cosine(vectors: FloatArray) -> float:
    rounds, began = 4, time.perf_counter()
    for _ in range(rounds):
        _ = vectors @ vectors.T
    return (time.perf_counter() - began) / rounds / len(vectors) ** 2
