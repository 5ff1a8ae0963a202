"""A request, an answer to it or to another one, and features around it: each criterion is met by a part or by none."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossjudge.training.augmentation.clauses import pick, pick_other, sentence
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_FIRST = ("greeting", "thanks", "polite", "apology", "empathy", "slang", "refusal")
_RELEVANT = (
    "{r} answers the question.",
    "{r} is relevant to the request.",
    "{r} is on topic.",
    "{r} deals with what was asked.",
    "{r} addresses the user's request.",
    "{r} is about {topic}.",
    "{r} helps with {topic}.",
)
_ASTRAY = (
    "{r} is off topic.",
    "{r} does not answer the question.",
    "{r} misses the point of the request.",
    "{r} has nothing to do with {topic}.",
    "{r} leaves the question open.",
)
_SHORT = ("{r} is short.", "{r} is concise.", "{r} is brief.", "{r} gets to the point.")
_LONG = ("{r} is long.", "{r} is wordy.", "{r} is long-winded.")
_IMPLIED: Mapping[str, frozenset[str]] = {
    "rude": frozenset({"refusal", "question", "joke", "slang", "number"}),
    "steps": frozenset({"list", "deadline", "number", "warning"}),
    "list": frozenset({"number", "steps", "alternative", "contact"}),
    "example": frozenset({"number", "personal", "reason"}),
    "price": frozenset({"number"}),
    "deadline": frozenset({"number"}),
    "source": frozenset({"number", "reason", "contact"}),
    "contact": frozenset({"number", "deadline", "polite"}),
    "apology": frozenset({"polite", "empathy"}),
    "thanks": frozenset({"polite"}),
    "polite": frozenset({"thanks", "question", "encourage"}),
    "greeting": frozenset({"polite"}),
    "doctor": frozenset({"expert", "warning", "polite"}),
    "expert": frozenset({"contact", "alternative"}),
    "empathy": frozenset({"polite"}),
    "encourage": frozenset({"polite", "empathy"}),
    "joke": frozenset({"question", "slang", "reason", "personal"}),
    "reason": frozenset({"question", "number", "deadline"}),
    "question": frozenset({"polite"}),
    "advert": frozenset({"price", "number", "alternative"}),
    "refusal": frozenset({"apology", "unsure", "polite"}),
    "personal": frozenset({"example", "deadline", "empathy"}),
    "alternative": frozenset({"deadline"}),
    "unsure": frozenset({"polite"}),
    "number": frozenset({"steps", "example"}),
    "slang": frozenset({"polite", "encourage", "empathy", "joke"}),
    "summary": frozenset({"encourage"}),
    "warning": frozenset({"number"}),
    "jargon": frozenset({"number", "reason", "source"}),
}
"""Feature -> others that its sentences may show too."""


def feature_pairs(rng: random.Random) -> Iterator[MadePair]:
    """One response and criteria: its features, features that it lacks, whether it is on the topic, its length."""
    words = words_table("applications_responses")
    features: Mapping[str, Any] = words["feature"]
    request = pick(rng, words["answers"]["requests"])
    shown = rng.sample(tuple(features), pick(rng, (0, 1, 1, 2, 2, 3, 4)))
    if "rude" in shown:
        shown = [
            name for name in shown if name not in ("polite", "thanks", "empathy", "encourage", "apology", "greeting")
        ]
    astray = rng.random() < 0.2
    answered = pick_other(rng, words["answers"]["requests"], request) if astray else request
    text, answers = _response(rng, features, shown, answered)
    premise = f"{request[1]} {text}"
    for name in shown:
        yield _criterion(rng, premise, features[name], name, met=True)
    open_to = {*shown}.union(*(_IMPLIED.get(name, frozenset()) for name in shown), _in_answer(answered))
    if not {"polite", "rude"} & {*shown}:
        open_to |= {"polite"}
    absent = [name for name in features if name not in open_to]
    for name in rng.sample(absent, min(len(absent), max(1, len(shown)))):
        yield _criterion(rng, premise, features[name], name, met=False)
    if answers:
        yield _whole(rng, premise, _RELEVANT, request[0], met=not astray, kind="relevant")
        if rng.random() < 0.5:
            yield _whole(rng, premise, _ASTRAY, request[0], met=astray, kind="astray")
    length = len(text.split())
    if not 22 <= length <= 45 and rng.random() < 0.3:
        yield _whole(rng, premise, _SHORT, request[0], met=length < 22, kind="short")
        yield _whole(rng, premise, _LONG, request[0], met=length > 45, kind="long")


def _response(
    rng: random.Random, features: Mapping[str, Any], shown: Sequence[str], answered: Sequence[str]
) -> tuple[str, bool]:
    """The response, and whether the answer is in it."""
    answers = "refusal" not in shown
    core = [answered[2]] if answers else []
    said = {name: filled(rng, pick(rng, features[name]["says"]), {}) for name in shown}
    before = [said[name] for name in shown if name in _FIRST]
    after = [said[name] for name in shown if name not in _FIRST]
    return " ".join([*before, *core, *after]) or answered[2], answers or not shown


def _in_answer(answered: Sequence[str]) -> set[str]:
    """Features that a core answer may be said to show."""
    found = {"number", "deadline"} if any(sign.isdigit() for sign in answered[2]) else {"deadline"}
    return (
        found if "plain" in answered[3:] else found | {"reason", "alternative", "steps", "warning", "expert", "number"}
    )


def _criterion(rng: random.Random, premise: str, feature: Mapping[str, Any], name: str, *, met: bool) -> MadePair:
    denied = rng.random() < 0.35
    return _pair(rng, premise, pick(rng, feature["no" if denied else "yes"]), "", met != denied, name)


def _whole(rng: random.Random, premise: str, templates: Sequence[str], topic: str, *, met: bool, kind: str) -> MadePair:
    return _pair(rng, premise, pick(rng, templates), topic, met, kind)


def _pair(rng: random.Random, premise: str, template: str, topic: str, met: bool, kind: str) -> MadePair:
    given = {"r": pick(rng, words_table("applications_responses")["r"]), "topic": topic}
    hypothesis = sentence(filled(rng, template, given))
    label = "entailment" if met else "contradiction"
    return MadePair(premise, hypothesis, "applications", f"rubrics: feature {kind}", nli=label)
