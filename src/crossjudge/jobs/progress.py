"""How far a job is: its stage, rows, tokens, errors, time left, and what each worker is at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from crossjudge.jobs.notes import Note

EVERY_S = 0.2
"""How often the callback is called, but for the last time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobProgress:
    """How far a job is.

    `doing`: what its stage is about; it is the `stage`th of `stages`. `rows` of `total_rows` of that stage are done,
    `earlier_rows` of them before this run, counted in what `counted` says (some stages of a deduplication count texts
    or pairs); speeds, `seconds_left` (None until something was done) and `workers` (name -> rows) are the stage's too.
    `tokens`, `errors`: of all that is done, earlier runs' too. `seconds`: of this run.
    """

    doing: str
    counted: str
    stage: int
    stages: int
    rows: int
    total_rows: int
    earlier_rows: int
    tokens: int
    errors: int
    seconds: float
    rows_per_s: float
    tokens_per_s: float
    seconds_left: float | None
    workers: Mapping[str, int]


Callback = Callable[[JobProgress], None]


class Tracker:
    """Adds up what workers tell, and calls back."""

    def __init__(self, stages: int, callback: Callback | None) -> None:
        self._stages, self._callback = stages, callback
        self._began = time.perf_counter()
        self._told = 0.0
        self._tokens = self.errors = 0
        self._stage = _Stage("reading the input", "rows", 0, 0, 0, 0)

    def begin_stage(self, number: int, doing: str, counted: str, total_rows: int, earlier: Iterable[Note]) -> None:
        """The stage of that number begins, of so many rows; `earlier`: what earlier runs did of it."""
        rows = 0
        for note in earlier:
            rows += note.summary.rows
            self._count(note)
        self._stage = _Stage(doing, counted, number, total_rows, rows, self._tokens)
        self._tell(always=True)

    def under_way(self, worker: str, rows: int, tokens: int) -> None:
        """A worker has done so much of its unit."""
        self._stage.under_way[worker] = (rows, tokens)
        self._tell()

    def finished(self, note: Note) -> None:
        """A worker has finished a unit."""
        self._stage.under_way.pop(note.worker, None)
        self._stage.rows[note.worker] = self._stage.rows.get(note.worker, 0) + note.summary.rows
        self._count(note)
        self._tell()

    def lost(self, worker: str) -> None:
        """A worker is gone, and what it had under way with it."""
        self._stage.under_way.pop(worker, None)

    def now(self) -> JobProgress:
        """How far the job is."""
        stage = self._stage
        workers = dict(stage.rows)
        for name, (rows, _) in stage.under_way.items():
            workers[name] = workers.get(name, 0) + rows
        done = sum(workers.values())
        tokens = self._tokens + sum(tokens for _, tokens in stage.under_way.values())
        seconds = max(time.perf_counter() - stage.began, 1e-9)
        left = stage.total_rows - stage.earlier_rows - done
        return JobProgress(
            doing=stage.doing,
            counted=stage.counted,
            stage=stage.number,
            stages=self._stages,
            rows=stage.earlier_rows + done,
            total_rows=stage.total_rows,
            earlier_rows=stage.earlier_rows,
            tokens=tokens,
            errors=self.errors,
            seconds=time.perf_counter() - self._began,
            rows_per_s=done / seconds,
            tokens_per_s=(tokens - stage.tokens_before) / seconds,
            seconds_left=seconds * left / done if done else None,
            workers=workers,
        )

    def end(self) -> JobProgress:
        """Tell for the last time."""
        self._tell(always=True)
        return self.now()

    def _count(self, note: Note) -> None:
        self._tokens += note.summary.tokens
        self.errors += note.summary.errors

    def _tell(self, *, always: bool = False) -> None:
        now = time.perf_counter()
        if self._callback is not None and (always or now - self._told >= EVERY_S):
            self._told = now
            self._callback(self.now())


@dataclass(slots=True)
class _Stage:
    """The stage that a job is at. `tokens_before`: of everything done when it began."""

    doing: str
    counted: str
    number: int
    total_rows: int
    earlier_rows: int
    tokens_before: int
    began: float = field(default_factory=time.perf_counter)
    rows: dict[str, int] = field(default_factory=dict)
    under_way: dict[str, tuple[int, int]] = field(default_factory=dict)
