"""What a message does (complains, asks, orders, thanks), and statements that name this or something else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table


def speech_pair(rng: random.Random) -> MadePair:
    """A message that does one thing, and a statement that names it (entailment) or another (not_entailment).

    What a reader may see in such a message too is not asked. A statement that denies is true of another thing only.
    """
    words = words_table("applications_speech")
    act = pick(rng, words["act"])
    others = [one for one in words["act"] if one is not act and _apart(one, act)]
    # The first is a complaint, which is what customers' messages are sorted by most.
    named = act if rng.random() < 0.42 else others[0] if rng.random() < 0.25 else pick(rng, others)
    right, message = named is act, filled(rng, pick(rng, act["says"]), {})
    if rng.random() < 0.35:
        return _pair(message, spoken(rng, pick(rng, named["states"])), "entailment" if right else "not_entailment")
    label = pick(rng, named["labels"])
    if rng.random() < 0.12:
        denial = spoken(rng, pick(rng, words["denied"]), label=label)
        return _pair(message, denial, "contradiction" if right else "entailment")
    statement = spoken(rng, pick(rng, words["templates"]), label=label)
    return _pair(message, statement, "entailment" if right else "not_entailment")


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["name"] not in other["open"] and other["name"] not in one["open"]


def _pair(message: str, statement: str, label: str) -> MadePair:
    return MadePair(message, statement, "applications", "tags: speech", nli=label)
