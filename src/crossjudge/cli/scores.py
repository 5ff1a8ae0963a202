"""Scores on the command line: their fields and their table."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from rich.text import Text

from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeTable, pair_texts
from crossjudge.cli.work import Progress
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Pair

LabelScores: TypeAlias = dict[str, float]
"""One pair's score for each label, in the model's order."""

_SCORE_WIDTH = 14
_LABELS_SHOWN = 4


def score_task(encoder: CrossEncoder, *, apply_softmax: bool, batch_size: int | None) -> Task[Pair, LabelScores]:
    """What `crossjudge predict` does: `score` for a model of one label, else `scores` by label."""
    labels = encoder.labels

    def work(pairs: list[Pair], progress: Progress) -> list[LabelScores]:
        scores = encoder.predict(pairs, apply_softmax=apply_softmax, batch_size=batch_size, progress=progress)
        rows = np.asarray(scores, dtype=np.float64).reshape(len(pairs), len(labels))
        return [dict(zip(labels, row.tolist(), strict=True)) for row in rows]

    def fields(scores: LabelScores) -> dict[str, Any]:
        return {"scores": scores} if len(labels) > 1 else {"score": scores[labels[0]]}

    def table(source: Source[Pair]) -> Show[Pair, LabelScores]:
        return OutcomeTable(
            source, [_column(label, labels) for label in labels[:_LABELS_SHOWN]], texts=pair_texts()
        ).show

    columns: dict[str, type] = {"scores": dict} if len(labels) > 1 else {"score": float}
    return Task(work=work, fields=fields, columns=columns, table=table)


def _column(label: str, labels: tuple[str, ...]) -> Column[LabelScores]:
    def cell(scores: LabelScores) -> Text:
        is_best = len(labels) > 1 and scores[label] == max(scores.values())
        return Text(f"{'> ' if is_best else ''}{scores[label]:.4f}", style="bold" if is_best else "")

    heading = label if len(labels) > 1 else "score"
    return Column(heading[:_SCORE_WIDTH], min(max(len(heading), 9), _SCORE_WIDTH), cell, right=True)
