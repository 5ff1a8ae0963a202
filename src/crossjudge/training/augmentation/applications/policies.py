"""Guarding: a message, and a policy that it keeps (entailment) or breaks (contradiction)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.augmentation.applications.hypotheses import asked, asked_several, spoken
from crossjudge.training.augmentation.applications.messages import (
    FIELD_PARTS,
    Message,
    far_field,
    field_named,
    loose_kinds,
    message_with,
)  # fmt: skip
from crossjudge.training.augmentation.applications.rules import policy_pairs
from crossjudge.training.augmentation.applications.topics import topic_policies
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

PRIVATE = ("email", "phone", "card", "address", "id_number", "bank_account", "password", "key", "birthdate")
HARMFUL = ("insult", "threat", "injection", "illegal")
OTHER = (
    "profanity",
    "link",
    "medical_advice",
    "investment_advice",
    "promise",
    "spam",
    "advertisement",
    "person",
    "company",
    "place",
)
EVERYTHING = (*PRIVATE, *HARMFUL, *OTHER)
GROUPS = (("private", PRIVATE), ("harmful", HARMFUL), ("uncivil", ("insult", "threat", "profanity")))
_LISTED = (
    PRIVATE,
    (*PRIVATE[:6], "person"),
    ("insult", "threat", "profanity"),
    (*HARMFUL, "profanity"),
    (*PRIVATE, *HARMFUL),
    ("link", "advertisement", "spam", "email", "phone"),
)


def make_policies(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs, more than half of them harmless messages that keep the policy."""
    while True:
        luck = rng.random()
        if luck < 0.5:
            yield from policy_pairs(rng) if luck < 0.38 else topic_policies(rng)
            continue
        luck = rng.random()
        if luck < 0.12:
            yield _on_topic(rng)
        elif luck < 0.32:
            yield from _several(rng, sentences)
        elif luck < 0.6:
            group, members = pick(rng, GROUPS)
            yield from _one(rng, sentences, group, members)
        else:
            prop = pick(rng, (*EVERYTHING, *HARMFUL))
            yield from _one(rng, sentences, prop, (prop,))


def _one(rng: random.Random, sentences: Sequence[str], prop: str, members: Sequence[str]) -> Iterator[MadePair]:
    """A policy against one thing, of which `members` are the kinds that can be put into a message."""
    message = _message(rng, sentences, members)
    found = asked(rng, message, prop, denied=rng.random() < 0.85)
    if found is not None:
        yield MadePair(message.text, found[0], "applications", f"policies: {prop}", nli=found[1])


def _several(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    pool = pick(rng, _LISTED)
    props = rng.sample(pool, rng.randint(2, min(4, len(pool))))
    message = _message(rng, sentences, props)
    found = asked_several(rng, message, props, denied=rng.random() < 0.9, private_data={*props} <= {*PRIVATE, "person"})
    if found is not None:
        yield MadePair(message.text, found[0], "applications", "policies: several", nli=found[1])


def _message(rng: random.Random, sentences: Sequence[str], forbidden: Sequence[str]) -> Message:
    """In 42 of 100 cases with something forbidden, in 12 with what another policy forbids; at times with more."""
    kinds = list(loose_kinds(rng, sentences))
    luck = rng.random()
    if luck < 0.54:
        pool = tuple(forbidden) if luck < 0.42 else tuple(prop for prop in EVERYTHING if prop not in forbidden)
        for added in rng.sample(pool, 1 if rng.random() < 0.8 else min(len(pool), rng.randint(2, 3))):
            kinds.insert(rng.randint(0, len(kinds)), added)
        if rng.random() < 0.2:
            kinds = [kind for kind in kinds if kind in pool]
        if luck < 0.42 and rng.random() < 0.15:
            kinds.append(pick(rng, EVERYTHING))
            kinds.insert(0, "name")
    return message_with(rng, kinds, sentences)


def _on_topic(rng: random.Random) -> MadePair:
    """A policy to stay on a topic: kept, broken by the whole message, or broken by one of its sentences."""
    message = message_with(rng, [pick(rng, FIELD_PARTS) for _ in range(rng.randint(1, 3))])
    topic = field_named(next(iter(message.fields)))
    luck, text, label = rng.random(), message.text, "entailment"
    if luck < 0.3:
        topic, label = far_field(rng, message.fields), "contradiction"
    elif luck < 0.5:
        stray = pick(
            rng,
            [part for part in far_field(rng, message.fields)["statement"] if "{" not in part]
            or ["By the way, the moon is full tonight."],
        )
        text, label = pick(rng, (f"{text} {stray}", f"{stray} {text}")), "contradiction"
    template = pick(rng, words_table("applications_hypotheses")["topic_only"])
    return MadePair(
        text, spoken(rng, template, topic=pick(rng, topic["topics"])), "applications", "policies: topic", nli=label
    )
