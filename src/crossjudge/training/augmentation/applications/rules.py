"""Policies with texts of their own: some break a policy, others come near it, and most harmless texts keep them all."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from crossjudge.training.augmentation.applications.facets import everyday_text
from crossjudge.training.augmentation.applications.hypotheses import asked, spoken
from crossjudge.training.augmentation.applications.messages import COARSE, Message
from crossjudge.training.augmentation.applications.styles import typed
from crossjudge.training.augmentation.applications.topics import text_on, topics
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_SERIOUS = (
    "personal", "insults", "threats", "profanity", "hate", "crime", "weapons", "hacking", "fraud", "injection",
    "medical", "finance", "legal", "links", "harassment", "selfharm", "secrets", "sexual", "spoilers",
)  # fmt: skip
"""Policies that a harmless text on any subject keeps; whether it keeps others depends on what it says."""
_HARM = ("insults", "threats", "hate", "crime", "hacking", "fraud", "injection", "harassment")
"""Policies that every text which can be called safe keeps."""
_KEPT_BY_OTHERS = (*_HARM, "profanity", "finance", "legal", "links", "secrets")
"""Policies that news, encyclopedias and requests to an assistant or a bank keep, whatever they are about."""
_DATA = ("email", "phone", "card", "id_number", "bank_account", "password", "key")
"""Properties that none of them has where it shows no long number."""
_LONG_NUMBER = re.compile(r"\d[\d\s().-]{4,}\d|@|://|www\.")
_UNSURE_ON = {"medical": "health", "selfharm": "health", "finance": "business", "legal": "law", "spoilers": "culture",
              "sexual": "family"}  # fmt: skip
"""Policy -> the group of topics whose texts may break it."""


def policy_pairs(rng: random.Random) -> Iterator[MadePair]:
    """A policy, and texts that break it, come near it, or have nothing to do with it."""
    policies: Mapping[str, Any] = words_table("applications_policies")["policy"]
    name = pick(rng, tuple(policies))
    policy = policies[name]
    broken = _said(rng, policy["breaks"])
    if rng.random() < 0.4:
        around = [_harmless(rng), broken]
        rng.shuffle(around)
        broken = _joined(around)
    near = _said(rng, policy["near"])
    yield _pair(rng, name, policy, typed(rng, broken), broken=True)
    yield _pair(rng, name, policy, typed(rng, near), broken=False)
    if name in _HARM and rng.random() < 0.3:
        yield from (_safety(rng, broken, broken=True), _safety(rng, near, broken=False))
    if name in _SERIOUS:
        yield _pair(rng, name, policy, _harmless(rng, name), broken=False)
        if rng.random() < 0.4:
            yield _pair(rng, name, policy, _harmless(rng, name), broken=False)
    other = pick(rng, tuple(policies))
    open_to = {name, *policy["open"]}
    if name in _SERIOUS and other in _SERIOUS and other not in open_to and name not in policies[other]["open"]:
        yield _pair(rng, name, policy, typed(rng, _said(rng, policies[other]["breaks"])), broken=False)


def policies_on(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Of a harmless text by somebody else: policies that it keeps, and one that it breaks once a part is put in.

    `sentences`: the text's. Nothing comes of a text with a coarse word, an address or a long number, where a rule
    cannot tell what it keeps.
    """
    text = " ".join(sentences)
    if COARSE.search(text) or _LONG_NUMBER.search(text):
        return
    policies: Mapping[str, Any] = words_table("applications_policies")["policy"]
    kept, broken = rng.sample(_KEPT_BY_OTHERS, 2)
    yield _pair(rng, kept, policies[kept], text, broken=False)
    luck = rng.random()
    if luck < 0.3:
        yield _safety(rng, text, broken=False)
    elif luck < 0.6:
        found = asked(rng, _message(text), pick(rng, _DATA), denied=True)
        if found is not None:
            yield MadePair(text, found[0], "applications", "policies: data, not there", nli=found[1])
    place = rng.randint(0, len(sentences))
    spoilt = _joined([*sentences[:place], _said(rng, policies[broken]["breaks"]), *sentences[place:]])
    yield _pair(rng, broken, policies[broken], spoilt, broken=True)
    if broken in _HARM and rng.random() < 0.4:
        yield _safety(rng, spoilt, broken=True)


def _safety(rng: random.Random, text: str, *, broken: bool) -> MadePair:
    """That a text is safe, or that it is not."""
    message = _message(text, "harmful") if broken else _message(text)
    found = asked(rng, message, "harmful", denied=rng.random() < 0.8)
    assert found is not None
    return MadePair(text, found[0], "applications", "policies: safety", nli=found[1])


def _message(text: str, *shown: str) -> Message:
    return Message(text, frozenset(shown), frozenset(), frozenset(), whole_field=False)


def _harmless(rng: random.Random, policy: str = "") -> str:
    """A text that keeps the policy: on a topic, or of a facet where that cannot name people or touch the subject."""
    if rng.random() < 0.4 and policy not in _UNSURE_ON and policy != "personal":
        return everyday_text(rng)
    while True:
        text = text_on(rng, pick(rng, [one for one in topics() if one.group != _UNSURE_ON.get(policy)]))
        if policy != "personal" or not _names() & {*re.findall(r"\w+", text.lower())}:
            return text


@cache
def _names() -> frozenset[str]:
    slots = words_table("applications_slots")
    return frozenset(name.lower() for name in (*slots["first"], *slots["last"]))


def _said(rng: random.Random, texts: Sequence[str]) -> str:
    template = pick(rng, texts)
    said = filled(rng, template, {"good": pick(rng, words_table("applications_slots")["good"])})
    return sentence_case(said) if template.startswith("{") else said


def _joined(parts: Sequence[str]) -> str:
    return " ".join(part if part.endswith((".", "?", "!", ",")) else f"{part}." for part in parts)


def _pair(rng: random.Random, name: str, policy: Mapping[str, Any], text: str, *, broken: bool) -> MadePair:
    """Most often the policy itself; now and then that the text does contain the thing."""
    words, luck = words_table("applications_policies"), rng.random()
    if luck < 0.1:
        hypothesis = spoken(rng, pick(rng, words["violates"]), thing=pick(rng, policy["things"]))
        broken = not broken
    elif luck < 0.55:
        hypothesis = spoken(rng, pick(rng, words["contains"]), thing=pick(rng, policy["things"]))
    elif luck < 0.62 and len(policy["things"]) > 1:
        listed = " or ".join(rng.sample(policy["things"], 2))
        hypothesis = spoken(rng, pick(rng, words["contains"]), thing=listed)
    else:
        hypothesis = spoken(rng, pick(rng, policy["keeps"]))
    label = "contradiction" if broken else "entailment"
    return MadePair(text, hypothesis, "applications", f"policies: own texts, {name}", nli=label)
