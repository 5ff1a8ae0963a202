"""Tasks that are uses of a judge: tag, check, guard, grade and rerank, each by its class of `apps`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa

from crossjudge.apps.base import Result
from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.grading import GRADES, Grader, grade_each
from crossjudge.apps.guarding.guardrail import Guardrail
from crossjudge.apps.reranking import Reranker
from crossjudge.apps.tagging import Tagger
from crossjudge.errors import InputError
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.task import Item, RowTask, Take, a_text, some_texts, text_or_texts
from crossjudge.judge import Judge

_NLI = pa.struct([(label, pa.float64()) for label in ("contradiction", "entailment", "neutral")])
_PLACE = [("start", pa.int64()), ("end", pa.int64())]
_EVIDENCE_PART = [("source_index", pa.int64()), *_PLACE, ("text", pa.string())]
_EVIDENCE = pa.struct([*_EVIDENCE_PART, ("joined_with", pa.struct(_EVIDENCE_PART))])
_CLAIM = pa.struct(
    [
        ("claim", pa.string()), *_PLACE, ("outcome", pa.string()), ("probabilities", _NLI), ("evidence", _EVIDENCE),
        ("counter_evidence", _EVIDENCE),
        ("flags", pa.list_(pa.struct([("kind", pa.string()), *_PLACE, ("text", pa.string())]))),
    ]
)  # fmt: skip
_TAG = pa.struct([("name", pa.string()), ("hypothesis", pa.string()), ("probability", pa.float64())])
_RANKED = pa.struct([("index", pa.int64()), ("score", pa.float64()), ("text", pa.string())])


def _table(results: Sequence[Result], schema: pa.Schema) -> pa.Table:
    """Results whose fields are the columns; fields that the schema does not have are left out."""
    dicts = [one.to_dict() for one in results]
    columns = [pa.array([one[field.name] for one in dicts], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


class TagTask(RowTask):
    """`chosen`: names that apply, surest first; `tags`: every label with its probability."""

    takes: ClassVar[Mapping[str, Take]] = {"text": a_text}
    outcome = "chosen"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.tagger = Tagger(model=Judge(self.encoder), **self.options)

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("chosen", pa.list_(pa.string())), ("tags", pa.list_(_TAG))])

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        results = self.tagger.batch([text for (text,) in items])
        tags = [
            [{"name": tag.name, "hypothesis": tag.hypothesis, "probability": tag.probability} for tag in one.tags]
            for one in results
        ]
        columns = [pa.array([one.chosen for one in results], self.schema.field(0).type), pa.array(tags, pa.list_(_TAG))]
        return pa.Table.from_arrays(columns, schema=self.schema)


class CheckTask(RowTask):
    """`decision`, `supported` and `claims` of a `CheckReport`."""

    takes: ClassVar[Mapping[str, Take]] = {"source": text_or_texts, "answer": text_or_texts}
    outcome = "decision"
    score = "supported"
    unnamed_model = ClaimChecker.unnamed_model

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.checker = ClaimChecker(model=Judge(self.encoder), **self.options)

    def order(self, item: Item) -> Any:
        """By source, so that a one-way model reads it once."""
        return len(str(item[0])), str(item[0])

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("decision", pa.string()), ("supported", pa.float64()), ("claims", pa.list_(_CLAIM))])

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        inputs = [(_as_list(source), _as_list(answer)) for source, answer in items]
        return _table(self.checker.batch(inputs), self.schema)


class GuardTask(RowTask):
    """`decision`, `overall` and `checks` of a `GuardrailResult`."""

    takes: ClassVar[Mapping[str, Take]] = {"text": a_text}
    outcome = "decision"
    score = "overall"
    unnamed_model = Guardrail.unnamed_model

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.guardrail = Guardrail(model=Judge(self.encoder), **self.options)
        span = pa.struct([*_PLACE, ("kind", pa.string())])
        check = pa.struct(
            [
                ("score", pa.float64()), ("passed", pa.bool_()), ("spans", pa.list_(span)), ("abstained", pa.bool_()),
                ("tokens_dropped", pa.int64()),
            ]
        )  # fmt: skip
        checks = pa.struct([(name, check) for name in self.guardrail.policies])
        self._schema = pa.schema([("decision", pa.string()), ("overall", pa.float64()), ("checks", checks)])

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return self._schema

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        return _table(self.guardrail.batch([text for (text,) in items]), self.schema)


class GradeTask(RowTask):
    """A `GradeResult`'s fields. Each row may have its own reference and question; else those of the plan hold."""

    takes: ClassVar[Mapping[str, Take]] = {"answer": a_text, "reference": text_or_texts, "question": a_text}
    outcome = "grade"
    score = "score"
    unnamed_model = Grader.unnamed_model

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.judge = Judge(self.encoder)
        if "reference" not in plan.columns and "reference" not in self.options:
            raise InputError(
                "Reading the plan: the task 'grade' has no reference; expected a column (reference, or "
                "columns.reference) or a text in [task_options]. State one."
            )
        self._schema = pa.schema(
            [
                ("grade", pa.string()), ("score", pa.float64()),
                ("probabilities", pa.struct([(grade, pa.float64()) for grade in reversed(GRADES)])),
                ("missing", pa.list_(pa.string())), ("reference", pa.int64()), ("tokens_dropped", pa.int64()),
            ]
        )  # fmt: skip

    def order(self, item: Item) -> Any:
        """By reference and question: of what is asked alike, more is read together."""
        return str(item[1]), str(item[2]), len(item[0])

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return self._schema

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        made: dict[tuple[Any, Any], Grader] = {}
        for _, reference, question in items:
            if (reference, question) not in made:
                made[reference, question] = self._grader(reference, question)
        graders = [made[reference, question] for _, reference, question in items]
        return _table(grade_each(graders, [text for text, *_ in items]), self.schema)

    def _grader(self, reference: Any, question: Any) -> Grader:
        return Grader(
            _as_list(reference if reference is not None else self.options["reference"]),
            question=question if question is not None else self.options.get("question"),
            model=self.judge,
        )


class RerankTask(RowTask):
    """`ranking`: the documents of each query, best first."""

    takes: ClassVar[Mapping[str, Take]] = {"query": a_text, "documents": some_texts}
    objective = "relevance"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.top_k: int | None = self.options.get("top_k")
        self.reranker = Reranker(model=self.encoder)

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("ranking", pa.list_(_RANKED))])

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        ranked = self.reranker.batch([(query, list(documents)) for query, documents in items], self.top_k)
        rankings = [[{"index": one.index, "score": one.score, "text": one.text} for one in some] for some in ranked]
        return pa.Table.from_arrays([pa.array(rankings, pa.list_(_RANKED))], schema=self.schema)


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
