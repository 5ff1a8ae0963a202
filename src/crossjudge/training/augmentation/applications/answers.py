"""Picking answers: a context, often with a question, and a candidate as "The answer is ..." or as a statement."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice

from crossjudge.training.augmentation.applications.scenes import make_scenes
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import Fact, draw_thing, passage, sentence_case
from crossjudge.training.augmentation.made import MadePair

_TEMPLATES = (
    "The answer is {}.",
    "The answer is {}.",
    "The right answer is {}.",
    "The correct answer to the question is {}.",
    "It is {}.",
    "{}",
    "The answer to the question is {}.",
    "Answer: {}",
)
_JOINS = ("{} {}", "{}\n{}", "{} Question: {}", "{}\nQuestion: {}", "Context: {} Question: {}")


def make_answers(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs; a wrong candidate is another value, or one that the context gives for something else."""
    scenes = make_scenes(rng)
    while True:
        if rng.random() < 0.75:
            yield from islice(scenes, 4)
            continue
        thing = draw_thing(rng)
        stated = rng.sample(thing.facts, rng.randint(1, 4))
        context = " ".join(passage(rng, thing, stated))
        fact = pick(rng, stated)
        for kind, candidate, label in _candidates(rng, stated, fact):
            yield _asked(rng, context, fact, candidate, kind, label)
        unstated = [other for other in thing.facts if other not in stated]
        if unstated and rng.random() < 0.5:
            fact = pick(rng, unstated)
            yield _asked(rng, context, fact, fact.value, "not in the context", "neutral")


def _candidates(rng: random.Random, stated: Sequence[Fact], fact: Fact) -> Iterator[tuple[str, str, str]]:
    yield "right", fact.value, "entailment"
    yield "wrong", fact.other_value(rng), "contradiction"
    others = [
        other.value
        for other in stated
        if other is not fact and other.values.split()[0] == fact.values.split()[0] != "of"
    ]
    if others:
        yield "another fact's value", pick(rng, others), "contradiction"


def _asked(rng: random.Random, context: str, fact: Fact, candidate: str, kind: str, label: str) -> MadePair:
    if rng.random() < 0.35:
        return MadePair(
            context, fact.said(rng, value=candidate), "applications", f"answers: statement, {kind}", nli=label
        )
    premise = pick(rng, _JOINS).format(context, fact.asked(rng))
    return MadePair(
        premise, sentence_case(pick(rng, _TEMPLATES).format(candidate)), "applications", f"answers: {kind}", nli=label
    )
