"""What opens a door: keys and tokens of known shapes, values behind "password", and random strings."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from crossjudge.apps.guarding.recognizer_data import recognizer_data
from crossjudge.types import Span

_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_=.@#%&?-])[A-Za-z0-9+/_-]{24,200}={0,2}(?![A-Za-z0-9+/_=@-])")
_LEAST_ENTROPY = 4.0
"""Bits for each character: English words have about 3.5 at this length, random letters and digits above 4.2."""
_LEAST_OF_EACH = 3
_LEAST_RUN = 16
"""Letters and digits in a row that a random string has, and the names of a path have not."""


def known_keys(text: str) -> Iterator[Span]:
    """Keys and tokens whose issuer marks them by a prefix or a shape."""
    for pattern in _key_patterns():
        for match in pattern.finditer(text):
            yield Span(*match.span("value" if "value" in pattern.groupindex else 0))


def secrets(text: str) -> Iterator[Span]:
    """Values that a word calls a password, key or token, and long random strings."""
    for match in _assigned().finditer(text):
        value = match["value"].rstrip(".")
        if _looks_chosen(value) or (match["sign"] == "=" and _names_password(match["word"]) and _is_word(value)):
            yield Span(match.start("value"), match.start("value") + len(value))
    for match in _RANDOM.finditer(text):
        if _looks_random(match[0]):
            yield Span(*match.span())


def entropy(text: str) -> float:
    """Shannon's entropy of the characters of `text`, in bits for each; `text` is not empty."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _looks_chosen(value: str) -> bool:
    """A password has a digit or a sign among its letters; a common word has none, and a call in code has brackets."""
    is_call = "(" in value and ")" in value
    core = value[1:].rstrip("!?)]}:")
    return not is_call and any(map(str.isalpha, value)) and any(not letter.isalpha() for letter in core)


def _names_password(word: str) -> bool:
    return word.casefold().startswith(("pass", "pwd"))


def _is_word(value: str) -> bool:
    """Letters alone, as in `PASSWORD=correcthorse`, and none of the words that documentation puts there."""
    return value.isalpha() and value.casefold() not in recognizer_data()["context"]["no_password"]


def _looks_random(value: str) -> bool:
    kinds = (str.isdigit, str.isupper, str.islower)
    is_mixed = all(sum(map(kind, value)) >= _LEAST_OF_EACH for kind in kinds)
    longest = max(map(len, re.split("[+/_=-]", value)))
    return is_mixed and longest >= _LEAST_RUN and entropy(value) >= _LEAST_ENTROPY


@cache
def _key_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(key["pattern"]) for key in recognizer_data()["key"])


@cache
def _assigned() -> re.Pattern[str]:
    """`password: x`, `api_key = "x"`, `my password is x`."""
    words = recognizer_data()["context"]["password"]
    return re.compile(
        rf"(?<![A-Za-z])(?P<word>{words})[\"'`]?(?P<sign>\s*(?:[:=]|=>)\s*|\s+(?:is|was)\s+:?\s*)[\"'`]?"
        rf"(?P<value>[^\s\"'`,;<>]{{6,128}})",
        re.IGNORECASE,
    )
