"""One server for every client: our own routes and the dialects of others, in front of one scheduler."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossjudge.extras import require

if TYPE_CHECKING:
    from crossjudge.serving.app import create_app
    from crossjudge.serving.limits import Limits

__all__ = ["Limits", "create_app"]

_HOMES = {"Limits": "limits", "create_app": "app"}


def __getattr__(name: str) -> Any:
    """Import a name from its home when it is first used, so that the schedulers' and the clients' files are light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'crossjudge.serving' has no attribute {name!r}; it has {', '.join(__all__)}")
    require("fastapi", to="make the server")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
