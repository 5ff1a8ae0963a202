"""Texts with a topic or intent label -> pairs with the hypotheses that zero-shot tagging asks."""

from __future__ import annotations

import random
from pathlib import Path

from crossjudge.datasets import Example, read_texts
from crossjudge.errors import InputError

TEMPLATES = (
    "This text is about {}.",
    "This is about {}.",
    "The topic of this text is {}.",
    "The text is about {}.",
    "This message concerns {}.",
    "The subject is {}.",
)
NO_TOPIC = frozenset({"out of scope"})


def tag_examples(name: str, split: str, *, folder: Path | None, rng: random.Random) -> list[Example]:
    """For each text one entailed hypothesis (its own label) and one that is not (another label of the set).

    Another topic is "not_entailment": whether it contradicts or is merely unstated, the set does not say. Raises
    `InputError` for a set that has no topics, or fewer than two of them.
    """
    rows = list(read_texts(name, split, folder=folder))
    topics = sorted({label for _, label in rows} - NO_TOPIC)
    if len(topics) < 2:
        raise InputError(f"Making tags from {name!r}: it has {len(topics)} topic(s); expected two or more.")
    examples = []
    for text, label in rows:
        other = rng.choice([topic for topic in topics if topic != label])
        template = rng.choice(TEMPLATES)
        if label not in NO_TOPIC:
            examples.append(Example(text, template.format(_spoken(label)), "entailment", name))
        examples.append(Example(text, template.format(_spoken(other)), "not_entailment", name))
    return examples


def _spoken(label: str) -> str:
    return label.replace("_", " ").lower()
