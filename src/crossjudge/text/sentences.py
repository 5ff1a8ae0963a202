"""A text -> its sentences, as spans of characters that together hold every character that is not white space.

Rules, no model: a sentence ends at a stop that is not part of an abbreviation, an initial, a number or an address, and
at a line that is a paragraph, a heading or a list item of its own. Time grows with the length of the text, whatever it
holds. A sentence stays the same however the text goes on, once a whole word of the next one is there: see
`complete_sentences`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from crossjudge.types import Span

_WIDE = "。！？｡।۔؟"
_CLOSING = r"""(?:["'”’»)\]*_]|\[\d{1,3}\])*+"""
_END = re.compile(
    # Stops of scripts that need no blank after them; other stops, from the first of a run; a new line.
    rf"(?P<wide>[{_WIDE}]++{_CLOSING})|(?P<stop>(?<![.!?…])[.!?…]++){_CLOSING}(?=\s)|(?P<line>\n\s*+)"
)
_NEXT_WORD = re.compile(r"""\s*+["'“‘«(\[*_]*+([^\W_]*+)""")
_LAST_WORD = re.compile(r"[\w.&]+\Z")
_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*\Z")
_ITEM = re.compile(r"(?:[-*+•–·#>|]+|[(\[]?(?:\d{1,3}|[^\W\d_])[.)\]])(?=\s)")
_ITEM_NUMBER = re.compile(r"\s*[(\[]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})\Z")
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]")
_FULL_WORD = re.compile(r"\s*+\S++\s")

_LONGEST_WORD = 40
"""Characters looked back at for the word before a stop."""
_WRAPPED_LINE = 40
"""A line of this many characters that ends without a stop was broken to fit a page, and goes on in the next."""


def sentences(text: str, *, start: int = 0) -> list[Span]:
    """The sentences of `text`, without the white space around them; `start`: the end of a sentence, to go on from."""
    spans: list[Span] = []
    begin = start
    for end in [*_ends(text, start), len(text)]:
        if span := _trimmed(text, begin, end):
            spans.append(span)
        begin = end
    return spans


def complete_sentences(text: str, *, start: int = 0) -> list[Span]:
    """The sentences of a text that is still being written which stay as they are, whatever follows."""
    found = sentences(text, start=start)[:-1]
    # What stands before a sentence that is settled is settled too.
    while found and not (text[found[-1].end - 1] in _WIDE or _FULL_WORD.match(text, found[-1].end)):
        found.pop()
    return found


def _ends(text: str, start: int) -> Iterator[int]:
    """Where sentences end, the last one left out."""
    first_capital = _CAPITAL.search(text)
    capitals_from = first_capital.start() if first_capital else len(text)
    begin = start
    for found in _END.finditer(text, start):
        if not text[begin : found.start()].strip():
            continue
        if found["line"]:
            ends = _line_ends(text, found)
        elif found["stop"]:
            ends = _stop_ends(text, begin, found, lower_case=found.start() < capitals_from)
        else:
            ends = True
        if ends:
            begin = found.end()
            yield begin


def _line_ends(text: str, found: re.Match[str]) -> bool:
    """Whether a new line is also a new sentence."""
    following = text[found.end() : found.end() + 1]
    line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
    if found["line"].count("\n") > 1 or line.endswith(":") or _ITEM.match(text, found.end()):
        return True
    return len(line) < _WRAPPED_LINE and not following.islower()


def _stop_ends(text: str, begin: int, found: re.Match[str], *, lower_case: bool) -> bool:
    """Whether a stop followed by white space ends the sentence that began at `begin`.

    `lower_case`: nothing so far had a capital letter, so that none is waited for.
    """
    at = found.start()
    following = _NEXT_WORD.match(text, found.end())
    word = following[1] if following else ""
    if found["stop"] != "." or found.end() > at + 1:
        return _can_start(word, lower_case)
    if _ITEM_NUMBER.match(text[max(begin, at - _LONGEST_WORD) : at]) and at - begin < _LONGEST_WORD:
        return False
    last = _LAST_WORD.search(text[max(begin, at - _LONGEST_WORD) : at])
    before = last.group().lstrip(".") if last else ""
    words = _words()
    if before.casefold() in words["never"]:
        return False
    if before.casefold() in words["before_numbers"] and word[:1].isdigit():
        return False
    if before.casefold() in words["may"] or _LETTERS.match(before):
        return word.casefold() in words["starters"] and _can_start(word, lower_case)
    return _can_start(word, lower_case)


def _can_start(word: str, lower_case: bool) -> bool:
    """Whether a sentence may begin so: with a capital, a figure, a script without capitals, or as "iPads" does."""
    return lower_case or not word[:1].islower() or bool(_CAPITAL.match(word[1:2]))


def _trimmed(text: str, begin: int, end: int) -> Span | None:
    inner = text[begin:end]
    start = begin + len(inner) - len(inner.lstrip())
    stop = begin + len(inner.rstrip())
    return Span(start, stop) if start < stop else None


@cache
def _words() -> Mapping[str, frozenset[str]]:
    text = resources.files("crossjudge.text").joinpath("abbreviations.toml").read_text(encoding="utf-8")
    return {name: frozenset(words) for name, words in tomllib.loads(text).items()}
