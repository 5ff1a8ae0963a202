"""One question to a server, asked until it is answered, or until it is clear that it will not be."""

from __future__ import annotations

import json
import logging
from typing import Any, TypeVar

from crossjudge.client.patience import Patience
from crossjudge.client.refusals import Trouble, trouble_with
from crossjudge.client.server import Ask, Server, own_version
from crossjudge.client.steps import Answer, Exchange, Pause, sent
from crossjudge.errors import CrossjudgeError, ForeignServerError, InputError
from crossjudge.plain_values import from_plain

logger = logging.getLogger(__name__)

T = TypeVar("T")

_VERSION_S = 5.0
_DESCRIBED = Ask(path="/openapi.json", method="GET")


def asked(server: Server, ask: Ask) -> Exchange[Answer]:
    """The answer, status 200; raises what the server's words mean.

    What may pass (it is full, loading or stopping; the connection broke) is tried again, later each time.
    """
    patience = server.patience()
    while True:
        outcome = yield from sent(server.request(ask, left_s=patience.left_s))
        patience.spend(outcome.took_s)
        trouble = trouble_with(outcome, server=server, path=ask.path)
        server.was_reached = server.was_reached or isinstance(outcome, Answer)
        if trouble is None:
            assert isinstance(outcome, Answer)
            return outcome
        wait_s = patience.wait_s(trouble.wait_s) if trouble.passes else None
        if wait_s is None:
            raise (yield from _explained(server, trouble, patience))
        logger.info("%s Trying again in %.1f s.", trouble.seen, wait_s)
        yield Pause(wait_s)
        patience.spend(wait_s)


def answered(server: Server, ask: Ask, kind: type[T]) -> Exchange[tuple[T, float]]:
    """What the answer holds, as `kind` (which its JSON is read as), and how long it took, in seconds."""
    answer = yield from asked(server, ask)
    try:
        return from_plain(kind, json.loads(answer.body)), answer.took_s
    except ValueError as error:
        words = str(error) if isinstance(error, InputError) else "it is no JSON."
        unread = ForeignServerError(
            f"Asking {server.address}{ask.path}: the answer cannot be read. {words} Correct the address, or install "
            "the same version here and there.",
            address=str(server.address),
            status=answer.status,
        )
    raise (yield from _explained(server, Trouble(unread, by_version=True), server.patience()))


def _explained(server: Server, trouble: Trouble, patience: Patience) -> Exchange[CrossjudgeError]:
    """The error, with how often it was tried; and with both versions, where they differ and that may be why."""
    more = []
    if trouble.passes:
        times = patience.waited + 1
        more.append(f"It was asked {times} time{'s' * (times > 1)} in {server.timeout_s - patience.left_s:.1f} s.")
    if trouble.by_version:
        other = yield from _version_of(server)
        if other not in (None, own_version()):
            more.append(f"The server is crossjudge {other}, and this is crossjudge {own_version()}.")
    trouble.error.args = (" ".join([str(trouble.error), *more]),)
    return trouble.error


def _version_of(server: Server) -> Exchange[str | None]:
    """Of the crossjudge that answers; None where none says so."""
    outcome = yield from sent(server.request(_DESCRIBED, left_s=min(_VERSION_S, server.timeout_s)))
    if not isinstance(outcome, Answer) or outcome.status != 200:
        return None
    try:
        about: Any = json.loads(outcome.body)["info"]
        return str(about["version"]) if about["title"] == "crossjudge" else None
    except (ValueError, LookupError, TypeError):
        return None
