"""Work in chunks: every row has its own outcome, in order, whichever pairs fail."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.cli import work
from crossjudge.cli.inputs import Item
from crossjudge.cli.work import outcomes
from crossjudge.errors import BackendError, FileRowError, NonFiniteLogitsError, PairError, TooLongError
from crossjudge.files import BadRow, Row
from crossjudge.types import Pair

FAILURES = [
    lambda index: NonFiniteLogitsError("NaN", index=index),
    lambda index: TooLongError("too long", index=index),
    lambda index: PairError("no pair", index=index),
]


def shouting(bad: set[str], failure: Callable[[int], Exception]) -> work.Work[Pair, str]:
    """Answers with the text in capitals; the first pair that is bad stops it."""

    def answer(pairs: list[Pair], progress: work.Progress) -> list[str]:
        for index, pair in enumerate(pairs):
            if pair.text_a in bad:
                raise failure(index)
        progress(len(pairs), len(pairs))
        return [pair.text_a.upper() for pair in pairs]

    return answer


def items(kinds: list[str]) -> list[Item[Pair]]:
    """One row each: `good`, `fails` (in the work) or `unreadable` (in the file)."""
    return [
        Item(BadRow(n, FileRowError("unreadable", path="f", line=n), {}) if kind == "unreadable" else row(n, kind), "f")
        for n, kind in enumerate(kinds)
    ]


def row(number: int, kind: str) -> Row[Pair]:
    return Row(number, Pair(f"{kind}{number}", "b"), {})


@settings(deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["good", "good", "fails", "unreadable"]), max_size=30),
    chunk=st.integers(1, 12),
    failure=st.sampled_from(FAILURES),
)
def test_every_row_has_its_own_outcome_in_order(kinds, chunk, failure):
    rows = items(kinds)
    bad = {f"fails{n}" for n in range(len(kinds))}
    heard: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "CHUNK_ROWS", chunk)
        found = [one for some in outcomes(rows, shouting(bad, failure), progress=heard.append) for one in some]
    assert [one.item for one in found] == rows
    assert [one.result for one in found] == [f"GOOD{n}" if kind == "good" else None for n, kind in enumerate(kinds)]
    assert [one.problem is not None for one in found] == [kind != "good" for kind in kinds]
    assert not kinds or heard[-1] == len(kinds)


def test_a_thousand_failures_are_a_thousand_outcomes():
    rows = items(["fails", "good"] * 1000)
    bad = {f"fails{n}" for n in range(2000)}
    found = [one for some in outcomes(rows, shouting(bad, FAILURES[1]), progress=lambda _: None) for one in some]
    assert sum(one.problem is None for one in found) == 1000


def test_a_problem_names_its_row():
    (found,) = next(outcomes(items(["fails"]), shouting({"fails0"}, FAILURES[0]), progress=lambda _: None))
    assert found.problem == work.Problem(kind="NonFiniteLogitsError", message="f line 0: NaN")


@pytest.mark.parametrize("error", [BackendError("broken"), NonFiniteLogitsError("whose?", index=99)])
def test_an_error_that_is_no_pairs_fault_stops_the_work(error):
    def fail(pairs: list[Pair], progress: work.Progress) -> list[str]:
        raise error

    with pytest.raises(type(error)):
        next(outcomes(items(["good"]), fail, progress=lambda _: None))


def test_rows_are_read_no_further_than_the_chunk_in_work():
    read: list[int] = []

    def endless():
        while True:
            read.append(len(read))
            yield Item(row(len(read), "good"), "f")

    next(outcomes(endless(), shouting(set(), FAILURES[0]), progress=lambda _: None))
    assert len(read) == work.CHUNK_ROWS
