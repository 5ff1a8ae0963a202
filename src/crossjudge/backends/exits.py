"""Early exits: a pair stops at the first exit that is sure of it, and only the others are computed further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.types import FloatArray, IntArray

Feeds: TypeAlias = Mapping[str, NDArray[Any]]

TAKEN, GIVEN = "states", "next_states"
"""What a piece of the network is handed by the one before, and hands on: `(n_pairs, seq_len, hidden_size)`."""


def confidence(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """How probable the best label is: logits `(n_pairs, num_labels)` -> `(n_pairs,)`.

    By softmax; with one label, by its sigmoid either way, so at least a half.
    """
    wide = np.asarray(logits, dtype=np.float64)
    if wide.shape[1] == 1:
        wide = np.concatenate([wide, np.zeros_like(wide)], axis=1)
    sure: NDArray[np.float64] = 1 / np.exp(wide - wide.max(axis=1, keepdims=True)).sum(axis=1)
    return sure


class Piece(Protocol):
    """Some layers of the network, and the head behind them; any number of threads may call `run_for` at once."""

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[NDArray[np.floating]]:
        """The named answers, in the order in which they were named."""
        ...


class ExitingPairs:
    """The pieces of the `pairs` graph, one after another, on fewer and fewer pairs.

    `answer`: the name of the logits in every piece. `thresholds`: one for each piece but the last: a pair stops there
    when its best label is at least so probable; above 1, none does. `length_step`: sequences stay a multiple of it.
    """

    def __init__(
        self, pieces: Sequence[Piece], thresholds: Sequence[float], *, answer: str = "logits", length_step: int = 1
    ) -> None:
        self._pieces, self._thresholds, self._answer = pieces, thresholds, answer
        self._length_step = length_step

    def run(self, feeds: Feeds) -> FloatArray:
        """Logits `(n_pairs, num_labels)`, each pair's from the exit where it stopped, in the order of the pairs."""
        asking: IntArray = np.arange(len(feeds["lengths"]))
        logits: FloatArray | None = None
        for piece, threshold in zip(self._pieces, self._thresholds, strict=False):
            answers, states = piece.run_for(feeds, [self._answer, GIVEN])
            if logits is None:
                logits = np.empty(answers.shape, dtype=np.float32)
            logits[asking] = answers
            unsure = np.flatnonzero(confidence(answers) < threshold)
            if not len(unsure):
                return logits
            asking, feeds = asking[unsure], self._further(feeds, states, unsure)
        (answers,) = self._pieces[-1].run_for(feeds, [self._answer])
        if logits is None:
            return np.asarray(answers, dtype=np.float32)
        logits[asking] = answers
        return logits

    def _further(self, feeds: Feeds, states: NDArray[np.floating], unsure: IntArray) -> Feeds:
        """What the next piece takes of the pairs that go on, without the padding that none of them needs any more."""
        lengths = feeds["lengths"][unsure]
        longest = -(-int(lengths.max()) // self._length_step) * self._length_step
        if len(unsure) < len(states) or longest < states.shape[1]:
            states = np.ascontiguousarray(states[unsure, :longest])
        return {TAKEN: states, "premise_lens": feeds["premise_lens"][unsure], "lengths": lengths}


def first_sure(answers: Sequence[NDArray[np.floating]], thresholds: Sequence[float]) -> FloatArray:
    """What `ExitingPairs` would answer, where every exit's logits `(n_pairs, num_labels)` are there already.

    `answers`: one of each exit and of the full depth, first to last; `thresholds`: of each exit.
    """
    logits: FloatArray = np.array(answers[-1], dtype=np.float32)
    for answer, threshold in reversed(list(zip(answers, thresholds, strict=False))):
        stops = confidence(answer) >= threshold
        logits[stops] = answer[stops]
    return logits
