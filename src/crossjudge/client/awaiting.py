"""`AsyncClient`: the uses of a crossjudge server, for programs on an event loop."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Self

from crossjudge.client.addresses import DEFAULT_ADDRESS
from crossjudge.client.awaited_uses import (
    AsyncAnswerPicker,
    AsyncClaimChecker,
    AsyncDeduplicator,
    AsyncGrader,
    AsyncGuardrail,
    AsyncJudge,
    AsyncReranker,
    AsyncRubricScorer,
    AsyncTagger,
)
from crossjudge.client.making import Making
from crossjudge.client.opening import checked_most, opened
from crossjudge.client.serving_models import ServedModel, models, ready
from crossjudge.client.uses.checking import Checking
from crossjudge.client.uses.deduplicating import Deduplicating
from crossjudge.client.uses.grading import Grading
from crossjudge.client.uses.guarding import Guarding
from crossjudge.client.uses.judging import Judging
from crossjudge.client.uses.picking import Picking
from crossjudge.client.uses.ranking import Ranking
from crossjudge.client.uses.scoring import RubricScoring
from crossjudge.client.uses.tagging import Tagging


class AsyncClient:
    """`Client` for programs on an event loop of asyncio: what it makes is awaited.

    Each use is called as `await tagger(text)` or `await tagger.batch(texts)`, and many calls may be awaited at once. It
    keeps its connections until it is closed: `async with AsyncClient(...) as client:`.
    """

    def __init__(
        self,
        url: str = DEFAULT_ADDRESS,
        *,
        api_key: str | None = None,
        model: str | None = None,
        timeout_s: float = 60.0,
        retries: int = 8,
        max_connections: int = 32,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        most = checked_most(max_connections)
        self._server, tls = opened(url, api_key=api_key, timeout_s=timeout_s, retries=retries, ssl_context=ssl_context)
        from crossjudge.client.streams import Streams

        self._connections = Streams(self._server.address, tls, most=most)
        self._model = model

    judge = Making(AsyncJudge, Judging)
    tagger = Making(AsyncTagger, Tagging)
    claim_checker = Making(AsyncClaimChecker, Checking)
    answer_picker = Making(AsyncAnswerPicker, Picking)
    rubric_scorer = Making(AsyncRubricScorer, RubricScoring)
    guardrail = Making(AsyncGuardrail, Guarding)
    grader = Making(AsyncGrader, Grading)
    reranker = Making(AsyncReranker, Ranking)
    deduplicator = Making(AsyncDeduplicator, Deduplicating)

    async def models(self) -> list[ServedModel]:
        """What the server serves, its default model first."""
        return await self._connections.run(models(self._server))

    async def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Wait for a server that is starting; raises why it did not answer in time."""
        await self._connections.run(ready(self._server, timeout_s))

    async def aclose(self) -> None:
        """Close the connections; a client that is used again opens others."""
        self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({str(self._server.address)!r})"
