"""Which of our models answers to the name that a client states."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from importlib import resources


def served_name(asked: str | None, served: Collection[str]) -> str | None:
    """`asked`, or None for the server's first model where nothing was asked or a hosted service's own model.

    `served`: the names of this server's models, which go before the hosted ones. A name that is neither is returned
    as it is, for the pool to refuse.
    """
    if not asked or (asked not in served and asked.casefold().startswith(_hosted())):
        return None
    return asked


@cache
def _hosted() -> tuple[str, ...]:
    text = resources.files("crossjudge").joinpath("serving", "dialects", "model_names.toml").read_text(encoding="utf-8")
    return tuple(name for names in tomllib.loads(text).values() for name in names)
