"""`Scheduler`: one queue for all requests, and the thread that computes them in shared batches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from crossjudge.errors import InputError, ItemError
from crossjudge.models.pairs import to_pairs
from crossjudge.serving.scheduling.engines import Engine
from crossjudge.serving.scheduling.errors import Cancelled, DeadlineExceeded, Draining, Overloaded, WorkerDied
from crossjudge.serving.scheduling.fair_queue import FairQueue
from crossjudge.serving.scheduling.forecast import Forecast
from crossjudge.serving.scheduling.isolation import isolated
from crossjudge.serving.scheduling.observing import NobodyWatches, SchedulerObserver
from crossjudge.serving.scheduling.tickets import Ticket
from crossjudge.serving.scheduling.work import Piece, Work
from crossjudge.types import Encoding, FloatArray, Pair

logger = logging.getLogger(__name__)

FIRST_GUESS_S = 1.0
"""When to come again, as long as no pace is known."""


class Scheduler:
    """Computes what requests ask of engines; one for each process.

    `max_queued_tokens`: accepted and not answered. `token_budget`: tokens of one round, None for what each engine
    wishes. `submit` raises `Overloaded` for a request that goes beyond the former, and for one that would wait too long
    for its deadline at the pace of the last rounds; one that is alone is taken whatever its size. A round takes
    whatever waits when it begins, so that a lone request never waits for others, and those that come while one is
    computed share the next. Numbers do not depend on who shares a round: that is a law of the engines.
    """

    def __init__(
        self, *, max_queued_tokens: int, token_budget: int | None = None, metrics: SchedulerObserver | None = None
    ) -> None:
        if max_queued_tokens < 1 or (token_budget is not None and token_budget < 1):
            raise InputError(
                f"Making a scheduler: max_queued_tokens is {max_queued_tokens} and token_budget {token_budget}; "
                "expected 1 or more of each, or a token_budget of None."
            )
        self.max_queued_tokens = max_queued_tokens
        self.token_budget = token_budget
        self.restarts = 0
        self._watch: SchedulerObserver = metrics or NobodyWatches()
        self._changed = threading.Condition()
        self._queue = FairQueue()
        self._forecast = Forecast(self._queue)
        self._open: set[Work] = set()
        self._in_flight: list[Piece] = []
        self._tokens = 0
        self._drained_since: float | None = None
        self._closed = False
        self._worker: threading.Thread | None = None

    # --- for those who ask ---

    def submit(self, engine: Engine, pairs: Sequence[Pair | tuple[str, str]], *, ticket: Ticket) -> Future[FloatArray]:
        """The future of float32 logits `(n_pairs, num_labels)`, in input order. Pairs are tokenized in this thread.

        Raises `Overloaded` when the queue is full and `Draining` when the server stops. The future raises `ItemError`
        naming the pair that the model could not read (the model's own error is its cause), `DeadlineExceeded` or
        `Cancelled` for what was dropped, and `WorkerDied`.
        """
        return self.submit_encoded(engine, engine.encode(to_pairs(pairs)), ticket=ticket)

    def submit_encoded(self, engine: Engine, encodings: Sequence[Encoding], *, ticket: Ticket) -> Future[FloatArray]:
        """As `submit`, for what the engine's own tokenizer made."""
        work = Work(engine, encodings, engine.costs(encodings), ticket)
        if not encodings:
            work.future.set_result(work.answers)
            return work.future
        with self._changed:
            self._admit(work)
            self._tokens += work.tokens
            self._open.add(work)
            self._queue.push(work)
            self._changed.notify()
        self._tell_queue()
        return work.future

    @property
    def alive(self) -> bool:
        """Whether there is a thread to compute what is submitted."""
        return self._worker is not None and self._worker.is_alive()

    @property
    def draining(self) -> bool:
        """Whether new requests are refused."""
        return self._drained_since is not None

    @property
    def queued_tokens(self) -> int:
        """Tokens accepted and not answered yet."""
        return self._tokens

    @property
    def wait_s(self) -> float:
        """How long what was accepted will take, at the pace of the last rounds."""
        with self._changed:
            return self._forecast.wait_s(time.monotonic())

    def check_room(self, ticket: Ticket) -> None:
        """Raise `Overloaded` if the queue alone is too long for the request, whatever it will ask: the cheap refusal.

        What passes may still be refused by `submit`.
        """
        with self._changed:
            if self._tokens:
                self._refuse_late(ticket, None)

    def _admit(self, work: Work) -> None:
        """Refuse work that is too much or too late; what belongs to a request that has begun never is."""
        ticket = work.ticket
        if self._closed or (self._drained_since is not None and ticket.accepted_s > self._drained_since):
            raise Draining(
                "Taking a request: the server is shutting down and takes nothing new. Ask again in some seconds, or "
                "ask another server."
            )
        if self._tokens and not ticket.admitted:
            self._refuse_late(ticket, work)
            if self._tokens + work.tokens > self.max_queued_tokens:
                after_s = self._forecast.wait_s(time.monotonic()) or FIRST_GUESS_S
                raise Overloaded(
                    f"Taking a request of {work.tokens} tokens: {self._tokens} are waiting and "
                    f"{self.max_queued_tokens} may wait. Ask again in {after_s:.1f} s.",
                    retry_after_s=after_s,
                )
        ticket.admitted = True

    def _refuse_late(self, ticket: Ticket, work: Work | None) -> None:
        """Under the lock."""
        late_s = self._forecast.late_by(ticket, time.monotonic(), work)
        if late_s > 0:
            raise Overloaded(
                f"Taking a request: {self._tokens} tokens are waiting, more than can be computed in the time that it "
                f"allows. Ask again in {late_s:.1f} s, allow more time, or ask for less at once.",
                retry_after_s=late_s,
            )

    # --- beginning and end ---

    def start(self) -> None:
        """Start computing; work submitted before is kept. Starting twice is fine."""
        with self._changed:
            if not self.alive and not self._closed:
                self._start_worker()

    def drain(self, timeout_s: float) -> bool:
        """Take nothing new and finish what was accepted; whether all of it was finished within `timeout_s`.

        Work of requests whose tickets are older is still let in: a request may ask several times.
        """
        with self._changed:
            if self._drained_since is None:
                self._drained_since = time.monotonic()
            return self._changed.wait_for(lambda: not self._open, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop after the round under way; what is still queued fails with `Draining`. Closing twice is fine."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join(timeout_s)
        with self._changed:
            left = list(self._open)
        self._fail({work: Draining("Computing a request: the server stopped before its turn came.") for work in left})

    def _start_worker(self) -> None:
        self._worker = threading.Thread(target=self._work, name="crossjudge-scheduler", daemon=True)
        self._worker.start()

    # --- the worker ---

    def _work(self) -> None:
        try:
            while pieces := self._next_round():
                self._compute(pieces)
        except BaseException as error:  # whatever it is, somebody must answer those who wait, and go on
            self._bury(error)

    def _next_round(self) -> list[Piece]:
        """What to compute next, once there is something; nothing when the scheduler is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or len(self._queue) > 0)
                if self._closed:
                    return []
                dead = self._drop_dead()
                now = time.monotonic()
                self._in_flight = pieces = self._queue.take(self.token_budget, self._forecast.hurried(now))
                self._forecast.round_begins(pieces, now)
            if dead:
                self._fail(dead)
                self._tell_queue()
                self._watch.expired(len(dead))
            if pieces:
                return pieces

    def _drop_dead(self) -> dict[Work, Exception]:
        """Remove work that nobody waits for, with the reason; under the lock."""
        now = time.monotonic()
        reasons = {work: reason for work in self._queue if (reason := _why_not(work, now)) is not None}
        self._queue.drop(reasons.__contains__)
        return reasons

    def _compute(self, pieces: Sequence[Piece]) -> None:
        begun = time.monotonic()
        for piece in pieces:
            if piece.start == 0:
                self._watch.waited(begun - piece.work.submitted_s)
        engine = pieces[0].work.engine
        encodings = [encoding for piece in pieces for encoding in piece.encodings]
        answers, culprits = isolated(engine.compute, encodings, engine.width)
        seconds, tokens = time.monotonic() - begun, sum(piece.tokens for piece in pieces)
        with self._changed:
            full = self.token_budget or engine.round_tokens
            self._forecast.round_ends(engine, tokens, seconds, full=full)
        self._hand_out(pieces, answers, culprits)
        self._watch.batch(len(encodings), tokens, seconds)

    def _hand_out(self, pieces: Sequence[Piece], answers: FloatArray, culprits: dict[int, Exception]) -> None:
        """Each work gets its rows; a work with a culprit fails, and the others never know."""
        failed: dict[Work, Exception] = {}
        done: list[Work] = []
        row = 0
        for piece in pieces:
            work = piece.work
            work.answers[piece.start : piece.stop] = answers[row : row + len(piece)]
            work.left -= len(piece)
            own = [place for place in culprits if row <= place < row + len(piece)]
            if own and work not in failed:
                failed[work] = _pair_failed(work, min(own) - row + piece.start, culprits[min(own)])
            row += len(piece)
            if work.left == 0 and work not in failed:
                done.append(work)
        with self._changed:
            self._in_flight = []
            self._queue.drop(failed.__contains__)
        self._settle(done)
        for work in done:
            with suppress(InvalidStateError):  # its future was cancelled
                work.future.set_result(work.answers)
        self._fail(failed)
        self._tell_queue()
        for _ in failed:
            self._watch.failed("pair")

    def _settle(self, works: Sequence[Work]) -> None:
        """These have their answers, or never will."""
        with self._changed:
            for work in self._open.intersection(works):
                self._open.remove(work)
                self._tokens -= work.tokens
            if not self._open:
                self._changed.notify_all()

    def _tell_queue(self) -> None:
        """Under the lock, so that the last number told is the last there was."""
        with self._changed:
            self._watch.queued(self._tokens)

    def _fail(self, reasons: dict[Work, Exception]) -> None:
        self._settle(list(reasons))
        for work, reason in reasons.items():
            with suppress(InvalidStateError):  # its future was cancelled
                work.future.set_exception(reason)

    def _bury(self, error: BaseException) -> None:
        """The worker is dying: fail what it had in hand, or everything if that was nothing, and start another."""
        logger.error("The scheduler's worker ended unexpectedly; another takes its place.", exc_info=error)
        with self._changed:
            victims = {piece.work for piece in self._in_flight} or set(self._open)
            self._in_flight = []
            self._queue.drop(victims.__contains__)
            self.restarts += 1
            if not self._closed:
                self._start_worker()
        said = (
            f"Computing a request: the worker thread ended with {type(error).__name__}; another has taken its place. "
            "Ask again; the server's log says more."
        )
        with suppress(Exception):  # a broken observer may be what killed it
            self._watch.failed("worker")
        self._fail({work: WorkerDied(said) for work in victims})
        with suppress(Exception):
            self._tell_queue()


def _why_not(work: Work, now: float) -> Exception | None:
    """Why nobody waits for this work any more; None if somebody does."""
    if work.ticket.cancelled.is_set() or work.future.cancelled():
        return Cancelled("Computing a request: it was cancelled before its turn came.")
    if work.ticket.deadline is not None and now >= work.ticket.deadline:
        return DeadlineExceeded(
            f"Computing a request: its deadline passed after {now - work.submitted_s:.2f} s in the queue. Allow more "
            "time, ask for less at once, or ask when the server is less busy."
        )
    return None


def _pair_failed(work: Work, index: int, error: Exception) -> ItemError:
    failure = ItemError(
        f"Running the model {work.engine.name!r}: it could not read pair {index}: {error} The request's other pairs "
        "are not to blame; leave this one out.",
        index=index,
    )
    failure.__cause__ = error
    return failure
