"""Waits are foretold from what the engines were seen to do: who would be late is known before anything is computed."""

from __future__ import annotations

import pytest
from scripted_engine import ScriptedEngine, work

from crossjudge.serving.scheduling import Ticket
from crossjudge.serving.scheduling.fair_queue import SLICE_TOKENS, FairQueue
from crossjudge.serving.scheduling.forecast import PATIENCE_SHARE, Forecast
from crossjudge.serving.scheduling.pace import Pace

NOW = 1_000.0


def learnt(engine: ScriptedEngine, per_s: float) -> Pace:
    pace = Pace()
    pace.learn(engine, 1_000, 1_000 / per_s, full=1_000)
    return pace


def forecast_of(queue: FairQueue, engine: ScriptedEngine, per_s: float = 1_000) -> Forecast:
    made = Forecast(queue)
    made.round_ends(engine, 1_000, 1_000 / per_s, full=1_000)
    return made


# --- the pace ---


def test_nothing_is_foretold_before_anything_was_seen() -> None:
    engine = ScriptedEngine()
    pace = Pace()
    assert pace.seconds(engine, 10**9) == 0
    pace.learn(engine, 10, 1.0, full=1_000)  # a lone pair says nothing of what a full round can do
    assert pace.seconds(engine, 10**9) == 0


def test_the_pace_follows_the_rounds() -> None:
    engine = ScriptedEngine()
    pace = learnt(engine, 1_000)
    assert pace.seconds(engine, 2_000) == pytest.approx(2)
    for _ in range(30):
        pace.learn(engine, 1_000, 10.0, full=1_000)
    assert pace.seconds(engine, 2_000) == pytest.approx(20, rel=0.02)


def test_a_small_round_never_makes_an_engine_look_slow_but_may_show_that_it_is_quick() -> None:
    engine = ScriptedEngine()
    pace = learnt(engine, 1_000)
    pace.learn(engine, 10, 1.0, full=1_000)
    assert pace.seconds(engine, 1_000) == pytest.approx(1)
    pace.learn(engine, 100, 0.01, full=1_000)
    assert pace.seconds(engine, 1_000) == pytest.approx(0.1)


def test_each_engine_has_its_own_and_a_new_one_the_best_there_is() -> None:
    slow, quick, new = ScriptedEngine(), ScriptedEngine(), ScriptedEngine()
    pace = learnt(slow, 10)
    pace.learn(quick, 1_000, 1.0, full=1_000)
    assert pace.seconds(slow, 1_000) == pytest.approx(100)
    assert pace.seconds(new, 1_000) == pace.seconds(quick, 1_000) == pytest.approx(1)


# --- who would be late ---


def test_a_request_is_late_when_the_queue_takes_more_than_its_share_of_the_time() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    queue.push(work(engine, [500] * 8))
    forecast = forecast_of(queue, engine)
    assert forecast.wait_s(NOW) == pytest.approx(4)
    in_time, late = Ticket(deadline=NOW + 9), Ticket(deadline=NOW + 7)
    assert forecast.late_by(in_time, NOW) == pytest.approx(4 - PATIENCE_SHARE * 9)
    assert forecast.late_by(late, NOW) == pytest.approx(4 - PATIENCE_SHARE * 7)
    assert forecast.late_by(in_time, NOW, work(engine, [1_000])) == pytest.approx(5 - PATIENCE_SHARE * 9)
    assert forecast.late_by(Ticket(), NOW) == 0


def test_the_round_under_way_counts_for_what_is_left_of_it() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    queue.push(work(engine, [500] * 8))
    forecast = forecast_of(queue, engine)
    forecast.round_begins(queue.take(2_000), NOW)
    assert forecast.wait_s(NOW) == pytest.approx(4)
    assert forecast.wait_s(NOW + 1.5) == pytest.approx(2.5)
    assert forecast.wait_s(NOW + 60) == pytest.approx(2)


def test_a_flood_of_one_key_makes_another_wait_for_its_turns_only() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    for _ in range(100):
        queue.push(work(engine, [1_000], key="flood"))
    forecast = forecast_of(queue, engine)
    mine = work(engine, [1_000], key="mine")
    assert forecast.late_by(Ticket(key="flood", deadline=NOW + 100), NOW, work(engine, [1_000], key="flood")) > 0
    assert forecast.late_by(Ticket(key="mine", deadline=NOW + 4.1), NOW, mine) < 0
    assert forecast.late_by(Ticket(key="mine", deadline=NOW + 3.9), NOW, mine) > 0


def test_a_large_work_makes_a_small_one_wait_for_a_slice_of_it_and_a_large_one_for_all() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    queue.push(work(engine, [SLICE_TOKENS] * 50))
    next(iter(queue)).ticket.deadline = NOW + 1_000
    forecast = forecast_of(queue, engine, per_s=SLICE_TOKENS)
    patient = Ticket(deadline=NOW + 100)
    assert forecast.late_by(patient, NOW, work(engine, [1])) == pytest.approx(1 - 50, abs=0.01)
    assert forecast.late_by(patient, NOW, work(engine, [SLICE_TOKENS] * 3)) == pytest.approx(3 + 3 - 50)
    assert forecast.late_by(patient, NOW, work(engine, [SLICE_TOKENS] * 60)) == pytest.approx(50 + 60 - 50)


def test_what_is_left_of_a_large_work_hurries_once_turns_would_make_it_late() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    large = work(engine, [SLICE_TOKENS] * 4)
    queue.push(large)
    for _ in range(4):
        queue.push(work(engine, [SLICE_TOKENS] * 2))
    forecast = forecast_of(queue, engine, per_s=SLICE_TOKENS)
    large.ticket.deadline = NOW + 42
    assert not forecast.hurried(NOW)(large)  # 4 turns of 5 s
    assert forecast.hurried(NOW + 3)(large)
    newcomer = Ticket(deadline=NOW + 100)
    assert forecast.late_by(newcomer, NOW) == pytest.approx(5 - 50)
    assert forecast.late_by(newcomer, NOW + 3) == pytest.approx(4 + 4 - 48.5)  # it is waited for, whole
    large.ticket.deadline = None
    assert not forecast.hurried(NOW + 3)(large)


def test_hurried_work_keeps_its_place_before_others_of_its_key() -> None:
    engine, queue = ScriptedEngine(), FairQueue()
    large, small = work(engine, [SLICE_TOKENS] * 3), work(engine, [10])
    queue.push(large)
    queue.push(small)
    assert [piece.work for piece in queue.take(2 * SLICE_TOKENS, lambda _: True)] == [large, large]
    assert [piece.work for piece in queue.take(SLICE_TOKENS + 10, lambda _: True)] == [large, small]
    assert len(queue) == queue.tokens == 0
