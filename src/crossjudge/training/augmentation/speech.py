"""The family "speech": what a message does (complains, asks, orders), and statements that name this or another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

FAMILY = "speech"


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: a message that does one thing, and a statement that names it (entailment) or another.

    What a reader may see in such a message too is not asked. A statement that denies is true of another thing only.
    """
    words = words_table(FAMILY)
    while True:
        act = pick(rng, words["act"])
        others = [one for one in words["act"] if one is not act and _apart(one, act)]
        # The first is a complaint, which is what customers' messages are sorted by most.
        named = act if rng.random() < 0.42 else others[0] if rng.random() < 0.25 else pick(rng, others)
        yield _pair(rng, words, act, named)


def _pair(rng: random.Random, words: Mapping[str, Any], act: Mapping[str, Any], named: Mapping[str, Any]) -> MadePair:
    right, message = named is act, filled(rng, pick(rng, act["says"]), {})
    label, luck = pick(rng, named["labels"]), rng.random()
    if luck < 0.08:
        said, nli = spoken(rng, pick(rng, words["denied"]), label=label), "contradiction" if right else "entailment"
    else:
        wording = pick(rng, named["states"] if luck < 0.4 else words["templates"])
        said, nli = spoken(rng, wording, label=label), "entailment" if right else "not_entailment"
    return MadePair(message, said, FAMILY, str(act["name"]), nli=nli)


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["name"] not in other["open"] and other["name"] not in one["open"]
