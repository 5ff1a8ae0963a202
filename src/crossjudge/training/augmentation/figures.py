"""Figures as they are written: in digits, in words, as an ordinal, a date, a time of day or a sum of money."""

from __future__ import annotations

from collections.abc import Sequence

_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_SMALL += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def in_words(number: int) -> str:
    """12 as "twelve", 345 as "three hundred and forty-five"; up to 999,999."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_SMALL[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    thousands, rest = divmod(number, 1000)
    link = " and " if 0 < rest < 100 else " "
    return f"{in_words(thousands)} thousand" + (f"{link}{in_words(rest)}" if rest else "")


def in_digits(number: int) -> str:
    """12345 as "12,345"."""
    return f"{number:,}"


def ordinal_in_words(number: int) -> str:
    """21 as "twenty-first"; up to 99."""
    head, dash, last = in_words(number).rpartition("-")
    if last.endswith("y"):
        return f"{head}{dash}{last[:-1]}ieth"
    return f"{head}{dash}{_ORDINALS.get(last, f'{last}th')}"


def ordinal_in_digits(number: int) -> str:
    """21 as "21st"."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def dates(day: int, month: str, year: int, months: Sequence[str]) -> tuple[str, ...]:
    """One date in the ways it is written after "on"; no way of writing leaves the day and the month to be guessed."""
    return (
        f"{day} {month} {year}",
        f"{month} {day}, {year}",
        f"{ordinal_in_digits(day)} {month} {year}",
        f"{month} {ordinal_in_digits(day)}, {year}",
        f"the {ordinal_in_words(day)} of {month} {year}",
        f"{year}-{months.index(month) + 1:02}-{day:02}",
        f"{day} {month[:3] if len(month) > 4 else month} {year}",
    )


def clock_times(hour: int, minute: int) -> tuple[str, ...]:
    """One time of day (24 hours) in the ways it is written after "at"."""
    half, name = hour % 12 or 12, "am" if hour < 12 else "pm"
    minutes = "" if minute == 0 else f":{minute:02}"
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    written = [f"{hour:02}:{minute:02}", f"{half}{minutes} {name}", f"{half}{minutes} {part}"]
    spoken = {0: f"{in_words(half)} o'clock", 15: f"a quarter past {in_words(half)}", 30: f"half past {in_words(half)}"}
    if minute == 45:
        spoken[45] = f"a quarter to {in_words(half % 12 + 1)}"
    if minute in spoken:
        written.append(f"{spoken[minute]} {part}")
    return tuple(written)
