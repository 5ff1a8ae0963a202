"""What one submission asked for, how far it has come, and the answer that grows piece by piece."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from crossjudge.serving.scheduling.engines import Engine
from crossjudge.serving.scheduling.tickets import Ticket
from crossjudge.types import Encoding, FloatArray


@dataclass(eq=False, slots=True)
class Work:
    """Encodings of one request for one engine.

    `costs`: tokens of each, at least 1. `taken`: how many were given out to be computed, and `left` how many have no
    answer yet. `tokens_left`: of those that were not given out. `turn_taken`: of those that were, in the turn that it
    still has in the queue. `answers`: float32 `(n_encodings, engine.width)`.
    """

    engine: Engine
    encodings: Sequence[Encoding]
    costs: Sequence[int]
    ticket: Ticket
    future: Future[FloatArray] = field(default_factory=Future)
    submitted_s: float = field(default_factory=time.monotonic)
    taken: int = 0
    turn_taken: int = 0
    left: int = field(init=False)
    tokens: int = field(init=False)
    tokens_left: int = field(init=False)
    answers: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.tokens = len(self.encodings), sum(self.costs)
        self.tokens_left = self.tokens
        self.answers = np.empty((len(self.encodings), self.engine.width), dtype=np.float32)

    def take(self, budget: int) -> Piece:
        """The next encodings that cost at most `budget` together, but at least one."""
        start, tokens = self.taken, 0
        for cost in self.costs[start:]:
            if tokens and tokens + cost > budget:
                break
            tokens += cost
            self.taken += 1
        self.tokens_left -= tokens
        return Piece(self, start, self.taken, tokens)

    @property
    def is_taken(self) -> bool:
        """Whether all of it was given out."""
        return self.taken == len(self.encodings)


@dataclass(frozen=True, slots=True)
class Piece:
    """Encodings `start` to `stop` (exclusive) of some work, to be computed in one round."""

    work: Work
    start: int
    stop: int
    tokens: int

    def __len__(self) -> int:
        """How many encodings."""
        return self.stop - self.start

    @property
    def encodings(self) -> Sequence[Encoding]:
        """To be computed."""
        return self.work.encodings[self.start : self.stop]
