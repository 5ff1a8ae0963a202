"""Candidates ranked as answers, asked of `POST /v1/answer`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from crossjudge.apps.base import Progress, checked_template
from crossjudge.apps.picking import AnswerResult, checked_question
from crossjudge.client.errands import Errand, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange

Asked: TypeAlias = tuple[str, str, Sequence[str]]


class Picking:
    """Asks as `AnswerPicker` does."""

    def __init__(self, server: Server, *, template: str = "The answer is {}.", model: str | None = None) -> None:
        self._server = server
        self._errand: Errand[Asked, AnswerResult] = Errand(
            doing="Picking an answer",
            path="/v1/answer",
            many="inputs",
            settings={"model": model, "template": checked_template(template, doing="Picking an answer")},
            plain=_plain,
            pairs=lambda one: len(one[2]) * windows(one[0]),
            result=AnswerResult,
        )

    def batch(self, inputs: Iterable[Asked], progress: Progress | None = None) -> Exchange[list[AnswerResult]]:
        """The ranking of each question's candidates."""
        return batch(self._server, self._errand, inputs, progress)


def _plain(one: Asked, index: int) -> dict[str, Any]:
    context, question, candidates = checked_question(one, index)
    return {"context": context, "question": question, "candidates": candidates}
