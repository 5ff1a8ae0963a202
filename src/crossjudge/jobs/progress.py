"""How far a job is: rows, tokens, errors, time left, and what each worker is at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from crossjudge.jobs.notes import Note

EVERY_S = 0.2
"""How often the callback is called, but for the last time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobProgress:
    """`rows` of `total_rows` are done, `earlier_rows` of them before this run. Speeds are of this run.

    `tokens`, `errors`: of all rows done. `seconds_left`: None until something was done. `workers`: name -> rows.
    """

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

    def __init__(self, total_rows: int, earlier: Iterable[Note], callback: Callback | None) -> None:
        self._total_rows, self._callback = total_rows, callback
        self._began = time.perf_counter()
        self._told = 0.0
        self._earlier_rows = self._tokens = self._errors = 0
        for note in earlier:
            self._earlier_rows += note.summary.rows
            self._tokens += note.summary.tokens
            self._errors += note.summary.errors
        self._earlier_tokens = self._tokens
        self._rows: dict[str, int] = {}
        self._under_way: dict[str, tuple[int, int]] = {}

    @property
    def errors(self) -> int:
        """Rows without a result in finished shards."""
        return self._errors

    def begin(self) -> None:
        """Tell for the first time: what was done before this run."""
        self._tell()

    def under_way(self, worker: str, rows: int, tokens: int) -> None:
        """A worker has done so much of its shard."""
        self._under_way[worker] = (rows, tokens)
        self._tell()

    def finished(self, note: Note) -> None:
        """A worker has finished a shard."""
        self._under_way.pop(note.worker, None)
        self._rows[note.worker] = self._rows.get(note.worker, 0) + note.summary.rows
        self._tokens += note.summary.tokens
        self._errors += note.summary.errors
        self._tell()

    def lost(self, worker: str) -> None:
        """A worker is gone, and what it had under way with it."""
        self._under_way.pop(worker, None)

    def now(self) -> JobProgress:
        """How far the job is."""
        workers = dict(self._rows)
        for name, (rows, _) in self._under_way.items():
            workers[name] = workers.get(name, 0) + rows
        done, tokens = sum(workers.values()), self._tokens + sum(tokens for _, tokens in self._under_way.values())
        seconds = time.perf_counter() - self._began
        left = self._total_rows - self._earlier_rows - done
        return JobProgress(
            rows=self._earlier_rows + done,
            total_rows=self._total_rows,
            earlier_rows=self._earlier_rows,
            tokens=tokens,
            errors=self._errors,
            seconds=seconds,
            rows_per_s=done / max(seconds, 1e-9),
            tokens_per_s=(tokens - self._earlier_tokens) / max(seconds, 1e-9),
            seconds_left=seconds * left / done if done else None,
            workers=workers,
        )

    def end(self) -> JobProgress:
        """Tell for the last time."""
        last = self.now()
        if self._callback is not None:
            self._callback(last)
        return last

    def _tell(self) -> None:
        now = time.perf_counter()
        if self._callback is not None and now - self._told >= EVERY_S:
            self._told = now
            self._callback(self.now())
