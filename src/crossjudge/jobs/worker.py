"""One shard -> one output file and the note on it, the same on every engine and after every interruption."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crossjudge.errors import FingerprintError
from crossjudge.jobs.job import Job, note_name, part_name
from crossjudge.jobs.memory import Memory
from crossjudge.jobs.notes import Note, Saved
from crossjudge.jobs.places import Folder
from crossjudge.jobs.rows import read_rows
from crossjudge.jobs.shards import Shard
from crossjudge.jobs.summing import summary_of
from crossjudge.jobs.task import Item, Task, answered, open_task
from crossjudge.types import IntArray

ITEMS = 8_192
"""Items answered together; a shard is told about in such steps."""

Told = Callable[[int, int], None]
"""Called with rows (about) and tokens of the shard that are done."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers to distinct items: `table` has a row for each item that has one, `places` says which (-1: none)."""

    table: pa.Table
    places: IntArray
    bad: Mapping[int, str]
    remembered: int


class Worker:
    """Does shards, one after the other, with the model loaded once.

    Raises `FingerprintError` where the shards that are finished were done by another model.
    """

    def __init__(self, job: Job, *, name: str) -> None:
        self.job, self.name = job, name
        self.task: Task = open_task(job.plan)
        self.fingerprint = self.task.encoder.fingerprint
        self._check_fingerprint()
        # An answer from an earlier shard is the same row only if neighbours in a batch play no part.
        self._memory = Memory(job.plan.work.remember if self.task.encoder.is_exact else 0)
        self._folder = Folder(job.plan.output.path)

    def __call__(self, shard: Shard, told: Told = lambda rows, tokens: None) -> Note:
        """Read, answer, write; the note stands there before the file does, so that a file without one is never seen."""
        began, tokens, cache = time.perf_counter(), self.task.encoder.tokens_computed, self._cache()
        rows = read_rows(shard, self.job.files, self.job.schema, texts=tuple(self.job.columns.values()))
        items, problems = self.task.items(rows, self.job.columns)
        distinct, where = _distinct(items)
        found = self._answers(distinct, lambda share: told(round(share * len(items)), self._since(tokens)))
        where, problems = _placed(where, found, problems)
        table = self._joined(rows.table, found.table, where, problems)
        content = _content(table, self.job.plan.output.format)
        hits, misses = (now - before for now, before in zip(self._cache(), cache, strict=True))
        summary = summary_of(
            table,
            problems,
            outcome=self.task.outcome,
            score=self.task.score,
            shown={role: self.job.kept[column] for role, column in self.job.columns.items()},
            saved=Saved(
                asked=sum(item is not None for item in items),
                distinct=len(distinct),
                remembered=found.remembered,
                scored=len(distinct) - found.remembered,
            ),
            tokens=self._since(tokens),
            seconds=time.perf_counter() - began,
            premises=hits + misses,
            premise_hits=hits,
        )
        note = Note(
            shard=shard.number,
            worker=self.name,
            fingerprint=self.fingerprint,
            summary=summary,
            details=self.task.details,
        )
        self._folder.write(note_name(shard.number), note.to_json())
        self._folder.write(part_name(shard.number, self.job.plan), content)
        return note

    def _answers(self, items: Sequence[Item], told: Callable[[float], None]) -> _Answers:
        known = self._memory.known(items)
        tables = [self._memory.recall([items[place] for place in known])] if known else []
        placed = list(known)
        bad: dict[int, str] = {}
        new = sorted(set(range(len(items))) - set(known), key=lambda place: self.task.order(items[place]))
        step = len(new) if self.job.plan.kind.whole else ITEMS
        for start in range(0, len(new), step or 1):
            some = new[start : start + step]
            pieces, wrong = answered(self.task, [items[place] for place in some])
            right = [place for n, place in enumerate(some) if n not in wrong]
            bad |= {some[n]: reason for n, reason in wrong.items()}
            tables += pieces
            placed += right
            self._keep([items[place] for place in right], pieces)
            told((len(known) + start + len(some)) / len(items))
        places = np.full(len(items), -1, dtype=np.int64)
        places[placed] = np.arange(len(placed))
        table = pa.concat_tables([self.task.schema.empty_table(), *tables])
        return _Answers(table, places, bad, len(known))

    def _keep(self, items: Sequence[Item], pieces: Sequence[pa.Table]) -> None:
        if self._memory.most and pieces:
            self._memory.keep(items, pa.concat_tables(pieces))

    def _joined(self, rows: pa.Table, answers: pa.Table, where: IntArray, problems: Mapping[int, str]) -> pa.Table:
        """The input's columns, the answers' and those of every task."""
        missing = where < 0
        taken = answers.take(pa.array(where, mask=missing))
        count = rows.num_rows
        fingerprint = pa.array([self.fingerprint], pa.string()).take(pa.array(np.zeros(count, np.int64), mask=missing))
        errors = (
            pa.array([problems.get(row) for row in range(count)], pa.string())
            if problems
            else pa.nulls(count, pa.string())
        )
        names = [*(self.job.kept[name] for name in rows.schema.names), *taken.schema.names, "fingerprint", "error"]
        return pa.Table.from_arrays([*rows.columns, *taken.columns, fingerprint, errors], names=names)

    def _since(self, tokens: int) -> int:
        return self.task.encoder.tokens_computed - tokens

    def _cache(self) -> tuple[int, int]:
        """Hits and misses of the premise cache so far."""
        statistics = self.task.encoder.premise_cache
        return (statistics.hits, statistics.misses) if statistics else (0, 0)

    def _check_fingerprint(self) -> None:
        before = self.job.fingerprint
        if before not in (None, self.fingerprint):
            raise FingerprintError(
                f"Going on with the job in {self.job.plan.output.path}: its finished rows are by the model {before}, "
                f"and this one is {self.fingerprint}. Bring back that model, backend and precision, or name another "
                "output.path."
            )


def _distinct(items: Sequence[Item | None]) -> tuple[list[Item], IntArray]:
    """Each different item once, and for every row which of them it has (-1: none)."""
    places: dict[Item, int] = {}
    where = [-1 if item is None else places.setdefault(item, len(places)) for item in items]
    return list(places), np.array(where, dtype=np.int64)


def _placed(where: IntArray, found: _Answers, problems: Mapping[int, str]) -> tuple[IntArray, dict[int, str]]:
    """For every row the row of its answer, and why some have none."""
    every = dict(problems)
    if found.bad:
        reasons = {row: found.bad[place] for row, place in enumerate(where.tolist()) if place in found.bad}
        every |= reasons
    rows = np.append(found.places, -1)[where]
    return rows, every


def _content(table: pa.Table, output_format: str) -> bytes:
    if output_format == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in table.to_pylist()).encode()
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()
