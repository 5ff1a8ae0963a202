"""Rows in, outcomes out, in chunks: order kept, memory flat, and a row that fails costs no other row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from crossjudge.cli.arriving import chunks_as_they_come
from crossjudge.cli.inputs import Item, Q
from crossjudge.errors import (
    CrossjudgeError,
    FileRowError,
    ItemError,
    LimitError,
    NonFiniteLogitsError,
    PairError,
    TooLongError,
)
from crossjudge.files import Row

CHUNK_ROWS = 2048

T = TypeVar("T")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""

Work: TypeAlias = Callable[[list[Q], Progress], list[T]]
"""One result for what each row asks, in order."""

_BAD_ROW = (PairError, ItemError, TooLongError, NonFiniteLogitsError, LimitError)

_OF_INPUT = re.compile(r" (?:of|for) input \d+(?= is |;)|^Input \d+: ")
"""How the library names an input by its place in what it was asked, which is no line that anybody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a row has no result. `kind`: the error's name."""

    kind: str
    message: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Q, T]):
    """What became of one row: a result or a problem."""

    item: Item[Q]
    result: T | None
    problem: Problem | None


def outcomes(
    items: Iterable[Item[Q]],
    work: Work[Q, T],
    *,
    progress: Callable[[int], None],
    live: bool = False,
    noun: str = "pair",
) -> Iterator[list[Outcome[Q, T]]]:
    """The outcomes of all items, one chunk at a time. `progress` hears how many rows are done.

    `live`: the items come from somebody who may wait for an answer to one before sending the next. `noun`: what
    messages call a row of the command line.
    """
    done = 0
    for chunk in chunks_as_they_come(items, CHUNK_ROWS) if live else _full_chunks(items):
        start, asked = done, [item.row.content for item in chunk if isinstance(item.row, Row)]
        answers = _answer(asked, work, _from(start, progress))
        in_order = iter(answers)
        yield [_outcome(item, in_order, noun) for item in chunk]
        done += len(chunk)
        progress(done)


def _full_chunks(items: Iterable[Item[Q]]) -> Iterator[list[Item[Q]]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, CHUNK_ROWS)):
        yield chunk


def _from(start: int, progress: Callable[[int], None]) -> Progress:
    return lambda done, _: progress(start + done)


def _outcome(item: Item[Q], answers: Iterator[T | CrossjudgeError], noun: str) -> Outcome[Q, T]:
    answer = next(answers) if isinstance(item.row, Row) else item.row.error
    if not isinstance(answer, CrossjudgeError):
        return Outcome(item, answer, None)
    return Outcome(item, None, _problem(item, answer, noun))


def _problem(item: Item[Q], error: CrossjudgeError, noun: str) -> Problem:
    if isinstance(error, FileRowError):
        return Problem(kind=type(error).__name__, message=str(error), column=error.column)
    place = f"{noun} {item.row.line}" if item.file is None else f"{item.file} line {item.row.line}"
    return Problem(kind=type(error).__name__, message=f"{place}: {_OF_INPUT.sub('', str(error))}")


def _answer(asked: Sequence[Q], work: Work[Q, T], progress: Progress) -> list[T | CrossjudgeError]:
    """One result or error for each row: where one row stops the work, the others are done without it."""
    answers: list[T | CrossjudgeError] = []
    rest = list(asked)
    while rest:
        try:
            return [*answers, *work(rest, progress)]
        except _BAD_ROW as error:
            if error.index is None or not 0 <= error.index < len(rest):
                raise
            answers += [*_answer(rest[: error.index], work, progress), error]
            rest = rest[error.index + 1 :]
    return answers
