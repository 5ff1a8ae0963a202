"""How a client's methods come about: one for each use, with the settings that the use takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

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


class Making(Generic[P, R]):
    """A method that gives `made`, asking what `use` asks; it takes what `use` takes, but for the server."""

    def __init__(self, made: Callable[[C, U], R], use: Callable[Concatenate[Server, P], U]) -> None:
        def method(self: Holder[C], /, *given: P.args, **settings: P.kwargs) -> R:
            _check(method, made, self, given, settings)
            if self._model is not None:
                settings.setdefault("model", self._model)
            return made(self._connections, use(self._server, *given, **settings))

        holder, *_ = inspect.signature(method).parameters.values()
        _, *stated = inspect.signature(use).parameters.values()
        method.__signature__ = inspect.Signature([holder, *stated])  # type: ignore[attr-defined]
        method.__doc__ = made.__doc__
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        self._method.__name__, self._method.__qualname__ = name, f"{owner.__name__}.{name}"

    def __get__(self, client: Any, owner: Any = None) -> Callable[P, R]:
        return cast(Callable[P, R], self._method if client is None else MethodType(self._method, client))


def _check(method: Callable[..., Any], made: Any, client: Any, given: Any, settings: Any) -> None:
    """Raise `TypeError` in words for whoever hands over texts instead of settings."""
    try:
        inspect.signature(method).bind(client, *given, **settings)
    except TypeError as error:
        raise TypeError(
            f"{method.__qualname__}(): {error}. It takes settings and gives a {made.__name__}, which takes the texts: "
            f"made = client.{method.__name__}(...), then made(...)."
        ) from None
