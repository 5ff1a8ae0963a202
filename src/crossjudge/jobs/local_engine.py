"""The engine of one machine: processes that each load the model once and take the next unit when they are free."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any

from crossjudge import errors
from crossjudge.backends.cores import usable_cores
from crossjudge.errors import CrossjudgeError, JobError

if TYPE_CHECKING:
    from crossjudge.jobs.job import Job
    from crossjudge.jobs.progress import Tracker
    from crossjudge.jobs.running import Done, Work
    from crossjudge.jobs.stage import Unit

_GRACE_S = 5.0


@dataclass(slots=True)
class _Process:
    """A worker process, the driver's end of its pipe, and the unit that it is at."""

    name: str
    process: SpawnProcess
    pipe: Connection
    unit: Unit | None = field(default=None)


@contextmanager
def local_engine(job: Job, tracker: Tracker) -> Iterator[Work]:
    """Processes for a job; as many as its stages need, at most as many as the plan allows."""
    pool: list[_Process] = []
    try:
        yield lambda units, done: _do(units, pool, job, tracker, done)
    finally:
        _end(pool)


def _do(units: Sequence[Unit], pool: list[_Process], job: Job, tracker: Tracker, done: Done) -> None:
    """Do all units. Raises `JobError` for a unit that costs too many workers."""
    waiting = deque(units)
    lost: Counter[int] = Counter()
    pool += [_start(job, number) for number in range(len(pool), min(_most(job), len(units)))]
    while waiting or any(one.unit is not None for one in pool):
        for one in pool:
            if one.unit is None and waiting:
                _give(one, waiting.popleft())
        for one in _with_news(pool):
            _hear(one, pool, waiting, lost, job, tracker, done)


def _most(job: Job) -> int:
    work = job.plan.work
    return work.workers or max(1, usable_cores() // work.num_threads)


def _start(job: Job, number: int) -> _Process:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    name = f"worker-{number}"
    process = context.Process(target=_serve, args=(theirs, job, name), name=name, daemon=True)
    with _environment(thread_limits(job.plan.work.num_threads)):
        process.start()
    theirs.close()
    return _Process(name, process, ours)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """What a process that starts meanwhile finds in its environment, before it loads any library."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _end(pool: Sequence[_Process]) -> None:
    for one in pool:
        one.pipe.close()  # an idle worker ends when nobody can send it a unit
    for one in pool:
        if one.unit is not None:
            one.process.terminate()
        one.process.join(_GRACE_S)
        if one.process.is_alive():
            one.process.kill()
            one.process.join()


def _give(one: _Process, unit: Unit) -> None:
    one.unit = unit
    with suppress(OSError):  # it died: the end of its pipe will say so
        one.pipe.send(unit)


def _with_news(pool: Sequence[_Process]) -> list[_Process]:
    ready = set(map(id, wait([one.pipe for one in pool if one.unit is not None])))
    return [one for one in pool if id(one.pipe) in ready]


def _hear(
    one: _Process,
    pool: list[_Process],
    waiting: deque[Unit],
    lost: Counter[int],
    job: Job,
    tracker: Tracker,
    done: Done,
) -> None:
    try:
        kind, content = one.pipe.recv()
    except (EOFError, OSError):
        _replace(one, pool, waiting, lost, job, tracker)
        return
    if kind == "under way":
        tracker.under_way(one.name, *content)
    elif kind == "done":
        one.unit = None
        done(content)
    else:
        one.unit = None
        raise as_raised(*content)


def _replace(
    one: _Process, pool: list[_Process], waiting: deque[Unit], lost: Counter[int], job: Job, tracker: Tracker
) -> None:
    """A worker died: a new one takes its place, and its unit waits to be done again, unless that was so too often."""
    unit = one.unit
    assert unit is not None  # only busy workers are listened to
    one.process.join()
    one.unit = None
    one.pipe.close()
    tracker.lost(one.name)
    lost[unit.number] += 1
    if lost[unit.number] >= job.plan.work.attempts:
        raise costly(unit, job, f"ended its worker {lost[unit.number]} times (exit code {one.process.exitcode})")
    waiting.appendleft(unit)
    pool[pool.index(one)] = _start(job, int(one.name.rpartition("-")[2]))


def costly(unit: Unit, job: Job, what: str) -> JobError:
    """The error for a unit that no worker survives."""
    where = ""
    if unit.shard is not None:
        first = unit.shard.pieces[0]
        where = f", the {unit.shard.rows} rows from {job.files[first.file].path} line {first.chunk.line}"
    return JobError(
        f"Running the job: unit {unit.number} of the stage {unit.stage!r}{where}, {what}. The machine may lack memory: "
        "use fewer workers or smaller shards (work.shard_rows, in a new output folder). What is finished stays."
    )


def as_raised(kind: str, message: str) -> CrossjudgeError | RuntimeError:
    """An error of a worker, as the same kind here; what nobody foresaw keeps its traceback."""
    found = getattr(errors, kind, None)
    if found is None:
        return RuntimeError(f"A worker failed:\n{message}")
    try:
        raised: CrossjudgeError = found(message)
    except TypeError:  # an error that carries more than its message
        raised = JobError(message)
    return raised


# --- in a worker process ---------------------------------------------------------------------------------------------


def _serve(pipe: Connection, job: Job, name: str) -> None:
    """Do units until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, who ends its workers
    threading.Thread(target=_end_with_driver, name="driver's end", daemon=True).start()
    limit_threads(job.plan.work.num_threads)
    try:
        from crossjudge.jobs.worker import Worker

        work = Worker(job, name=name)
        while True:
            unit = pipe.recv()
            note = work(unit, lambda *told: pipe.send(("under way", told)))
            pipe.send(("done", note))
    except (EOFError, BrokenPipeError, ConnectionError):
        return
    except Exception as error:
        with suppress(OSError):
            pipe.send(("failed", told_error(error)))


def _end_with_driver() -> None:
    """A killed driver ends its workers too, who else would finish their units beside the next run's."""
    driver = multiprocessing.parent_process()
    assert driver is not None
    driver.join()
    os._exit(1)


def thread_limits(count: int) -> dict[str, str]:
    """What tells every library that starts threads how many to start, if it is there before they are loaded."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    return dict.fromkeys(names, str(count)) | {"TOKENIZERS_PARALLELISM": "false" if count == 1 else "true"}


def limit_threads(count: int) -> None:
    """The same for this process, as far as libraries are not loaded yet."""
    os.environ.update(thread_limits(count))
    import pyarrow

    pyarrow.set_cpu_count(count)


def told_error(error: Exception) -> tuple[str, Any]:
    """An error as `as_raised` takes it: its kind, if it is one of ours, and what it says."""
    if isinstance(error, CrossjudgeError):
        return type(error).__name__, str(error)
    return "", traceback.format_exc()
