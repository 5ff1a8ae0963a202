"""Pairs that engines and precisions are compared on where nobody names any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from crossjudge.types import Pair

_SUITES = Path(__file__).parents[1] / "evaluation" / "suites"
SAMPLE = (_SUITES / "stress.jsonl", _SUITES / "stress-long.jsonl")
"""Hand-written pairs that models find hard: where decisions flip first. Read as data; nothing is imported for it."""


def sample_pairs() -> Iterator[Pair]:
    """Each pair in both directions, and its first text with the next pair's second, which are mostly unrelated."""
    rows = [json.loads(line) for path in SAMPLE for line in path.read_text(encoding="utf-8").splitlines()]
    for row, following in zip(rows, [*rows[1:], rows[0]], strict=True):
        yield Pair(row["text_a"], row["text_b"])
        yield Pair(row["text_b"], row["text_a"])
        yield Pair(row["text_a"], following["text_b"])
