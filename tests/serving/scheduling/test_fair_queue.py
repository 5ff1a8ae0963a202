"""Keys get equal shares of tokens; nothing is lost, starved or computed twice; a round is of one engine."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_engine import ScriptedEngine, work

from crossjudge.serving.scheduling.fair_queue import SLICE_TOKENS, FairQueue
from crossjudge.serving.scheduling.work import Piece, Work

costs = st.lists(st.integers(1, 700), min_size=1, max_size=8)
asked = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 1), costs), min_size=1, max_size=20)


def tokens(pieces: list[Piece]) -> int:
    return sum(piece.tokens for piece in pieces)


@settings(max_examples=40)
@given(asked, st.integers(1, 4_000))
def test_every_encoding_is_in_exactly_one_piece_and_a_round_keeps_to_budget_and_engine(
    requests: list[tuple[str, int, list[int]]], budget: int
) -> None:
    engines = [ScriptedEngine(), ScriptedEngine()]
    queue = FairQueue()
    works = [work(engines[engine], costs, key=key) for key, engine, costs in requests]
    for one in works:
        queue.push(one)
    assert queue.tokens == sum(one.tokens for one in works)
    given_out: Counter[tuple[int, int]] = Counter()
    while pieces := queue.take(budget):
        assert len({id(piece.work.engine) for piece in pieces}) == 1
        assert tokens(pieces) - pieces[-1].work.costs[pieces[-1].stop - 1] < budget
        given_out.update((id(piece.work), place) for piece in pieces for place in range(piece.start, piece.stop))
    assert given_out == Counter((id(one), place) for one in works for place in range(len(one.encodings)))
    assert len(queue) == queue.tokens == 0


@settings(max_examples=40)
@given(st.lists(costs, min_size=10, max_size=10), st.lists(costs, min_size=10, max_size=10), st.integers(100, 3_000))
def test_keys_that_both_wait_are_never_far_apart(mine: list[list[int]], others: list[list[int]], budget: int) -> None:
    """However one of them cuts its requests up."""
    engine = ScriptedEngine()
    queue = FairQueue()
    for key, requests in (("mine", mine), ("others", others)):
        for one in requests:
            queue.push(work(engine, one, key=key))
    served: Counter[str] = Counter()
    while {one.ticket.key for one in queue} == {"mine", "others"}:
        for piece in queue.take(budget):
            served[piece.work.ticket.key] += piece.tokens
            if {one.ticket.key for one in queue} != {"mine", "others"}:
                break
            assert abs(served["mine"] - served["others"]) <= 2 * (SLICE_TOKENS + 700) + budget


def test_a_flood_of_one_key_does_not_hold_up_another() -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    for _ in range(100):
        queue.push(work(engine, [500], key="flood"))
    queue.take(5_000)
    late = work(engine, [500], key="late")
    queue.push(late)
    assert late in [piece.work for piece in queue.take(1_500)]


def test_a_key_that_was_idle_has_saved_nothing_up() -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    queue.push(work(engine, [1], key="rare"))
    queue.push(work(engine, [500] * 1_000, key="busy"))
    queue.take(20_000)
    for _ in range(100):
        queue.push(work(engine, [500], key="rare"))
    shares = Counter(piece.work.ticket.key for piece in queue.take(20_000))
    assert abs(shares["rare"] * 500 - 10_000) <= SLICE_TOKENS


def test_a_large_request_lets_a_small_one_of_the_same_key_by() -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    queue.push(work(engine, [500] * 1_000))
    small = work(engine, [10])
    queue.push(small)
    assert small in [piece.work for piece in queue.take(2 * SLICE_TOKENS)]


@pytest.mark.parametrize("budget", [1_000, SLICE_TOKENS - 96, 3 * SLICE_TOKENS])
def test_a_request_that_a_round_cut_short_goes_on_with_its_turn_and_no_longer(budget: int) -> None:
    """Behind the others its rest would wait as long as all of them take; before them it would hold them up."""
    engine = ScriptedEngine()
    queue = FairQueue()
    queue.push(work(engine, [100] * 30))
    cut = work(engine, [500] * 1_000)
    queue.push(cut)
    small = work(engine, [10])
    queue.push(small)
    pieces = []
    while small not in [piece.work for piece in pieces]:
        pieces += queue.take(budget)
    before = pieces[: [piece.work for piece in pieces].index(small)]
    assert SLICE_TOKENS - 500 <= tokens([piece for piece in before if piece.work is cut]) <= SLICE_TOKENS + budget


def test_a_request_a_little_larger_than_a_turn_comes_whole() -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    works = [work(engine, [100] * 55) for _ in range(3)]
    for one in works:
        queue.push(one)
    assert [(piece.work, piece.tokens) for piece in queue.take(16_500)] == [(one, 5_500) for one in works]


def test_what_a_request_asks_later_comes_before_requests_that_came_after_it() -> None:
    """It has waited once: behind everybody again, it would be late although it was accepted."""
    engine = ScriptedEngine()
    queue = FairQueue()
    first, second, third = (work(engine, [100]) for _ in range(3))
    again = Work(engine, first.encodings, first.costs, first.ticket)
    for one in (second, third, again):
        queue.push(one)
    assert [piece.work for piece in queue.take(10_000)] == [again, second, third]


def test_small_requests_come_in_order() -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    works = [work(engine, [100]) for _ in range(10)]
    for one in works:
        queue.push(one)
    assert [piece.work for piece in queue.take(10_000)] == works


def test_no_engine_starves() -> None:
    """A key with a flood for one engine, and another with one request for the other."""
    engines = [ScriptedEngine(), ScriptedEngine()]
    queue = FairQueue()
    for _ in range(100):
        queue.push(work(engines[0], [500], key="flood"))
    queue.take(1_000)
    queue.push(work(engines[1], [500], key="other"))
    assert {piece.work.engine for _ in range(2) for piece in queue.take(1_000)} == set(engines)


@settings(max_examples=40)
@given(asked, st.integers(1, 3_000))
def test_what_is_dropped_is_never_taken_and_no_longer_counted(
    requests: list[tuple[str, int, list[int]]], budget: int
) -> None:
    engine = ScriptedEngine()
    queue = FairQueue()
    for key, _, one in requests:
        queue.push(work(engine, one, key=key))
    queue.take(budget)
    dropped = queue.drop(lambda one: one.ticket.key == "a")
    assert all(one.ticket.key == "a" for one in dropped)
    assert queue.tokens == sum(sum(one.costs[one.taken :]) for one in queue)
    while pieces := queue.take(budget):
        assert all(piece.work.ticket.key != "a" for piece in pieces)
    assert queue.tokens == 0
