"""Answers checked against sources, asked of `POST /v1/check`, or of `/v1/check/stream` while they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from crossjudge.apps.base import Progress, checked_probability
from crossjudge.apps.checking.checker import WINDOW_TOKENS, Answer, Source, checked_input, checked_source
from crossjudge.apps.checking.results import CheckReport
from crossjudge.client.errands import Errand
from crossjudge.client.live_checks import LiveCheck
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange

Asked: TypeAlias = tuple[Source, Answer]

_SENTENCE_CHARS = 100


class Checking:
    """Asks as `ClaimChecker` does."""

    def __init__(
        self, server: Server, *, threshold: float = 0.5, window_tokens: int = WINDOW_TOKENS, model: str | None = None
    ) -> None:
        checked_probability(threshold, doing="Making a claim checker", what="the threshold")
        self._settings = {"model": model, "threshold": threshold, "window_tokens": window_tokens}
        self._server = server
        self._errand: Errand[Asked, CheckReport] = Errand(
            doing="Checking",
            path="/v1/check",
            many="inputs",
            settings=self._settings,
            plain=_plain,
            pairs=_pairs,
            result=CheckReport,
        )

    def batch(self, inputs: Iterable[Asked], progress: Progress | None = None) -> Exchange[list[CheckReport]]:
        """A report on each answer."""
        return batch(self._server, self._errand, inputs, progress)

    def live(self, source: Source) -> LiveCheck:
        """A check of an answer that is still being written."""
        return LiveCheck(self._server, {**self._settings, "source": checked_source(source, None)})


def _plain(one: Asked, index: int) -> dict[str, Any]:
    source, answer = checked_input(one, index)
    return {"source": source, "answer": answer}


def _pairs(one: Asked) -> int:
    """Every claim meets about every sentence of the sources."""
    source, answer = one
    claims = len(answer) if not isinstance(answer, str) else 1 + len(answer) // _SENTENCE_CHARS
    texts = [source] if isinstance(source, str) else source
    return claims * sum(1 + len(text) // _SENTENCE_CHARS for text in texts)
