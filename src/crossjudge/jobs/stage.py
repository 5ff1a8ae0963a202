"""Stages: a job is one stage after the other, a stage is units of work, and a unit is done by one worker.

What a unit makes is one file and the note on it. A stage sees the finished files of those before it and nothing else,
so every stage can be stopped at any moment and gone on with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import pyarrow as pa

from crossjudge.errors import FingerprintError
from crossjudge.jobs.encoder import Counts
from crossjudge.jobs.folder import Folder
from crossjudge.jobs.job import WORK_FOLDER, Job, work_file
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import Parcels
from crossjudge.jobs.rows import Rows, read_rows
from crossjudge.jobs.shards import Shard
from crossjudge.jobs.task import Item, Task, open_task, task_class

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

ToldRows: TypeAlias = Callable[[int], None]
"""Called with rows (about) of the unit that are done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One worker's piece of a stage.

    `rows`: how much it is, about. `shard`: whose rows it reads, if any. `sources`: earlier stage -> numbers of its
    files that hold something for it. `receiver`: under which number, its own where left out. `span`: a part of what
    they hold, from the first row to before the last.
    """

    stage: str
    number: int
    rows: int
    shard: Shard | None = None
    sources: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    receiver: int | None = None
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What came of a unit: the content of its file, and what its note says."""

    content: bytes
    summary: Summary
    fingerprint: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Bench:
    """What a worker has at hand: the job, the files of earlier stages, and the model, opened when first asked for."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.folder = Folder(job.plan.output.path)
        self.work = self.folder.inside(WORK_FOLDER)

    @cached_property
    def task(self) -> Task:
        """The task with its model; raises `FingerprintError` where another model did what is finished."""
        opened = open_task(self.job.plan)
        before, now = self.job.fingerprint, opened.encoder.fingerprint
        if before not in (None, now):
            raise FingerprintError(
                f"Going on with the job in {self.folder.path}: its finished rows are by the model {before}, and this "
                f"one is {now}. Bring back that model, backend and precision, or name another output.path."
            )
        return opened

    def counts(self) -> Counts:
        """What the model has computed so far."""
        return self.task.counts() if "task" in self.__dict__ else Counts()

    def rows(self, shard: Shard) -> Rows:
        """The rows of a shard."""
        return read_rows(shard, self.job.files, self.job.schema, texts=tuple(self.job.columns.values()))

    def items(self, rows: Rows) -> tuple[list[Item | None], dict[int, str]]:
        """What the task is asked of each row, None where there is a problem; and the problems."""
        return task_class(self.job.plan).items(rows, self.job.columns)

    def parcels(self, stage: str, numbers: Iterable[int], *, columns: Sequence[str] | None = None) -> list[Parcels]:
        """Files of an earlier stage."""
        return [Parcels(self.work, work_file(stage, number), columns=columns) for number in numbers]

    def gathered(self, stage: str, unit: Unit, schema: pa.Schema) -> pa.Table:
        """What the files of an earlier stage hold for a unit."""
        receiver = unit.number if unit.receiver is None else unit.receiver
        found = (one.of(receiver) for one in self.parcels(stage, unit.sources.get(stage, ())))
        return pa.concat_tables([schema.empty_table(), *found])


class Stage(ABC):
    """One stage. `name` stands in the names of its files; `doing` and `counted` (what `rows` of its units are) are for
    people.

    `needs_model`: whether its workers open the model beforehand. `is_last`: whether its files are the job's results.
    """

    name: ClassVar[str]
    doing: ClassVar[str]
    counted: ClassVar[str] = "rows"
    needs_model: ClassVar[bool] = False
    is_last: ClassVar[bool] = False

    @abstractmethod
    def units(self, ledger: Ledger) -> list[Unit]:
        """What there is to do, decided by the driver from plan, input and the notes of earlier stages alone."""

    @abstractmethod
    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """Do one unit, in a worker."""

    def account(self, ledger: Ledger) -> dict[str, Any]:
        """What the report says of the finished stage, beside the rows, as plain JSON values."""
        return {}


def units_of_shards(stage: str, ledger: Ledger, *sources: str) -> list[Unit]:
    """A unit for every shard, with the files of earlier stages that hold something for it."""
    known = {source: ledger.sources(source) for source in sources}
    return [
        Unit(
            stage=stage,
            number=one.number,
            rows=one.rows,
            shard=one,
            sources={source: files.get(one.number, ()) for source, files in known.items()},
        )
        for one in ledger.shards
    ]
