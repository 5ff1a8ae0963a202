"""Texts put in order for a framework, where some may be blank: those come last, without a score, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.apps.base import seen
from crossjudge.errors import InputError
from crossjudge.integrations.uses import Ranks


@dataclass(frozen=True, slots=True)
class Place:
    """Text `index` in its place. `score`: a logit of relevance; None for a blank text, which is not asked about."""

    index: int
    score: float | None


def require_each(given: Sequence[Any], kind: type, *, doing: str) -> None:
    """Refuse what a framework's own pipeline never passes, but a call by hand may: texts where it has objects."""
    for index, one in enumerate(given):
        if not isinstance(one, kind):
            raise InputError(
                f"{doing}: item {index} is {seen(one)}; expected a {kind.__name__} of {kind.__module__.split('.')[0]}. "
                f"Make each text a {kind.__name__} first."
            )


def ranked(ranks: Ranks, query: str, texts: Sequence[str | None], *, most: int | None = None) -> list[Place]:
    """The texts best first, at most `most` of them; equal and blank ones keep the order given."""
    asked = [index for index, text in enumerate(texts) if text and text.strip()]
    [found] = ranks.batch([(query, [texts[index] or "" for index in asked])]) if asked else [[]]
    blank = sorted({*range(len(texts))} - {*asked})
    places = [Place(asked[one.index], one.score) for one in found] + [Place(index, None) for index in blank]
    return places[:most]
