"""Texts with a label -> pairs with the hypotheses that zero-shot tagging and guarding ask."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crossjudge.datasets import Example, read_texts
from crossjudge.errors import InputError

NO_TOPIC = frozenset({"out of scope"})


def tag_examples(name: str, split: str, *, folder: Path | None, rng: random.Random) -> list[Example]:
    """For each text one entailed hypothesis (its own label) and one that is not (another label of the set).

    How a set's labels are put stands in `tag_wordings.toml`; a set that is not there has topics under their own names.
    Another topic is "not_entailment": whether it contradicts or is merely unstated, the set does not say. Raises
    `InputError` for a set that has no topics, or fewer than two of them.
    """
    rows = list(read_texts(name, split, folder=folder))
    wording = _wordings().get(name, {})
    named: Mapping[str, list[str]] = wording.get("labels", {})
    labels = sorted(named or {label for _, label in rows} - NO_TOPIC)
    if len(labels) < 2:
        raise InputError(f"Making tags from {name!r}: it has {len(labels)} topic(s); expected two or more.")
    templates = tuple(wording.get("templates", ())) or _TOPICS
    wrong = wording.get("wrong", "not_entailment")
    examples = []
    for text, label in rows:
        other = rng.choice([one for one in labels if one != label])
        template = rng.choice(templates)
        if label in labels:
            examples.append(Example(text, template.format(_spoken(rng, label, named)), "entailment", name))
        examples.append(Example(text, rng.choice(templates).format(_spoken(rng, other, named)), wrong, name))
    return examples


def _spoken(rng: random.Random, label: str, named: Mapping[str, list[str]]) -> str:
    return rng.choice(named[label]) if label in named else label.replace("_", " ").lower()


@cache
def _wordings() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("tag_wordings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


_TOPICS = tuple(_wordings()["topics"]["templates"])
TEMPLATES = tuple(template for entry in _wordings().values() for template in entry["templates"])
"""Every way in which a label is put, of all sets."""
