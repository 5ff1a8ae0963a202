"""The next piece is made while this one is used: in order, one step ahead, errors and all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from crossjudge.text.ahead import ahead

PATIENCE_S = 30
"""How long a thread waits for another before the test fails; nothing here ever takes so long."""


def makers(n: int) -> Iterator[Callable[[], int]]:
    return (partial(int, number) for number in range(n))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50])
def test_pieces_come_in_order(n: int) -> None:
    assert list(ahead(makers(n), n)) == list(range(n))


def test_the_next_piece_is_made_while_this_one_is_used() -> None:
    """Holding the first piece, the caller sees the second being made."""
    begun = [threading.Event() for _ in range(4)]

    def make(number: int) -> int:
        begun[number].set()
        return number

    for number in ahead((partial(make, number) for number in range(4)), 4):
        if number + 1 < 4:
            assert begun[number + 1].wait(PATIENCE_S)


def test_no_piece_is_made_before_the_last_but_one_was_taken() -> None:
    """So that two pieces lie in memory, not all."""
    made: list[int] = []
    taken = 0

    def make(number: int) -> int:
        assert number <= taken + 2
        made.append(number)
        return number

    for number in ahead((partial(make, number) for number in range(30)), 30):
        assert len(made) <= number + 2
        taken = number
    assert made == list(range(30))


def test_a_lone_piece_is_made_by_the_caller_itself() -> None:
    assert list(ahead([threading.current_thread], 1)) == [threading.current_thread()]


def test_several_pieces_are_made_by_one_other_thread() -> None:
    threads = list(ahead([threading.current_thread] * 5, 5))
    assert len(set(threads)) == 1
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(("bad", "n"), [(0, 1), (0, 5), (2, 5), (4, 5)])
def test_an_error_comes_where_its_piece_would(bad: int, n: int) -> None:
    def make(number: int) -> int:
        if number == bad:
            raise ValueError(f"piece {number} cannot be made")
        return number

    pieces = ahead((partial(make, number) for number in range(n)), n)
    assert [next(pieces) for _ in range(bad)] == list(range(bad))
    with pytest.raises(ValueError, match=f"piece {bad} cannot"):
        next(pieces)
    assert list(pieces) == []


def test_a_caller_who_loses_interest_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    pieces = ahead(makers(1_000), 1_000)
    assert next(pieces) == 0
    pieces.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
