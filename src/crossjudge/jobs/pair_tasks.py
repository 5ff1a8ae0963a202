"""Tasks on pairs of texts: `judge` gives verdicts, `predict` the model's own scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from crossjudge.jobs.plan import Plan
from crossjudge.jobs.task import Item, RowTask, Take, a_text
from crossjudge.judge import Judge


class _PairTask(RowTask):
    takes: ClassVar[Mapping[str, Take]] = {"text_a": a_text, "text_b": a_text}
    outcome = "label"
    score = "score"

    def order(self, item: Item) -> Any:
        """A one-way model reads equal first texts once; any other likes pairs of one length."""
        text_a, text_b = item
        if self.encoder.attention == "one_way":
            return len(text_a), text_a, len(text_b)
        return len(text_a) + len(text_b)


class JudgeTask(_PairTask):
    """`label`, `score`, `probabilities` and `abstained`, as a `Verdict` has them."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.judge = Judge(self.encoder, **self.options)
        self._shares = [pa.field(label, pa.float64()) for label in self.judge.objective.labels]

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema(
            [
                ("label", pa.string()), ("score", pa.float64()), ("probabilities", pa.struct(self._shares)),
                ("abstained", pa.bool_()),
            ]
        )  # fmt: skip

    def wanted_objective(self) -> str | None:
        """As the plan says."""
        return str(self.options.get("objective", "nli"))

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        verdicts = self.judge.batch(items)
        shares = np.array([tuple(one.probabilities.values()) for one in verdicts])
        columns = [
            pa.array([one.label for one in verdicts], pa.string()),
            pa.array([one.score for one in verdicts], pa.float64()),
            pa.StructArray.from_arrays(list(shares.T.copy()), fields=self._shares),
            pa.array([one.abstained for one in verdicts], pa.bool_()),
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)


class PredictTask(_PairTask):
    """`score` of a model with one label; of several, `scores` by label, and the `label` and `score` of the highest."""

    objective = None

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        if self.encoder.num_labels == 1:
            return pa.schema([("score", pa.float64())])
        return pa.schema([("label", pa.string()), ("score", pa.float64()), ("scores", pa.struct(self._fields))])

    @property
    def _fields(self) -> list[pa.Field]:
        return [pa.field(label, pa.float64()) for label in self.encoder.labels]

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        scores = np.asarray(self.encoder.predict(list(items), **self.options), dtype=np.float64)
        if scores.ndim == 1:
            return pa.Table.from_arrays([pa.array(scores)], schema=self.schema)
        columns = [
            pa.array([self.encoder.labels[place] for place in scores.argmax(axis=1)], pa.string()),
            pa.array(scores.max(axis=1)),
            pa.StructArray.from_arrays(list(scores.T.copy()), fields=self._fields),
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)
