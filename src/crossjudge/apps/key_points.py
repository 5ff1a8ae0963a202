"""A reference answer -> the points that it makes: its sentences, list items and clauses with a subject of their own."""

from __future__ import annotations

import re

from crossjudge.text.sentences import sentences

# Only before a pronoun: what follows other words may be the rest of a list ("sunlight, water, and air").
_CLAUSE = re.compile(
    r"\s*;\s+(?:and |but |so )?|,\s+(?:and|but|so|while)\s+(?=(?:it|they|he|she|this|these|those|there|we)\s)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\A(?:[-*+•–·]|[(\[]?(?:\d{1,3}|[a-z])[.)\]])\s+", re.IGNORECASE)
_LEAST_WORDS = 2


def key_points(reference: str) -> list[str]:
    """The points of `reference` in order, without list marks; the whole of it where it makes only one."""
    found = [
        point
        for span in sentences(reference)
        for part in _CLAUSE.split(_ITEM.sub("", reference[span.start : span.end]))
        if len((point := part.strip()).split()) >= _LEAST_WORDS
    ]
    distinct = list(dict.fromkeys(found))
    return distinct if len(distinct) > 1 else [reference.strip()]
