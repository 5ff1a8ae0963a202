"""A backend without weights: believable numbers worked out from the ids alone, for tests, docs and `--backend fake`.

It is deterministic on every machine, needs no model files and costs microseconds, so that everything above it (apps,
servers, jobs) can be tried, tested and documented without a model. Its answers follow shared tokens, and are not
judgements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.backends.base import finished
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray, IntArray, JointBatch, OneWayBatch

FAVOURED = 1
"""The label that grows with overlap: where NLI checkpoints mostly put entailment, and two-label ones "yes"."""

REACH = 8.0
"""Logits of the favoured label go from minus to plus half of this as overlap goes from none to full."""

_Keys: TypeAlias = NDArray[np.uint64]

_MIX = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)
"""The multipliers of the splitmix64 hash."""


class FakeBackend:
    """Logits from token overlap plus a hash of the pair's own ids; neighbours and padding play no part.

    With several labels, label `FAVOURED` follows the share of hypothesis tokens that the premise holds, and the
    others stay near zero. `hidden_size`: answer with token states of that size instead, each token's its own fixed
    random vector. `poison`: token ids that make a pair answer NaN, to try how a caller meets a broken model.
    """

    name = "fake"
    precision = "fp32"

    def __init__(
        self, *, num_labels: int = 3, hidden_size: int | None = None, poison: Collection[int] = frozenset()
    ) -> None:
        self.num_labels = num_labels
        self.hidden_size = hidden_size
        self._poison = np.array(sorted(poison), dtype=np.int64)
        self._open = True

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        if not self._open:
            raise BackendError("Running the fake backend: it was closed. Open the model again.")
        if self.hidden_size is not None and isinstance(batch, JointBatch):
            return finished(self._token_states(batch.input_ids, self.hidden_size), batch)
        return finished(self._logits(list(_texts(batch))), batch)

    def close(self) -> None:
        """See `Backend.close`."""
        self._open = False

    def _logits(self, pairs: Sequence[tuple[IntArray, IntArray]]) -> FloatArray:
        """Ids of the two texts of each pair, int64 `(n,)` each -> `(n_pairs, num_labels)`."""
        logits = _hashes_of(pairs, self.num_labels)
        overlaps = np.array([_overlap(premise, hypothesis) for premise, hypothesis in pairs]).reshape(-1)
        logits[:, min(FAVOURED, self.num_labels - 1)] += (REACH * (overlaps - 0.5)).astype(np.float32)
        if len(self._poison):
            poisoned = [np.isin(self._poison, np.concatenate(pair)).any() for pair in pairs]
            logits[np.array(poisoned, dtype=bool)] = np.nan
        return logits

    def _token_states(self, ids: IntArray, hidden_size: int) -> FloatArray:
        """Ids `(n_texts, seq_len)` -> `(n_texts, seq_len, hidden_size)`, in [-1, 1)."""
        tokens: _Keys = ids[:, :, None].astype(np.uint64) * np.uint64(hidden_size)
        places: _Keys = np.arange(hidden_size, dtype=np.uint64)
        states = _uniform(tokens + places)
        states[np.isin(ids, self._poison)] = np.nan
        return states


def _texts(batch: Batch) -> Iterator[tuple[IntArray, IntArray]]:
    """The ids of both texts of every pair, special tokens and padding left out where they can be told, in row order."""
    if isinstance(batch, OneWayBatch):
        for place, slot in np.argwhere(batch.slots >= 0):
            premise = batch.premise_ids[place][batch.premise_mask[place] == 1]
            hypothesis = batch.hypothesis_ids[place, slot][batch.hypothesis_mask[place, slot] == 1]
            yield premise[1:-1], hypothesis[1:-1]
        return
    assert isinstance(batch, JointBatch)  # it does not wish for pairs side by side
    for ids, mask in zip(batch.input_ids, batch.attention_mask, strict=True):
        yield _split(ids[mask == 1])


def _split(ids: IntArray) -> tuple[IntArray, IntArray]:
    """`[CLS] a [SEP] b [SEP]` -> the ids of a and b; the separator is whatever stands last."""
    separators = np.flatnonzero(ids == ids[-1])
    second = ids[separators[0] :]
    return ids[1 : separators[0]], second[second != ids[-1]]


def _overlap(premise: IntArray, hypothesis: IntArray) -> float:
    """The share of the hypothesis' ids that the premise holds."""
    held = set(premise.tolist())
    return sum(one in held for one in hypothesis.tolist()) / len(hypothesis) if len(hypothesis) else 0.0


def _hashes_of(pairs: Sequence[tuple[IntArray, IntArray]], num_labels: int) -> FloatArray:
    """`(n_pairs, num_labels)` in [-0.5, 0.5), a different draw for every pair of texts."""
    contents = (b"|".join(ids.astype("<i8").tobytes() for ids in pair) for pair in pairs)
    digests = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    seeds: _Keys = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
    places: _Keys = np.arange(num_labels, dtype=np.uint64)
    draws: FloatArray = _uniform(seeds[:, None] + places) / np.float32(2)
    return draws


def _uniform(keys: _Keys) -> FloatArray:
    """Unsigned 64-bit keys of any shape -> float32 in [-1, 1) of that shape (splitmix64)."""
    mixed = (keys + np.uint64(1)) * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
    mixed ^= mixed >> np.uint64(31)
    unit: FloatArray = (mixed >> np.uint64(40)).astype(np.float32) / np.float32(2**23) - np.float32(1)
    return unit
