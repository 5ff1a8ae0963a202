"""Sources and claims: kept, reworded, joined, altered in one fact, unrelated; made-up facts and real paragraphs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import Fact, Thing, draw_thing, draw_things, passage, same_name
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_claims import real_claims

FAMILY = "groundedness"


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs of a source and a claim; most of them from real paragraphs, where there are any."""
    while True:
        if len(sentences) >= 20 and rng.random() < 0.7:
            yield from real_claims(rng, sentences)
        else:
            yield from _made_claims(rng)


def _made_claims(rng: random.Random) -> Iterator[MadePair]:
    """A source about one thing, or about up to four, and a claim of each kind."""
    things = draw_things(rng, pick(rng, (1, 1, 2, 3, 4)))
    stated = [rng.sample(thing.facts, rng.randint(2, min(5, len(thing.facts)))) for thing in things]
    source = " ".join(" ".join(passage(rng, thing, facts)) for thing, facts in zip(things, stated, strict=True))
    chosen = int(rng.random() * len(things))
    for kind, claim, label in _claims(rng, things[chosen], stated[chosen]):
        yield MadePair(source, claim, FAMILY, kind, nli=label)
    other = draw_thing(rng, kind=things[chosen].kind)
    if rng.random() < 0.5 and not any(same_name(thing, other) for thing in things):
        yield MadePair(source, pick(rng, other.facts).said(rng), FAMILY, "another thing", nli="neutral")


def _claims(rng: random.Random, thing: Thing, stated: Sequence[Fact]) -> Iterator[tuple[str, str, str]]:
    fact, second = rng.sample(stated, 2)
    wrong = fact.other_value(rng)
    yield "stated", fact.said(rng), "entailment"
    yield "altered", fact.said(rng, value=wrong), "contradiction"
    yield _joined(rng, fact, second)
    luck = rng.random()
    if luck < 0.35:
        yield "denied", fact.denied(fact.value), "contradiction"
    elif luck < 0.7:
        yield "wrong value denied", fact.denied(wrong), "entailment"
    missing = [other for other in thing.facts if other not in stated]
    if missing:
        unknown = pick(rng, missing)
        yield "not mentioned", unknown.said(rng), "neutral"
        if luck < 0.4:
            yield "joined, one not mentioned", f"{fact.said(rng)} {unknown.said(rng, short=True)}", "neutral"
    swapped = [
        other for other in stated if other is not fact and other.values.split()[0] == fact.values.split()[0] != "of"
    ]
    if swapped:
        yield "value of another fact", fact.said(rng, value=pick(rng, swapped).value), "contradiction"


def _joined(rng: random.Random, first: Fact, second: Fact) -> tuple[str, str, str]:
    """Two facts in one claim: both as stated, or one of them altered."""
    altered = rng.random() < 0.5
    one = first.said(rng)[:-1]
    two = second.said(rng, short=True, value=second.other_value(rng) if altered else None)
    if rng.random() < 0.5 and two.startswith("The "):
        text = f"{one}, and {two[0].lower()}{two[1:]}"
    else:
        text = f"{one}. {two}"
    return ("joined, one altered", text, "contradiction") if altered else ("joined", text, "entailment")
