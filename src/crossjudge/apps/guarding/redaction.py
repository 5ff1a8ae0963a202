"""A text without what was found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossjudge.apps.guarding.recognizers import Found
from crossjudge.errors import InputError


def kind_in_brackets(kind: str) -> str:
    """`"email"` -> `"[EMAIL]"`."""
    return f"[{kind.upper()}]"


def redact(text: str, spans: Iterable[Found], *, mask: Callable[[str], str] = kind_in_brackets) -> str:
    """`text` with each span replaced by `mask(kind)`; spans that overlap are replaced together, by the first's mask."""
    pieces: list[str] = []
    kept = 0
    for span in sorted({*spans}, key=lambda one: (one.start, -one.end, one.kind)):
        if not 0 <= span.start < span.end <= len(text):
            raise InputError(
                f"Redacting a text of {len(text)} characters: a span goes from {span.start} to {span.end}; expected "
                "spans of this very text. Pass the text that the spans were found in."
            )
        if span.start >= kept:
            pieces += [text[kept : span.start], mask(span.kind)]
        kept = max(kept, span.end)
    return "".join([*pieces, text[kept:]])
