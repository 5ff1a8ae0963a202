"""What somebody wants from a desk or an assistant, and hypotheses that name this wish or another."""

from __future__ import annotations

import random

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table


def intent_pair(rng: random.Random) -> MadePair:
    """A message with one wish, and a hypothesis that names it (entailment) or another one (not_entailment)."""
    words = words_table("applications_intents")
    parts = words_table("applications_parts")
    intent = pick(rng, words["intent"])
    named = intent if rng.random() < 0.5 else pick_other(rng, words["intent"], intent)
    text = filled(rng, pick(rng, intent["says"]), {})
    if rng.random() < 0.3:
        text = f"{pick(rng, parts['greeting'])} {text}"
    if rng.random() < 0.3:
        text = f"{text} {pick(rng, parts['thanks_closing'])}"
    hypothesis = spoken(rng, pick(rng, words["templates"]), wish=named["wish"], label=named["label"])
    label = "entailment" if named is intent else "not_entailment"
    return MadePair(text, hypothesis, "applications", "tags: intent", nli=label)
