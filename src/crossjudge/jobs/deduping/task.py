"""The task `dedupe`: how its rows are read, its models and its settings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar

import pyarrow as pa

from crossjudge.apps.deduplication.copies import plain
from crossjudge.apps.deduplication.deduplicator import Deduplicator
from crossjudge.jobs.deduping.sampling import measured
from crossjudge.jobs.encoder import CountedBiEncoder, Counts
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.sampling import Measured
from crossjudge.jobs.task import Item, Take, Task, a_text, some_words


class DedupeTask(Task):
    """`cluster`: the number of the first row that says the same, counted from 0; `representative`: the text to keep.

    `settings`: a `Deduplicator` with the plan's options, whose parts the stages use one by one.
    """

    takes: ClassVar[Mapping[str, Take]] = {"text": some_words, "block": a_text}
    spellings = True
    sample_factor = 8
    objective = "duplicate"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        given = {"num_threads": plan.work.num_threads} | {
            name: plan.model[name] for name in ("backend", "device") if name in plan.model
        }
        self.first_stage = CountedBiEncoder(**given)
        self.settings = Deduplicator(model=self.encoder, first_stage_model=self.first_stage, **self.options)

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("cluster", pa.int64()), ("representative", pa.string())])

    def counts(self) -> Counts:
        """See `Task.counts`."""
        both = self.encoder.counts()
        return Counts(both.tokens + self.first_stage.tokens_computed, both.premises, both.premise_hits)

    @staticmethod
    def same(item: Item) -> Hashable:
        """Equal for copies within a block."""
        text, block = item
        return plain(text), block

    def measured(self, items: Sequence[Item], most: int, *, rows: int) -> Measured:
        """See `Task.measured`."""
        return measured(self, items, most, rows=rows)


def dedupe_task(task: Task) -> DedupeTask:
    """A task that is known to be this one."""
    assert isinstance(task, DedupeTask)
    return task
