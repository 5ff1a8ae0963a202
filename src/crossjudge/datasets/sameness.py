"""When two texts, and two pairs, are the same: letters and digits decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crossjudge.datasets.pairs import Example


def normalized(text: str) -> str:
    """Lower case, letters and digits only: two texts that differ in nothing else are the same text."""
    return re.sub(r"[\W_]+", "", text.lower())


def distinct(examples: Iterable[Example]) -> Iterator[Example]:
    """Examples whose normalised pair was not seen before; the first wins."""
    seen: set[tuple[str, str]] = set()
    for example in examples:
        key = (normalized(example.text_a), normalized(example.text_b))
        if key not in seen:
            seen.add(key)
            yield example
