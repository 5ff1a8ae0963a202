"""The engine of a cluster: Ray Data reads the list of shards, actors with the model loaded do them.

Ray starts again what dies, holds back what nobody is ready for, and scales between `min_workers` and `workers`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crossjudge.extras import require
from crossjudge.jobs.local_engine import as_raised, limit_threads, told_error

if TYPE_CHECKING:
    from crossjudge.jobs.job import Job
    from crossjudge.jobs.notes import Note
    from crossjudge.jobs.progress import Tracker
    from crossjudge.jobs.shards import Shard


class ShardActor:
    """A worker in an actor of Ray's. One row in, the number of a shard; one row out, the note on it or its error."""

    def __init__(self, job: Job, shards: Mapping[int, Shard]) -> None:
        self._job, self._shards = job, shards
        self._work: Any = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the shards of a batch (of one)."""
        return {"note": np.array([self._note(self._shards[int(number)]) for number in batch["shard"]], dtype=object)}

    def _note(self, shard: Shard) -> str:
        try:
            note: Note = self._worker()(shard)
        except Exception as error:  # goes to the driver as it is, instead of being tried again for ever
            return json.dumps({"failed": told_error(error)})
        return note.to_json().decode("utf-8")

    def _worker(self) -> Any:
        if self._work is None:
            limit_threads(self._job.plan.work.num_threads)
            from crossjudge.jobs.worker import Worker

            self._work = Worker(self._job, name=f"{socket.gethostname()}-{os.getpid()}")
        return self._work


def run_ray(job: Job, shards: Sequence[Shard], tracker: Tracker, *, done: Callable[[Note], None]) -> None:
    """Do all shards on the cluster that Ray is connected to, or on one that it starts on this machine."""
    ray = require("ray", to="run a job on Ray")
    data = require("ray.data", to="run a job on Ray")
    from crossjudge.jobs.notes import Note

    work = job.plan.work
    started = not ray.is_initialized()
    if started:
        # RAY_ADDRESS, or `ray job submit`, says where a cluster is; without, one is started here.
        here = "RAY_ADDRESS" not in os.environ
        cpus = {"num_cpus": work.workers * work.num_threads} if here and work.workers else {}
        ray.init(log_to_driver=False, **({"include_dashboard": False} | cpus if here else {}))
    try:
        data.DataContext.get_current().enable_progress_bars = False
        most = work.workers or max(1, int(ray.cluster_resources().get("CPU", 1)) // work.num_threads)
        fewest = min(work.min_workers or (work.workers or 1), most)
        notes = data.from_items(
            [{"shard": shard.number} for shard in shards], override_num_blocks=len(shards)
        ).map_batches(
            ShardActor,
            fn_constructor_args=(job, {shard.number: shard for shard in shards}),
            batch_size=1,
            compute=data.ActorPoolStrategy(
                min_size=min(fewest, len(shards)), max_size=min(most, len(shards)), max_tasks_in_flight_per_actor=2
            ),
            num_cpus=work.num_threads,
            num_gpus=work.num_gpus or None,
        )
        for row in notes.iter_rows():
            found = json.loads(row["note"])
            if "failed" in found:
                raise as_raised(*found["failed"])
            done(Note.from_json(row["note"].encode("utf-8")))
    finally:
        if started:
            ray.shutdown()
