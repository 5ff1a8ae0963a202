"""The family "paraphrase": one thing said in many ways, near misses that share most words, and unrelated texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from crossjudge.training.augmentation.acts import (
    Deed,
    draw_actor,
    draw_deed,
    draw_scene,
    other_object,
    words,
)
from crossjudge.training.augmentation.clauses import Clause, draw_name, pick, pick_other, sentence
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import edited, paraphrase_edit, unrelated
from crossjudge.training.augmentation.relation import NEUTRAL, NOT_ENTAILMENT, Relation, apart, paired, same, stronger
from crossjudge.training.augmentation.vocabulary import vocabulary

FAMILY = "paraphrase"


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs, two in three of them true paraphrases; three in ten from real sentences, where there are any."""
    while True:
        if sentences and rng.random() < 0.4:
            real = unrelated(rng, sentences) if rng.random() < 0.1 else edited(rng, sentences, paraphrase_edit)
            if real is not None:
                yield paired(rng, FAMILY, real)
                continue
        yield paired(rng, FAMILY, pick(rng, _RULES)(rng))


# ---------------------------------------------------------------------------------------------------------------- deeds


def _deed_and_tail(rng: random.Random) -> tuple[Deed, str]:
    """A deed and where or when it was done, "on Monday", or nothing."""
    scene = draw_scene(rng)
    tails = (
        "",
        pick(rng, scene.where),
        pick(rng, vocabulary().lists["past_time"]),
        f"in {pick(rng, vocabulary().lists['month'])}",
    )
    return draw_deed(rng, scene), pick(rng, tails)


def _active(clause: Clause, tail: str) -> str:
    return f"{clause.say()} {tail}".strip()


def _passive(clause: Clause, tail: str) -> str:
    return f"{clause.say(passive=True)} {tail}".strip()


def _fronted(clause: Clause, tail: str) -> str:
    return f"{tail}, {clause.say()}" if tail else clause.say()


def _fronted_passive(clause: Clause, tail: str) -> str:
    return f"{tail}, {clause.say(passive=True)}" if tail else clause.say(passive=True)


def _cleft(clause: Clause, tail: str) -> str:
    """ "It was the nurse who checked the wound." """
    who = "that" if clause.subject.text.startswith("the ") else "who"
    return f"it was {clause.subject.text} {who} {clause.say().removeprefix(clause.subject.text + ' ')} {tail}".strip()


def _emphatic(clause: Clause, tail: str) -> str:
    assert clause.object is not None
    return f"{clause.subject.text} did {clause.verb.base} {clause.object.text}{clause.tail} {tail}".strip()


_SAYINGS: Sequence[Callable[[Clause, str], str]] = (
    _active,
    _active,
    _passive,
    _passive,
    _fronted,
    _fronted_passive,
    _cleft,
    _emphatic,
)


def _said_otherwise(rng: random.Random) -> Relation:
    """Voice, word order, cleft and verb: two sayings of one deed."""
    deed, tail = _deed_and_tail(rng)
    while True:
        first = pick(rng, _SAYINGS)(deed.clause, tail)
        second = pick(rng, _SAYINGS)(deed.reworded(rng), tail)
        if first != second:
            return same("deed said otherwise", first, second)


def _two_sentences(rng: random.Random) -> Relation:
    """Two deeds in one sentence, or in two, in either order of telling."""
    scene = draw_scene(rng)
    x = draw_deed(rng, scene)
    y = draw_deed(rng, scene, x)
    a, b = x.clause.say(), y.clause.say()
    b_again = y.reworded(rng).say(passive=rng.random() < 0.4)
    joint = pick(
        rng, ("{a}, and {b}", "{a}; {b}", "not only was it the case that {a}, but {b} too", "{a}, while {b}")
    ).format(a=a, b=b)
    split = pick(
        rng,
        (
            f"{sentence(a)} {sentence(b_again)}",
            f"{sentence(a)} Also, {b_again}.",
            f"{sentence(a)} In addition, {b_again}.",
        ),
    )
    if rng.random() < 0.7:
        return same("one sentence, two sentences", sentence(joint), split)
    return stronger("two deeds, one of them", sentence(joint), sentence(pick(rng, (a, b_again))))


def _near_miss(rng: random.Random) -> Relation:
    """One thing, one person, one place or one act is another."""
    scene = draw_scene(rng)
    deed = draw_deed(rng, scene)
    place = pick(rng, scene.where)
    luck = rng.random()
    kept = deed.clause if rng.random() < 0.5 else deed.reworded(rng)
    # "It was Ann who signed it" leaves nobody else, so that a cleft is no way to say what may also be true of others.
    say, again = pick(rng, _SAYINGS[:6]), pick(rng, _SAYINGS[:6])
    first = say(deed.clause, place)
    if luck < 0.3:
        return apart("other thing", first, again(replace(kept, object=other_object(rng, deed).object), place))
    if luck < 0.5:
        other = draw_deed(rng, scene, deed)
        return apart("other act", first, again(replace(other.clause, subject=deed.clause.subject), place))
    if luck < 0.75:
        return _missed("other person", first, again(replace(kept, subject=draw_actor(rng, scene, kept.subject)), place))
    return _missed("other place", first, again(kept, pick_other(rng, scene.where, place)))


def _missed(kind: str, first: str, second: str) -> Relation:
    """Neither says the other; whether both can be true depends on how often such a thing is done."""
    return Relation(kind, first, second, NOT_ENTAILMENT, NOT_ENTAILMENT)


def _unrelated(rng: random.Random) -> Relation:
    one = draw_scene(rng)
    other = draw_scene(rng)
    while other == one:
        other = draw_scene(rng)
    x, y = draw_deed(rng, one), draw_deed(rng, other)
    tail_x, tail_y = pick(rng, one.where), pick(rng, other.where)
    return apart("unrelated deeds", pick(rng, _SAYINGS)(x.clause, tail_x), pick(rng, _SAYINGS)(y.clause, tail_y))


def _because(rng: random.Random) -> Relation:
    """Cause and effect, with the clauses in either order."""
    scene = draw_scene(rng)
    x = draw_deed(rng, scene)
    y = draw_deed(rng, scene, x)
    a, b, again = x.clause.say(), y.clause.say(), y.reworded(rng).say()
    because = (
        f"because {b}, {a}",
        f"{a} because {again}",
        f"{again}, and for that reason {a}",
        f"since {b}, {a}",
        f"{again}, so {a}",
        f"the reason why {a} was that {b}",
    )
    although = (
        f"although {b}, {a}",
        f"{a} even though {again}",
        f"{again}, but {a} all the same",
        f"{again}; nevertheless, {a}",
        f"despite the fact that {b}, {a}",
    )
    ways = pick(rng, (because, although))
    if rng.random() < 0.75:
        first, second = rng.sample(ways, 2)
        return same("clauses in another order", first, second)
    turned = f"because {a}, {b}" if ways is because else f"although {a}, {b}"
    return Relation("cause and effect turned", ways[0], turned, None, None)


# ---------------------------------------------------------------------------------------------------- listed statements


@dataclass(frozen=True, slots=True)
class _Statement:
    """Slots with the list that fills each ("x": "who"), and ways to say one thing with them."""

    slots: Mapping[str, str]
    ways: Sequence[str]


@cache
def _statements() -> tuple[_Statement, ...]:
    return tuple(_statement(line) for line in words("paraphrase")["statements"])


def _statement(line: str) -> _Statement:
    head, _, ways = line.partition(": ")
    slots = dict(slot.split(" ") for slot in head.split(", "))
    return _Statement(slots, ways.split(" | "))


def _drawn(rng: random.Random, slots: Mapping[str, str]) -> dict[str, str]:
    """Slot -> value, all different; an entry of two forms fills "x.a" and "x.b"."""
    values: dict[str, str] = {}
    for slot, name in slots.items():
        while (value := _value(rng, name)) in values.values():
            pass
        values[slot] = value
    return values


def _value(rng: random.Random, name: str) -> str:
    if name == "who":
        return draw_name(rng)
    own: Mapping[str, Sequence[str]] = words("paraphrase")
    return pick(rng, own[name] if name in own else vocabulary().lists[name])


def _filled(way: str, values: Mapping[str, str]) -> str:
    for slot, value in values.items():
        one, _, other = value.partition(" / ")
        way = way.replace(f"{{{slot}.a}}", one).replace(f"{{{slot}.b}}", other or one).replace(f"{{{slot}}}", one)
    return way


def _stated(rng: random.Random) -> Relation:
    statement = pick(rng, _statements())
    values = _drawn(rng, statement.slots)
    first, second = rng.sample(list(statement.ways), 2)
    return same("statement said otherwise", _filled(first, values), _filled(second, values))


def _stated_of_another(rng: random.Random) -> Relation:
    """The statement with one slot filled otherwise: the texts could both be true or not, but they are not one."""
    statement = pick(rng, _statements())
    values = _drawn(rng, statement.slots)
    slot = pick(rng, tuple(statement.slots))
    while (value := _value(rng, statement.slots[slot])) in values.values():
        pass
    way = pick(rng, statement.ways)
    again = way if rng.random() < 0.5 else pick(rng, statement.ways)
    label = NEUTRAL if statement.slots[slot] in _MANY else NOT_ENTAILMENT
    return Relation(
        f"statement, other {statement.slots[slot]}",
        _filled(way, values),
        _filled(again, {**values, slot: value}),
        label,
        label,
    )


_MANY = ("gift", "thing", "thing_one", "subject")
"""Slots of which several values can be true at once: one likes, loses and learns many things."""


def _opened(rng: random.Random) -> Relation:
    """A phrase before the statement that adds nothing."""
    statement = pick(rng, _statements())
    text = _filled(pick(rng, statement.ways), _drawn(rng, statement.slots))
    return same("empty opening", sentence(text), sentence(f"{pick(rng, words('paraphrase')['openers'])}{text}"))


_RULES: Sequence[Callable[[random.Random], Relation]] = (
    *(_said_otherwise,) * 6, *(_stated,) * 6, *(_two_sentences,) * 2, *(_because,) * 2, _opened, *(_near_miss,) * 4,
    *(_stated_of_another,) * 2, _unrelated,
)  # fmt: skip
