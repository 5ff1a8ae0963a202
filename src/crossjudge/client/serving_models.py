"""What a server serves, and whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass

from crossjudge.apps.base import Result
from crossjudge.client.asking import answered
from crossjudge.client.refusals import trouble_with
from crossjudge.client.server import Ask, Server
from crossjudge.client.steps import Break, Broken, Exchange, Pause, sent

LOOK_AGAIN_S = 0.2
_READY_S = 10.0


@dataclass(frozen=True, slots=True)
class ServedModel(Result):
    """One model of a server. `state`: "loaded", "loading", "cold" or "failed".

    The default answers where none is named and no use has its own.
    """

    name: str
    state: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class _Listed:
    id: str
    state: str
    default: bool


@dataclass(frozen=True, slots=True)
class _Models:
    data: list[_Listed]


def models(server: Server) -> Exchange[list[ServedModel]]:
    """Its models, the default one first."""
    found, _ = yield from answered(server, Ask(path="/v1/models", method="GET"), _Models)
    return [ServedModel(one.id, one.state, one.default) for one in found.data]


def ready(server: Server, timeout_s: float) -> Exchange[None]:
    """Wait until it answers, if it does in time; raises why it did not."""
    ask, left_s = Ask(path="/readyz", method="GET"), timeout_s
    while True:
        outcome = yield from sent(server.request(ask, left_s=min(_READY_S, max(left_s, LOOK_AGAIN_S))))
        trouble = trouble_with(outcome, server=server, path=ask.path)
        if trouble is None:
            server.was_reached = True
            return
        starting = isinstance(outcome, Broken) and outcome.kind in (Break.UNREACHABLE, Break.BROKEN)
        left_s -= outcome.took_s + LOOK_AGAIN_S
        if not (trouble.passes or starting) or left_s <= 0:
            raise trouble.error
        yield Pause(LOOK_AGAIN_S)
