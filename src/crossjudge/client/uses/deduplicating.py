"""Texts that say the same, asked of `POST /v1/dedupe`: all of them at once, since any may repeat any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossjudge.apps.base import checked_probability, checked_text, seen
from crossjudge.apps.deduplication.comparing import compared
from crossjudge.apps.deduplication.deciding import ordered
from crossjudge.apps.deduplication.deduplicator import checked_texts
from crossjudge.apps.deduplication.differences import FIGURES
from crossjudge.apps.deduplication.results import Cluster, DedupeReport
from crossjudge.client.asking import answered
from crossjudge.client.errands import encoded
from crossjudge.client.parcels import Results
from crossjudge.client.server import Ask, Server
from crossjudge.client.steps import Exchange
from crossjudge.client.uses.judging import Judging
from crossjudge.errors import ForeignServerError, InputError, LimitError
from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.plain_values import from_plain
from crossjudge.types import Verdict

_DOING = "Finding duplicates"
SIMILARITY = 0.8
"""What a server counts as similar in its account."""


class Deduplicating:
    """Asks as `Deduplicator` does."""

    def __init__(self, server: Server, *, threshold: float = 0.5, model: str | None = None) -> None:
        self.threshold = checked_probability(threshold, doing=_DOING, what="the threshold")
        self._server, self._model = server, model
        self._judging = Judging(server, objective=DUPLICATE.name, model=model)

    def report(self, texts: Sequence[str], *, similarity_threshold: float) -> Exchange[DedupeReport]:
        """Their clusters, with an account."""
        if similarity_threshold != SIMILARITY:
            raise InputError(
                f"{_DOING}: similarity_threshold is {seen(similarity_threshold)}; expected {SIMILARITY}, by which a "
                "server counts. Leave it out, or find duplicates here: Deduplicator().report(...)."
            )
        return self._reported(checked_texts(texts))

    def clusters(self, texts: Sequence[str]) -> Exchange[list[Cluster]]:
        """Their clusters; none of no texts."""
        checked = checked_texts(texts)
        return (yield from self._reported(checked)).clusters if checked else []

    def compare(self, a: str, b: str) -> Exchange[Verdict]:
        """The verdict on two texts, the same in both orders."""
        one, other = (checked_text(text, doing=_DOING, what="the text") for text in (a, b))
        (verdict,) = yield from self._judging.batch([ordered((one, other))])
        same, different = DUPLICATE.labels
        return compared(verdict, (one, other), labels=(same, different), threshold=self.threshold, apart_by=(FIGURES,))

    def _reported(self, texts: list[str]) -> Exchange[DedupeReport]:
        # A server takes two texts or more; a copy changes nothing but the counts that are put right below.
        asked = texts * 2 if len(texts) == 1 else texts
        settings: dict[str, Any] = {"threshold": self.threshold, "texts": asked}
        if self._model is not None:
            settings["model"] = self._model
        try:
            found, _ = yield from answered(self._server, Ask(path="/v1/dedupe", body=encoded(settings)), Results)
        except LimitError as error:
            error.args = (f"{error} Any text may repeat any other, so they go in one request and cannot be divided.",)
            raise
        report = self._read(found)
        return report if asked is texts else _of_one(report)

    def _read(self, found: Results) -> DedupeReport:
        try:
            return from_plain(list[DedupeReport], found.results)[0]
        except (ValueError, IndexError) as error:
            address = str(self._server.address)
            raise ForeignServerError(f"{_DOING}: {address}: {error}", address=address) from None


def _of_one(report: DedupeReport) -> DedupeReport:
    """The report on a text and its copy -> on the text alone."""
    return replace(report, clusters=[Cluster([0], 0, None, 1)], texts=1, copies=0, pairs_possible=0)
