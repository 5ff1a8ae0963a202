"""Hypotheses about a message: a property or topic, put in one of many wordings, and the label that follows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from crossjudge.training.augmentation.applications.messages import Message, far_field, field_named
from crossjudge.training.augmentation.clauses import pick, sentence
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_OPPOSED: Mapping[str, tuple[str, ...]] = {
    "positive": ("negative",), "negative": ("positive",), "happy": ("sad", "angry", "disappointed"), "sad": ("happy",),
    "angry": ("happy", "grateful"), "grateful": ("angry", "disappointed"), "disappointed": ("happy", "grateful"),
    "urgent": ("unhurried",), "unhurried": ("urgent",), "recommend": ("discourage",), "discourage": ("recommend",),
    "refusal": ("agreement",), "agreement": ("refusal",), "neutral": ("angry", "happy"),
}  # fmt: skip
"""Property -> those that a text cannot well show beside it."""


@cache
def properties() -> tuple[str, ...]:
    """All properties that have a wording."""
    words = words_table("applications_hypotheses")
    return tuple(dict.fromkeys((*words["property"], *words["content"])))


def asked(rng: random.Random, message: Message, prop: str, *, denied: bool) -> tuple[str, str] | None:
    """A hypothesis that the message has the property (or has not, `denied`) and its label; None if it is open."""
    shows = message.shows(prop)
    wordings = _wordings(prop, denied)
    if shows is None or not wordings:
        return None
    hypothesis = spoken(rng, pick(rng, wordings))
    if denied:
        return hypothesis, "contradiction" if shows else "entailment"
    return hypothesis, "entailment" if shows else _absent(message, prop)


def asked_topic(rng: random.Random, message: Message) -> tuple[str, str] | None:
    """A hypothesis about the topic and its label; None for a message that is about no field, or about several."""
    if not message.fields:
        return None
    words = words_table("applications_hypotheses")
    right = rng.random() < 0.5
    field = field_named(pick(rng, sorted(message.fields))) if right else far_field(rng, message.fields)
    denied = rng.random() < 0.1
    template = pick(rng, words["topic_no" if denied else "topic_yes"])
    if denied:
        label = "contradiction" if right else "entailment"
    else:
        label = "entailment" if right else "not_entailment"
    return spoken(rng, template, topic=pick(rng, field["topics"])), label


def asked_several(
    rng: random.Random, message: Message, props: Sequence[str], *, denied: bool, private_data: bool
) -> tuple[str, str] | None:
    """That the message holds none of several things (`denied`), or that it holds all of them; None if that is open.

    `private_data`: all of them are personal data, and the wording may forbid any other such data too.
    """
    shows = [message.shows(prop) for prop in props]
    words = words_table("applications_hypotheses")
    if None in shows and not (True in shows if denied else False in shows):
        return None
    named = [pick(rng, words["content"][prop]["many"]) for prop in props]
    last = "or" if denied else "and"
    listed = f"{', '.join(named[:-1])} {last} {named[-1]}"
    template = pick(rng, words["content_templates"]["no_of_several" if denied else "some_of_several"])
    if denied and private_data and not shows.count(None) and rng.random() < 0.5:
        shows = [message.shows("private"), *shows]
        if None in shows and True not in shows:
            return None
        template = pick(rng, words["content_templates"]["no_personal_data"])
    hypothesis = spoken(rng, template, list=listed)
    if denied:
        return hypothesis, "contradiction" if True in shows else "entailment"
    return hypothesis, "entailment" if all(shows) else "contradiction"


def spoken(rng: random.Random, template: str, **given: str) -> str:
    """A wording with {text} and {writer} filled in, as a sentence; a bare noun stays without a full stop."""
    words = words_table("applications_hypotheses")
    values = {"text": pick(rng, words["text"]), "writer": pick(rng, words["writer"]), **given}
    text = filled(rng, template, values)
    return sentence(text) if template.endswith(".") else text


@cache
def _wordings(prop: str, denied: bool) -> tuple[str, ...]:
    words = words_table("applications_hypotheses")
    own: Mapping[str, Any] = words["property"].get(prop, {})
    content = words["content"].get(prop)
    wordings = list(own.get("no" if denied else "yes", ()))
    if content is not None:
        templates = words["content_templates"]
        side = "no" if denied else "yes"
        for template in [*templates[side], *(templates[f"details_{side}"] if prop in templates["details"] else ())]:
            form = "many" if "{many}" in template else "one"
            wordings += [template.replace(f"{{{form}}}", phrase) for phrase in content[form]]
    return tuple(wordings)


def _absent(message: Message, prop: str) -> str:
    own = words_table("applications_hypotheses")["property"].get(prop)
    if own is None or own["absent"] == "contradiction":
        return "contradiction"
    return "contradiction" if any(other in message.yes for other in _OPPOSED.get(prop, ())) else "not_entailment"
