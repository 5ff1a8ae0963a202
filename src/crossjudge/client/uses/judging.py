"""Verdicts on pairs, asked of `POST /v1/judge`."""

from __future__ import annotations

from typing import Any

from crossjudge.apps.base import Progress, checked_probability
from crossjudge.client.errands import Errand, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange
from crossjudge.models.pairs import to_pairs
from crossjudge.objectives import get_objective
from crossjudge.types import Pair, Verdict


class Judging:
    """Asks as `Judge` does."""

    def __init__(
        self, server: Server, *, objective: str = "nli", abstain_below: float | None = None, model: str | None = None
    ) -> None:
        self.objective = get_objective(objective)
        if abstain_below is not None:
            checked_probability(abstain_below, doing="Making a judge", what="abstain_below")
        self._server = server
        self._errand: Errand[Pair, Verdict] = Errand(
            doing="Judging pairs",
            path="/v1/judge",
            many="pairs",
            settings={"model": model, "objective": objective, "abstain_below": abstain_below},
            plain=lambda pair, _: [pair.text_a, pair.text_b],
            pairs=lambda pair: windows(pair.text_a, pair.text_b),
            result=Verdict,
        )

    def batch(self, pairs: Any, progress: Progress | None = None) -> Exchange[list[Verdict]]:
        """A verdict for each pair."""
        return batch(self._server, self._errand, to_pairs(pairs), progress)
