"""What a worker does with rows: columns become items, items get answers, answers are columns again."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, TypeAlias

import pyarrow as pa

from crossjudge.errors import CrossjudgeError, InputError, NonFiniteLogitsError
from crossjudge.jobs.encoder import CountedEncoder, open_encoder
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import Rows

Item: TypeAlias = tuple[Any, ...]
"""What the roles of a row hold, in their order: texts, tuples of texts, or None for a role without a column."""

Take: TypeAlias = Callable[[Any], Any]
"""A cell -> what a role holds; raises `ValueError` saying what was expected."""

OF_THE_ROW = (InputError, NonFiniteLogitsError)
"""Errors that are about a row rather than about the job."""


class Task(ABC):
    """One task with its model loaded.

    `takes`: role -> how its cells are read. `outcome`, `score`: the columns that reports count and draw.
    """

    takes: ClassVar[Mapping[str, Take]]
    objective: ClassVar[str | None] = "nli"
    outcome: ClassVar[str | None] = None
    score: ClassVar[str | None] = None

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.options = dict(plan.task_options)
        self.details: dict[str, Any] = {}
        """What the task has to say of a shard beside its rows, for the report."""
        self.encoder: CountedEncoder = open_encoder(
            plan.model, objective=self.wanted_objective(), num_threads=plan.work.num_threads
        )

    def wanted_objective(self) -> str | None:
        """What the model is to judge."""
        return self.objective

    @property
    @abstractmethod
    def schema(self) -> pa.Schema:
        """The columns of its answers."""

    @abstractmethod
    def answer(self, items: Sequence[Item]) -> pa.Table:
        """A table of `schema`, a row for each item; raises one of `OF_THE_ROW` where an item cannot be answered."""

    def order(self, item: Item) -> Any:
        """Items are answered in this order: those that share a premise together, like lengths together."""
        text = item[0]
        return len(text), text

    def items(self, rows: Rows, columns: Mapping[str, str]) -> tuple[list[Item | None], dict[int, str]]:
        """An item for each row, None where there is a problem; and the problems."""
        problems = dict(rows.problems)
        found: list[list[Any]] = []
        for role, take in self.takes.items():
            if role not in columns:
                found.append([None] * rows.table.num_rows)
                continue
            values = _cells(rows.table[columns[role]])
            found.append(_taken(values, take, problems, what=f"column {columns[role]!r}"))
        items: list[Item | None] = list(zip(*found, strict=True))
        for row in problems:
            items[row] = None
        return items, problems


def _taken(values: list[Any], take: Take, problems: dict[int, str], *, what: str) -> list[Any]:
    if take is a_text and all(type(value) is str for value in values):
        return values
    taken: list[Any] = []
    for row, value in enumerate(values):
        try:
            taken.append(take(value))
        except ValueError as error:
            taken.append(None)
            problems.setdefault(row, f"{what} is {_shown(value)}; expected {error}. Correct the row, or leave it out.")
    return taken


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """Python values; a cell that has none (text that is not UTF-8) becomes None."""
    try:
        found: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        found = [_cell(one) for one in column]
    return found


def _cell(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return None


def _shown(value: Any) -> str:
    return "empty" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"


# --- what roles take -------------------------------------------------------------------------------------------------


def a_text(value: Any) -> str:
    """Text, maybe empty."""
    if isinstance(value, str):
        return value
    raise ValueError("text")


def some_words(value: Any) -> str:
    """Text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("text that says something")


def text_or_texts(value: Any) -> str | tuple[str, ...]:
    """Text, or a list of them."""
    return value if isinstance(value, str) and not _is_json_list(value) else some_texts(value)


def some_texts(value: Any) -> tuple[str, ...]:
    """A list of texts; where a file has text only (csv), written as JSON."""
    if isinstance(value, str) and _is_json_list(value):
        value = json.loads(value)
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError("a list of texts")


def _is_json_list(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


# --- opening, and bad items ------------------------------------------------------------------------------------------


def open_task(plan: Plan) -> Task:
    """Load the model of a plan, ready for its task."""
    module, _, name = plan.kind.home.partition(":")
    opened: Task = getattr(import_module(module), name)(plan)
    return opened


def answered(task: Task, items: Sequence[Item]) -> tuple[list[pa.Table], dict[int, str]]:
    """Answers in pieces, and which items have none: place -> reason.

    Where some items cannot be answered, halves are tried until each such item stands alone; the pieces hold one row for
    each of the others, in order.
    """
    if not items:
        return [], {}
    try:
        return [task.answer(items)], {}
    except OF_THE_ROW as error:
        if len(items) == 1:
            return [], {0: _reason(error)}
    half = len(items) // 2
    first, bad = answered(task, items[:half])
    second, bad_second = answered(task, items[half:])
    return first + second, bad | {half + place: reason for place, reason in bad_second.items()}


def _reason(error: CrossjudgeError) -> str:
    return " ".join(str(error).split())
