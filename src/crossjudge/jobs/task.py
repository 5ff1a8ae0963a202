"""What a worker does with rows: columns become items, items get answers, answers are columns again."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pyarrow as pa

from crossjudge.errors import CrossjudgeError, InputError, NonFiniteLogitsError
from crossjudge.jobs.encoder import CountedEncoder, Counts, open_encoder
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import Rows
from crossjudge.jobs.sampling import Measured, shared_out
from crossjudge.models.boxed import joint_runs
from crossjudge.types import IntArray

Item: TypeAlias = tuple[Any, ...]
"""What the roles of a row hold, in their order: texts, tuples of texts, or None for a role without a column."""

Take: TypeAlias = Callable[[Any], Any]
"""A cell -> what a role holds; raises `ValueError` saying what was expected."""

ITEMS = 8_192
"""Items answered together; a unit is told about in such steps."""

OF_THE_ROW = (InputError, NonFiniteLogitsError)
"""Errors that are about a row rather than about the job."""


class Task(ABC):
    """One task with its model loaded: how rows are read, and what is known of a row afterwards.

    `takes`: role -> how its cells are read. `spellings`: whether `same` takes several spellings for one. `outcome`,
    `score`: the columns that reports count and draw. `sample_factor`: how many rows `measured` wants of each.
    `unnamed_model`: what answers where the plan names no model.
    """

    takes: ClassVar[Mapping[str, Take]]
    spellings: ClassVar[bool] = False
    sample_factor: ClassVar[int] = 1
    objective: ClassVar[str | None] = "nli"
    unnamed_model: ClassVar[str | None] = None
    outcome: ClassVar[str | None] = None
    score: ClassVar[str | None] = None

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.options = dict(plan.task_options)
        engine = {key: plan.model[key] for key in ("backend", "precision", "device") if key in plan.model}
        takes_own = "head" not in plan.model and joint_runs(**engine)
        given = {"path": self.unnamed_model if takes_own else None, **plan.model}
        self.encoder: CountedEncoder = open_encoder(
            given, objective=self.wanted_objective(), num_threads=plan.work.num_threads
        )

    def wanted_objective(self) -> str | None:
        """What the model is to judge."""
        return self.objective

    @property
    @abstractmethod
    def schema(self) -> pa.Schema:
        """The columns of its answers."""

    def counts(self) -> Counts:
        """What its models have computed so far."""
        return self.encoder.counts()

    @staticmethod
    def same(item: Item) -> Hashable:
        """Equal for items that are one question."""
        return item

    @abstractmethod
    def measured(self, items: Sequence[Item], most: int, *, rows: int) -> Measured:
        """What a job of so many rows costs, from a sample of its items, of which `most` at most are answered."""

    @classmethod
    def items(cls, rows: Rows, columns: Mapping[str, str]) -> tuple[list[Item | None], dict[int, str]]:
        """An item for each row, None where there is a problem; and the problems."""
        problems = dict(rows.problems)
        found: list[list[Any]] = []
        for role, take in cls.takes.items():
            if role not in columns:
                found.append([None] * rows.table.num_rows)
                continue
            values = _cells(rows.table[columns[role]])
            found.append(_taken(values, take, problems, what=f"column {columns[role]!r}"))
        items: list[Item | None] = list(zip(*found, strict=True))
        for row in problems:
            items[row] = None
        return items, problems


class RowTask(Task):
    """A task that looks at each row by itself."""

    @abstractmethod
    def answer(self, items: Sequence[Item]) -> pa.Table:
        """A table of `schema`, a row for each item; raises one of `OF_THE_ROW` where an item cannot be answered."""

    def order(self, item: Item) -> Any:
        """Items are answered in this order: those that share a premise together, like lengths together."""
        text = item[0]
        return len(text), text

    def measured(self, items: Sequence[Item], most: int, *, rows: int) -> Measured:
        """See `Task.measured`."""
        distinct = list(dict.fromkeys(items))
        if not distinct:
            return Measured(tokens=[], seconds=0.0, distinct_share=1.0)
        ordered = sorted(distinct, key=self.order)
        answered(self, ordered[:8])  # the first answers are slower than all others
        began, before = time.perf_counter(), self.counts()
        answered(self, ordered)
        tokens = self.counts().since(before).tokens
        return Measured(
            tokens=shared_out(tokens, ordered, repeats=len(items) - len(distinct)),
            seconds=time.perf_counter() - began,
            distinct_share=len(distinct) / len(items),
        )


def row_task(task: Task) -> RowTask:
    """A task that is known to look at each row by itself."""
    assert isinstance(task, RowTask)
    return task


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


def task_class(plan: Plan) -> type[Task]:
    """The task of a plan, without its model."""
    module, _, name = plan.kind.home.partition(":")
    found: type[Task] = getattr(import_module(module), name)
    return found


def open_task(plan: Plan) -> Task:
    """Load the model of a plan, ready for its task."""
    return task_class(plan)(plan)


def answered(task: RowTask, items: Sequence[Item]) -> tuple[list[pa.Table], dict[int, str]]:
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


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to items: `table` has a row for each that has one, `places` says which (-1: none), `bad` why not."""

    table: pa.Table
    places: IntArray
    bad: Mapping[int, str]


def answer_all(task: RowTask, items: Sequence[Item], told: Callable[[float], None]) -> Answers:
    """Answer different items in the order that suits the model; `told` hears which share of them is done."""
    tables = [task.schema.empty_table()]
    answered_places: list[int] = []
    bad: dict[int, str] = {}
    order = sorted(range(len(items)), key=lambda place: task.order(items[place]))
    for start in range(0, len(order), ITEMS):
        some = order[start : start + ITEMS]
        pieces, wrong = answered(task, [items[place] for place in some])
        tables += pieces
        answered_places += [place for n, place in enumerate(some) if n not in wrong]
        bad |= {some[n]: reason for n, reason in wrong.items()}
        told((start + len(some)) / len(items))
    places = np.full(len(items), -1, dtype=np.int64)
    places[answered_places] = np.arange(len(answered_places))
    return Answers(pa.concat_tables(tables), places, bad)


def _reason(error: CrossjudgeError) -> str:
    return " ".join(str(error).split())
