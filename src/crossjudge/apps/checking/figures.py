"""The numbers and dates that a text states, each by its value however it is written, and which another text lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from crossjudge.apps.checking.results import DATE, NUMBER
from crossjudge.apps.checking.word_lists import word_lists

_CITATION = re.compile(r"\[\d{1,3}\]")
_LATIN = "A-Za-z\u00c0-\u024f"
# Scripts that write without blanks put their letters right beside a figure.
_FIGURE = re.compile(
    rf"(?<![\d._{_LATIN}])(?P<digits>(?>\d+(?:[,\u00a0\u202f\u2009]\d{{3}}(?!\d))*(?:\.\d+)?))(?P<glued>[{_LATIN}]*)(?![\d_])"
)
_ISO_DATE = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_WRITTEN_DATE = re.compile(r"(?<![\d./])(\d{1,2})(?P<joint>[/.])(\d{1,2})(?P=joint)((?:\d{2}){1,2})(?![\d./]\d|\d)")
_FRACTION = re.compile(r"(?<![\d./])(\d{1,3})/(\d{1,3})(?![\d./]\d|\d)")
_WORD = re.compile(r"[^\W\d_]+")
_SCALE = re.compile(r" *([^\W\d_]+)")
_DAY_OF = re.compile(r"\b([^\W\d_]+) of \Z")
_NEXT_WORD = re.compile(r"[ -]([^\W\d_]+)")
_AFTERNOON = re.compile(r"(?::\d{2})?\s?p\.?m\b", re.IGNORECASE)
_JOINT_BEFORE, _JOINT_AFTER = re.compile(r"(?: of|[.])? *\Z"), re.compile(r" *,? *(?:of +)?")
_ORDINAL_OR_PLURAL = frozenset({"st", "nd", "rd", "th", "s", ""})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, a month or a weekday at its place in a text.

    `readings`: what it may mean; two figures are the same if they share one. `implied`: what is true too where this is
    (1994 is in the 1990s).
    """

    kind: str
    start: int
    end: int
    readings: frozenset[str]
    implied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a text in order; `borne_out`: every value that the text stands for."""

    stated: tuple[Figure, ...]
    borne_out: frozenset[str]

    def beyond(self, other: Figures) -> list[Figure]:
        """Those that `other` does not bear out."""
        return [one for one in self.stated if one.readings.isdisjoint(other.borne_out)]


def figures_of(text: str) -> Figures:
    """Numbers in figures or in words, months, weekdays and dates."""
    text = _CITATION.sub(lambda found: " " * len(found.group()), text)
    whole = [*_iso_dates(text), *_written_dates(text), *_fractions(text)]
    free = _blanked(text, whole)
    words = [*_number_words(free)]
    dates = [*_calendar(text)]
    near = {edge for one in dates for edge in (one.start, one.end)}
    numbers = [_as_date(one, text, near) for one in [*_in_figures(free), *words]]
    stated = sorted([*whole, *dates, *numbers], key=lambda one: one.start)
    borne_out = {value for one in stated for value in one.readings | one.implied}
    return Figures(tuple(stated), frozenset(borne_out | _spoken(text)))


def _blanked(text: str, taken: Sequence[Figure]) -> str:
    """The text without what has been read already; places stay."""
    for one in taken:
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


# --- in figures ---


def _in_figures(text: str) -> Iterator[Figure]:
    lists = word_lists()
    for found in _FIGURE.finditer(text):
        value, end, glued = float(re.sub(r"[^\d.]", "", found["digits"])), found.end("digits"), found["glued"]
        scale = _SCALE.match(text, found.end()) if not glued else None
        if scale and scale[1].casefold() in lists.scales:
            value, end = value * lists.scales[scale[1].casefold()], scale.end()
            yield Figure(NUMBER, found.start(), end, frozenset({_plain(value)}))
        elif is_year(found["digits"]) and glued in ("", "s"):
            yield _year(found)
        elif glued == "s" and found["digits"].endswith("0"):
            yield Figure(DATE, found.start(), found.end(), frozenset({f"{found['digits']}s", f"19{found['digits']}s"}))
        elif text[found.start() - 1 : found.start()] in ("'", "’") and len(found["digits"]) == 2:
            years = {f"{century}{found['digits']}" for century in (19, 20)}
            yield Figure(DATE, found.start(), end, frozenset({_plain(value), *years}))
        else:
            scaled = lists.glued.get(glued.casefold(), 1)
            readings = {_plain(value), _plain(value * scaled)}
            if value < 12 and text[found.start() - 1 : found.start()] != ":" and _AFTERNOON.match(text, end):
                readings.add(_plain(value + 12))  # 7 p.m. is 19:00
            yield Figure(NUMBER, found.start(), end, frozenset(readings))


def _year(found: re.Match[str]) -> Figure:
    """1994, or the 1990s: the year bears out its decade, the decade no year."""
    year = found["digits"]
    decade = f"{year[:3]}0s"
    if found["glued"] == "s":
        return Figure(DATE, found.start(), found.end(), frozenset({f"{year}s"}))
    return Figure(DATE, found.start(), found.end("digits"), frozenset({year}), frozenset({decade, decade[2:]}))


def _iso_dates(text: str) -> Iterator[Figure]:
    """2021-03-05, in its three parts."""
    for found in _ISO_DATE.finditer(text):
        if 1 <= int(found["month"]) <= 12:
            yield Figure(DATE, *found.span("year"), frozenset({found["year"]}))
            yield Figure(DATE, *found.span("month"), frozenset({_month(found["month"])}))
            yield Figure(DATE, *found.span("day"), frozenset({_plain(float(found["day"]))}))


def _written_dates(text: str) -> Iterator[Figure]:
    """3/5/2021 and 3.5.2021, whose first two parts may be day and month or month and day."""
    for found in _WRITTEN_DATE.finditer(text):
        if found["joint"] == "." and len(found[4]) == 2:
            continue
        for group in (1, 3):
            number = int(found[group])
            month = {_month(found[group])} if 1 <= number <= 12 else set[str]()
            yield Figure(DATE, *found.span(group), frozenset({str(number), *month}))
        years = {found[4]} if len(found[4]) == 4 else {f"19{found[4]}", f"20{found[4]}"}
        yield Figure(DATE, *found.span(4), frozenset(years))


def _fractions(text: str) -> Iterator[Figure]:
    """2/3, which bears out its two numbers: it may be no fraction (24/7)."""
    for found in _FRACTION.finditer(text):
        parts = [_plain(float(found[1])), _plain(float(found[2]))]
        yield Figure(NUMBER, *found.span(), frozenset({"/".join(parts)}), frozenset(parts))


# --- in words ---


def _number_words(text: str) -> Iterator[Figure]:
    """Runs of number words: "twenty-three", "two hundred and five", "three million", "two thirds"."""
    lists = word_lists()
    for found in _runs().finditer(text):
        parts = [part for part in _WORD.findall(found.group().casefold()) if part != "and"]
        fraction = _fraction_behind(text, found, parts)
        if fraction is not None:
            yield fraction
        elif any(part in lists.numbers for part in parts) or len(parts) > 1:
            yield Figure(NUMBER, *found.span(), frozenset({_plain(_value(parts))}))


def _fraction_behind(text: str, run: re.Match[str], parts: Sequence[str]) -> Figure | None:
    """The fraction that a run of number words is, or is a part of: "one third", "two thirds", "one half"."""
    fractions = word_lists().fractions
    if len(parts) == 2 and parts[0] == "one" and parts[1] in fractions:
        return Figure(NUMBER, *run.span(), frozenset({f"1/{fractions[parts[1]]}"}))
    behind = _NEXT_WORD.match(text, run.end())
    word = behind[1].casefold() if behind else ""
    is_counted = word in fractions and (word.endswith("s") or parts == ["one"])
    if behind is None or not is_counted or len(parts) > 1 or parts[0] in fractions:
        return None
    return Figure(NUMBER, run.start(), behind.end(), frozenset({f"{_plain(_value(parts))}/{fractions[word]}"}))


def _value(parts: Sequence[str]) -> float:
    """What a run of number words comes to."""
    lists = word_lists()
    total = part = 0.0
    for word in parts:
        if word in lists.scales and lists.scales[word] > 100:
            total, part = total + max(part, 1) * lists.scales[word], 0.0
        elif word in lists.scales:
            part = max(part, 1) * 100
        else:
            part += lists.numbers[word] if word in lists.numbers else lists.within[word]
    return total + part


def _spoken(text: str) -> set[str]:
    """Values that words stand for without spelling them: a dozen is 12."""
    lists = word_lists()
    found = {word.casefold() for word in _WORD.findall(text)}
    within = {str(lists.within[word]) for word in found & lists.within.keys()}
    return within | {value for word in found & lists.spoken.keys() for value in lists.spoken[word]}


@cache
def _runs() -> re.Pattern[str]:
    lists = word_lists()
    scales, fractions = "|".join(lists.scales), "|".join(lists.fractions)
    number, within = "|".join([*lists.numbers, *lists.scales]), "|".join(lists.within)
    # "And" only after a scale: "two hundred and five" is one number, "five and six" are two. "First" only after tens:
    # "twenty-first" is one number, "the second three" are two.
    following = (
        rf"(?:[ -]|(?:(?<=hundred)|(?<=thousand)|(?<=million)) and )(?:{number}|(?:(?<=ty[ -])|(?<=and ))(?:{within}))"
    )
    return re.compile(rf"\b(?:{number}|one(?=[ -](?:{scales}|{fractions})\b))(?:{following})*\b", re.IGNORECASE)


# --- dates ---


def _calendar(text: str) -> Iterator[Figure]:
    """Months and weekdays by their English names."""
    names = word_lists().calendar
    for found in _WORD.finditer(text):
        if found.group()[0].isupper() and (value := names.get(found.group().casefold())):
            yield from _first_of(text, found.start())
            yield Figure(DATE, *found.span(), frozenset({value}))


def _first_of(text: str, month: int) -> Iterator[Figure]:
    """The day before a month that is no number elsewhere: the "first" of May."""
    day = _DAY_OF.search(text, max(0, month - 16), month)
    if day and (value := word_lists().within.get(day[1].casefold())):
        yield Figure(DATE, *day.span(1), frozenset({str(value)}))


def _as_date(one: Figure, text: str, near: set[int]) -> Figure:
    """A number beside a month or weekday is part of a date."""
    if one.kind == NUMBER and near & {_skip_back(text, one.start), _skip_on(text, _after_letters(text, one.end))}:
        return Figure(DATE, one.start, one.end, one.readings, one.implied)
    return one


def is_year(digits: str) -> bool:
    """Whether four figures may be a year."""
    return digits.isdecimal() and len(digits) == 4 and 1000 <= int(digits) <= 2100


def _month(digits: str) -> str:
    return f"month {int(digits)}"


def _plain(value: float) -> str:
    return f"{value:g}" if value < 1e6 else f"{value!r}"


def _after_letters(text: str, at: int) -> int:
    """Past the "th" of "5th"."""
    letters = _WORD.match(text, at)
    return letters.end() if letters and letters.group().casefold() in _ORDINAL_OR_PLURAL else at


def _skip_back(text: str, at: int) -> int:
    """To the word before; not past a comma: in "on 16 May, 53 runners" the runners are no date."""
    joint = _JOINT_BEFORE.search(text, max(0, at - 8), at)
    return joint.start() if joint else at


def _skip_on(text: str, at: int) -> int:
    """To the word behind, also past "of": the tenth of September."""
    joint = _JOINT_AFTER.match(text, at)
    return joint.end() if joint else at
