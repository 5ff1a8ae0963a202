"""The engine of one machine: processes that each load the model once and take the next shard when they are free."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any, TypeAlias

from crossjudge import errors
from crossjudge.backends.cores import usable_cores
from crossjudge.errors import CrossjudgeError, JobError

if TYPE_CHECKING:
    from crossjudge.jobs.job import Job
    from crossjudge.jobs.notes import Note
    from crossjudge.jobs.progress import Tracker
    from crossjudge.jobs.shards import Shard

Done: TypeAlias = "Callable[[Note], None]"

_GRACE_S = 5.0


@dataclass(slots=True)
class _Process:
    """A worker process, the driver's end of its pipe, and the shard that it is at."""

    name: str
    process: SpawnProcess
    pipe: Connection
    shard: Shard | None = field(default=None)


def run_local(job: Job, shards: Sequence[Shard], tracker: Tracker, *, done: Done) -> None:
    """Do all shards; `done` is called with each note. Raises `JobError` for a shard that costs too many workers."""
    waiting = deque(shards)
    lost: Counter[int] = Counter()
    with _processes(job, _how_many(job, len(shards))) as pool:
        while waiting or any(one.shard is not None for one in pool):
            for one in pool:
                if one.shard is None and waiting:
                    _give(one, waiting.popleft())
            for one in _with_news(pool):
                _hear(one, pool, waiting, lost, job, tracker, done)


def _how_many(job: Job, shards: int) -> int:
    work = job.plan.work
    wanted = work.workers or max(1, usable_cores() // work.num_threads)
    return min(wanted, shards)


@contextmanager
def _processes(job: Job, count: int) -> Iterator[list[_Process]]:
    pool = [_start(job, number) for number in range(count)]
    try:
        yield pool
    finally:
        for one in pool:
            one.pipe.close()  # an idle worker ends when nobody can send it a shard
        for one in pool:
            if one.shard is not None:
                one.process.terminate()
            one.process.join(_GRACE_S)
            if one.process.is_alive():
                one.process.kill()
                one.process.join()


def _start(job: Job, number: int) -> _Process:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    name = f"worker-{number}"
    process = context.Process(target=_serve, args=(theirs, job, name), name=name, daemon=True)
    process.start()
    theirs.close()
    return _Process(name, process, ours)


def _give(one: _Process, shard: Shard) -> None:
    one.shard = shard
    with suppress(OSError):  # it died: the end of its pipe will say so
        one.pipe.send(shard)


def _with_news(pool: Sequence[_Process]) -> list[_Process]:
    ready = set(map(id, wait([one.pipe for one in pool if one.shard is not None])))
    return [one for one in pool if id(one.pipe) in ready]


def _hear(
    one: _Process,
    pool: list[_Process],
    waiting: deque[Shard],
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
        one.shard = None
        done(content)
    else:
        one.shard = None
        raise as_raised(*content)


def _replace(
    one: _Process, pool: list[_Process], waiting: deque[Shard], lost: Counter[int], job: Job, tracker: Tracker
) -> None:
    """A worker died: a new one takes its place, and its shard waits to be done again, unless that was so too often."""
    shard = one.shard
    assert shard is not None  # only busy workers are listened to
    one.process.join()
    one.shard = None
    one.pipe.close()
    tracker.lost(one.name)
    lost[shard.number] += 1
    if lost[shard.number] >= job.plan.work.attempts:
        first = shard.pieces[0]
        raise JobError(
            f"Running the job: shard {shard.number} ({shard.rows} rows from {job.files[first.file].path} line "
            f"{first.chunk.line}) ended its worker {lost[shard.number]} times (exit code {one.process.exitcode}). The "
            "machine may lack memory: use fewer workers or smaller shards (work.shard_rows, in a new output folder). "
            "What is finished stays."
        )
    waiting.appendleft(shard)
    pool[pool.index(one)] = _start(job, int(one.name.rpartition("-")[2]))


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
    """Do shards until the pipe is closed. Imports come late, so that the number of threads is known to all of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, who ends its workers
    limit_threads(job.plan.work.num_threads)
    try:
        from crossjudge.jobs.worker import Worker

        work = Worker(job, name=name)
        while True:
            shard = pipe.recv()
            note = work(shard, lambda *told: pipe.send(("under way", told)))
            pipe.send(("done", note))
    except (EOFError, BrokenPipeError, ConnectionError):
        return
    except Exception as error:
        with suppress(OSError):
            pipe.send(("failed", told_error(error)))


def limit_threads(count: int) -> None:
    """Tell every library that starts threads how many to start."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[variable] = str(count)
    os.environ["TOKENIZERS_PARALLELISM"] = "false" if count == 1 else "true"
    import pyarrow

    pyarrow.set_cpu_count(count)


def told_error(error: Exception) -> tuple[str, Any]:
    """An error as `as_raised` takes it: its kind, if it is one of ours, and what it says."""
    if isinstance(error, CrossjudgeError):
        return type(error).__name__, str(error)
    return "", traceback.format_exc()
