"""Documents ranked for queries: judged by relevance as pairs, since `POST /v1/judge` tells the logits that rank."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from crossjudge.apps.base import Progress
from crossjudge.apps.reranking import Ranked, checked_count, checked_query, ranked
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange
from crossjudge.client.uses.judging import Judging


class Ranking:
    """Asks as `Reranker` does."""

    def __init__(self, server: Server, *, model: str | None = None) -> None:
        self._judging = Judging(server, objective="relevance", model=model)

    def batch(
        self,
        inputs: Sequence[tuple[str, Sequence[str]]],
        top_k: int | None = None,
        progress: Progress | None = None,
    ) -> Exchange[list[list[Ranked]]]:
        """A ranking for each query and its documents; `progress` hears of queries, about."""
        most = None if top_k is None else checked_count(top_k, doing="Ranking documents", what="top_k")
        asked = [checked_query(one, index) for index, one in enumerate(inputs)]
        pairs = [(query, document) for query, documents in asked for document in documents]
        told = None if progress is None else _of_queries(progress, len(asked))
        verdicts = iter((yield from self._judging.batch(pairs, told)))
        return [ranked(documents, list(islice(verdicts, len(documents))))[:most] for _, documents in asked]


def _of_queries(progress: Progress, count: int) -> Progress:
    return lambda done, total: progress(done * count // total, count)
