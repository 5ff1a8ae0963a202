"""Names in a claim that no source has."""

from __future__ import annotations

import re
from functools import cache

from crossjudge.apps.checking.results import NAME, Flag
from crossjudge.apps.checking.word_lists import word_lists

_NAMED = re.compile(r"(?<!\w)[^\W\d_a-z][\w&]*(?:[-.'’]\w+)*")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:…]\s)\W*\Z")


def missing_names(claim: str, sources: str) -> list[Flag]:
    """Words with a capital that no source has, neighbours together.

    The first word of a sentence has its capital from there, unless another follows; titles, months and weekdays are no
    names. A people is known where its country is ("Chinese" by "China"), and the other way round.
    """
    words = word_lists()
    known = {_plain(found.group()) for found in re.finditer(r"[\w&]+(?:[-.'’]\w+)*", sources)}
    known |= {part for name in known for part in re.split(r"[-.'’]", name)} | _initials(sources)
    lands = {_land(name) for name in known}
    flags: list[Flag] = []
    named, between = list(_NAMED.finditer(claim)), _between()
    for place, found in enumerate(named):
        followed = place + 1 < len(named) and between.fullmatch(claim, found.end(), named[place + 1].start())
        opens = _SENTENCE_START.search(claim[: found.start()]) and not found.group()[1:2].isupper() and not followed
        plain = _plain(found.group())
        if opens or plain in known or _land(plain) in lands or len(plain) < 2:
            continue
        if plain in words.titles or plain in words.calendar or plain in words.numbers or plain in words.function_words:
            continue
        if not found.group()[0].isupper():
            continue
        if flags and between.fullmatch(claim, flags[-1].end, found.start()):
            start = flags.pop().start
        else:
            start = found.start()
        flags.append(Flag(NAME, start, found.end(), claim[start : found.end()]))
    return flags


@cache
def _between() -> re.Pattern[str]:
    """What may stand between two words of one name: a blank, or particles as in "Willem van der Berg"."""
    return re.compile(rf" (?:(?:{'|'.join(word_lists().particles)}) )*")


def _plain(name: str) -> str:
    return re.sub(r"['’]s?\Z", "", name.casefold()).replace(".", "")


def _land(name: str) -> str:
    """The country of a people's name; any other name as it is."""
    return word_lists().peoples.get(name, name)


def _initials(text: str) -> set[str]:
    """The initials of names of several words: "united nations" is known as "un" too."""
    runs = re.findall(r"[A-Z]\w+(?:(?: of| and| for| the)* [A-Z]\w+)+", text)
    small = word_lists().function_words
    return {"".join(word[0] for word in run.casefold().split() if word not in small) for run in runs}
