"""Made-up things (a museum, a river, a medicine) with a value for each of their facts, and passages that state them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.training.augmentation.clauses import pick, sentence
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_LISTED_SLOT = re.compile(r"\{(\w+?)2?\}")
_CENTURIES = ("18", "19", "20")
_VERB = re.compile(r" (is|was|are|were|can|has) ")


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a thing. `values`: what kind of value it has, as `words/facts.toml` writes it."""

    name: str
    short: str
    value: str
    values: str
    say: tuple[str, ...]
    ask: tuple[str, ...]
    query: tuple[str, ...]

    def said(
        self, rng: random.Random, *, wording: int | None = None, short: bool = False, value: str | None = None
    ) -> str:
        """The fact as a sentence; `wording`: which of the ways, any if None; `value`: another one in its place."""
        way = pick(rng, self.say) if wording is None else self.say[wording]
        return sentence(way.format(e=self.short if short else self.name, v=value or self.value))

    def denied(self, value: str) -> str:
        """That the fact has this value, denied."""
        way = _VERB.sub(r" \1 not ", self.say[0], count=1).replace(" can not ", " cannot ")
        return sentence(way.format(e=self.name, v=value))

    def asked(self, rng: random.Random) -> str:
        """A question that the fact answers."""
        return sentence_case(pick(rng, self.ask).format(e=self.name))

    def searched(self, rng: random.Random) -> str:
        """Keywords that somebody would type to find the fact."""
        query = pick(rng, self.query).format(e=re.sub(r"^the ", "", self.name)).replace('"', "")
        return query.lower() if rng.random() < 0.6 else query

    def other_value(self, rng: random.Random) -> str:
        """A value of the same kind that is not the fact's; a small difference in a large number is left out."""
        while (value := drawn_value(rng, self.values)) == self.value or _near(value, self.value):
            pass
        return value


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing with all its facts. `opening`: a sentence about it that states none of them."""

    kind: int
    name: str
    opening: str
    facts: tuple[Fact, ...]


def draw_thing(rng: random.Random, kind: int | None = None) -> Thing:
    """A made-up thing, of one kind or of any."""
    kinds: Sequence[Mapping[str, Any]] = words_table("facts")["kind"]
    number = int(rng.random() * len(kinds)) if kind is None else kind
    row = kinds[number]
    name = _name(rng, pick(rng, row["name"]))
    taken: set[str] = set()
    facts = []
    for entry in row["fact"]:
        while (value := drawn_value(rng, entry["values"])) in taken or value in name:
            pass
        taken.add(value)
        facts.append(
            Fact(
                name,
                row["short"],
                value,
                entry["values"],
                tuple(entry["say"]),
                tuple(entry["ask"]),
                tuple(entry["query"]),
            )
        )
    return Thing(number, name, sentence_case(row["opening"].format(e=name)), tuple(facts))


def draw_things(rng: random.Random, count: int) -> list[Thing]:
    """Things of different kinds, so that "the museum" is one of them only."""
    return [draw_thing(rng, kind) for kind in rng.sample(range(len(words_table("facts")["kind"])), count)]


def same_name(one: Thing, other: Thing) -> bool:
    """Whether two names may name one thing: "the program Driftmail" and "Driftmail", or one title twice."""
    first, second = _bare(one.name), _bare(other.name)
    return first <= second or second <= first


def passage(rng: random.Random, thing: Thing, facts: Sequence[Fact]) -> list[str]:
    """Sentences that state the facts in this order; the thing is named in the first, often in short in the others."""
    opens = rng.random() < 0.4
    sentences = [thing.opening] if opens else []
    for fact in facts:
        sentences.append(fact.said(rng, short=bool(sentences) and rng.random() < 0.6))
    return sentences


def drawn_value(rng: random.Random, values: str) -> str:
    """A value of a kind: a year, a number in steps, one of a list, a time, a date, or a slot's."""
    kind, _, rest = values.partition(" ")
    if kind == "year":
        low, high = map(int, rest.split("-"))
        return str(rng.randint(low, high))
    if kind == "int":
        span, step = rest.split()
        low, high = map(int, span.split("-"))
        return str(rng.randrange(low, high + 1, int(step)))
    if kind == "of":
        return pick(rng, rest.split("|"))
    if kind == "clock":
        return pick(
            rng,
            (
                f"{rng.randint(6, 11)}:{pick(rng, ('00', '15', '30', '45'))} in the morning",
                f"{rng.randint(1, 11)}:{pick(rng, ('00', '15', '30', '45'))} in the evening",
                f"{rng.randint(6, 22)}:{pick(rng, ('05', '20', '40', '50'))}",
            ),
        )
    return filled(rng, {"date": "{dom} {month}", "person": "{first} {last}"}.get(kind, f"{{{kind}}}"), {})


def sentence_case(text: str) -> str:
    """With a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def _name(rng: random.Random, template: str) -> str:
    lists = words_table("facts")["lists"]
    given = {name: pick(rng, lists[name]) for name in _LISTED_SLOT.findall(template) if name in lists}
    if "{city2}" in template:
        given["city"], given["city2"] = rng.sample(words_table("applications_slots")["city"], 2)
    return filled(rng, template, given)


def _bare(name: str) -> frozenset[str]:
    """The words of the title in a name, or of the name but for its article."""
    return frozenset((name.partition('"')[2].rstrip('"') or name.removeprefix("the ")).split())


def _near(first: str, second: str) -> bool:
    """Whether two numbers that are no years are less than a tenth apart."""
    if not (first.isdigit() and second.isdigit()) or (len(first) == len(second) == 4 and first[:2] in _CENTURIES):
        return False
    return abs(int(first) - int(second)) * 10 < int(second)
