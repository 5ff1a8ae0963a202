"""Texts in a few languages, and hypotheses that name the language."""

from __future__ import annotations

import random

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.applications.messages import message_with
from crossjudge.training.augmentation.clauses import pick, pick_other
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

_WORDINGS = (
    "{text} is written in {language}.",
    "{text} is in {language}.",
    "the language of {text} is {language}.",
    "{writer} uses {language}.",
)


def language_pair(rng: random.Random) -> MadePair:
    """A text in one language (English half of the time), and a hypothesis that names it or another one."""
    foreign = words_table("applications_languages")["language"]
    spoken_in = "English" if rng.random() < 0.5 else pick(rng, tuple(foreign))
    if spoken_in == "English":
        text = message_with(rng, [pick(rng, ("statement", "question", "praise"))]).text
    else:
        text = " ".join(rng.sample(foreign[spoken_in], rng.randint(1, 3)))
    right = rng.random() < 0.5
    named = spoken_in if right else pick_other(rng, ("English", *foreign), spoken_in)
    hypothesis = spoken(rng, pick(rng, _WORDINGS), language=named)
    return MadePair(text, hypothesis, "applications", "tags: language", nli="entailment" if right else "contradiction")
