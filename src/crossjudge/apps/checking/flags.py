"""What in a claim deserves a second look, by rule: figures, dates and names from nowhere, and doubt left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crossjudge.apps.checking.results import DATE, NAME, NUMBER, OVERSTATED, Flag

_CITATION = re.compile(r"\[\d{1,3}\]")
_FIGURES = re.compile(r"(?<![\w.])\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)?(?=(?:st|nd|rd|th|s)?(?!\w))")
_ISO_DATE = re.compile(r"\b\d{4}-(\d{2})-\d{2}\b")
_WORD = re.compile(r"[^\W\d_]+")
_NAMED = re.compile(r"[^\W\d_a-z][\w&]*(?:[-.'’]\w+)*")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:…]\s)\W*\Z")


@dataclass(frozen=True, slots=True)
class _Found:
    """A number, a month or a weekday at its place in a text; `value` is the same however it is written."""

    kind: str
    value: str
    start: int
    end: int


def missing(claim: str, *, evidence: str, sources: str) -> list[Flag]:
    """Numbers and dates of a claim that are nowhere in its evidence, and names that are nowhere in its sources."""
    known = {one.value for one in _figures_and_dates(evidence)}
    flags = [
        Flag(one.kind, one.start, one.end, claim[one.start : one.end])
        for one in _figures_and_dates(claim)
        if one.value not in known
    ]
    return sorted([*flags, *_missing_names(claim, sources)], key=lambda flag: (flag.start, flag.end))


def figures(text: str) -> frozenset[str]:
    """The numbers of a text by their values, in figures or in words, and its months and weekdays."""
    return frozenset(one.value for one in _figures_and_dates(text))


def overstated(claim: str, evidence: str) -> Flag | None:
    """A flag on the whole claim if its evidence has a word of doubt and it has none."""
    return says_less(claim, evidence) if _hedge(evidence) and not _hedge(claim) else None


def says_less(claim: str, evidence: str) -> Flag:
    """The flag on a claim whose evidence is less certain of it; its text is the word of doubt, else the evidence."""
    return Flag(OVERSTATED, 0, len(claim), _hedge(evidence) or evidence)


def _hedge(text: str) -> str | None:
    """The first word or phrase of a text that says that something is not certain."""
    words = _lists()
    for found in words.hedge.finditer(text):
        if found.group().islower() or found.group().casefold() not in words.only_lower_case:
            return found.group()
    return None


def _figures_and_dates(text: str) -> list[_Found]:
    """All numbers (in figures or words), months and weekdays; of a number only the value counts."""
    text = _CITATION.sub(lambda found: " " * len(found.group()), text)
    calendar = [*_calendar(text)]
    near = {edge for one in calendar for edge in (one.start, one.end)}
    numbers = []
    for value, start, end in [*_in_figures(text), *_in_words(text)]:
        is_date = _is_year(text[start:end]) or any(
            edge in near for edge in (_skip_back(text, start), _skip_on(text, end))
        )
        numbers.append(_Found(DATE if is_date else NUMBER, f"{value:g}" if value < 1e6 else f"{value!r}", start, end))
    return sorted([*calendar, *numbers], key=lambda one: one.start)


def _in_figures(text: str) -> Iterator[tuple[float, int, int]]:
    scales = _lists().scales
    for found in _FIGURES.finditer(text):
        value, end = float(re.sub(r"[^\d.]", "", found.group())), found.end()
        scale = _WORD.match(text, _skip_on(text, end))
        if scale and scale.group().casefold() in scales:
            value, end = value * scales[scale.group().casefold()], scale.end()
        yield value, found.start(), end


def _in_words(text: str) -> Iterator[tuple[float, int, int]]:
    """Runs of number words: "twenty-three", "two hundred and five", "three million". "One" alone says too little."""
    words = _lists()
    for found in words.number_run.finditer(text):
        parts = [part for part in _WORD.findall(found.group().casefold()) if part != "and"]
        if any(part in words.numbers for part in parts):
            yield _value(parts), found.start(), found.end()


def _value(parts: Sequence[str]) -> float:
    """What a run of number words comes to."""
    words = _lists()
    total = part = 0.0
    for word in parts:
        if word in words.numbers:
            part += words.numbers[word]
        elif words.scales[word] == 100:
            part = max(part, 1) * 100
        else:
            total, part = total + max(part, 1) * words.scales[word], 0.0
    return total + part


def _calendar(text: str) -> Iterator[_Found]:
    """Months and weekdays, by their English names, and the month of a date such as 2021-03-05."""
    names = _lists().calendar
    for found in _WORD.finditer(text):
        if found.group()[0].isupper() and (value := names.get(found.group().casefold())):
            yield _Found(DATE, value, found.start(), found.end())
    for found in _ISO_DATE.finditer(text):
        if 1 <= int(found[1]) <= 12:
            yield _Found(DATE, f"month {int(found[1])}", *found.span())


def _is_year(figures: str) -> bool:
    return figures.isdecimal() and len(figures) == 4 and 1000 <= int(figures) <= 2100


def _skip_back(text: str, at: int) -> int:
    return len(text[:at].rstrip(" ,."))


def _skip_on(text: str, at: int) -> int:
    return at + len(text[at : at + 4]) - len(text[at : at + 4].lstrip(" ,"))


def _missing_names(claim: str, sources: str) -> list[Flag]:
    """Words with a capital that no source has, neighbours together.

    The first word of a sentence has its capital from there, unless another follows; titles, months and weekdays are no
    names.
    """
    words = _lists()
    known = {_plain(found.group()) for found in re.finditer(r"[\w&]+(?:[-.'’]\w+)*", sources)}
    known |= {part for name in known for part in re.split(r"[-.'’]", name)} | _initials(sources)
    flags: list[Flag] = []
    named = list(_NAMED.finditer(claim))
    for place, found in enumerate(named):
        followed = place + 1 < len(named) and claim[found.end() : named[place + 1].start()] == " "
        opens = _SENTENCE_START.search(claim[: found.start()]) and not found.group()[1:2].isupper() and not followed
        plain = _plain(found.group())
        if opens or plain in known or len(plain) < 2 or plain in words.titles or plain in words.calendar:
            continue
        if plain in words.numbers or plain in words.function_words or not found.group()[0].isupper():
            continue
        if flags and claim[flags[-1].end : found.start()] == " ":
            start = flags.pop().start
        else:
            start = found.start()
        flags.append(Flag(NAME, start, found.end(), claim[start : found.end()]))
    return flags


def _plain(name: str) -> str:
    return re.sub(r"['’]s?\Z", "", name.casefold()).replace(".", "")


def _initials(text: str) -> set[str]:
    """The initials of names of several words: "united nations" is known as "un" too."""
    runs = re.findall(r"[A-Z]\w+(?:(?: of| and| for| the)* [A-Z]\w+)+", text)
    small = _lists().function_words
    return {"".join(word[0] for word in run.casefold().split() if word not in small) for run in runs}


@dataclass(frozen=True, slots=True)
class _Lists:
    hedge: re.Pattern[str]
    number_run: re.Pattern[str]
    only_lower_case: frozenset[str]
    titles: frozenset[str]
    calendar: dict[str, str]
    function_words: frozenset[str]
    numbers: dict[str, int]
    scales: dict[str, int]


@cache
def _lists() -> _Lists:
    table = tomllib.loads(resources.files(__package__).joinpath("flags.toml").read_text(encoding="utf-8"))
    hedges = "|".join(re.escape(one).replace(r"\ ", r"\s+") for one in sorted(table["hedges"], key=len, reverse=True))
    number = "|".join([*table["numbers"], *table["scales"]])
    groups = {"month": table["months"], "weekday": table["weekdays"]}
    return _Lists(
        hedge=re.compile(rf"\b(?:{hedges})\b", re.IGNORECASE),
        # "And" only after a scale: "two hundred and five" is one number, "five and six" are two.
        number_run=re.compile(
            rf"\b(?:{number})(?:(?:[ -]|(?:(?<=hundred)|(?<=thousand)|(?<=million)) and )(?:{number}))*\b",
            re.IGNORECASE,
        ),
        only_lower_case=frozenset(table["only_lower_case"]),
        titles=frozenset(table["titles"]),
        calendar={
            name: f"{kind} {number}"
            for kind, group in groups.items()
            for number, names in enumerate(group, start=1)
            for name in names
        },
        function_words=frozenset(table["function_words"]),
        numbers=table["numbers"],
        scales=table["scales"],
    )
