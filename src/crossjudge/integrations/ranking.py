"""Texts put in order for a framework, where some may be blank: those come last, without a score, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.integrations.uses import Ranks


@dataclass(frozen=True, slots=True)
class Place:
    """Text `index` in its place. `score`: a logit of relevance; None for a blank text, which is not asked about."""

    index: int
    score: float | None


def ranked(ranks: Ranks, query: str, texts: Sequence[str | None], *, most: int | None = None) -> list[Place]:
    """The texts best first, at most `most` of them; equal and blank ones keep the order given."""
    asked = [index for index, text in enumerate(texts) if text and text.strip()]
    [found] = ranks.batch([(query, [texts[index] or "" for index in asked])]) if asked else [[]]
    blank = sorted({*range(len(texts))} - {*asked})
    places = [Place(asked[one.index], one.score) for one in found] + [Place(index, None) for index in blank]
    return places[:most]
