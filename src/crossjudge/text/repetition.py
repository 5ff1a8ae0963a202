"""A text that says the same over and over, with it said once."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_RUN = 40
"""Words of the longest run whose repetition is noticed."""
_LEAST_TIMES = 3
_LEAST_WORDS = 6
"""Shorter repetitions ("no, no, no"; 1 1 1 2) are a way to speak, or data."""


def said_once(text: str) -> str:
    """`text` with every run of words that follows itself three times or more said once; others as they are."""
    words = text.split()
    compared = [word.strip(".,;:!?\"'()").casefold() for word in words]
    kept: list[str] = []
    place = 0
    while place < len(words):
        size, times = _run(compared, place)
        kept += words[place : place + size]
        place += size * times
    return " ".join(kept) if len(kept) < len(words) else text


def _run(words: Sequence[str], start: int) -> tuple[int, int]:
    """How long the run of words at `start` is, and how often it stands there; (1, 1) where nothing is repeated."""
    for size in range(1, min(LONGEST_RUN, (len(words) - start) // _LEAST_TIMES) + 1):
        run, times = words[start : start + size], 1
        while words[start + size * times : start + size * (times + 1)] == run:
            times += 1
        if times >= _LEAST_TIMES and size * times >= _LEAST_WORDS:
            return size, times
    return 1, 1
