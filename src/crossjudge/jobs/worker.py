"""One unit -> one file and the note on it, the same on every engine and after every interruption."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeAlias

from crossjudge.jobs.flows import stages_of
from crossjudge.jobs.job import Job, note_file, part_file, work_file
from crossjudge.jobs.notes import Note
from crossjudge.jobs.stage import Bench, Stage, Unit
from crossjudge.jobs.task import Task

Told: TypeAlias = Callable[[int, int], None]
"""Called with rows (about) and tokens of the unit that are done."""


def _nothing(rows: int, tokens: int) -> None:
    """Nobody wants to know."""


class Worker:
    """Does units of any stage, one after the other; the model is loaded once.

    Raises `FingerprintError` where what is finished was done by another model.
    """

    def __init__(self, job: Job, *, name: str) -> None:
        self.job, self.name = job, name
        self._bench = Bench(job)
        self._stages: dict[str, Stage] = {stage.name: stage for stage in stages_of(job.plan)}

    def open(self) -> Task:
        """Load the model, which the first unit that needs it would do otherwise."""
        return self._bench.task

    def __call__(self, unit: Unit, told: Told = _nothing) -> Note:
        """Read, work, write; the note stands there before the file does, so that a file without one is never seen."""
        stage, bench = self._stages[unit.stage], self._bench
        if stage.needs_model:
            self.open()  # loading it is no part of the unit's time
        began, before = time.perf_counter(), bench.counts()
        made = stage.do(unit, bench, lambda rows: told(rows, bench.counts().since(before).tokens))
        spent = asdict(bench.counts().since(before))
        note = Note(
            stage=unit.stage,
            number=unit.number,
            worker=self.name,
            fingerprint=made.fingerprint,
            summary=replace(made.summary, seconds=time.perf_counter() - began, **spent),
            details=made.details,
        )
        bench.work.write(note_file(unit.stage, unit.number), note.to_json())
        if stage.is_last:
            bench.folder.write(part_file(unit.number, self.job.plan), made.content)
        else:
            bench.work.write(work_file(unit.stage, unit.number), made.content)
        return note
