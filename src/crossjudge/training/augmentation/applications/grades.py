"""Grading: a reference answer as the premise and a pupil's answer as the hypothesis, and the other way round."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from crossjudge.training.augmentation.applications.relations import relation_grades
from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.facts import draw_thing
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

Points: TypeAlias = list[Mapping[str, Any]]


def make_grades(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: right in other words, partly right, wrong, contrary, off topic; both directions."""
    while True:
        luck = rng.random()
        if luck < 0.4:
            yield from relation_grades(rng, _pupil)
        else:
            yield from _school(rng) if luck < 0.75 else _facts(rng)


def _school(rng: random.Random) -> Iterator[MadePair]:
    words = words_table("applications_grades")
    matter = pick(rng, words["matter"])
    points: Points = rng.sample(matter["point"], rng.randint(2, len(matter["point"])))
    points.sort(key=matter["point"].index)
    ways = [int(rng.random() * 3) for _ in points]
    reference = _said(points, ways)
    other_ways = [(way + rng.randint(1, 2)) % 3 for way in ways]
    right = _pupil(rng, _said(points, other_ways))
    yield from _both(rng, reference, right, "right", "entailment", "entailment")
    kept = rng.randrange(1, len(points))
    part = _pupil(rng, _said(points[:kept], other_ways[:kept]))
    yield from _both(rng, reference, part, "part of it", "entailment", "neutral")
    yield from _both(
        rng, reference, _pupil(rng, _with_error(rng, points, other_ways)), "wrong", "contradiction", "contradiction"
    )
    missing = [point for point in matter["point"] if point not in points]
    # The first point names the subject; the others are about "it", which nothing else in the pair explains.
    if missing and points[0] is matter["point"][0] and rng.random() < 0.5:
        more = _pupil(rng, f"{points[0]['same'][other_ways[0]]} {pick(rng, missing)['same'][0]}")
        yield _grade(reference, more, "something else beside", "neutral")
    elsewhere = pick_other(rng, words["matter"], matter)["point"][0]["same"]
    off = pick(rng, elsewhere) if rng.random() < 0.7 else pick(rng, words["style"]["nothing"])
    yield _grade(reference, _pupil(rng, off), "off topic", "neutral")


def _facts(rng: random.Random) -> Iterator[MadePair]:
    """One or two facts of a made-up thing as the reference."""
    thing = draw_thing(rng)
    fact, second = rng.sample(thing.facts, 2)
    reference = f"{fact.said(rng, wording=0)} {second.said(rng, wording=1, short=True)}"
    right = f"{second.said(rng, wording=2)} {fact.said(rng, wording=1)}"
    yield from _both(rng, reference, _pupil(rng, right), "facts, right", "entailment", "entailment")
    yield from _both(
        rng, reference, _pupil(rng, fact.said(rng, wording=2)), "facts, part of it", "entailment", "neutral"
    )
    wrong = fact.said(rng, wording=1, value=fact.other_value(rng))
    yield from _both(
        rng, reference, _pupil(rng, f"{wrong} {second.said(rng)}"), "facts, wrong", "contradiction", "contradiction"
    )


def _said(points: Points, ways: Sequence[int]) -> str:
    return " ".join(point["same"][way] for point, way in zip(points, ways, strict=True))


def _with_error(rng: random.Random, points: Points, ways: Sequence[int]) -> str:
    """The answer with one point wrong, or the wrong point alone."""
    bad = rng.randrange(len(points))
    said = [point["same"][way] for point, way in zip(points, ways, strict=True)]
    said[bad] = pick(rng, points[bad]["wrong"])
    return said[0] if bad == 0 and rng.random() < 0.4 else " ".join(said)


def _pupil(rng: random.Random, text: str) -> str:
    """The answer as a pupil writes it: with an opening, without capitals, without the last full stop."""
    opening = pick(rng, words_table("applications_grades")["style"]["opening"])
    first = text.split()[0]
    if opening and first in ("The", "A", "It", "When", "In", "There", "If", "Most", "With", "One", "Only"):
        text = f"{opening}{text[0].lower()}{text[1:]}"
    luck = rng.random()
    return text.lower() if luck < 0.15 else text[:-1] if luck < 0.3 else text


def _both(
    rng: random.Random, reference: str, answer: str, kind: str, forward: str, backward: str
) -> Iterator[MadePair]:
    yield _grade(reference, answer, kind, forward)
    if rng.random() < 0.5:
        yield _grade(answer, reference, f"{kind}, back", backward)


def _grade(premise: str, hypothesis: str, kind: str, label: str) -> MadePair:
    return MadePair(premise, hypothesis, "applications", f"grades: {kind}", nli=label)
