"""A long text -> overlapping windows that together cover every token."""

from __future__ import annotations

from crossjudge.errors import InputError
from crossjudge.types import Span


def windows(num_tokens: int, *, size: int, overlap: int) -> list[Span]:
    """Spans of tokens, each at most `size` long, neighbours sharing `overlap` tokens, the last one ending at the end.

    The last window is moved back rather than cut short, so that no window judges a stump of a sentence.
    """
    if size < 1 or not 0 <= overlap < size:
        raise InputError(f"Planning windows: size {size} and overlap {overlap}; expected 0 <= overlap < size.")
    if num_tokens <= size:
        return [Span(0, num_tokens)]
    starts = list(range(0, num_tokens - size, size - overlap))
    return [Span(start, start + size) for start in [*starts, num_tokens - size]]
