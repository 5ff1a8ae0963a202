"""Many batches are dealt to one caller a core: same answers, same order, never far ahead, and nothing hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from crossjudge.backends.lanes import FEW, Feeds, Lanes, Open, Runner, dealt
from crossjudge.errors import BackendError

PATIENCE_S = 30
"""How long a thread waits for another before the test fails; nothing here ever takes so long."""


def alone(number: int) -> tuple[str, int]:
    return "alone", number * number


def beside_others(number: int) -> tuple[str, int]:
    return "beside others", number * number


# Dealing


@pytest.mark.parametrize("lanes", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, FEW, FEW + 1, 50])
def test_every_answer_comes_once_and_in_order(lanes: int, n: int) -> None:
    way = "beside others" if lanes > 1 and n > FEW else "alone"
    assert list(dealt(range(n), lanes, alone, beside_others)) == [(way, number * number) for number in range(n)]


def test_a_slow_one_keeps_its_place() -> None:
    """The first ends only after the second has."""
    second_is_done = threading.Event()

    def slow_first(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(PATIENCE_S)
        elif number == 1:
            second_is_done.set()
        return number

    assert list(dealt(range(20), 2, slow_first, slow_first)) == list(range(20))


def test_few_are_computed_by_the_caller_itself() -> None:
    """No thread is started, and no graph opened once more, for what is over before it would pay."""
    threads = set(dealt(range(FEW), 4, lambda _: threading.current_thread(), beside_others_is_not_called))
    assert threads == {threading.current_thread()}


def beside_others_is_not_called(number: int) -> threading.Thread:
    raise AssertionError(f"{number} was dealt to a lane")


@pytest.mark.parametrize("lanes", [2, 9])
def test_as_many_run_at_once_as_there_are_lanes(lanes: int) -> None:
    """Each waits until all lanes are busy; with a lane idle nobody would get on."""
    busy = threading.Barrier(lanes)

    def meet(number: int) -> int:
        busy.wait(PATIENCE_S)
        return number

    assert list(dealt(range(3 * lanes), lanes, alone_is_not_called, meet)) == list(range(3 * lanes))


def alone_is_not_called(number: int) -> int:
    raise AssertionError(f"{number} was kept for the caller")


@pytest.mark.parametrize("lanes", [1, 3])
def test_batches_are_asked_for_only_when_their_turn_is_near(lanes: int) -> None:
    """A million pairs must not lie in memory as batches because they were asked for early."""
    asked = 0

    def given() -> Iterator[int]:
        nonlocal asked
        for number in range(1_000):
            asked += 1
            yield number

    for done, _ in enumerate(dealt(given(), lanes, alone, beside_others)):
        assert asked <= done + 1 + FEW + 1 + lanes


@pytest.mark.parametrize("n", [FEW, 40])
def test_an_error_comes_in_its_place_and_ends_the_rest(n: int) -> None:
    def fail_at_two(number: int) -> int:
        if number == 2:
            raise BackendError("batch 2 is broken")
        return number

    answers = dealt(range(n), 2, fail_at_two, fail_at_two)
    assert [next(answers), next(answers)] == [0, 1]
    with pytest.raises(BackendError, match="batch 2 is broken"):
        next(answers)
    assert list(answers) == []


@pytest.mark.parametrize("n_before", [0, FEW, 10])
def test_an_error_of_whoever_makes_the_batches_is_not_swallowed(n_before: int) -> None:
    def given() -> Iterator[int]:
        yield from range(n_before)
        raise ValueError("no more batches")

    with pytest.raises(ValueError, match="no more batches"):
        list(dealt(given(), 2, alone, beside_others))


def test_a_caller_who_loses_interest_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    answers = dealt(iter(range(1_000_000)), 4, alone, beside_others)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_several_callers_deal_at_once() -> None:
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: list(dealt(range(30), 2, alone, beside_others)), range(8)))
    assert answers == [[("beside others", number * number) for number in range(30)]] * 8


# Graphs opened both ways


@dataclass
class Opened:
    """A graph that only remembers how it was opened."""

    lanes: int
    num_threads: int
    output: str | None
    inputs: Sequence[str] = ("input_ids",)
    answer_size: int | None = None

    def run(self, feeds: Feeds) -> NDArray[np.floating]:
        return np.zeros((len(feeds["input_ids"]), 1), dtype=np.float32)


@dataclass
class Opener:
    """An engine that counts what it opens."""

    opened: list[Opened] = field(default_factory=list)

    def __call__(self, graph: Path, *, lanes: int, num_threads: int, output: str | None) -> Runner:
        self.opened.append(Opened(lanes, num_threads, output))
        return self.opened[-1]


def test_a_graph_is_opened_once_for_all_cores_and_once_more_only_when_asked() -> None:
    engine = Opener()
    open_graph: Open = engine
    lanes = Lanes(open_graph, Path("model.onnx"), num_threads=3, output="nli")
    assert lanes.alone is engine.opened[0]
    assert engine.opened == [Opened(lanes=1, num_threads=3, output="nli")]
    with ThreadPoolExecutor(8) as callers:
        assert set(map(id, callers.map(lambda _: lanes.side_by_side, range(32)))) == {id(engine.opened[1])}
    assert engine.opened[1:] == [Opened(lanes=3, num_threads=3, output="nli")]


def test_a_closed_graph_is_not_opened_again() -> None:
    engine = Opener()
    lanes = Lanes(engine, Path("model.onnx"), num_threads=2)
    lanes.close()
    lanes.close()
    for way in ("alone", "side_by_side"):
        with pytest.raises(BackendError, match=r"model\.onnx: the backend was closed"):
            getattr(lanes, way)
    assert len(engine.opened) == 1
