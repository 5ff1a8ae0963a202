"""Whether two texts are about the same thing at all: they share a word that says something, or a figure."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

# A word, with its apostrophe; in scripts that write without blanks, a single character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_](?:['’]?(?![\u3040-\u30ff\u3400-\u9fff])[^\W_])*")

_STEM_LETTERS = 5
"""Words with the same first letters are taken as forms of one word: evaporate, evaporation."""
_SHORTEST_WORD = 3


def share_a_word(text: str, other: str) -> bool:
    """Whether a word of `text`, whatever its ending, is in `other`; function words do not count."""
    return not telling_words(text).isdisjoint(telling_words(other))


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that say what it is about, as they compare: lower case, by their first letters."""
    words = (word.replace("’", "'") for word in _WORD.findall(text.casefold()))
    return frozenset(word[:_STEM_LETTERS] for word in words if _tells(word))


def _tells(word: str) -> bool:
    is_short = len(word) < _SHORTEST_WORD and word.isascii() and word.isalpha()
    return not is_short and word not in _function_words()


@cache
def _function_words() -> frozenset[str]:
    text = resources.files("crossjudge.apps").joinpath("function_words.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)["words"])
