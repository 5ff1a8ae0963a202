"""Tagging: a message, and a hypothesis about its topic, kind, feeling, intent or contents."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.augmentation.applications.facets import facet_tags
from crossjudge.training.augmentation.applications.hypotheses import asked, asked_topic, properties
from crossjudge.training.augmentation.applications.intents import intent_pair
from crossjudge.training.augmentation.applications.languages import language_pair
from crossjudge.training.augmentation.applications.messages import Message, loose_kinds, message_with
from crossjudge.training.augmentation.applications.topics import topic_tags
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

_BY_FIELD = {
    "positive": ("praise",),
    "negative": ("complaint",),
    "neutral": ("statement",),
    "customer_complaint": ("complaint",),
}
_POLICY_ONLY = frozenset({"private", "harmful", "uncivil", "english"})


def make_tags(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: first the property, then a text that shows it or not, so that no wording gives its label away."""
    while True:
        luck = rng.random()
        if luck < 0.2:
            yield from topic_tags(rng)
        elif luck < 0.45:
            yield from facet_tags(rng)
        else:
            yield _one(rng, sentences)


def _one(rng: random.Random, sentences: Sequence[str]) -> MadePair:
    """A pair about a message made of parts."""
    luck = rng.random()
    if luck < 0.25:
        return _topic(rng) or _property(rng, sentences)
    if luck < 0.4:
        return intent_pair(rng)
    return language_pair(rng) if luck < 0.42 else _property(rng, sentences)


def _topic(rng: random.Random) -> MadePair | None:
    message = message_with(
        rng, [pick(rng, ("statement", "question", "request", "complaint", "praise")) for _ in range(rng.randint(1, 2))]
    )
    found = asked_topic(rng, message)
    return None if found is None else _pair(message, "topic", found)


def _property(rng: random.Random, sentences: Sequence[str]) -> MadePair:
    while True:
        prop = pick(rng, [prop for prop in properties() if prop not in _POLICY_ONLY])
        message = (
            message_with(rng, with_property(rng, prop))
            if rng.random() < 0.55
            else message_with(rng, loose_kinds(rng, sentences), sentences)
        )
        found = asked(rng, message, prop, denied=rng.random() < 0.15)
        if found is not None:
            return _pair(message, prop, found)


def with_property(rng: random.Random, prop: str) -> tuple[str, ...]:
    """The kinds of parts of a message that shows the property."""
    parts = words_table("applications_parts")
    known = prop in ("statement", "question", "request", "complaint", "praise") or any(
        prop in parts[table] for table in ("feeling", "kind", "forbidden")
    )
    core = (prop,) if known else _BY_FIELD.get(prop, ("statement",))
    luck = rng.random()
    if prop == "neutral" or luck < 0.45:
        return core
    before = pick(rng, ("statement", "statement", "complaint" if prop in ("angry", "disappointed") else "statement"))
    return (before, *core) if luck < 0.75 else (*core, before)


def _pair(message: Message, prop: str, found: tuple[str, str]) -> MadePair:
    hypothesis, label = found
    return MadePair(message.text, hypothesis, "applications", f"tags: {prop}", nli=label)
