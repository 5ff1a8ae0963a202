"""Checking: events as a source tells them, and claims: in other words, altered in one fact, added to, or reckoned."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.figures import in_words
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import vocabulary, words_table

_E, _N, _C = "entailment", "neutral", "contradiction"


@dataclass(frozen=True, slots=True)
class _Event:
    """Who did what, when and where."""

    act: Mapping[str, Any]
    who: str
    what: str
    when: str
    where: str

    def told(self, rng: random.Random, *, who: str = "", tail: str = "") -> str:
        """In the active or in the passive voice."""
        if rng.random() < 0.5:
            return self.active(who=who, tail=tail)
        return self.passive(who=who, tail=tail)

    def active(self, *, verb: str = "", who: str = "", what: str = "", tail: str = "") -> str:
        text = f"{who or self.who} {verb or self.act['did']} {what or self.what} {tail}".rstrip()
        return f"{text}."

    def passive(self, *, who: str = "", tail: str = "", no: str = "") -> str:
        what = sentence_case(self.what)
        plural = self.what.split()[0] in ("two", "ten", "diesel", "plastic", "night", "mobile", "all") or what.endswith(
            "papers"
        )
        be = "were" if plural else "was"
        text = f"{what} {be} {no}{self.act['done']} by {_inside(who or self.who)} {tail}".rstrip()
        return f"{text}."


def make_claims(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs of a short source and a claim on it."""
    while True:
        yield from _told(rng) if rng.random() < 0.6 else _reckoned(rng)


def _told(rng: random.Random) -> Iterator[MadePair]:
    first, second = _event(rng), _event(rng)
    tail = f" {first.when}" if rng.random() < 0.8 else ""
    tail = pick(rng, (f"{tail} {first.where}", tail, f" {first.where}{tail}")).strip()
    told = [first.told(rng, tail=tail)]
    detail = filled(rng, pick(rng, words_table("applications_events")["detail"])[0], _numbers(rng))
    details = words_table("applications_events")["detail"]
    if rng.random() < 0.6:
        told.append(detail)
    with_second = second.what != first.what and second.who != first.who and rng.random() < 0.6
    if with_second:
        told.insert(pick(rng, (0, len(told))), second.active(tail=second.when))
    source = " ".join(told)
    yield from _kept(rng, source, first, tail)
    other = second.who if with_second else _who(rng, first.act, first.who)
    yield _pair(
        source,
        first.told(rng, who=other),
        "another agent",
        _C if not with_second else "not_entailment",
    )
    yield _pair(source, first.active(verb=first.act["other"]), "the opposite", _C)
    yield _pair(
        source,
        pick(rng, (f"{first.who} never {first.act['did']} {first.what}.", first.passive(no="not "))),
        "denied",
        _C,
    )
    if first.when in tail:
        yield _pair(source, first.active(tail=_other_time(rng, first.when)), "another time", _C)
    if first.where not in tail or rng.random() < 0.5:
        yield _pair(source, first.active(tail=pick(rng, words_table("applications_events")["added"])), "added", _N)
    unsaid = filled(rng, pick(rng, details)[1], _numbers(rng))
    if len(told) == 1 and rng.random() < 0.5:
        yield _pair(source, f"{first.active()} {unsaid}", "added detail", _N)
    stranger = _event(rng)
    if stranger.what not in source.lower() and rng.random() < 0.6:
        yield _pair(source, stranger.active(tail=stranger.when), "something else", _N)
    what = pick_other(rng, first.act["what"], first.what)
    if what not in source.lower() and rng.random() < 0.5:
        yield _pair(source, first.active(what=what), "another object", _N)


def _kept(rng: random.Random, source: str, event: _Event, tail: str) -> Iterator[MadePair]:
    yield _pair(source, event.told(rng), "kept in part", _E)
    if event.act["same"].split()[0] != "was" or rng.random() < 0.5:
        yield _pair(source, event.active(verb=event.act["same"], tail=pick(rng, ("", tail))), "another verb", _E)
    noun = event.act["noun"]
    by = f"{sentence_case(noun if noun.endswith((' of', ' on', ' in')) else noun + ' of')} {event.what}"
    if noun not in ("authorship of", "victory in", "increase in", "ban on") and rng.random() < 0.6:
        yield _pair(source, f"The {by[0].lower()}{by[1:]} was the work of {_inside(event.who)}.", "as a noun", _E)


def _reckoned(rng: random.Random) -> Iterator[MadePair]:
    """Claims that follow by a little arithmetic, or do not."""
    maker = pick(rng, (_lives, _years_open, _shares, _changes, _formats, _hedged, _compared))
    source, claims = maker(rng)
    for claim, label in rng.sample(claims, min(len(claims), 4)):
        yield _pair(source, claim, f"reckoned{maker.__name__}", label)


_Claims = tuple[str, list[tuple[str, str]]]


def _lives(rng: random.Random) -> _Claims:
    name = filled(rng, "{first} {last}", {})
    born = rng.randint(1701, 1930)
    died = born + rng.randint(24, 95)
    here, there, other = rng.sample(vocabulary().lists["town"], 3)
    job = pick(rng, ("painter", "chemist", "violinist", "judge", "botanist", "printer", "sailor", "sculptor"))
    source = pick(
        rng,
        (
            f"{name}, a {job}, was born in {here} in {born} and died in {there} in {died}.",
            f"The {job} {name} ({born}-{died}) came from {here}. The last years were spent in {there}.",
            f"Born in {here} in {born}, {name} worked as a {job} until {died}, the year of {name.split()[0]}'s death.",
        ),
    )
    age = died - born
    return source, [
        (f"{name} was born in {here}." if "came from" not in source else f"{name} was a {job}.", _E),
        (f"{name} worked as a {job}.", _E),
        (f"{name} died before {died + rng.randint(1, 20)}.", _E),
        (f"{name} lived to the age of {age + pick(rng, (-12, -9, 8, 13))}.", _C),
        (f"{name} died in {died + pick(rng, (-7, -3, 4, 11))}.", _C),
        (f"{name} was born after {born + rng.randint(3, 20)}.", _C),
        (f"{name} lived for more than {age - rng.randint(3, 12)} years.", _E),
        (f"{name} was born in the {_century(born)} century.", _E),
        (f"{name} was born in the {_century(born + 100)} century.", _C),
        (f"{name} was born in {other}.", _C),
        (f"{name} had two children.", _N),
        (f"{name} studied in {other}.", _N),
    ]


def _years_open(rng: random.Random) -> _Claims:
    place = filled(
        rng, pick(rng, ("the {last} bakery", "the {city} observatory", "the {last} mill", "the zoo of {city}")), {}
    )
    start = rng.randint(1850, 1995)
    years = rng.randint(4, 28)
    end = start + years
    source = sentence_case(
        pick(
            rng,
            (
                f"{place} opened in {start} and closed in {end}.",
                f"{place} was founded in {start}. It shut its doors for good in {end}.",
                f"after opening in {start}, {place} stayed in business until {end}.",
            ),
        )
    )
    claims = [
        (f"{place} closed after {years} years.", _E),
        (f"{place} existed for {in_words(years)} years.", _E),
        (f"{place} was open for {years + pick(rng, (-3, 4, 7))} years.", _C),
        (f"{place} was still open in {end + rng.randint(2, 9)}.", _C),
        (f"{place} was open in {start + years // 2}.", _E),
        (f"{place} opened before {start + rng.randint(1, 9)}.", _E),
        (f"{place} opened in {end}.", _C),
        (f"{place} employed {rng.randint(12, 80)} people.", _N),
        (f"{place} closed because of a fire.", _N),
    ]
    return source, [(sentence_case(text), label) for text, label in claims]


def _shares(rng: random.Random) -> _Claims:
    some, rest = rng.randint(3, 60), rng.randint(3, 60)
    total = some + rest
    who, did, didnot, other = pick(
        rng,
        (
            ("guests", "stayed overnight", "went home", "danced"),
            ("pupils", "passed the test", "failed it", "are left-handed"),
            ("houses", "have a garden", "have none", "are for sale"),
            ("members", "voted for the plan", "voted against it", "arrived late"),
            ("patients", "got better", "did not", "were smokers"),
            ("tickets", "were sold", "were left over", "were children's tickets"),
        ),
    )
    source = f"Of the {total} {who}, {some} {did} and {rest} {didnot}."
    most = some > rest
    return source, [
        (f"There were {total} {who} in all.", _E),
        (f"{sentence_case(in_words(some))} {who} {did}.", _E),
        (f"{rest} of the {total} {who} {did}.", _C if some != rest else _E),
        (f"All of the {who} {did}.", _C),
        (f"None of the {who} {did}.", _C),
        (f"Most of the {who} {did}.", _E if most else _C),
        (f"Fewer than half of the {who} {did}.", _E if some < rest else _C),
        (f"Some of the {who} {did}.", _E),
        (f"{rng.randint(2, 9)} of the {who} {other}.", _N),
        (f"Not all of the {who} {did}.", _E),
    ]


def _changes(rng: random.Random) -> _Claims:
    what, unit = pick(
        rng,
        (
            ("the price of a ticket", "euros"),
            ("the rent", "dollars"),
            ("the number of members", ""),
            ("the speed limit", "kilometres an hour"),
            ("the height of the dam", "metres"),
            ("the staff of the clinic", ""),
            ("the temperature of the pool", "degrees"),
        ),
    )
    old = rng.randint(5, 90) * 2
    new = max(3, old + pick(rng, (-1, 1)) * rng.randint(2, 4 + old // 2))
    up, down = ("rose", "fell") if new > old else ("fell", "rose")
    more, less = ("higher", "lower") if new > old else ("lower", "higher")
    source = sentence_case(
        pick(
            rng,
            (f"{what} {up} from {old} to {new} {unit}", f"{what}, which had been {old} {unit}, is now {new} {unit}"),
        )
    ).strip()
    source = f"{source.replace(' ,', ',').replace('  ', ' ')}."
    claims = [
        (f"{what} {up} by {abs(new - old)} {unit}", _E),
        (f"{what} {down}", _C),
        (f"{what} changed", _E),
        (f"{what} used to be {less}", _E),
        (f"{what} used to be {more}", _C),
        (f"{what} is now {old} {unit}", _C),
        (f"{what} stayed the same", _C),
        (f"{what} will change again next year", _N),
        (f"{what} {up} by {abs(new - old) + 3} {unit}", _C),
        (f"{what} was {old} {unit} before", _E),
        (f"people complained that {what} had changed", _N),
    ]
    return source, [(f"{' '.join(sentence_case(text).split())}.", label) for text, label in claims]


def _formats(rng: random.Random) -> _Claims:
    n = rng.randint(2, 9)
    hour = rng.randint(1, 11)
    thousand = rng.randint(2, 900)
    city, firm = filled(rng, "{city}", {}), filled(rng, "{firm}", {})
    source, same, wrong = pick(
        rng,
        (
            (
                f"{city} has {thousand},000 inhabitants.",
                f"{thousand} thousand people live in {city}.",
                f"{thousand * 10} thousand people live in {city}.",
            ),
            (
                f"{firm} made a profit of {n} million dollars.",
                f"{firm} made {n},000,000 dollars.",
                f"{firm} made a loss of {n} million dollars.",
            ),
            (
                f"The train to {city} leaves at {hour + 12}:00.",
                f"The train to {city} leaves at {hour} p.m.",
                f"The train to {city} leaves at {hour} a.m.",
            ),
            (
                f"Half of the {thousand * 2} workers at {firm} are women.",
                f"{firm} employs {thousand} women.",
                f"All workers at {firm} are women.",
            ),
            (
                f"The walk to {city} takes {n * 60} minutes.",
                f"It takes {in_words(n)} hours to walk to {city}.",
                f"It takes {in_words(n + 2)} hours to walk to {city}.",
            ),
            (
                f"A dozen letters for {firm} arrived from {city}.",
                f"Twelve letters from {city} reached {firm}.",
                f"Twenty letters from {city} reached {firm}.",
            ),
            (
                f"The fair in {city} lasts a fortnight.",
                f"The fair in {city} goes on for two weeks.",
                f"The fair in {city} goes on for two days.",
            ),
            (
                f"Sales at {firm} doubled last year.",
                f"{firm} sold twice as much last year as the year before.",
                f"{firm} sold less last year than the year before.",
            ),
            (
                f"A third of the flats in {city} stand empty.",
                f"Two thirds of the flats in {city} are lived in.",
                f"Most flats in {city} stand empty.",
            ),
        ),
    )
    extra = f"This was reported in {filled(rng, '{month}', {})}."
    return f"{source} {extra}" if rng.random() < 0.4 else source, [
        (same, _E),
        (wrong, _C),
        (f"The mayor of {city} was pleased with {firm}.", _N),
    ]


def _hedged(rng: random.Random) -> _Claims:
    event = _event(rng)
    plain = event.active()[:-1]
    named = _inside(event.who)
    source, strong = pick(
        rng,
        (
            (f"According to rumours, {named} {event.act['did']} {event.what}.", f"{plain}."),
            (f"It is not known whether {named} {event.act['did']} {event.what}.", f"{plain}."),
            (f"{event.who} may have {event.act['done']} {event.what}.", f"{plain}."),
            (
                f"Some believe that {named} {event.act['did']} {event.what}, but there is no proof.",
                f"It is proven that {named} {event.act['did']} {event.what}.",
            ),
        ),
    )
    label = _C if "no proof" in source else _N
    return source, [(strong, label), (f"It is possible that {named} {event.act['did']} {event.what}.", _E)]


def _compared(rng: random.Random) -> _Claims:
    first, second = rng.sample(vocabulary().lists["town"], 2)
    a, b = rng.sample(range(12, 400), 2)
    thing, more, less = pick(
        rng,
        (
            ("shops", "more", "fewer"),
            ("schools", "more", "fewer"),
            ("parks", "more", "fewer"),
            ("rainy days a year", "more", "fewer"),
        ),
    )
    source = f"{first} has {a} {thing}. {second} has {b}."
    return source, [
        (f"There are {more if a > b else less} {thing} in {first} than in {second}.", _E),
        (f"{second} has {less if b > a else more} {thing} than {first}.", _C),
        (f"{first} and {second} have the same number of {thing}.", _C),
        (f"{first} has {b} {thing}.", _C),
        (f"{second} has {b} {thing}.", _E),
        (f"{first} is larger than {second}.", _N),
        (f"Together {first} and {second} have {a + b} {thing}.", _E),
    ]


def _event(rng: random.Random) -> _Event:
    words = words_table("applications_events")
    act = pick(rng, words["act"])
    return _Event(act, _who(rng, act), pick(rng, act["what"]), _time(rng), filled(rng, pick(rng, words["place"]), {}))


def _who(rng: random.Random, act: Mapping[str, Any], taken: str = "") -> str:
    while True:
        who = filled(rng, pick(rng, words_table("applications_events")["agents"][act["by"]]), {})
        if who != taken:
            return who


def _time(rng: random.Random) -> str:
    return filled(rng, pick(rng, words_table("applications_events")["time"]), {})


def _other_time(rng: random.Random, time: str) -> str:
    """Another time of the same shape, which the first one rules out."""
    while True:
        other = _time(rng)
        mine, its = time.split(), other.split()
        shapes = [[len(one), one[:-2], [word.isdigit() for word in one]] for one in (mine, its)]
        if shapes[0] == shapes[1] and mine[-1] != its[-1] and mine[0] == its[0]:
            return other


def _numbers(rng: random.Random) -> dict[str, str]:
    return {"k": str(rng.randint(2, 90)), "p": filled(rng, "{first} {last}", {})}


def _inside(who: str) -> str:
    return f"{who[0].lower()}{who[1:]}" if who.startswith("The ") else who


def _century(year: int) -> str:
    return {17: "18th", 18: "19th", 19: "20th", 20: "21st"}[(year - 1) // 100]


def _pair(source: str, claim: str, kind: str, label: str) -> MadePair:
    return MadePair(source, claim, "applications", f"claims: {kind}", nli=label)
