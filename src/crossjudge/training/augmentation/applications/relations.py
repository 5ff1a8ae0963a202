"""Answers of pupils from tables of school knowledge: in other words, in part, with another value, off the topic."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

_NOTHING = ("I do not know.", "No idea.", "I was ill that week.", "We have not done this yet.", "idk", "?? sorry")

Pupil = Callable[[random.Random, str], str]


def relation_grades(rng: random.Random, pupil: Pupil) -> Iterator[MadePair]:
    """One or two facts as the reference; `pupil` writes an answer down as pupils do."""
    relations: Sequence[Mapping[str, Any]] = words_table("applications_relations")["relation"]
    relation = pick(rng, relations)
    (first, value), (second, other) = (_row(one) for one in rng.sample(relation["rows"], 2))
    ways = rng.sample(relation["say"], 3)
    reference, right = _said(ways[0], first, value), _said(ways[1], first, value)
    wrong = _said(ways[pick(rng, (0, 1, 2))], first, other)
    if rng.random() < 0.5:
        yield from _both(rng, reference, pupil(rng, right), "in other words", "entailment", "entailment")
        yield from _both(rng, reference, pupil(rng, wrong), "another's value", "contradiction", "contradiction")
        more = _said(ways[2], second, other)
        yield _grade(reference, pupil(rng, f"{right} {more}"), "more than asked", "neutral")
        yield _grade(pupil(rng, f"{right} {more}"), reference, "more than asked, back", "entailment")
        yield _grade(reference, pupil(rng, more), "something else", "neutral")
    else:
        far = pick_other(rng, relations, relation)
        third, last = _row(pick(rng, far["rows"]))
        both = f"{reference} {_said(far['say'][0], third, last)}"
        also = _said(far["say"][1], third, last)
        yield from _both(rng, both, pupil(rng, f"{right} {also}"), "both points", "entailment", "entailment")
        yield from _both(rng, both, pupil(rng, right), "one of two points", "entailment", "neutral")
        yield from _both(rng, both, pupil(rng, f"{wrong} {also}"), "one point wrong", "contradiction", "contradiction")
    if rng.random() < 0.4:
        yield _grade(reference, pick(rng, _NOTHING), "nothing said", "neutral")


def _row(text: str) -> tuple[str, str]:
    first, _, second = text.partition(" / ")
    return first, second


def _said(way: str, first: str, second: str) -> str:
    return sentence_case(way.format(a=first, b=second))


def _both(
    rng: random.Random, reference: str, answer: str, kind: str, forward: str, backward: str
) -> Iterator[MadePair]:
    yield _grade(reference, answer, kind, forward)
    if rng.random() < 0.5:
        yield _grade(answer, reference, f"{kind}, back", backward)


def _grade(premise: str, hypothesis: str, kind: str, label: str) -> MadePair:
    return MadePair(premise, hypothesis, "applications", f"grades: {kind}", nli=label)
