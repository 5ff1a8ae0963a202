"""Pairs whose figures differ or agree: digits and words, bounds, units, money, dates, ordinals, times, shares, ids."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.contexts import Contrast, apart, opposed, same, staged, stronger
from crossjudge.training.augmentation.figures import (
    clock_times,
    dates,
    in_digits,
    in_words,
    ordinal_in_digits,
    ordinal_in_words,
)
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.plain_sentences import edited, renumbered_sentence
from crossjudge.training.augmentation.slots import Slots
from crossjudge.training.augmentation.vocabulary import Domain, vocabulary, words_table
from crossjudge.training.augmentation.written import draw_written

FAMILY = "numbers"
_SHARE_OF_SENTENCES, _SHARE_OF_WRITTEN = 0.15, 0.06
_IN_WORDS_UP_TO = 1000
"""Larger counts are hardly ever spelled out."""
_IN_WORDS_BESIDE_BOUNDS = 100


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: templates, and `sentences` with a figure changed or spelled out."""
    real = edited(rng, sentences, renumbered_sentence)

    def draw_contrast(luck: float, domain: Domain) -> Contrast:
        if luck < _SHARE_OF_SENTENCES + _SHARE_OF_WRITTEN:
            return draw_written(rng, FAMILY, domain)
        return pick(rng, _RULES)(rng, domain)

    return staged(rng, FAMILY, real, _SHARE_OF_SENTENCES, draw_contrast)


@dataclass(frozen=True, slots=True)
class Statement:
    """A template with a gap for a figure, and the figures that make sense there."""

    template: str
    least: int
    most: int
    unit: str = ""

    def draw(self, rng: random.Random) -> int:
        """A figure; round once in three times, where that is possible."""
        number = rng.randint(self.least, self.most)
        step = 10 if self.most < 1000 else 100
        return max(self.least, number // step * step) if rng.random() < 0.33 else number


# --------------------------------------------------------------------------------------------------------------- counts


def _count(rng: random.Random, domain: Domain) -> Contrast:
    statement = pick(rng, _statements("counts"))
    number = statement.draw(rng)
    say = _gap(rng, domain, statement.template, "n")
    return _compared(rng, number, _another(rng, number), say, lambda value: _written_number(rng, value), "")


def _measure(rng: random.Random, domain: Domain) -> Contrast:
    statement = pick(rng, _statements("measures"))
    unit = _units()[statement.unit]
    number = statement.draw(rng)
    say = _gap(rng, domain, statement.template, "q")
    if rng.random() < 0.3:
        amount = number * unit.factor
        other = amount + rng.choice((-1, 1)) * rng.choice((1, 2, 5)) * max(1, unit.factor // 10)
        if rng.random() < 0.6:
            return same("equal_amounts", say(unit.written(rng, number)), say(unit.smaller(rng, amount)))
        return opposed("unequal_amounts", say(unit.written(rng, number)), say(unit.smaller(rng, other)))
    if rng.random() < 0.12:
        wrong = pick(rng, [each for each in unit.wrong if each])
        return opposed("other_unit", say(unit.written(rng, number)), say(f"{number} {wrong}"))
    return _compared(rng, number, _another(rng, number), say, lambda value: unit.figure(rng, value), f" {unit.plural}")


def _compared(
    rng: random.Random, number: int, other: int, say: Callable[[str], str], write: Callable[[int], str], unit: str
) -> Contrast:
    """A contrast of a figure with another one, with its own spelling, or with a bound."""
    low, high = sorted((number, other))
    exact = f"{write(number)}{unit}"
    spell = in_words if number <= _IN_WORDS_BESIDE_BOUNDS and rng.random() < 0.25 else in_digits
    bounds = _bounds(rng, low, high, spell, counted=not unit)
    luck = rng.random()
    if luck < 0.3:
        return opposed("other_number", say(exact), say(f"{write(other)}{unit}"))
    if luck < 0.4:
        digits = f"{in_digits(number)}{unit}"
        return same(
            "digits_and_words",
            say(digits),
            say(f"{in_words(number)}{unit}" if number < _IN_WORDS_UP_TO else f"exactly {digits}"),
        )
    if luck < 0.45:
        return same("exactly", say(exact), say(f"{pick(rng, ('exactly', 'precisely', 'just'))} {exact}"))
    if luck < 0.53:
        return _approximate(rng, number, say, unit)
    kind, sign, first, second = pick(rng, bounds)
    return sign(kind, say(f"{first}{unit}"), say(f"{second}{unit}"))


def _bounds(
    rng: random.Random, low: int, high: int, write: Callable[[int], str], *, counted: bool
) -> tuple[tuple[str, Callable[[str, str, str], Contrast], str, str], ...]:
    """Contrasts of bounds over two figures, `low` below `high`."""
    over, under = (
        pick(rng, ("more than", "over", "upwards of")),
        pick(rng, ("fewer than", "under") if counted else ("less than", "under")),
    )
    least, most = (
        pick(rng, ("at least", "no less than", "a minimum of")),
        pick(rng, ("at most", "no more than", "a maximum of", "up to")),
    )
    a, b = write(low), write(high)
    beyond, within = write(high + max(2, high // 4)), write((low + high) // 2)
    rows = [
        ("number_over_less", stronger, b, f"{over} {a}"),
        ("number_under_more", stronger, a, f"{under} {b}"),
        ("number_not_over_more", opposed, a, f"{over} {b}"),
        ("number_not_under_less", opposed, b, f"{under} {a}"),
        ("number_least", stronger, b, f"{least} {a}"),
        ("number_most", stronger, a, f"{most} {b}"),
        ("number_not_least", opposed, a, f"{least} {b}"),
        ("number_not_most", opposed, b, f"{most} {a}"),
        ("number_least_itself", stronger, a, f"{least} {a}"),
        ("number_over_itself", opposed, a, f"{over} {a}"),
        ("over_over", stronger, f"{over} {b}", f"{over} {a}"),
        ("under_under", stronger, f"{under} {a}", f"{under} {b}"),
        ("over_least", stronger, f"{over} {b}", f"{least} {a}"),
        ("over_under", opposed, f"{over} {b}", f"{under} {a}"),
        ("over_most", opposed, f"{over} {a}", f"at most {a}"),
        ("under_least", opposed, f"{under} {a}", f"{least} {a}"),
        ("over_is_over", same, f"more than {a}", f"{pick(rng, ('over', 'in excess of', 'upwards of'))} {a}"),
        ("least_is_no_less", same, f"at least {a}", f"{pick(rng, ('no less than', 'a minimum of'))} {a}"),
        ("most_is_no_more", same, f"at most {a}", f"{pick(rng, ('no more than', 'a maximum of', 'up to'))} {a}"),
        ("least_is_or_more", same, f"at least {a}", f"{a} or more"),
        ("least_against_over", stronger, f"over {a}", f"at least {a}"),
    ]
    if high - low > 2:
        rows.append(("range_beyond", opposed, f"between {a} and {b}", beyond))
        rows.append(("range_under", stronger, f"between {a} and {b}", f"{under} {beyond}"))
        rows.append(("range_is_from_to", same, f"between {a} and {b}", f"from {a} to {b}"))
        rows.append(("number_in_range", stronger, within, f"between {a} and {b}"))
        rows.append(("over_not_number", opposed, f"over {within}", a))
    return tuple(rows)


def _approximate(rng: random.Random, number: int, say: Callable[[str], str], unit: str) -> Contrast:
    step = 10 if number < 200 else 100
    near = round(number / step) * step
    about = pick(rng, ("about", "around", "roughly", "approximately", "some"))
    if number < 20 or near == number or abs(near - number) > near * 0.06:
        return opposed(
            "about_far_off",
            say(f"{about} {in_digits(number)}{unit}"),
            say(f"{about} {in_digits(number * 3)}{unit}"),
            definite=False,
        )
    if rng.random() < 0.5:
        return stronger(
            "about_near", say(f"{in_digits(number)}{unit}"), say(f"{about} {in_digits(near)}{unit}"), definite=False
        )
    if rng.random() < 0.5:
        return opposed(
            "about_far", say(f"{in_digits(number)}{unit}"), say(f"{about} {in_digits(near * 2)}{unit}"), definite=False
        )
    return same(
        "about_is_around",
        say(f"about {in_digits(near)}{unit}"),
        say(f"{pick(rng, ('around', 'roughly', 'approximately'))} {in_digits(near)}{unit}"),
        definite=False,
    )


# ------------------------------------------------------------------------------------ money, dates, orders, ids, shares


def _money(rng: random.Random, domain: Domain) -> Contrast:
    statement = pick(rng, _statements("money"))
    number = max(statement.least, round(statement.draw(rng), -1) if rng.random() < 0.5 else statement.draw(rng))
    say, currency = _gap(rng, domain, statement.template, "m"), pick(rng, words_table(FAMILY)["currencies"]).split()
    forms, others = _sums(number, currency), _sums(_another(rng, number), currency)
    if rng.random() < 0.5:
        first, second = rng.sample(forms, 2)
        return same("sum_rewritten", say(first), say(second))
    if rng.random() < 0.3:
        foreign = pick(rng, [row for row in words_table(FAMILY)["currencies"] if row.split() != currency]).split()
        return opposed("other_currency", say(forms[0]), say(_sums(number, foreign)[0]))
    return opposed("other_sum", say(pick(rng, forms)), say(pick(rng, others)))


def _sums(thousands: int, currency: Sequence[str]) -> list[str]:
    _, plural, sign = currency
    forms = [f"{in_digits(thousands * 1000)} {plural}", f"{sign}{in_digits(thousands * 1000)}"]
    if thousands < 1000:
        return [
            *forms,
            f"{thousands} thousand {plural}",
            f"{in_words(thousands)} thousand {plural}",
            f"{sign}{thousands}k",
        ]
    millions = f"{thousands / 1000:.3f}".rstrip("0").rstrip(".")
    return [*forms, f"{millions} million {plural}", f"{sign}{millions} million"]


def _date(rng: random.Random, domain: Domain) -> Contrast:
    months = vocabulary().lists["month"]
    template = pick(rng, words_table(FAMILY)["dates"])
    day, month, year = rng.randint(1, 28), pick(rng, months), rng.randint(1850, 2025)
    say = _gap(rng, domain, template, "date")
    forms = dates(day, month, year, months)
    luck = rng.random()
    if luck < 0.35:
        first, second = rng.sample(forms, 2)
        return same("date_rewritten", say(first), say(second))
    if luck < 0.75:
        changed = pick(
            rng,
            (
                (_another_below(rng, day, 28), month, year),
                (day, _other(rng, months, month), year),
                (day, month, year + rng.choice((-10, -2, -1, 1, 2, 10))),
            ),
        )
        form = int(rng.random() * len(forms)) if rng.random() < 0.6 else -1
        return opposed("other_date", say(forms[form]), say(dates(*changed, months)[form if rng.random() < 0.7 else 0]))
    start = template.replace(" on {date}", " {date}")
    loose = _gap_like(say, start)
    exact = say(pick(rng, forms[:5]))
    century = ordinal_in_words((year - 1) // 100 + 1)
    rows = (
        stronger("date_in_month", exact, loose(f"in {month} {year}")),
        stronger("date_in_year", exact, loose(f"in {year}")),
        stronger("date_in_decade", exact, loose(f"in the {year // 10 * 10}s")),
        stronger("date_in_century", exact, loose(f"in the {century} century"))
        if year % 100
        else stronger("date_in_year", exact, loose(f"in {year}")),
        opposed("date_not_in_year", exact, loose(f"in {year + rng.choice((-1, 1))}")),
        opposed("date_not_in_month", exact, loose(f"in {_other(rng, months, month)} {year}")),
        same("year_rewritten", loose(f"in {month} {year}"), loose(f"in {month} of {year}")),
        opposed("other_year", loose(f"in {year}"), loose(f"in {year + rng.choice((-20, -3, -1, 1, 2, 11))}")),
    )
    return pick(rng, rows)


def _ordinal(rng: random.Random, domain: Domain) -> Contrast:
    say = _gap(rng, domain, pick(rng, words_table(FAMILY)["ordinals"]), "nth")
    number = rng.randint(2, 15)
    words = say(ordinal_in_words(number))
    if rng.random() < 0.4:
        return same("ordinal_rewritten", words, say(ordinal_in_digits(number)))
    other = _another_below(rng, number, 15)
    return opposed("other_ordinal", words, say(pick(rng, (ordinal_in_words, ordinal_in_digits))(other)))


def _clock(rng: random.Random, domain: Domain) -> Contrast:
    say = _gap(rng, domain, pick(rng, words_table(FAMILY)["clocks"]), "clock")
    hour, minute = rng.randint(6, 22), pick(rng, (0, 15, 30, 45, rng.randint(1, 59)))
    forms = clock_times(hour, minute)
    if rng.random() < 0.5:
        first, second = rng.sample(forms, 2)
        return same("time_rewritten", say(first), say(second))
    changed = (
        clock_times(_between(rng, hour, 6, 22), minute)
        if rng.random() < 0.6
        else clock_times(hour, (minute + pick(rng, (5, 10, 20, 25))) % 60)
    )
    return opposed("other_time", say(pick(rng, forms)), say(pick(rng, changed)))


def _share(rng: random.Random, domain: Domain) -> Contrast:
    template = pick(rng, words_table(FAMILY)["shares"])
    number = rng.randint(3, 96)
    say = _gap(rng, domain, template, "share")
    other = min(97, max(2, _another(rng, number)))
    other = other if other != number else number - 1

    def write(value: int) -> str:
        return pick(rng, (f"{value}%", f"{value} percent", f"{value} per cent", f"{in_words(value)} percent"))

    low, high = sorted((number, other))
    rows = (
        same(
            "percent_rewritten",
            say(f"{number}%"),
            say(pick(rng, (f"{number} percent", f"{in_words(number)} per cent"))),
        ),
        opposed("other_percentage", say(write(number)), say(write(other))),
        stronger("percent_over", say(write(high)), say(f"more than {write(low)}")),
        stronger("percent_under", say(write(low)), say(f"less than {write(high)}")),
        opposed("percent_not_over", say(write(low)), say(f"more than {write(high)}")),
        opposed("percent_not_under", say(write(high)), say(f"less than {write(low)}")),
        stronger("percent_majority", say(write(number)), say("more than half"))
        if number > 50
        else stronger("percent_minority", say(write(number)), say("less than 51 percent")),
        opposed("percent_not_half", say(write(number)), say("less than half" if number > 50 else "more than half")),
    )
    return pick(rng, rows)


def _unique_id(rng: random.Random, domain: Domain) -> Contrast:
    return _identified(rng, domain, "unique_ids", opposed, "other_id")


def _shared_id(rng: random.Random, domain: Domain) -> Contrast:
    return _identified(rng, domain, "shared_ids", apart, "another_with_other_id")


def _identified(
    rng: random.Random, domain: Domain, table: str, sign: Callable[[str, str, str], Contrast], kind: str
) -> Contrast:
    slots, template = Slots(rng, domain), pick(rng, words_table(FAMILY)[table])
    name = next(name for name in _IDS if f"{{{name}}}" in template)
    value = _IDS[name](rng)
    changed = _one_changed(rng, value)
    rest = slots.fill(
        template.replace(f"{{{name}}}", "\0")
        .replace("{letters}", _letters(rng, 2))
        .replace("{letter}", _letters(rng, 1))
    )
    return sign(kind, rest.replace("\0", value), rest.replace("\0", changed))


def _rise(rng: random.Random, domain: Domain) -> Contrast:
    slots = Slots(rng, domain)
    what, measure, limits = (part.strip() for part in pick(rng, words_table(FAMILY)["rising"]).split("|"))
    what, (least, most) = slots.fill(what), map(int, limits.split())
    low, high = sorted(rng.sample(range(least, most), 2))
    unit = f" {measure}" if measure else ""
    when = pick(
        rng,
        (
            "",
            "",
            " in a year",
            " within a month",
            " last week",
            f" between {rng.randint(1980, 1999)} and {rng.randint(2000, 2020)}",
        ),
    )
    rose, fell = (
        pick(rng, ("rose", "climbed", "grew", "increased", "went up")),
        pick(rng, ("fell", "dropped", "sank", "declined", "went down")),
    )
    up, down = f"{what} {rose} from {low} to {high}{unit}{when}", f"{what} {fell} from {high} to {low}{unit}{when}"
    rows = (
        opposed("rise_against_fall", up, down),
        stronger("rise_by", up, f"{what} {rose} by {high - low}{unit}{when}"),
        opposed("rise_by_another", up, f"{what} {rose} by {high - low + max(1, low // 3)}{unit}{when}"),
        stronger("rise_at_all", up, f"{what} {rose}{when}"),
        opposed("rise_not_fall", up, f"{what} {fell}{when}"),
        stronger("fall_at_all", down, f"{what} {fell}{when}"),
        same("rise_rewritten", up, f"{what}, which had been at {low} before, {rose} to {high}{unit}{when}"),
        opposed("rise_to_another", up, f"{what} {rose} from {low} to {high + max(1, low // 4)}{unit}{when}"),
        stronger("rise_to", up, f"{what} {rose} to {high}{unit}{when}"),
        same(
            "rise_verb",
            f"{what} rose from {low} to {high}{unit}{when}",
            f"{what} {pick(rng, ('climbed', 'increased', 'went up'))} from {low} to {high}{unit}{when}",
        ),
        same(
            "fall_verb",
            f"{what} fell from {high} to {low}{unit}{when}",
            f"{what} {pick(rng, ('dropped', 'decreased', 'went down'))} from {high} to {low}{unit}{when}",
        ),
    )
    return pick(rng, rows)


def _two_counts(rng: random.Random, domain: Domain) -> Contrast:
    slots = Slots(rng, domain, {"people": _lists()["people"], "other": _lists()["people_b"]})
    one, two = rng.sample(range(2, 60), 2)
    start = slots.fill(
        pick(
            rng,
            (
                "the tour group that {person} led to {town} included",
                "the bus to {town} carried",
                "the crew of {person}'s ship included",
                "the course at {company} was attended by",
                "in {town} {person} met",
            ),
        )
    )
    people, other = slots.fill("{people}"), slots.fill("{other}")
    both = f"{start} {one} {people} and {two} {other}"
    rows = (
        opposed("counts_exchanged", both, f"{start} {two} {people} and {one} {other}"),
        same("counts_in_other_order", both, f"{start} {two} {other} and {one} {people}"),
        same("counts_in_words", both, f"{start} {in_words(one)} {people} and {in_words(two)} {other}"),
        opposed("one_count_changed", both, f"{start} {one} {people} and {_another(rng, two)} {other}"),
        stronger("sum_of_counts", both, f"{start} at least {one + two} people"),
        stronger("more_of_one", both, f"{start} {'more' if one > two else 'fewer'} {people} than {other}"),
        opposed("not_more_of_one", both, f"{start} {'more' if one < two else 'fewer'} {people} than {other}"),
        stronger("one_count_left_out", both, f"{start} {one} {people}"),
    )
    return pick(rng, rows)


_RULES: tuple[Callable[[random.Random, Domain], Contrast], ...] = (
    _count, _count, _count, _measure, _measure, _money, _date, _date, _ordinal, _clock, _share, _unique_id, _shared_id,
    _rise, _two_counts,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- parts


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure and the smaller one that `factor` of it are equal to."""

    plural: str
    short: str
    factor: int
    smaller_plural: str
    smaller_short: str
    wrong: tuple[str, ...]

    def figure(self, rng: random.Random, number: int) -> str:
        """The bare figure."""
        return _written_number(rng, number)

    def written(self, rng: random.Random, number: int) -> str:
        """A figure with the unit: "3 km", "three kilometres"."""
        return pick(
            rng,
            (
                f"{in_digits(number)} {self.plural}",
                f"{in_words(number)} {self.plural}",
                f"{in_digits(number)} {self.short}",
            ),
        )

    def smaller(self, rng: random.Random, number: int) -> str:
        """A figure with the smaller unit."""
        return f"{in_digits(number)} {pick(rng, (self.smaller_plural, self.smaller_short))}"


@cache
def _units() -> dict[str, Unit]:
    rows = [row.split() for row in words_table(FAMILY)["units"]]
    return {
        name: Unit(plural, short, int(factor), smaller, smaller_short, (smaller,))
        for name, _, plural, short, factor, smaller, smaller_short in rows
    }


@cache
def _statements(table: str) -> tuple[Statement, ...]:
    rows = [line.split(" | ") for line in words_table(FAMILY)[table]]
    return tuple(_statement(row[0], row[1] if len(row) == 3 else "", row[-1]) for row in rows)


def _statement(template: str, unit: str, limits: str) -> Statement:
    least, most = map(int, limits.split())
    return Statement(template, least, most, unit)


def _lists() -> dict[str, Sequence[str]]:
    lists: dict[str, Sequence[str]] = words_table(FAMILY)["lists"]
    return lists


class _Said:
    """A template whose other slots are filled once: what it says of any figure."""

    def __init__(self, slots: Slots, template: str, gap: str) -> None:
        self._slots, self._template, self._gap = slots, template, f"{{{gap}}}"

    def __call__(self, figure: str) -> str:
        return self._slots.fill(self._template.replace(self._gap, figure))

    def like(self, template: str) -> _Said:
        """The same words in another template."""
        return _Said(self._slots, template, self._gap[1:-1])


def _gap(rng: random.Random, domain: Domain, template: str, gap: str) -> _Said:
    return _Said(Slots(rng, domain), template, gap)


def _gap_like(said: _Said, template: str) -> _Said:
    return said.like(template)


def _written_number(rng: random.Random, number: int) -> str:
    return in_words(number) if number <= _IN_WORDS_BESIDE_BOUNDS and rng.random() < 0.25 else in_digits(number)


def _another(rng: random.Random, number: int) -> int:
    """Another figure of about the same size: one off, a tenth off, digits exchanged, ten times as much."""
    text = str(number)
    tries = (
        number + 1,
        number - 1,
        number + max(2, number // 10),
        number - max(2, number // 3),
        number * 2,
        int(text[::-1]),
        number + max(2, number // 2),
    )
    return next((value for value in rng.sample(tries, len(tries)) if value > 1 and value != number), number + 1)


def _another_below(rng: random.Random, number: int, most: int) -> int:
    return _between(rng, number, 1 if most == 28 else 2, most)


def _between(rng: random.Random, number: int, least: int, most: int) -> int:
    while (value := rng.randint(least, most)) == number:
        pass
    return value


def _other(rng: random.Random, items: Sequence[str], taken: str) -> str:
    while (item := pick(rng, items)) == taken:
        pass
    return item


def _digits(length: int) -> Callable[[random.Random], str]:
    return lambda rng: str(rng.randint(10 ** (length - 1), 10**length - 1))


def _letters(rng: random.Random, length: int) -> str:
    return "".join(pick(rng, "ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(length))


def _one_changed(rng: random.Random, value: str) -> str:
    """One digit another, or two neighbours exchanged; never a zero in front."""
    places = [place for place, sign in enumerate(value) if sign.isdigit()]
    while True:
        place = pick(rng, places)
        changed = f"{value[:place]}{rng.randint(0, 9)}{value[place + 1 :]}"
        if rng.random() < 0.3 and place + 1 in places:
            changed = f"{value[:place]}{value[place + 1]}{value[place]}{value[place + 2 :]}"
        if changed != value and changed[0] != "0":
            return changed


_IDS: dict[str, Callable[[random.Random], str]] = {
    "phone": lambda rng: f"0{rng.randint(20, 99)} {rng.randint(100, 999)} {rng.randint(1000, 9999)}",
    "version": lambda rng: ".".join(str(rng.randint(1, 19)) for _ in range(pick(rng, (2, 3)))),
    "hex": lambda rng: f"{rng.randrange(16**7):07x}"[:7].replace("e", "c") + str(rng.randint(0, 9)),
    **{f"id{length}": _digits(length) for length in (2, 3, 4, 5, 6)},
}
