"""A job from its plan to its report: what is there, what is left, who does it, and when to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, TypeAlias

from crossjudge.errors import InputError, JobError
from crossjudge.jobs.flows import stages_of
from crossjudge.jobs.job import Job, make_job
from crossjudge.jobs.ledger import Ledger
from crossjudge.jobs.lock import locked
from crossjudge.jobs.notes import Note, Summary, summary_of_all
from crossjudge.jobs.places import Place, find, is_url
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.progress import Callback, Tracker
from crossjudge.jobs.report import written_report
from crossjudge.jobs.scanning import Scan, chunk_size, scan
from crossjudge.jobs.shards import cut, shard_size
from crossjudge.jobs.stage import Stage, Unit

Done: TypeAlias = Callable[[Note], None]
Work: TypeAlias = Callable[[Sequence[Unit], Done], None]
"""Does all units of a stage, and tells of the note on each."""

Engine: TypeAlias = Callable[[Job, Tracker], AbstractContextManager[Work]]
"""Workers for a job, for as long as the context is open; the tracker hears of units that are under way."""

_ENGINES = {
    "local": "crossjudge.jobs.local_engine:local_engine",
    "ray": "crossjudge.jobs.ray_engine:ray_engine",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """A finished job. `shards_done`: by this run; 0 where everything was finished before. `seconds`: of this run.

    `summary`: of all rows, whoever did them. `workers`: name -> rows, of this run. `details`: what the task has to say
    beside the rows; of a deduplication, the account of every pair.
    """

    output: str
    shards: int
    shards_done: int
    seconds: float
    summary: Summary
    workers: Mapping[str, int]
    details: Mapping[str, Any]

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
            "scored": summary.saved.scored,
            "outcomes": dict(summary.outcomes),
            "workers": dict(self.workers),
            "details": dict(self.details),
        }


def run(plan: Plan, *, progress: Callback | None, engine: Engine | None = None) -> JobResult:
    """See `crossjudge.jobs.run_job`. `engine`: another than the plan's."""
    with _opened(plan) as ledger:
        stages = stages_of(plan)
        tracker = Tracker(len(stages), progress)
        numbers = [shard.number for shard in ledger.shards]
        before = len(ledger.look_up(stages[-1], numbers))
        ledger.begin_run()
        if before < len(numbers):
            _work(ledger, stages, tracker, engine or _engine(plan))
        else:
            _recall(ledger, stages, tracker)
        last = tracker.end()
        summary = summary_of_all(ledger.notes, last=stages[-1].name)
        report = written_report(ledger, summary, stages, anew=before < len(numbers) or not numbers)
        ledger.clear()
    return JobResult(
        output=plan.output.path,
        shards=len(numbers),
        shards_done=len(numbers) - before,
        seconds=last.seconds,
        summary=summary,
        workers=last.workers,
        details=report["details"],
    )


@contextmanager
def _opened(plan: Plan) -> Iterator[Ledger]:
    """The ledger of the output folder, taken up or begun, while nobody else works on that folder."""
    places = find(plan.input.path, file_format=plan.input.format)
    _check_apart(places, plan)
    ledger = Ledger(plan)
    scans = [] if ledger.exists() else _scanned(ledger, places)
    ledger.work.make()
    with locked(ledger.work, output=plan.output.path):
        if not _taken_up(ledger, places):
            _begin(ledger, scans or _scanned(ledger, places))
        yield ledger


def _scanned(ledger: Ledger, places: Sequence[Place]) -> list[Scan]:
    """A look through the input, which is refused before anything is written."""
    scans = [scan(place, chunk_rows=chunk_size(ledger.plan.work.shard_rows)) for place in places]
    ledger.check(scans)
    return scans


def _taken_up(ledger: Ledger, places: Sequence[Place]) -> bool:
    """Whether a job was begun here before, and is this one."""
    if not ledger.exists():
        return False
    try:
        ledger.resume(places)
    except InputError:
        if ledger.has_results():
            raise
        # Nothing was finished (a wrong option, maybe, that the model refused): the job may be another now.
        return False
    return True


def _begin(ledger: Ledger, scans: Sequence[Scan]) -> None:
    rows = sum(chunk.rows for one in scans for chunk in one.chunks)
    ledger.begin(scans, cut(scans, shard_rows=shard_size(rows, ledger.plan.work.shard_rows)))


def _engine(plan: Plan) -> Engine:
    module, _, name = _ENGINES[plan.engine].partition(":")
    found: Engine = getattr(import_module(module), name)
    return found


def _work(ledger: Ledger, stages: Sequence[Stage], tracker: Tracker, engine: Engine) -> None:
    """One stage after the other; what is finished of each stays as it is."""
    job = make_job(ledger.plan, ledger.files, ledger.schema, ledger.shards)
    job = replace(job, fingerprint=ledger.fingerprint(stages))
    fingerprints = {job.fingerprint} - {None}

    def done(note: Note) -> None:
        if note.fingerprint is not None:
            fingerprints.add(note.fingerprint)
        if len(fingerprints) > 1:
            raise JobError(
                f"Running the job: worker {note.worker} answers with the model {note.fingerprint}, and others did with "
                f"{sorted(map(str, fingerprints - {note.fingerprint}))[0]}. Give every machine the same model, backend "
                "and precision, and an empty output folder."
            )
        ledger.notes[note.stage][note.number] = note
        tracker.finished(note)
        _check_errors(tracker.errors, ledger.plan)

    with engine(job, tracker) as work:
        for number, stage in enumerate(stages, start=1):
            units = stage.units(ledger)
            finished = ledger.look_up(stage, [unit.number for unit in units])
            rows = sum(unit.rows for unit in units)
            tracker.begin_stage(number, stage.doing, stage.counted, rows, finished.values())
            _check_errors(tracker.errors, ledger.plan)
            left = [unit for unit in units if unit.number not in finished]
            if left:
                work(left, done)
                _check_there(ledger, stage, units)


def _recall(ledger: Ledger, stages: Sequence[Stage], tracker: Tracker) -> None:
    """What is known of a job that was finished before."""
    ledger.recall(stages[:-1])
    last = stages[-1]
    tracker.begin_stage(len(stages), last.doing, last.counted, ledger.total_rows, ledger.noted(last.name))
    _check_errors(tracker.errors, ledger.plan)


def _check_there(ledger: Ledger, stage: Stage, units: Sequence[Unit]) -> None:
    """Workers on other machines may have written to a folder of their own that has the same name."""
    numbers = {unit.number for unit in units}
    lost = sorted(numbers - set(ledger.there(stage, numbers)))
    if lost:
        worker = ledger.notes[stage.name][lost[0]].worker
        raise JobError(
            f"Running the job: worker {worker} finished unit {lost[0]} of the stage {stage.name!r}, and its file is "
            f"not in {ledger.plan.output.path}; expected a folder that all machines share. Name one, or an object "
            "store, as output.path."
        )


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
