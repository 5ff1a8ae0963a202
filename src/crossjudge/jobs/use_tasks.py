"""Tasks that are uses of a judge: tag, check, guard, grade, rerank and dedupe, each by its class of `apps`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from crossjudge.apps.base import Result
from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.deduplication.deduplicator import Deduplicator
from crossjudge.apps.deduplication.results import DedupeReport
from crossjudge.apps.grading import GRADES, Grader
from crossjudge.apps.guarding.guardrail import Guardrail
from crossjudge.apps.reranking import Reranker
from crossjudge.apps.tagging import Tagger
from crossjudge.errors import InputError
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.task import Item, Take, Task, a_text, some_texts, some_words, text_or_texts
from crossjudge.judge import Judge
from crossjudge.models.bi_encoder import BiEncoder

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


class TagTask(Task):
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


class CheckTask(Task):
    """`decision`, `supported` and `claims` of a `CheckReport`."""

    takes: ClassVar[Mapping[str, Take]] = {"source": text_or_texts, "answer": text_or_texts}
    outcome = "decision"
    score = "supported"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.checker = ClaimChecker(model=Judge(self.encoder), **self.options)

    def order(self, item: Item) -> Any:
        """By source, so that it is read once."""
        return len(str(item[0])), str(item[0])

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("decision", pa.string()), ("supported", pa.float64()), ("claims", pa.list_(_CLAIM))])

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        inputs = [(_as_list(source), _as_list(answer)) for source, answer in items]
        return _table(self.checker.batch(inputs), self.schema)


class GuardTask(Task):
    """`decision`, `overall` and `checks` of a `GuardrailResult`."""

    takes: ClassVar[Mapping[str, Take]] = {"text": a_text}
    outcome = "decision"
    score = "overall"

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


class GradeTask(Task):
    """A `GradeResult`'s fields. Each row may have its own reference and question; else those of the plan hold."""

    takes: ClassVar[Mapping[str, Take]] = {"answer": a_text, "reference": text_or_texts, "question": a_text}
    outcome = "grade"
    score = "score"

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
        """By reference and question, for which answers are graded together."""
        return str(item[1]), str(item[2]), len(item[0])

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return self._schema

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        groups: dict[tuple[Any, Any], list[int]] = {}
        for place, (_, reference, question) in enumerate(items):
            groups.setdefault((reference, question), []).append(place)
        found: dict[int, Result] = {}
        for (reference, question), places in groups.items():
            grader = Grader(
                _as_list(reference if reference is not None else self.options["reference"]),
                question=question if question is not None else self.options.get("question"),
                model=self.judge,
            )
            found |= zip(places, grader.batch([items[place][0] for place in places]), strict=True)
        return _table([found[place] for place in range(len(items))], self.schema)


class RerankTask(Task):
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


class DedupeTask(Task):
    """`cluster`: equal for rows that say the same, numbered by first appearance; `representative`: the text to keep.

    All rows are looked at together, or those of one `block`. `details` says which pairs were compared.
    """

    takes: ClassVar[Mapping[str, Take]] = {"text": some_words, "block": a_text}
    objective = None

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        first_stage = {"num_threads": plan.work.num_threads} | {
            name: plan.model[name] for name in ("backend", "device") if name in plan.model
        }
        self.deduplicator = Deduplicator(model=self.encoder, first_stage_model=BiEncoder(**first_stage), **self.options)

    def wanted_objective(self) -> str | None:
        """Its head for duplicates, where the model has one."""
        return "duplicate"

    def order(self, item: Item) -> Any:
        """As they stand: clusters are numbered by their first text."""
        return 0

    @property
    def schema(self) -> pa.Schema:
        """See `Task.schema`."""
        return pa.schema([("cluster", pa.int64()), ("representative", pa.string())])

    def answer(self, items: Sequence[Item]) -> pa.Table:
        """See `Task.answer`."""
        blocks: dict[str | None, list[int]] = {}
        for place, (_, block) in enumerate(items):
            blocks.setdefault(block, []).append(place)
        reports = {
            block: self.deduplicator.report([items[place][0] for place in places])
            for block, places in blocks.items()
            if len(places) > 1
        }
        self.details = _account([len(places) for places in blocks.values()], list(reports.values()))
        first, kept = list(range(len(items))), [text for text, _ in items]
        for block, report in reports.items():
            places = blocks[block]
            for one in report.clusters:
                for index in one.indices:
                    first[places[index]] = places[one.indices[0]]
                    kept[places[index]] = items[places[one.representative]][0]
        cluster = np.unique(first, return_inverse=True)[1]
        return pa.Table.from_arrays([pa.array(cluster, pa.int64()), pa.array(kept)], schema=self.schema)


def _account(sizes: Sequence[int], reports: Sequence[DedupeReport]) -> dict[str, Any]:
    """Every pair of different texts: in one block or not, near or not, compared or ruled apart. `sizes`: of blocks."""
    texts = sum(sizes)
    counts = ("copies", "candidates", "merged", "at_limit")
    tallies = ("compared", "ruled_apart", "duplicates")
    return {
        "texts": texts,
        "blocks": len(sizes),
        "largest_block": max(sizes, default=0),
        "pairs_possible": texts * (texts - 1) // 2,
        "pairs_in_one_block": sum(size * (size - 1) // 2 for size in sizes),
        **{name: sum(getattr(one, name) for one in reports) for name in counts},
        **{name: sum(getattr(one.tally, name) for one in reports) for name in tallies},
        "search": sorted({one.search for one in reports}),
        "first_stage": sorted({one.first_stage for one in reports}),
    }


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
