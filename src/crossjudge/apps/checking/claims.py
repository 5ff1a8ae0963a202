"""An answer -> its claims: one for each sentence that says something, with its place in the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossjudge.text.sentences import sentences
from crossjudge.types import Span

_ITEM_MARK = re.compile(r"(?:(?:[-*+•–·#>|]+|[(\[]?(?:\d{1,3}|[^\W\d_])[.)\]])\s+)+")


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be judged, and its characters in the answer."""

    text: str
    start: int
    end: int


def claims_of(answer: str | list[str]) -> list[Claim]:
    """A text's sentences without the marks of list items and headings; of a list, each item as it is.

    A text in which no sentence has a letter or figure is one claim.
    """
    if not isinstance(answer, str):
        return [Claim(item, 0, len(item)) for item in answer]
    spans = sentences(answer)
    saying = [span for span in spans if says_something(answer, span)]
    return [claim_at(answer, span) for span in saying or [Span(spans[0].start, spans[-1].end)]]


def says_something(answer: str, span: Span) -> bool:
    """Whether a sentence has a letter or figure."""
    return any(map(str.isalnum, answer[span.start : span.end]))


def claim_at(answer: str, span: Span) -> Claim:
    """The claim of one sentence."""
    mark = _ITEM_MARK.match(answer, span.start, span.end)
    start = mark.end() if mark and mark.end() < span.end else span.start
    return Claim(answer[start : span.end], start, span.end)
