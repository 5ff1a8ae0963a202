"""Responses scored by a rubric, asked of `POST /v1/score-rubric`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from crossjudge.apps.base import Progress
from crossjudge.apps.scoring import RubricResult, checked_exchange, checked_rubric, checked_weights
from crossjudge.client.errands import Errand, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange

Asked: TypeAlias = tuple[str, str]


class RubricScoring:
    """Asks as `RubricScorer` does."""

    def __init__(
        self,
        server: Server,
        rubric: Mapping[str, str],
        *,
        weights: Mapping[str, float] | None = None,
        model: str | None = None,
    ) -> None:
        self.rubric = checked_rubric(rubric)
        self.weights = checked_weights(self.rubric, weights or {})
        self._server = server
        self._errand: Errand[Asked, RubricResult] = Errand(
            doing="Scoring by a rubric",
            path="/v1/score-rubric",
            many="inputs",
            settings={"model": model, "rubric": self.rubric, "weights": self.weights},
            plain=_plain,
            pairs=lambda one: len(self.rubric) * windows(*one),
            result=RubricResult,
        )

    def batch(self, inputs: Iterable[Asked], progress: Progress | None = None) -> Exchange[list[RubricResult]]:
        """The scores of each response."""
        return batch(self._server, self._errand, inputs, progress)


def _plain(one: Asked, index: int) -> dict[str, Any]:
    request, response = checked_exchange(one, index)
    return {"request": request, "response": response}
