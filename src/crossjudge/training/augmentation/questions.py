"""Questions and the passages that answer them or do not; and questions asked again in other words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import Fact, Thing, draw_thing, passage, same_name, sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled, slot_names
from crossjudge.training.augmentation.real_questions import real_questions
from crossjudge.training.augmentation.vocabulary import words_table

FAMILY = "questions"


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: a question and a passage (`relevance`), or two questions (`duplicate`)."""
    while True:
        luck = rng.random()
        if luck < 0.4 and len(sentences) >= 20:
            yield from real_questions(rng, sentences)
        elif luck < 0.7:
            yield from _about_facts(rng)
        elif luck < 0.8:
            yield _two_about_a_fact(rng)
        else:
            yield from _two_about_a_matter(rng)


def _about_facts(rng: random.Random) -> Iterator[MadePair]:
    thing = draw_thing(rng)
    fact = pick(rng, thing.facts)
    others = [other for other in thing.facts if other is not fact]
    kind, question = _question(rng, fact)
    stated = [fact, *rng.sample(others, rng.randint(1, 3))]
    rng.shuffle(stated)
    yield _pair(question, kind, " ".join(passage(rng, thing, stated)), 1.0)
    silent = " ".join(passage(rng, thing, rng.sample(others, rng.randint(2, len(others)))))
    yield _pair(question, f"{kind}, another fact", silent, 0.0)
    namesake = _another(rng, thing)
    same_facts = [twin for twin, own in zip(namesake.facts, thing.facts, strict=True) if own in stated]
    yield _pair(question, f"{kind}, another thing", " ".join(passage(rng, namesake, same_facts)), 0.0)


def _another(rng: random.Random, thing: Thing) -> Thing:
    """A thing of the same kind and another name (or title)."""
    while same_name(thing, other := draw_thing(rng, thing.kind)):
        pass
    return other


def _question(rng: random.Random, fact: Fact) -> tuple[str, str]:
    luck = rng.random()
    if luck < 0.55:
        asked = fact.asked(rng)
        return "question", pick(rng, words_table("questions")["wrappers"]).format(q=asked)
    if luck < 0.85:
        return "keywords", fact.searched(rng)
    value = None if rng.random() < 0.5 else fact.other_value(rng)
    statement = fact.said(rng, value=value)[:-1]
    if luck < 0.92:
        return "statement", fact.said(rng)
    wrapped = pick(rng, words_table("questions")["yes_no"])
    return "yes or no", wrapped.format(
        s=statement if statement.startswith((fact.name, value or fact.value)) else _lowered(statement)
    )


def _lowered(statement: str) -> str:
    return f"{statement[0].lower()}{statement[1:]}"


def _pair(question: str, kind: str, text: str, relevance: float) -> MadePair:
    return MadePair(question, text, FAMILY, kind, relevance=relevance)


def _two_about_a_fact(rng: random.Random) -> MadePair:
    """The two questions of one fact; or questions about two facts, or about two things."""
    thing = draw_thing(rng)
    fact, second = rng.sample(thing.facts, 2)
    first, again = (sentence_case(way.format(e=thing.name)) for way in rng.sample(fact.ask, 2))
    luck = rng.random()
    if luck < 0.5:
        return MadePair(first, again, FAMILY, "asked again", duplicate=True)
    if luck < 0.75:
        return MadePair(first, second.asked(rng), FAMILY, "another fact asked", duplicate=False)
    twin = _another(rng, thing).facts[thing.facts.index(fact)]
    way = pick(rng, fact.ask)
    return MadePair(
        sentence_case(way.format(e=fact.name)),
        sentence_case(way.format(e=twin.name)),
        FAMILY,
        "another thing asked",
        duplicate=False,
    )


def _two_about_a_matter(rng: random.Random) -> Iterator[MadePair]:
    words = words_table("questions")
    matter = pick(rng, words["matter"])
    given = _matter_values(rng, [*matter["same"], *matter["other"]])
    first, second = (filled(rng, way, given) for way in rng.sample(matter["same"], 2))
    yield MadePair(first, second, FAMILY, "asked again", duplicate=True)
    other = filled(rng, pick(rng, matter["other"]), given)
    pair = (first, other) if rng.random() < 0.5 else (other, first)
    yield MadePair(*pair, FAMILY, "another question", duplicate=False)
    template = pick(rng, matter["same"])
    changed = _matter_values(rng, [template])
    if slot_names(template) and all(changed[name] != given[name] for name in changed):
        yield MadePair(
            filled(rng, template, given), filled(rng, template, changed), FAMILY, "another question", duplicate=False
        )


def _matter_values(rng: random.Random, templates: Sequence[str]) -> dict[str, str]:
    """A value for every slot; {city} and {city2} are different ones."""
    names = sorted({name for template in templates for name in slot_names(template)})
    given: dict[str, str] = {}
    for name in names:
        values = _values_of(name.rstrip("2"))
        given[name] = pick(rng, [value for value in values if value not in given.values()])
    return given


def _values_of(name: str) -> Sequence[str]:
    for values in (words_table("questions")["fill"], words_table("facts")["lists"], words_table("applications_slots")):
        if name in values:
            found: Sequence[str] = values[name]
            return found
    raise KeyError(name)
