"""Words of doubt: does a text hedge what it says?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from crossjudge.apps.checking.word_lists import word_lists


def hedge(text: str) -> str | None:
    """The first word or phrase of a text that says that something is not certain."""
    spoken_against = [found.span() for found in _no_doubt().finditer(text)]
    for found in _hedges().finditer(text):
        is_another_word = not found.group().islower() and found.group().casefold() in word_lists().only_lower_case
        is_denied = any(start <= found.start() and found.end() <= end for start, end in spoken_against)
        if not (is_another_word or is_denied):
            return found.group()
    return None


@cache
def _hedges() -> re.Pattern[str]:
    return _any_of(word_lists().hedges)


@cache
def _no_doubt() -> re.Pattern[str]:
    return _any_of(word_lists().no_doubt)


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    spelled = "|".join(re.escape(one).replace(r"\ ", r"\s+") for one in longest_first)
    return re.compile(rf"\b(?:{spelled})\b", re.IGNORECASE)
