"""Several people, rooms or goods in one context, each with its own values: whose is which, who is first, yes or no."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.training.augmentation.applications.styles import typed
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import vocabulary, words_table

_TEMPLATES = ("The answer is {}.",) * 6 + (
    "The correct answer is {}.",
    "The right answer is {}.",
    "It is {}.",
    "Answer: {}",
)
_HALVES = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """Holders (people, things), one attribute and each holder's value; `row`: how values are said and asked for."""

    row: Mapping[str, Any]
    holders: tuple[str, ...]
    values: tuple[str, ...]
    context: str

    @property
    def otherwise(self) -> str:
        """The label of another value than the one told."""
        return "not_entailment" if self.row.get("open") else "contradiction"

    def stated(self, rng: random.Random, holder: str, value: str) -> str:
        """That the holder has the value, in any of the ways."""
        return _said(pick(rng, self.row["say"]), holder, value)


def make_scenes(rng: random.Random) -> Iterator[MadePair]:
    """Endless questions on scenes; wrong candidates stand in the context, in another role."""
    makers: Sequence[Callable[[random.Random], Iterator[MadePair]]] = (
        _whose, _whose, _whose, _who, _who, _ordered, _ordered, _yes_or_no, _reason,
    )  # fmt: skip
    while True:
        yield from pick(rng, makers)(rng)


def draw_scene(rng: random.Random, *, count: int | None = None) -> Scene:
    """Two to four holders with different values of one attribute, told in an order of their own."""
    row = pick(rng, words_table("applications_scenes")["attribute"])
    size = count or rng.randint(2, 4)
    holders = _holders(rng, row, size)
    values = _values(rng, row["values"], size)
    ways = [_said(pick(rng, row["say"]), holder, value) for holder, value in zip(holders, values, strict=True)]
    if rng.random() < _HALVES and size > 1:
        first, second, *rest = ways
        joined = (
            f"{first[:-1]}{pick(rng, (', and ', ', while ', ', but ', '; '))}{_mid(second, (holders[1], values[1]))}"
        )
        ways = [joined, *rest]
    if rng.random() < 0.4:
        extra = filled(rng, pick(rng, words_table("applications_scenes")["aside"]), {})
        ways.insert(rng.randint(0, len(ways)), extra)
    return Scene(row, tuple(holders), tuple(values), " ".join(ways))


def _whose(rng: random.Random) -> Iterator[MadePair]:
    """The value of one of them, asked with the others' values."""
    scene = draw_scene(rng)
    place = rng.randrange(len(scene.holders))
    holder = scene.holders[place]
    question = sentence_case(pick(rng, scene.row["ask"]).format(e=holder))
    for value in scene.values[:3] if place < 3 else scene.values[1:]:
        found = scene.values.index(value)
        label = "entailment" if found == place else scene.otherwise
        yield _asked(rng, scene, question, value, scene.stated(rng, holder, value), label, "whose")
    unknown = _values(rng, scene.row["values"], 1, taken=scene.values)[0]
    if rng.random() < _HALVES:
        yield _asked(
            rng, scene, question, unknown, scene.stated(rng, holder, unknown), "contradiction", "whose, made up"
        )
    stranger = _holders(rng, scene.row, 1, taken=scene.holders)[0]
    if rng.random() < 0.6:
        value = pick(rng, scene.values)
        question = sentence_case(pick(rng, scene.row["ask"]).format(e=stranger))
        yield _asked(rng, scene, question, value, scene.stated(rng, stranger, value), "neutral", "of a stranger")


def _who(rng: random.Random) -> Iterator[MadePair]:
    """Which of them has a value."""
    scene = draw_scene(rng)
    place = rng.randrange(len(scene.holders))
    question = sentence_case(pick(rng, scene.row["who"]).format(v=scene.values[place]))
    other = (place + 1) % len(scene.holders)
    for holder, label in ((scene.holders[place], "entailment"), (scene.holders[other], scene.otherwise)):
        yield _asked(rng, scene, question, holder, scene.stated(rng, holder, scene.values[place]), label, "who")


def _ordered(rng: random.Random) -> Iterator[MadePair]:
    """Who has the most or the least, of numbers."""
    rows = [row for row in words_table("applications_scenes")["attribute"] if "most" in row]
    row = pick(rng, rows)
    size = rng.randint(2, 4)
    holders, values = _holders(rng, row, size), _values(rng, row["values"], size)
    ways = [_said(pick(rng, row["say"]), holder, value) for holder, value in zip(holders, values, strict=True)]
    side = pick(rng, ("most", "least"))
    numbers = [_number(value) for value in values]
    best = numbers.index(max(numbers) if side == "most" else min(numbers))
    other = pick(rng, [place for place in range(size) if place != best])
    scene = Scene(row, tuple(holders), tuple(values), " ".join(ways))
    question = sentence_case(f"{'who' if row['holder'] == 'person' else 'which of them'} {row[side]}?")
    for place, label in ((best, "entailment"), (other, "contradiction")):
        claim = sentence_case(f"{holders[place]} {row[side]}.")
        yield _asked(rng, scene, question, holders[place], claim, label, "ordered")
    first, second = rng.sample(range(size), 2)
    claim = sentence_case(f"{holders[first]} {row['more'].format(e=holders[second])}.")
    label = "entailment" if numbers[first] > numbers[second] else "contradiction"
    yield MadePair(scene.context, claim, "applications", "answers: compared", nli=label)


def _yes_or_no(rng: random.Random) -> Iterator[MadePair]:
    """A question of yes or no, which only the template can ask."""
    scene = draw_scene(rng)
    place = rng.randrange(len(scene.holders))
    true = rng.random() < _HALVES
    others = [value for value in scene.values if value != scene.values[place]]
    value = scene.values[place] if true else pick(rng, others)
    statement = _mid(scene.stated(rng, scene.holders[place], value)[:-1], (scene.holders[place], value))
    question = pick(rng, ("Is it true that {}?", "Is it right that {}?", "Does the text say that {}?")).format(
        statement
    )
    for candidate in ("yes", "no"):
        label = "entailment" if (candidate == "yes") == true else "contradiction"
        yield _templated(rng, scene.context, question, candidate, label, "yes or no")


def _reason(rng: random.Random) -> Iterator[MadePair]:
    """Why somebody did something, beside another one's reason."""
    words = words_table("applications_scenes")
    (first, second), rows = rng.sample(vocabulary().lists["given"], 2), rng.sample(words["reason"], 2)
    told = [
        pick(rng, ("{e} {did} because {why}.", "Because {why}, {e} {did}.", "{e} {did}, since {why}.")).format(
            e=one, did=row["did"].format(e=one), why=row["why"].format(e=one)
        )
        for one, row in zip((first, second), rows, strict=True)
    ]
    context = " ".join(sentence_case(one) for one in told)
    question = f"Why did {first} {rows[0]['do']}?"
    right, wrong = (f"because {row['why'].format(e=first)}" for row in rows)
    claims = [f"{first} {rows[0]['did'].format(e=first)} {why}." for why in (right, wrong)]
    for candidate, claim, label in zip((right, wrong), claims, ("entailment", "not_entailment"), strict=True):
        if rng.random() < _HALVES:
            yield _templated(rng, context, question, candidate, label, "reason")
        else:
            yield MadePair(context, claim, "applications", "answers: statement, reason", nli=label)
    alone = sentence_case(told[0].replace(right, "").replace(f"since {rows[0]['why'].format(e=first)}", ""))
    if "because" not in alone.lower() and "since" not in alone:
        context = " ".join([alone.replace(" .", ".").replace(",.", "."), told[1]])
        yield _templated(rng, context, question, right, "neutral", "reason not given")


def _asked(
    rng: random.Random, scene: Scene, question: str, candidate: str, claim: str, label: str, kind: str
) -> MadePair:
    """By the statement, as rules make it, or by the template."""
    if rng.random() < 0.55:
        return MadePair(scene.context, claim, "applications", f"answers: statement, {kind}", nli=label)
    return _templated(rng, scene.context, question, candidate, label, kind)


def _templated(rng: random.Random, context: str, question: str, candidate: str, label: str, kind: str) -> MadePair:
    premise = f"{context} {question}"
    if rng.random() < 0.1:
        premise = typed(rng, premise)
    return MadePair(premise, pick(rng, _TEMPLATES).format(candidate), "applications", f"answers: {kind}", nli=label)


def _said(way: str, holder: str, value: str) -> str:
    return sentence_case(way.format(e=holder, v=value))


def _mid(text: str, names: Sequence[str]) -> str:
    """A sentence inside another one: a name keeps its capital."""
    return (
        text if text.startswith(tuple(name for name in names if name[0].isupper())) else f"{text[0].lower()}{text[1:]}"
    )


def _holders(rng: random.Random, row: Mapping[str, Any], count: int, taken: Sequence[str] = ()) -> list[str]:
    lists: Sequence[str] = (
        vocabulary().lists["given"]
        if row["holder"] == "person"
        else words_table("applications_scenes")["holders"][row["holder"]]
    )
    return rng.sample([one for one in lists if one not in taken], count)


def _values(rng: random.Random, values: str, count: int, taken: Sequence[str] = ()) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        value = _value(rng, values)
        if value not in found and value not in taken:
            found.append(value)
    return found


def _value(rng: random.Random, values: str) -> str:
    kind, _, rest = values.partition(" ")
    if kind == "int":
        low, high, step = map(int, rest.split())
        return str(rng.randrange(low, high + 1, step))
    if kind == "clock":
        return f"{rng.randint(6, 21)}:{pick(rng, ('00', '10', '15', '25', '30', '40', '45', '55'))}"
    if kind == "of":
        return pick(rng, rest.split("|"))
    if kind == "good":
        good = pick(rng, words_table("applications_slots")["good"])
        return f"{'an' if good[0] in 'aeiou' else 'a'} {good}"
    lists = vocabulary().lists
    return str(pick(rng, lists[kind] if kind in lists else words_table("applications_slots")[kind]))


def _number(value: str) -> int:
    return int(value.replace(":", ""))
