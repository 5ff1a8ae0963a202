"""Early exits: a pair stops at the first exit that is sure of it, and only the others are computed further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.types import FloatArray, IntArray

Feeds: TypeAlias = Mapping[str, NDArray[Any]]

LENGTHS_OF = {"states": "lengths", "premise_states": "premise_lens", "hypothesis_states": "hypothesis_lens"}
"""What a piece may take from the one before, `(n_rows, ..., seq_len, hidden_size)` -> the feed with its lengths."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exits:
    """After how many layers a pair may stop, and how probable its best label must be there; above 1 none stops."""

    depths: tuple[int, ...]
    thresholds: tuple[float, ...]

    def __str__(self) -> str:
        return f"exits({','.join(map(repr, self.thresholds))})"


def confidence(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """How probable the best label is: logits `(..., num_labels)` -> `(...)`; NaN where a logit is not finite.

    By softmax; with one label, by its sigmoid either way, so at least a half.
    """
    wide = np.asarray(logits, dtype=np.float64)
    if wide.shape[-1] == 1:
        wide = np.concatenate([wide, np.zeros_like(wide)], axis=-1)
    with np.errstate(invalid="ignore"):
        sure: NDArray[np.float64] = 1 / np.exp(wide - wide.max(axis=-1, keepdims=True)).sum(axis=-1)
    return sure


class Piece(Protocol):
    """Some layers of the network, and the head behind them; any number of threads may call `run_for` at once."""

    @property
    def inputs(self) -> Sequence[str]:
        """Names of the arrays it takes."""
        ...

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[NDArray[np.floating]]:
        """The named answers, in the order in which they were named."""
        ...


class ExitingPairs:
    """The pieces of a graph of pairs, one after another, on fewer and fewer rows of pairs.

    A row is a pair side by side, or a premise with what is asked of it, and goes on while one of its pairs is unsure.
    `answer`: the name of the logits in every piece. `thresholds`: one for each piece but the last: a pair stops there
    when its best label is at least so probable. `length_step`: sequences stay a multiple of it.
    """

    def __init__(
        self, pieces: Sequence[Piece], thresholds: Sequence[float], *, answer: str = "logits", length_step: int = 1
    ) -> None:
        self._pieces, self._thresholds, self._answer = pieces, thresholds, answer
        self._length_step = length_step
        self._taken = [name for name in pieces[-1].inputs if name in LENGTHS_OF]

    def run(self, feeds: Feeds) -> FloatArray:
        """Logits `(n_rows, ..., num_labels)`, each pair's from the exit where it stopped, in the order of the pairs."""
        *early, last = self._pieces
        outputs = [self._answer, *(f"next_{name}" for name in self._taken)]
        rows: IntArray = np.arange(len(feeds["premise_lens"]))
        found: list[tuple[IntArray, NDArray[np.floating], NDArray[np.bool_]]] = []
        for piece, threshold in zip(early, self._thresholds, strict=True):
            answers, *states = piece.run_for(feeds, outputs)
            sure = confidence(answers) >= threshold
            found.append((rows, answers, sure))
            unsure = np.flatnonzero(~sure.reshape(len(rows), -1).all(axis=1))
            if not len(unsure):
                break
            rows, feeds = rows[unsure], self._further(feeds, states, unsure)
        else:
            (answers,) = last.run_for(feeds, [self._answer])
            found.append((rows, answers, np.ones(answers.shape[:-1], dtype=np.bool_)))
        return _earliest(found)

    def _further(self, feeds: Feeds, states: Sequence[NDArray[np.floating]], rows: IntArray) -> Feeds:
        """What the next piece takes of the rows that go on, without the padding that none of them needs any more."""
        lengths = {name: feeds[name][rows] for name in LENGTHS_OF.values() if name in feeds}
        further: dict[str, NDArray[Any]] = dict(lengths)
        for name, one in zip(self._taken, states, strict=True):
            longest = -(-int(lengths[LENGTHS_OF[name]].max()) // self._length_step) * self._length_step
            kept = one if len(rows) == len(one) else one[rows]
            further[name] = np.ascontiguousarray(kept[..., :longest, :])
        return further


class ExitingHypotheses:
    """A graph that gives every exit's logits at once, which chooses for each pair as `ExitingPairs` would.

    It spares no time, and is there so that a pair's answer does not depend on who shares its premise. `answer`: the
    name of the full depth's logits; those of the exit after two layers are called `ANSWER_2`.
    """

    def __init__(self, graph: Piece, exits: Exits, *, answer: str = "logits") -> None:
        self._graph, self._exits = graph, exits
        self._outputs = [*(f"{answer}_{depth}" for depth in exits.depths), answer]

    def run(self, feeds: Feeds) -> FloatArray:
        """Logits of the graph's own shape, `(..., num_labels)`."""
        return first_sure(self._graph.run_for(feeds, self._outputs), self._exits.thresholds)


def first_sure(answers: Sequence[NDArray[np.floating]], thresholds: Sequence[float]) -> FloatArray:
    """What `ExitingPairs` would answer, where every exit's logits `(..., num_labels)` are there already.

    `answers`: one of each exit and of the full depth, first to last; `thresholds`: of each exit.
    """
    logits: FloatArray = np.array(answers[-1], dtype=np.float32)
    for answer, threshold in reversed(list(zip(answers, thresholds, strict=False))):
        stops = confidence(answer) >= threshold
        logits[stops] = answer[stops]
    return logits


def _earliest(found: Sequence[tuple[IntArray, NDArray[np.floating], NDArray[np.bool_]]]) -> FloatArray:
    """Rows, their logits and whether these hold, first exit to last -> for each pair the first logits that hold."""
    logits: FloatArray = np.empty(found[0][1].shape, dtype=np.float32)
    for rows, answers, holds in reversed(found):
        logits[rows] = np.where(holds[..., None], answers, logits[rows])
    return logits
