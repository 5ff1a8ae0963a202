"""What a text is about: its topic or the group of topics holds, a sibling or another group does not; and mentions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.applications.styles import typed
from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its names, the group it is of with that group's names, things that belong to it, and sentences."""

    names: tuple[str, ...]
    group: str
    labels: tuple[str, ...]
    near: frozenset[str]
    things: tuple[str, ...]
    says: tuple[str, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """All topics of all groups."""
    groups: Mapping[str, Mapping[str, Any]] = words_table("applications_topics")["group"]
    return tuple(
        Topic(
            tuple(row.get("names", [name])),
            group,
            tuple(words["labels"]),
            frozenset(words["near"]),
            tuple(row["things"]),
            tuple(row["says"]),
        )
        for group, words in groups.items()
        for name, row in words["topic"].items()
    )


def far_topic(rng: random.Random, topic: Topic) -> Topic:
    """A topic of a group that is not near this one's."""
    while True:
        other = pick(rng, topics())
        if other.group != topic.group and other.group not in topic.near and topic.group not in other.near:
            return other


def sibling(rng: random.Random, topic: Topic) -> Topic:
    """Another topic of the same group."""
    return pick_other(rng, [one for one in topics() if one.group == topic.group], topic)


def text_on(rng: random.Random, topic: Topic) -> str:
    """One to three sentences, all of them about the topic."""
    luck = rng.random()
    if luck < 0.4:
        text = _framed(rng, topic)
    elif luck < 0.65:
        text = pick(rng, topic.says)
    elif luck < 0.85:
        text = " ".join(rng.sample(topic.says, 2))
    else:
        parts = [_framed(rng, topic), pick(rng, topic.says)]
        rng.shuffle(parts)
        text = " ".join(part if part.endswith((".", "?")) else f"{part}." for part in parts)
    return typed(rng, filled(rng, text, {}))


def topic_tags(rng: random.Random) -> Iterator[MadePair]:
    """One text and several labels for it: the topic, its group, a sibling, topics far off, denials."""
    topic = pick(rng, topics())
    text = text_on(rng, topic)
    words = words_table("applications_topics")
    named, group = pick(rng, topic.names), pick(rng, topic.labels)
    yield _tag(rng, text, words["yes"], named, "topic", "entailment")
    yield _tag(rng, text, words["yes"], group, "group", "entailment")
    if rng.random() < 0.6:
        yield _tag(rng, text, words["yes"], pick(rng, sibling(rng, topic).names), "sibling", "not_entailment")
    far = far_topic(rng, topic)
    yield _tag(rng, text, words["yes"], pick(rng, far.names), "far topic", "not_entailment")
    if rng.random() < 0.8:
        yield _tag(rng, text, words["yes"], pick(rng, far_topic(rng, topic).labels), "far group", "not_entailment")
    if rng.random() < 0.4:
        denied = pick(rng, (named, group))
        yield _tag(rng, text, words["no"], denied, "topic denied", "contradiction")
        yield _tag(rng, text, words["no"], pick(rng, far.names), "far topic denied", "entailment")


def topic_policies(rng: random.Random) -> Iterator[MadePair]:
    """Policies on what may be talked about: stay on a topic, keep off one, mention or do not mention a thing."""
    topic, words = pick(rng, topics()), words_table("applications_topics")
    far = far_topic(rng, topic)
    text = text_on(rng, topic)
    luck = rng.random()
    on = pick(rng, (*topic.names, *topic.labels))
    if luck < 0.35:
        yield _policy(rng, text, words["only"], on, "on topic", "entailment")
        yield _policy(rng, text, words["only"], pick(rng, (*far.names, *far.labels)), "on topic", "contradiction")
        if rng.random() < 0.5:
            stray = f"{text} {text_on(rng, far)}"
            yield _policy(rng, stray, words["only"], on, "on topic, strays", "contradiction")
    elif luck < 0.65:
        yield _policy(rng, text, words["no"], pick(rng, (*far.names, *far.labels)), "off a topic", "entailment")
        yield _policy(rng, text, words["no"], on, "off a topic", "contradiction")
    else:
        yield from _mentions(rng, topic, far)


def _mentions(rng: random.Random, topic: Topic, far: Topic) -> Iterator[MadePair]:
    words = words_table("applications_topics")
    thing, other = pick(rng, topic.things), pick(rng, far.things)
    text = typed(
        rng, filled(rng, pick(rng, words["frames"]), {"thing": thing, "other": pick_other(rng, topic.things, thing)})
    )
    for named, here in ((thing, True), (other, False)):
        denied = rng.random() < 0.7
        templates = words["no_mention" if denied else "mentions"]
        label = "entailment" if here != denied else "contradiction"
        yield MadePair(
            text, spoken(rng, pick(rng, templates), thing=named), "applications", "policies: mention", nli=label
        )


def _framed(rng: random.Random, topic: Topic) -> str:
    thing, other = rng.sample(topic.things, 2)
    return filled(rng, pick(rng, words_table("applications_topics")["frames"]), {"thing": thing, "other": other})


def _tag(rng: random.Random, text: str, templates: Sequence[str], topic: str, kind: str, label: str) -> MadePair:
    return MadePair(text, spoken(rng, pick(rng, templates), topic=topic), "applications", f"tags: {kind}", nli=label)


def _policy(rng: random.Random, text: str, templates: Sequence[str], topic: str, kind: str, label: str) -> MadePair:
    hypothesis = spoken(rng, pick(rng, templates), topic=topic)
    return MadePair(text, hypothesis, "applications", f"policies: {kind}", nli=label)
