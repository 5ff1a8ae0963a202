"""Pairs in, outcomes out, in chunks: order kept, memory flat, and a pair that fails costs no other pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from crossjudge.cli.arriving import chunks_as_they_come
from crossjudge.cli.inputs import Item
from crossjudge.errors import CrossjudgeError, FileRowError, NonFiniteLogitsError, PairError, TooLongError
from crossjudge.files import Row
from crossjudge.types import Pair

CHUNK_PAIRS = 2048

T = TypeVar("T")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (pairs done, pairs in all)."""

Work: TypeAlias = Callable[[list[Pair], Progress], list[T]]
"""One result for each pair, in order."""

_BAD_PAIR = (PairError, TooLongError, NonFiniteLogitsError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a row has no result. `kind`: the error's name."""

    kind: str
    message: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one row: a result or a problem."""

    item: Item
    result: T | None
    problem: Problem | None


def outcomes(
    items: Iterable[Item], work: Work[T], *, progress: Callable[[int], None], live: bool = False
) -> Iterator[list[Outcome[T]]]:
    """The outcomes of all items, one chunk at a time. `progress` hears how many rows are done.

    `live`: the items come from somebody who may wait for an answer to one before sending the next.
    """
    done = 0
    for chunk in chunks_as_they_come(items, CHUNK_PAIRS) if live else _full_chunks(items):
        start, pairs = done, [item.row.pair for item in chunk if isinstance(item.row, Row)]
        answers = _answer(pairs, work, _from(start, progress))
        in_order = iter(answers)
        yield [_outcome(item, in_order) for item in chunk]
        done += len(chunk)
        progress(done)


def _full_chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, CHUNK_PAIRS)):
        yield chunk


def _from(start: int, progress: Callable[[int], None]) -> Progress:
    return lambda done, _: progress(start + done)


def _outcome(item: Item, answers: Iterator[T | CrossjudgeError]) -> Outcome[T]:
    answer = next(answers) if isinstance(item.row, Row) else item.row.error
    if not isinstance(answer, CrossjudgeError):
        return Outcome(item, answer, None)
    return Outcome(item, None, _problem(item, answer))


def _problem(item: Item, error: CrossjudgeError) -> Problem:
    if isinstance(error, FileRowError):
        return Problem(kind=type(error).__name__, message=str(error), column=error.column)
    place = f"pair {item.row.line}" if item.file is None else f"{item.file} line {item.row.line}"
    return Problem(kind=type(error).__name__, message=f"{place}: {error}")


def _answer(pairs: Sequence[Pair], work: Work[T], progress: Progress) -> list[T | CrossjudgeError]:
    """One result or error for each pair: where one pair stops the work, the others are done without it."""
    answers: list[T | CrossjudgeError] = []
    rest = list(pairs)
    while rest:
        try:
            return [*answers, *work(rest, progress)]
        except _BAD_PAIR as error:
            if error.index is None or not 0 <= error.index < len(rest):
                raise
            answers += [*_answer(rest[: error.index], work, progress), error]
            rest = rest[error.index + 1 :]
    return answers
