"""A job from its plan to its report: what is there, what is left, who does it, and when to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, TypeAlias

from crossjudge.errors import InputError, JobError
from crossjudge.jobs.job import Job, make_job
from crossjudge.jobs.ledger import Ledger
from crossjudge.jobs.notes import Note, Summary, total
from crossjudge.jobs.places import Folder, Place, find, is_url
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.progress import Callback, Tracker
from crossjudge.jobs.report import write_report
from crossjudge.jobs.scanning import chunk_size, scan
from crossjudge.jobs.shards import Shard, cut, shard_size

Engine: TypeAlias = Callable[..., None]
"""`engine(job, shards, tracker, done=...)` does all shards and calls `done` with the note on each."""

_ENGINES = {
    "local": "crossjudge.jobs.local_engine:run_local",
    "ray": "crossjudge.jobs.ray_engine:run_ray",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """A finished job. `shards_done`: by this run; 0 where everything was finished before. `seconds`: of this run.

    `summary`: of all rows, whoever did them. `workers`: name -> rows, of this run.
    """

    output: str
    shards: int
    shards_done: int
    seconds: float
    summary: Summary
    workers: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; samples are left to the report."""
        summary = self.summary
        return {
            "output": self.output,
            "shards": self.shards,
            "shards_done": self.shards_done,
            "seconds": self.seconds,
            "rows": summary.rows,
            "errors": summary.errors,
            "tokens": summary.tokens,
            "asked": summary.saved.asked,
            "distinct": summary.saved.distinct,
            "remembered": summary.saved.remembered,
            "scored": summary.saved.scored,
            "outcomes": dict(summary.outcomes),
            "workers": dict(self.workers),
        }


def run(plan: Plan, *, progress: Callback | None, engine: Engine | None = None) -> JobResult:
    """See `crossjudge.jobs.run_job`. `engine`: another than the plan's."""
    ledger = open_ledger(plan)
    notes = ledger.finished()
    left = [shard for shard in ledger.shards if shard.number not in notes]
    tracker = Tracker(sum(shard.rows for shard in ledger.shards), notes.values(), progress)
    _check_errors(tracker.errors, plan)
    tracker.begin()
    ledger.folder.clear_work_files()
    if left:
        _work(ledger, left, notes, tracker, engine or _engine(plan))
    last = tracker.end()
    found = [notes[number] for number in sorted(notes)]
    result = JobResult(
        output=plan.output.path,
        shards=len(ledger.shards),
        shards_done=len(left),
        seconds=last.seconds,
        summary=total(note.summary for note in found),
        workers=last.workers,
    )
    write_report(plan, found, ledger.folder, anew=bool(left))
    return result


def open_ledger(plan: Plan) -> Ledger:
    """The ledger of the output folder, taken up or begun."""
    places = find(plan.input.path, file_format=plan.input.format)
    _check_apart(places, plan)
    ledger = Ledger(plan, Folder(plan.output.path))
    if ledger.exists():
        try:
            ledger.resume(places)
        except InputError:
            if ledger.has_results():
                raise
            # Nothing was finished (a wrong option, maybe, that the model refused): the job may be another now.
        else:
            return ledger
    scans = [scan(place, chunk_rows=chunk_size(plan.work.shard_rows)) for place in places]
    rows = sum(chunk.rows for one in scans for chunk in one.chunks)
    ledger.begin(scans, cut(scans, shard_rows=shard_size(rows, plan.work.shard_rows, whole=plan.kind.whole)))
    return ledger


def _engine(plan: Plan) -> Engine:
    module, _, name = _ENGINES[plan.engine].partition(":")
    found: Engine = getattr(import_module(module), name)
    return found


def _work(ledger: Ledger, left: Sequence[Shard], notes: dict[int, Note], tracker: Tracker, engine: Engine) -> None:
    job = _job(ledger, notes)
    fingerprints = {job.fingerprint} - {None}

    def done(note: Note) -> None:
        fingerprints.add(note.fingerprint)
        if len(fingerprints) > 1:
            raise JobError(
                f"Running the job: worker {note.worker} answers with the model {note.fingerprint}, and others did with "
                f"{sorted(map(str, fingerprints - {note.fingerprint}))[0]}. Give every machine the same model, backend "
                "and precision, and an empty output folder."
            )
        notes[note.shard] = note
        tracker.finished(note)
        _check_errors(tracker.errors, ledger.plan)

    engine(job, left, tracker, done=done)


def _job(ledger: Ledger, notes: Mapping[int, Note]) -> Job:
    job = make_job(ledger.plan, ledger.files, ledger.schema)
    before = next((note.fingerprint for note in notes.values()), None)
    return replace(job, fingerprint=before)


def _check_errors(errors: int, plan: Plan) -> None:
    most = plan.work.max_errors
    if most is not None and errors > most:
        raise JobError(
            f"Running the job: {errors} rows have no result, and at most {most} may (max_errors). The error column of "
            f"the files in {plan.output.path} says why. Correct the input, or allow more and run again: what is "
            "finished stays."
        )


def _check_apart(places: Sequence[Place], plan: Plan) -> None:
    """The output must not be read as input by the next run."""
    output = plan.output.path
    inside = [place for place in places if _lies_in(place.path, output)]
    if inside:
        raise InputError(
            f"Reading the plan: the input {inside[0].path} lies in the output folder {output}; expected a folder that "
            "holds nothing else. Correct output.path."
        )
    for path in plan.input.path:
        if not is_url(path) and not is_url(output) and os.path.isdir(path) and _lies_in(output, path):
            raise InputError(
                f"Reading the plan: the output folder {output} lies in the input folder {path}, where results would be "
                "read as input. Correct output.path."
            )


def _lies_in(path: str, folder: str) -> bool:
    if is_url(path) or is_url(folder):
        return path.startswith(folder.rstrip("/") + "/")
    return os.path.abspath(path).startswith(os.path.abspath(folder).rstrip(os.sep) + os.sep)
