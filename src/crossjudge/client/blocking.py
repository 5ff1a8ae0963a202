"""`Client`: the uses of a crossjudge server, for programs that wait for answers."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Self

from crossjudge.client.addresses import DEFAULT_ADDRESS
from crossjudge.client.blocking_uses import (
    RemoteAnswerPicker,
    RemoteClaimChecker,
    RemoteDeduplicator,
    RemoteGrader,
    RemoteGuardrail,
    RemoteJudge,
    RemoteReranker,
    RemoteRubricScorer,
    RemoteTagger,
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


class Client:
    """Makes judges, taggers and so on whose model is a server's: `crossjudge serve`, here or elsewhere.

    They take what `Judge`, `Tagger` and the others take, but for what only a model at hand could do, and give the same
    results. `model`: a name that the server lists, for each of them; left out, the server chooses.

    `url`: where the server is. `api_key`: left out, the variable CROSSJUDGE_API_KEY, if it is set. `timeout_s`: for one
    request, with everything that is waited for and tried again; large inputs are several requests. `retries`: how often
    a request is tried again while the server is full, loading or restarting, or when its connection broke.
    `max_connections`: used at once; further calls wait for one. `ssl_context`: for certificates of your own.

    One client serves many threads, and keeps its connections until it is closed: `with Client(...) as client:`.
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
        from crossjudge.client.sockets import Sockets

        self._connections = Sockets(self._server.address, tls, most=most)
        self._model = model

    judge = Making(RemoteJudge, Judging)
    tagger = Making(RemoteTagger, Tagging)
    claim_checker = Making(RemoteClaimChecker, Checking)
    answer_picker = Making(RemoteAnswerPicker, Picking)
    rubric_scorer = Making(RemoteRubricScorer, RubricScoring)
    guardrail = Making(RemoteGuardrail, Guarding)
    grader = Making(RemoteGrader, Grading)
    reranker = Making(RemoteReranker, Ranking)
    deduplicator = Making(RemoteDeduplicator, Deduplicating)

    def models(self) -> list[ServedModel]:
        """What the server serves, its default model first."""
        return self._connections.run(models(self._server))

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Wait for a server that is starting; raises why it did not answer in time."""
        self._connections.run(ready(self._server, timeout_s))

    def close(self) -> None:
        """Close the connections; a client that is used again opens others."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({str(self._server.address)!r})"
