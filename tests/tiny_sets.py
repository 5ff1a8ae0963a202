"""Small labelled sets, made on the spot, in the uniform folder format."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SUBJECTS = ("man", "woman", "child", "dog", "cat", "horse")
VERBS = ("sleeps", "runs", "sings", "eats", "waits", "jumps")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def nli_rows(n: int, seed: int = 0) -> list[dict[str, str]]:
    """A hypothesis repeats its premise, denies it, or guesses at something else."""
    rng = random.Random(seed)
    rows = []
    for index in range(n):
        subject, verb, other = rng.choice(SUBJECTS), *rng.sample(VERBS, 2)
        premise = f"The {subject} {verb} in room {index // 3}."
        label = ("entailment", "contradiction", "neutral")[index % 3]
        hypothesis = {
            "entailment": f"The {subject} {verb}.",
            "contradiction": f"The {subject} never {verb}.",
            "neutral": f"Perhaps the {subject} {other}.",
        }[label]
        rows.append({"premise": premise, "hypothesis": hypothesis, "label": label, "source": "made"})
    return rows
