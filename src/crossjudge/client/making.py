"""How a client's methods come about: one for each use, with the settings that the use takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from crossjudge.client.server import Server

P = ParamSpec("P")
U = TypeVar("U")
C = TypeVar("C")
R = TypeVar("R")


class Holder(Protocol[C]):
    """A client: the server, its connections, and the model that its uses ask unless they state another."""

    _server: Server
    _connections: C
    _model: str | None


def making(made: Callable[[C, U], R], use: Callable[Concatenate[Server, P], U]) -> Callable[Concatenate[Any, P], R]:
    """A method that gives `made`, asking what `use` asks; it takes what `use` takes, but for the server."""

    def method(self: Holder[C], /, *given: P.args, **settings: P.kwargs) -> R:
        if self._model is not None:
            settings.setdefault("model", self._model)
        return made(self._connections, use(self._server, *given, **settings))

    method.__doc__ = made.__doc__
    holder, *_ = inspect.signature(method).parameters.values()
    _, *stated = inspect.signature(use).parameters.values()
    method.__signature__ = inspect.Signature([holder, *stated])  # type: ignore[attr-defined]
    return method
