"""The engine of a cluster: Ray Data reads the list of units, actors with the model loaded do them.

Ray starts again what dies, holds back what nobody is ready for, and scales between `min_workers` and `workers`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from crossjudge.extras import require
from crossjudge.jobs.folder import Folder
from crossjudge.jobs.job import WORK_FOLDER, attempt_file
from crossjudge.jobs.local_engine import as_raised, costly, limit_threads, told_error

if TYPE_CHECKING:
    from crossjudge.jobs.job import Job
    from crossjudge.jobs.notes import Note
    from crossjudge.jobs.plan import WorkPlan
    from crossjudge.jobs.progress import Tracker
    from crossjudge.jobs.running import Done, Work
    from crossjudge.jobs.stage import Unit


_GROWS_FROM = 0.6
"""While a larger share of the actors than this is at work, and units wait, their number grows."""


class UnitActor:
    """A worker in an actor of Ray's. One row in, the number of a unit; one row out, the note on it or its error."""

    def __init__(self, job: Job, units: Mapping[int, Unit]) -> None:
        self._job, self._units = job, units
        self._work: Any = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the units of a batch (of one)."""
        return {"note": np.array([self._note(self._units[int(number)]) for number in batch["unit"]], dtype=object)}

    def _note(self, unit: Unit) -> str:
        try:
            self._count_attempt(unit)
            note: Note = self._worker()(unit)
        except Exception as error:  # goes to the driver as it is, instead of being tried again
            return json.dumps({"failed": told_error(error)})
        return note.to_json().decode("utf-8")

    def _count_attempt(self, unit: Unit) -> None:
        """Ray tries for ever: a unit that ends every actor would end none of its job. So attempts leave a file each."""
        attempts, work = self._job.plan.work.attempts, Folder(self._job.plan.output.path).inside(WORK_FOLDER)
        names = (attempt_file(unit.stage, unit.number, attempt) for attempt in range(attempts))
        if not any(work.create(name, b"") for name in names):
            raise costly(unit, self._job, f"ended its worker {attempts} times")

    def _worker(self) -> Any:
        if self._work is None:
            limit_threads(self._job.plan.work.num_threads)
            from crossjudge.jobs.worker import Worker

            self._work = Worker(self._job, name=f"{socket.gethostname()}-{os.getpid()}")
        return self._work


@contextmanager
def ray_engine(job: Job, tracker: Tracker) -> Iterator[Work]:
    """Actors on the cluster that Ray is connected to, or on one that it starts on this machine."""
    ray = require("ray", to="run a job on Ray")
    work = job.plan.work
    started = not ray.is_initialized()
    if started:
        # RAY_ADDRESS, or `ray job submit`, says where a cluster is; without, one is started here.
        here = "RAY_ADDRESS" not in os.environ
        cpus = {"num_cpus": work.workers * work.num_threads} if here and work.workers else {}
        ray.init(log_to_driver=False, **({"include_dashboard": False} | cpus if here else {}))
    try:
        yield lambda units, done: _do(units, ray, job, done)
    finally:
        if started:
            ray.shutdown()


def _do(units: Sequence[Unit], ray: Any, job: Job, done: Done) -> None:
    data = require("ray.data", to="run a job on Ray")
    from crossjudge.jobs.notes import Note

    work, numbers = job.plan.work, {unit.number: unit for unit in units}
    fewest, most = pool_size(job.plan.work, len(units), ray.cluster_resources())
    with _settings(data.DataContext.get_current()):
        notes = data.from_items([{"unit": number} for number in numbers], override_num_blocks=len(units)).map_batches(
            UnitActor,
            fn_constructor_args=(job, numbers),
            batch_size=1,
            # One unit at a time: a second one would wait behind it while others are idle.
            compute=data.ActorPoolStrategy(min_size=fewest, max_size=most, max_tasks_in_flight_per_actor=1),
            num_cpus=work.num_threads,
            num_gpus=work.num_gpus or None,
        )
    for row in notes.iter_rows():
        found = json.loads(row["note"])
        if "failed" in found:
            raise as_raised(*found["failed"])
        done(Note.from_json(row["note"].encode("utf-8")))


@contextmanager
def _settings(context: Any) -> Iterator[None]:
    """Ray Data's settings as a job needs them, for whatever is made meanwhile."""
    scaling = context.autoscaling_config
    before = context.enable_progress_bars, scaling.actor_pool_util_upscaling_threshold
    context.enable_progress_bars = False
    # By default a pool grows while more units wait at each actor than one; here one unit at a time is given.
    scaling.actor_pool_util_upscaling_threshold = _GROWS_FROM
    try:
        yield
    finally:
        context.enable_progress_bars, scaling.actor_pool_util_upscaling_threshold = before


def pool_size(work: WorkPlan, units: int, resources: Mapping[str, float]) -> tuple[int, int]:
    """Fewest and most actors for so many units: as the plan says, else from one to as many as the cluster has room for.

    `resources`: what the cluster has of each kind.
    """
    room = [resources.get("CPU", 1) // work.num_threads]
    if work.num_gpus:
        room.append(resources.get("GPU", 0) // work.num_gpus)
    most = work.workers or max(1, int(min(room)))
    fewest = min(work.min_workers or (work.workers or 1), most)
    return min(fewest, units), min(most, units)
