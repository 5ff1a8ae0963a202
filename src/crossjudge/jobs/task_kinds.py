"""The tasks by name: which columns each needs, which options it takes, and where it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskKind:
    """One task.

    `needs`, `may`: roles that columns play, as keys of `[columns]`; `options`: keys of `[task_options]`, of which
    `required` must be there. `home`: the class that does it. `flow`: the function that names its stages. `whole`: an
    answer depends on all rows of the input.
    """

    needs: tuple[str, ...]
    home: str
    may: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    flow: str = "crossjudge.jobs.flows:answers"
    whole: bool = False


KINDS: Mapping[str, TaskKind] = {
    "judge": TaskKind(
        needs=("text_a", "text_b"),
        options=("objective", "calibration", "abstain_below", "on_overflow", "labels", "force"),
        home="crossjudge.jobs.pair_tasks:JudgeTask",
    ),
    "predict": TaskKind(
        needs=("text_a", "text_b"),
        options=("activation_fn", "apply_softmax"),
        home="crossjudge.jobs.pair_tasks:PredictTask",
    ),
    "tag": TaskKind(
        needs=("text",),
        options=("labels", "template", "multi_label", "threshold", "descriptions", "first_stage"),
        required=("labels",),
        home="crossjudge.jobs.use_tasks:TagTask",
    ),
    "check": TaskKind(
        needs=("source", "answer"),
        options=("window_tokens", "threshold"),
        home="crossjudge.jobs.use_tasks:CheckTask",
    ),
    "guard": TaskKind(
        needs=("text",),
        options=("policies", "thresholds"),
        required=("policies",),
        home="crossjudge.jobs.use_tasks:GuardTask",
    ),
    "grade": TaskKind(
        needs=("answer",),
        may=("reference", "question"),
        options=("reference", "question"),
        home="crossjudge.jobs.use_tasks:GradeTask",
    ),
    "rerank": TaskKind(
        needs=("query", "documents"),
        options=("top_k",),
        home="crossjudge.jobs.use_tasks:RerankTask",
    ),
    "dedupe": TaskKind(
        needs=("text",),
        may=("block",),
        options=("threshold", "least_cosine", "neighbours", "search", "apart_by"),
        home="crossjudge.jobs.deduping.task:DedupeTask",
        flow="crossjudge.jobs.deduping:stages",
        whole=True,
    ),
}

RESULT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "judge": ("label", "score", "probabilities", "abstained"),
    "predict": ("label", "score", "scores"),
    "tag": ("chosen", "tags"),
    "check": ("decision", "supported", "claims"),
    "guard": ("decision", "overall", "checks"),
    "grade": ("grade", "score", "probabilities", "missing", "reference", "tokens_dropped"),
    "rerank": ("ranking",),
    "dedupe": ("cluster", "representative"),
}
"""Task -> its columns in the output, beside `EVERY_TASK`."""

EVERY_TASK = ("fingerprint", "error")
