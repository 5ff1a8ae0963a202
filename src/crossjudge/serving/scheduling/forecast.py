"""`Forecast`: when work that waits will be done, and whether that is in time, from the queue and the engines' pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossjudge.serving.scheduling.engines import Engine
from crossjudge.serving.scheduling.fair_queue import FairQueue, turn_tokens, turns
from crossjudge.serving.scheduling.pace import Pace
from crossjudge.serving.scheduling.tickets import Ticket
from crossjudge.serving.scheduling.work import Piece, Work

PATIENCE_SHARE = 0.5
"""Share of a request's time that its first wait may take: the rest is for what it asks later, for what other keys come
to ask meanwhile, and for a machine that is slower than it was."""
HURRY_SHARE = 0.5
"""Share of what is left of its time from which on large work does not give way any more."""


class Forecast:
    """Opens no clock: `now` is `time.monotonic()` for all of it. Not safe in threads: the scheduler's lock is its."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._pace = Pace()
        self._round_ends_s = 0.0

    def round_begins(self, pieces: Sequence[Piece], now: float) -> None:
        """These are computed from now on."""
        self._round_ends_s = now + sum(self._pace.seconds(piece.work.engine, piece.tokens) for piece in pieces)

    def round_ends(self, engine: Engine, tokens: int, seconds: float, *, full: int) -> None:
        """They took so long; see `Pace.learn`."""
        self._round_ends_s = 0.0
        self._pace.learn(engine, tokens, seconds, full=full)

    def wait_s(self, now: float) -> float:
        """How long everything that was accepted will take; 0.0 as long as no engine's pace is known."""
        return self._in_hand_s(now) + self._queue.seconds(self._seconds_left)

    def late_by(self, ticket: Ticket, now: float, work: Work | None = None) -> float:
        """Seconds that the request's first answer would come too late; 0.0 or less if it is in time.

        `work`: what it asks first; None where that is not known yet, so that only a queue too long is seen.
        """
        if ticket.deadline is None:
            return 0.0
        own = 0.0 if work is None else self._seconds_left(work)
        own_turns = 1 if work is None else turns(work)
        hurried = self.hurried(now)

        def first(other: Work) -> float:
            """What of it is computed before: a large work gives way after each slice, unless it hurries itself."""
            left_s = self._seconds_left(other)
            return left_s if hurried(other) else min(left_s, own_turns * self._turn_s(other))

        expected = self._in_hand_s(now) + self._queue.seconds_before(ticket.key, first, own)
        return expected - PATIENCE_SHARE * (ticket.deadline - now)

    def hurried(self, now: float) -> Callable[[Work], bool]:
        """Whether work of several slices would be late if each of them waited for its turn."""
        turn_s = self._queue.seconds(self._turn_s)

        def is_late(work: Work) -> bool:
            deadline = work.ticket.deadline
            return deadline is not None and turns(work) * turn_s > HURRY_SHARE * (deadline - now)

        return is_late

    def _in_hand_s(self, now: float) -> float:
        return max(0.0, self._round_ends_s - now)

    def _seconds_left(self, work: Work) -> float:
        return self._pace.seconds(work.engine, work.tokens_left)

    def _turn_s(self, work: Work) -> float:
        return self._pace.seconds(work.engine, turn_tokens(work))
