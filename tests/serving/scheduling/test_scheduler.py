"""What requests may count on: their numbers, in time or not at all, whoever else is there."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_engine import PATIENCE_S, ScriptedEngine

from crossjudge.errors import BackendError, InputError, ItemError, NonFiniteLogitsError, PairError
from crossjudge.serving.scheduling import (
    Cancelled,
    DeadlineExceeded,
    Draining,
    Overloaded,
    Scheduler,
    Ticket,
    WorkerDied,
)


class Watch:
    """Counts what an observer is told."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.tokens = 0
        self.batches: list[tuple[int, int]] = []

    def queued(self, tokens: int) -> None:
        self.tokens = tokens

    def batch(self, pairs: int, tokens: int, seconds: float) -> None:
        assert seconds >= 0
        self.batches.append((pairs, tokens))

    def expired(self, n: int) -> None:
        self.told["expired"] += n

    def failed(self, kind: str) -> None:
        self.told[kind] += 1

    def waited(self, seconds: float) -> None:
        assert seconds >= 0
        self.told["waited"] += 1


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def scheduler(watch: Watch) -> Iterator[Scheduler]:
    """Not started: what is submitted waits until a test says so."""
    made = Scheduler(max_queued_tokens=10_000, metrics=watch)
    yield made
    made.close()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


def pair(first: int, tokens: int = 1) -> tuple[str, str]:
    """A pair that the scripted engine answers with `(first, tokens)`."""
    return "a" * first, "b" * tokens


def answered(future: Any) -> list[list[float]]:
    return future.result(PATIENCE_S).tolist()


def test_numbers_come_in_input_order(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    scheduler.start()
    future = scheduler.submit(engine, [pair(3, 4), pair(1), pair(2, 9)], ticket=Ticket())
    answer = future.result(PATIENCE_S)
    assert answer.dtype == np.float32
    assert answer.tolist() == [[3, 4], [1, 1], [2, 9]]


def test_nothing_asked_is_answered_at_once(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    assert scheduler.submit(engine, [], ticket=Ticket()).result(0).shape == (0, 2)


def test_a_pair_that_is_no_pair_is_refused_before_it_is_queued(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    with pytest.raises(PairError) as refused:
        scheduler.submit(engine, [pair(1), ("alone",)], ticket=Ticket())  # type: ignore[list-item]
    assert refused.value.index == 1
    assert scheduler.queued_tokens == 0


def test_requests_that_wait_share_a_round(scheduler: Scheduler, engine: ScriptedEngine, watch: Watch) -> None:
    futures = [scheduler.submit(engine, [pair(one), pair(one + 1)], ticket=Ticket()) for one in (1, 3, 5)]
    scheduler.start()
    assert [answered(future) for future in futures] == [[[1, 1], [2, 1]], [[3, 1], [4, 1]], [[5, 1], [6, 1]]]
    assert engine.calls == [[1, 2, 3, 4, 5, 6]]
    scheduler.close()
    assert watch.batches == [(6, 6)]
    assert watch.told == {"waited": 3}
    assert watch.tokens == 0


def test_a_lone_request_waits_for_nobody(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    """It is answered although no other request ever comes: there is no window to wait out."""
    scheduler.start()
    for one in (1, 2, 3):
        assert answered(scheduler.submit(engine, [pair(one)], ticket=Ticket())) == [[one, 1]]
    assert engine.calls == [[1], [2], [3]]


def test_rounds_keep_to_the_token_budget(engine: ScriptedEngine) -> None:
    scheduler = Scheduler(max_queued_tokens=10_000, token_budget=10)
    futures = [scheduler.submit(engine, [pair(one, 4)], ticket=Ticket()) for one in range(1, 8)]
    scheduler.start()
    for future in futures:
        answered(future)
    scheduler.close()
    assert [len(call) for call in engine.calls] == [3, 3, 1]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "b"]), st.lists(st.integers(1, 30), min_size=1, max_size=6)), max_size=12
    ),
    st.integers(1, 40),
)
def test_numbers_do_not_depend_on_who_else_asks(requests: list[tuple[str, list[int]]], budget: int) -> None:
    engine = ScriptedEngine()
    scheduler = Scheduler(max_queued_tokens=100_000, token_budget=budget)
    futures = [
        scheduler.submit(engine, [pair(number, one) for one in lengths], ticket=Ticket(key=key))
        for number, (key, lengths) in enumerate(requests, start=1)
    ]
    scheduler.start()
    for number, (future, (_, lengths)) in enumerate(zip(futures, requests, strict=True), start=1):
        assert answered(future) == [[number, one] for one in lengths]
    assert scheduler.drain(PATIENCE_S)
    scheduler.close()
    assert scheduler.queued_tokens == 0


# --- in time, or not at all ---


def test_expired_work_is_dropped_before_the_forward_pass(
    scheduler: Scheduler, engine: ScriptedEngine, watch: Watch
) -> None:
    late = scheduler.submit(engine, [pair(1)], ticket=Ticket(deadline=time.monotonic() - 1))
    in_time = scheduler.submit(engine, [pair(2)], ticket=Ticket(deadline=time.monotonic() + PATIENCE_S))
    scheduler.start()
    assert answered(in_time) == [[2, 1]]
    with pytest.raises(DeadlineExceeded):
        late.result(PATIENCE_S)
    assert engine.calls == [[2]]
    assert watch.told["expired"] == 1


def test_cancelled_work_is_dropped(scheduler: Scheduler, engine: ScriptedEngine, watch: Watch) -> None:
    gone = Ticket()
    by_ticket = scheduler.submit(engine, [pair(1)], ticket=gone)
    by_future = scheduler.submit(engine, [pair(2)], ticket=Ticket())
    wanted = scheduler.submit(engine, [pair(3)], ticket=Ticket())
    gone.cancelled.set()
    assert by_future.cancel()
    scheduler.start()
    assert answered(wanted) == [[3, 1]]
    with pytest.raises(Cancelled):
        by_ticket.result(PATIENCE_S)
    with pytest.raises(CancelledError):
        by_future.result(PATIENCE_S)
    assert engine.calls == [[3]]
    assert watch.told["expired"] == 2


def test_the_rest_of_a_long_request_is_dropped_when_its_client_goes(engine: ScriptedEngine) -> None:
    scheduler = Scheduler(max_queued_tokens=10_000, token_budget=2)
    ticket = Ticket()
    engine.block()
    future = scheduler.submit(engine, [pair(one) for one in range(1, 9)], ticket=ticket)
    scheduler.start()
    assert engine.entered.wait(PATIENCE_S)
    ticket.cancelled.set()
    engine.gate.set()
    with pytest.raises(Cancelled):
        future.result(PATIENCE_S)
    scheduler.close()
    assert engine.calls == [[1, 2]]


def test_a_future_that_is_cancelled_under_way_harms_nobody(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    engine.block()
    given_up = scheduler.submit(engine, [pair(1)], ticket=Ticket())
    wanted = scheduler.submit(engine, [pair(2)], ticket=Ticket())
    scheduler.start()
    assert engine.entered.wait(PATIENCE_S)
    assert given_up.cancel()
    engine.gate.set()
    assert answered(wanted) == [[2, 1]]
    assert scheduler.restarts == 0


# --- too much ---


def test_a_full_queue_says_when_to_come_again(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    scheduler.submit(engine, [pair(1, 6_000)], ticket=Ticket())
    with pytest.raises(Overloaded, match=r"6000 are waiting and 10000") as refused:
        scheduler.submit(engine, [pair(2, 5_000)], ticket=Ticket())
    assert refused.value.retry_after_s > 0
    scheduler.start()
    assert scheduler.drain(PATIENCE_S)


def paced(scheduler: Scheduler, engine: ScriptedEngine, *, seconds: float) -> None:
    """Let the scheduler see one full round that takes so long, and block the next."""
    engine.at_call = lambda: time.sleep(seconds)
    scheduler.start()
    scheduler.submit(engine, [pair(1, engine.round_tokens)], ticket=Ticket()).result(PATIENCE_S)
    engine.at_call = lambda: None
    engine.block()


def test_who_would_be_late_is_refused_at_once_and_told_when_to_come(
    scheduler: Scheduler, engine: ScriptedEngine
) -> None:
    """At 1,000 tokens in 50 ms, 8,000 take 0.4 s: too much of a second, not of a minute."""
    paced(scheduler, engine, seconds=0.05)
    waiting = [scheduler.submit(engine, [pair(1, 1_000)], ticket=Ticket()) for _ in range(8)]
    with pytest.raises(Overloaded, match="more than can be computed in the time") as refused:
        scheduler.submit(engine, [pair(2)], ticket=Ticket(deadline=time.monotonic() + 0.5))
    assert refused.value.retry_after_s > 0
    with pytest.raises(Overloaded):
        scheduler.check_room(Ticket(deadline=time.monotonic() + 0.5))
    patient = Ticket(deadline=time.monotonic() + 60)
    scheduler.check_room(patient)
    accepted = scheduler.submit(engine, [pair(2)], ticket=patient)
    assert scheduler.wait_s > 0
    engine.gate.set()
    assert answered(accepted) == [[2, 1]]
    assert [answered(one) for one in waiting] == [[[1, 1_000]]] * 8
    assert scheduler.wait_s == 0


def test_a_request_with_little_time_is_taken_if_nobody_is_there(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    paced(scheduler, engine, seconds=0.05)
    engine.gate.set()
    scheduler.check_room(Ticket(deadline=time.monotonic() + 0.01))
    hopeful = Ticket(deadline=time.monotonic() + PATIENCE_S)
    assert answered(scheduler.submit(engine, [pair(1, 9_000)], ticket=hopeful)) == [[1, 9_000]]


def test_a_request_that_has_begun_is_not_refused_halfway(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    ticket = Ticket()
    scheduler.submit(engine, [pair(1, 6_000)], ticket=ticket)
    scheduler.submit(engine, [pair(2, 6_000)], ticket=ticket)


def test_a_large_request_that_is_alone_is_taken(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    scheduler.start()
    assert answered(scheduler.submit(engine, [pair(1, 20_000)], ticket=Ticket())) == [[1, 20_000]]


def test_there_is_room_again_once_work_is_done(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    scheduler.start()
    for one in range(1, 5):
        assert answered(scheduler.submit(engine, [pair(one, 9_000)], ticket=Ticket())) == [[one, 9_000]]
        assert scheduler.queued_tokens == 0


# --- bad pairs ---


def test_a_bad_pair_fails_alone(scheduler: Scheduler, engine: ScriptedEngine, watch: Watch) -> None:
    engine.poison[7] = BackendError("cannot read sevens.")
    engine.broken.add(8)
    good = [scheduler.submit(engine, [pair(one), pair(one + 1)], ticket=Ticket()) for one in (1, 3, 5)]
    raising = scheduler.submit(engine, [pair(1), pair(2), pair(7)], ticket=Ticket())
    broken = scheduler.submit(engine, [pair(8), pair(1)], ticket=Ticket())
    scheduler.start()
    assert [answered(one) for one in good] == [[[1, 1], [2, 1]], [[3, 1], [4, 1]], [[5, 1], [6, 1]]]
    with pytest.raises(ItemError, match="pair 2: cannot read sevens") as failed:
        raising.result(PATIENCE_S)
    assert failed.value.index == 2
    with pytest.raises(ItemError, match=r"pair 0.*NaN") as failed:
        broken.result(PATIENCE_S)
    assert failed.value.index == 0
    assert isinstance(failed.value.__cause__, NonFiniteLogitsError)
    assert watch.told["pair"] == 2
    assert scheduler.drain(PATIENCE_S)


def test_the_index_of_a_bad_pair_is_that_of_the_request_when_rounds_cut_it(engine: ScriptedEngine) -> None:
    scheduler = Scheduler(max_queued_tokens=10_000, token_budget=3)
    engine.broken.add(9)
    future = scheduler.submit(engine, [pair(one) for one in range(1, 12)], ticket=Ticket())
    scheduler.start()
    with pytest.raises(ItemError) as failed:
        future.result(PATIENCE_S)
    assert failed.value.index == 8
    assert scheduler.drain(PATIENCE_S)
    scheduler.close()
    assert [10, 11] not in engine.calls  # of a request that has failed nothing more is computed


# --- a worker that dies ---


def test_a_dead_worker_is_replaced_and_only_what_it_had_in_hand_fails(
    scheduler: Scheduler, engine: ScriptedEngine, watch: Watch
) -> None:
    scheduler.token_budget = 1
    engine.poison[1] = SystemExit("out of the blue")
    killer = scheduler.submit(engine, [pair(1)], ticket=Ticket())
    others = [scheduler.submit(engine, [pair(one)], ticket=Ticket()) for one in (2, 3)]
    scheduler.start()
    with pytest.raises(WorkerDied, match="SystemExit"):
        killer.result(PATIENCE_S)
    assert [answered(one) for one in others] == [[[2, 1]], [[3, 1]]]
    assert scheduler.alive
    assert scheduler.restarts == 1
    assert watch.told["worker"] == 1


def test_an_observer_that_raises_does_not_end_the_service(engine: ScriptedEngine) -> None:
    class Broken(Watch):
        def waited(self, seconds: float) -> None:
            raise ValueError("no such histogram")

    scheduler = Scheduler(max_queued_tokens=100, metrics=Broken())
    scheduler.start()
    for _ in range(3):
        with pytest.raises(WorkerDied):
            scheduler.submit(engine, [pair(1)], ticket=Ticket()).result(PATIENCE_S)
    assert scheduler.restarts == 3
    assert scheduler.queued_tokens == 0
    scheduler.close()


# --- the end ---


def test_a_drain_finishes_what_was_accepted_and_takes_nothing_new(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    begun = Ticket()
    engine.block()
    accepted = [scheduler.submit(engine, [pair(one)], ticket=begun) for one in (1, 2)]
    scheduler.start()
    assert engine.entered.wait(PATIENCE_S)
    assert not scheduler.drain(0.0)
    assert scheduler.draining
    with pytest.raises(Draining):
        scheduler.submit(engine, [pair(3)], ticket=Ticket())
    second_question = scheduler.submit(engine, [pair(4)], ticket=begun)
    engine.gate.set()
    assert scheduler.drain(PATIENCE_S)
    assert [answered(one) for one in accepted] == [[[1, 1]], [[2, 1]]]
    assert answered(second_question) == [[4, 1]]


def test_what_is_left_at_the_end_is_told_so(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    never = scheduler.submit(engine, [pair(1)], ticket=Ticket())
    scheduler.close()
    with pytest.raises(Draining):
        never.result(0)
    with pytest.raises(Draining):
        scheduler.submit(engine, [pair(1)], ticket=Ticket())
    scheduler.start()
    assert not scheduler.alive
    assert engine.calls == []


def test_many_threads_get_their_own_numbers(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    scheduler.start()
    gone = threading.Event()

    def ask(number: int) -> list[list[float]]:
        ticket = Ticket(key=str(number % 3))
        if number % 5 == 0:
            ticket.cancelled = gone
        return answered(scheduler.submit(engine, [pair(number, 2), pair(number, 3)], ticket=ticket))

    with ThreadPoolExecutor(16) as threads:
        for number, answer in enumerate(threads.map(ask, range(1, 200)), start=1):
            assert answer == [[number, 2], [number, 3]]
    assert scheduler.queued_tokens == 0


@pytest.mark.parametrize("settings", [{"max_queued_tokens": 0}, {"max_queued_tokens": 1, "token_budget": 0}])
def test_settings_that_take_nothing_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected 1 or more"):
        Scheduler(**settings)
