"""`FairQueue`: whose work comes next. Keys get equal shares of tokens, and a round is of one engine."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator

from crossjudge.serving.scheduling.engines import Engine
from crossjudge.serving.scheduling.work import Piece, Work

SLICE_TOKENS = 4_096
"""What one work gets before the next one has its turn: most requests come whole and in order, large ones take turns."""
LAST_SLICE = 1.5
"""What is left goes along in one turn up to this many slices: a rest would wait as long as all the others take."""

Seconds = Callable[[Work], float]
"""How long what is left of a work will take."""


def turn_tokens(work: Work) -> int:
    """What is left of its turn, if rounds have room for it."""
    left = SLICE_TOKENS - work.turn_taken
    return work.tokens_left if work.tokens_left <= left + (LAST_SLICE - 1) * SLICE_TOKENS else left


def turns(work: Work) -> int:
    """In how many turns what is left of it will be given out."""
    return max(1, math.ceil(work.tokens_left / SLICE_TOKENS - (LAST_SLICE - 1)))


class FairQueue:
    """Work by key. Whoever has been served least comes next; opens no clock, takes no lock.

    This is deficit round robin with the deficits written as tokens served so far, which also serves several engines: a
    key that has to wait since a round was another engine's has been served less, and so decides whose the next one is.
    A key that was idle begins where the others are now, so that nobody saves up.
    """

    def __init__(self) -> None:
        self.tokens = 0
        self._waiting: dict[str, deque[Work]] = {}
        self._served: dict[str, int] = {}
        self._now = 0

    def __len__(self) -> int:
        """Works that are not wholly taken."""
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Work]:
        """Those works."""
        for works in self._waiting.values():
            yield from works

    def push(self, work: Work) -> None:
        """Take in new work behind that of the same key, but before requests that came later than its own.

        A request may ask several times, and has waited already.
        """
        key = work.ticket.key
        if key not in self._waiting:
            self._waiting[key] = deque()
            self._served[key] = max(self._served.get(key, 0), self._now)
        works, came = self._waiting[key], work.ticket.accepted_s
        works.insert(next((place for place, one in enumerate(works) if one.ticket.accepted_s > came), len(works)), work)
        self.tokens += work.tokens

    def seconds(self, seconds: Seconds) -> float:
        """How long all of it will take."""
        return sum(map(seconds, self))

    def seconds_before(self, key: str, seconds: Seconds, own: float) -> float:
        """When new work of `own` seconds will have been taken whole, if nothing else comes.

        It waits for all that is there, or, where other keys flood the queue, for its turns among them.
        """
        waiting = {each: sum(map(seconds, works)) for each, works in self._waiting.items()}
        others = len(waiting.keys() - {key})
        return own + min(sum(waiting.values()), waiting.get(key, 0.0) + others * (waiting.get(key, 0.0) + own))

    def take(self, budget: int | None = None, hurried: Callable[[Work], bool] = lambda _: False) -> list[Piece]:
        """Pieces of one engine's work worth at most `budget` tokens (None: as the engine wishes), but at least one.

        `hurried`: whether what is left of a large work must not wait for another turn.
        """
        pieces: list[Piece] = []
        work = self._next(None)
        left = work.engine.round_tokens if work and budget is None else budget or 0
        while work is not None:
            turn = turn_tokens(work)
            piece = work.take(min(turn, left))
            # What the end of the round cut short has not had all of its turn.
            self._account(piece, keeps_place=turn > left or hurried(work))
            pieces.append(piece)
            left -= piece.tokens
            work = self._next(work.engine) if left > 0 else None
        return pieces

    def drop(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        """Remove the works that are not wanted any more, and return them."""
        dropped = [work for work in self if unwanted(work)]
        for work in dropped:
            self.tokens -= work.tokens_left
            self._remove(work)
        return dropped

    def _next(self, engine: Engine | None) -> Work | None:
        """The first work, for that engine if one is named, of the key that was served least."""
        firsts = [
            next((work for work in works if engine is None or work.engine is engine), None)
            for works in self._waiting.values()
        ]
        return min(filter(None, firsts), key=lambda work: self._served[work.ticket.key], default=None)

    def _account(self, piece: Piece, *, keeps_place: bool) -> None:
        """Account for a piece just taken; what is left of its work goes behind the key's others, or keeps its place."""
        work, key = piece.work, piece.work.ticket.key
        self.tokens -= piece.tokens
        self._now = max(self._now, self._served[key])
        self._served[key] += piece.tokens
        if not work.is_taken:
            if keeps_place:
                work.turn_taken += piece.tokens
                return
            work.turn_taken = 0
            self._waiting[key].append(work)
        self._remove(work)

    def _remove(self, work: Work) -> None:
        """Remove the first mention of the work; a key without any is forgotten once the others have caught up."""
        key = work.ticket.key
        self._waiting[key].remove(work)
        if not self._waiting[key]:
            del self._waiting[key]
        if not self._waiting:
            self._now = max(self._served.values())
        if len(self._served) > 2 * len(self._waiting):
            self._served = {
                key: served for key, served in self._served.items() if key in self._waiting or served > self._now
            }
