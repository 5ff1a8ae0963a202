"""Scoring responses: a request and a response as the premise, a criterion of a rubric as the hypothesis."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossjudge.training.augmentation.applications.features import feature_pairs
from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_STEP_STYLES = (
    ("First, {}.", "Then {}.", "Finally, {}."),
    ("1. {}.", "2. {}.", "3. {}."),
    ("Begin like this: {}.", "Next, {}.", "After that, {}."),
    ("Step one: {}.", "Step two: {}.", "Step three: {}."),
)
_EXAMPLES = ("For example, {}.", "To give an example, {}.", "An example: {}.", "For instance, {}.")
_JOINS = ("{} {}", "{} {}", "{}\n{}", "Q: {} A: {}", "User: {} Assistant: {}", "Question: {} Answer: {}")


@dataclass(slots=True)
class _Response:
    """A response in the making: sentences, and the properties that it certainly has or that are open."""

    parts: list[str] = field(default_factory=list)
    yes: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)

    def add(self, text: str, *yes: str, maybe: Sequence[str] = ()) -> None:
        self.parts.append(text)
        self.yes.update(yes)
        self.maybe.update(maybe)


def make_rubrics(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs; each response is good in some ways and bad in others, and is asked about three of them."""
    words = words_table("applications_rubrics")
    while True:
        if rng.random() < 0.65:
            yield from feature_pairs(rng)
            continue
        request = pick(rng, words["request"])
        response = pick(rng, (_helpful, _helpful, _helpful, _vague, _vague, _astray, _refusing, _rude))(rng, request)
        text = " ".join(response.parts)
        _settle(response, text)
        premise = pick(rng, _JOINS).format(pick(rng, request["ask"]), text)
        for name in rng.sample(tuple(words["criterion"]), 5):
            yield from _asked(rng, premise, request, response, name)


def _asked(
    rng: random.Random, premise: str, request: Mapping[str, Any], response: _Response, name: str
) -> Iterator[MadePair]:
    """The criterion, at times in its negative form; nothing where the response leaves it open."""
    if name in response.maybe and name not in response.yes:
        return
    shows = name in response.yes
    # Most properties are rare: asked as often of responses without them, a wording would give its label away.
    if (
        not shows
        and name not in ("relevant", "clear", "polite", "complete", "full", "concise", "toxic", "about")
        and rng.random() < 0.6
    ):
        return
    wordings = words_table("applications_rubrics")["criterion"][name]
    denied = bool(wordings["no"]) and rng.random() < 0.35
    hypothesis = pick(rng, wordings["no" if denied else "yes"]).format(topic=request["topic"])
    yield MadePair(
        premise,
        hypothesis,
        "applications",
        f"rubrics: {name}",
        nli="entailment" if shows != denied else "contradiction",
    )


def _helpful(rng: random.Random, request: Mapping[str, Any]) -> _Response:
    """A response with the answer, the steps or both, and some of the rest."""
    response, manner = _Response(), words_table("applications_rubrics")["manner"]
    _manners(rng, response, before=True)
    luck = rng.random()
    if luck < 0.7:
        response.add(request["short"], "relevant", "about", "clear", maybe=("steps", "reason"))
    if luck >= 0.5:
        style = pick(rng, _STEP_STYLES)
        steps = (
            form.format(sentence_case(step) if form[0].isdigit() else step)
            for form, step in zip(style, request["steps"], strict=True)
        )
        response.add(" ".join(steps), "relevant", "about", "clear", "steps")
    if rng.random() < 0.35:
        response.add(pick(rng, _EXAMPLES).format(request["example"]), "example")
    if rng.random() < 0.35:
        response.add(request["why"], "reason")
    if rng.random() < 0.2:
        response.add(filled(rng, pick(rng, manner["source"]), {"book": pick(rng, manner["book"])}), "source")
    if rng.random() < 0.15:
        response.add(pick(rng, manner["unsure"]), "unsure", maybe=("clear",))
    _manners(rng, response, before=False)
    if rng.random() < 0.12:
        _break_off(rng, response)
    return response


def _vague(rng: random.Random, request: Mapping[str, Any]) -> _Response:
    """Friendly words that help nobody."""
    response, manner = _Response(), words_table("applications_rubrics")["manner"]
    _manners(rng, response, before=True)
    for text in rng.sample(manner["vague"], rng.randint(2, 5)):
        response.add(text, maybe=("reason", "unsure"))
    if rng.random() < 0.3:
        response.add(request["aside"], "about")
    _manners(rng, response, before=False)
    return response


def _astray(rng: random.Random, request: Mapping[str, Any]) -> _Response:
    """A good response to another request."""
    other = pick_other(rng, words_table("applications_rubrics")["request"], request)
    response = _helpful(rng, other)
    response.yes -= {"relevant", "about", "clear"}
    response.maybe.add("clear")
    return response


def _refusing(rng: random.Random, request: Mapping[str, Any]) -> _Response:
    response, manner = _Response(), words_table("applications_rubrics")["manner"]
    _manners(rng, response, before=True)
    refusal = pick(rng, manner["refuse"])
    response.add(refusal, "refuses", maybe=("apologises", "clear", "about", "unsure", "polite"))
    _manners(rng, response, before=False)
    return response


def _rude(rng: random.Random, request: Mapping[str, Any]) -> _Response:
    """An insult, with the answer or without it."""
    response, manner = _Response(), words_table("applications_rubrics")["manner"]
    if rng.random() < 0.6:
        response.add(pick(rng, manner["insult"]), "toxic", "rude")
    else:
        response.add(pick(rng, manner["rude"]), "rude", maybe=("toxic",))
    if rng.random() < 0.5:
        response.add(request["short"], "relevant", "about", "clear", maybe=("steps", "reason"))
    else:
        response.maybe |= {"refuses", "clear", "about"}
    response.maybe |= {"asks", "casual", "concise"}
    return response


def _manners(rng: random.Random, response: _Response, *, before: bool) -> None:
    """Courtesies, or none, before the answer or after it."""
    manner = words_table("applications_rubrics")["manner"]
    luck = rng.random()
    if before and luck < 0.3:
        text = pick(rng, manner["polite_open"])
        response.add(text, "polite", *(("thanks",) if text.startswith("Thank") else ()), maybe=("casual",))
    elif before and luck < 0.4:
        response.add(pick(rng, manner["casual"]), "casual", maybe=("polite", "formal"))
    elif before and luck < 0.5:
        response.add(pick(rng, manner["formal"]), "formal", maybe=("polite", "concise"))
    elif before and luck < 0.6:
        response.add(pick(rng, manner["sorry"]), "apologises", "polite")
    elif not before and luck < 0.25:
        response.add(pick(rng, manner["polite_close"]), "polite", maybe=("asks",))
    elif not before and luck < 0.4:
        response.add(pick(rng, manner["again"]), "asks", maybe=("polite",))


def _break_off(rng: random.Random, response: _Response) -> None:
    """Cuts the last sentence in the middle."""
    words = response.parts[-1].split()
    if len(words) >= 6:
        response.parts[-1] = " ".join(words[: len(words) - rng.randint(2, 3)]).rstrip(".,:;!?")
        response.yes.add("broken")
        response.maybe |= {"example", "reason", "source", "steps", "asks", "polite", "relevant", "concise", "unsure"}
        response.yes -= {"example", "reason", "source", "asks", "unsure"} if len(response.parts) == 1 else set()


def _settle(response: _Response, text: str) -> None:
    """The properties that follow from the whole text, and those that its manner leaves open."""
    length = len(text.split())
    if "broken" not in response.yes:
        response.yes.update({"complete", "full"} if "relevant" in response.yes else {"complete"})
    if any(sign.isdigit() for sign in text):
        response.yes.add("number")
    if length <= 22 and "relevant" in response.yes and "rude" not in response.yes:
        response.yes.add("concise")
    elif length <= 45 or response.yes & {"refuses", "rude"}:
        response.maybe.add("concise")
    if not response.yes & {"rude", "polite"}:
        response.maybe.add("polite")
    if not response.yes & {"formal", "casual"}:
        response.maybe |= {"formal", "casual"}
    if "relevant" not in response.yes:
        response.maybe.add("about" if "about" not in response.yes else "")
