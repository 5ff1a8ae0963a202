"""What is known of each named set before a row of it is read: kind, licence, place, columns, labels."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from crossjudge.errors import InputError

COLUMNS: Mapping[str, tuple[str, str]] = {
    "nli": ("premise", "hypothesis"),
    "similarity": ("sentence1", "sentence2"),
    "duplicate": ("sentence1", "sentence2"),
    "relevance": ("query", "document"),
    "groundedness": ("source", "claim"),
}
"""Kind of set -> the two columns of a pair, in the uniform folder format (gzip JSON-lines, one object a line)."""
LABELLED_TEXTS = ("tagging", "safety", "hedging")
"""Kinds whose rows are one text and its label."""
KINDS = (*COLUMNS, *LABELLED_TEXTS, "grading", "qa", "text")
"""Every kind. "grading": answers beside references; "qa": questions with candidates; "text": paragraphs alone."""
GRADED = ("similarity", "relevance")
"""Kinds whose gold is a number: a score from 0 to 1, a grade of which more is better."""
GOLD_COLUMN: Mapping[str, str] = {"similarity": "score"}
"""Kind -> the column of its gold in the folder format, where it is not `label`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetCard:
    """What is known of one named set. `may_ship`: whether weights trained on it may be distributed.

    `file`: its name in a folder, where that is not its own; `gold_column`: where its gold is there, if not where its
    kind has it. `hub_splits`: our split -> the hub's. `hub_revision`: a branch of the hub's, None for its main one.
    `columns`, `text_column`, `label_column`, `tag_column`: of the hub. `labels`: what the integers mean that stand for
    labels, in order. `two_way`: gold says only whether the premise entails.
    `same_from`, `different_to`: gold scores from which on two texts mean the same, and up to which they do not.
    """

    name: str
    kind: str
    licence: str
    may_ship: bool
    original: str = ""
    file: str = ""
    gold_column: str = ""
    hub: str | None = None
    hub_config: str | None = None
    hub_revision: str | None = None
    hub_splits: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, str] | None = None
    text_column: str = "text"
    label_column: str = "label"
    labels: tuple[str, ...] | None = None
    two_way: bool = False
    tag_column: str | None = None
    same_from: float | None = None
    different_to: float | None = None

    def place(self, split: str) -> str:
        """Where a split lies in a folder of sets."""
        return f"{self.kind}/{self.file or self.name}.{split}.jsonl.gz"


@cache
def dataset_cards() -> Mapping[str, DatasetCard]:
    """Every set known by name."""
    text = resources.files("crossjudge").joinpath("datasets", "sets.toml").read_text(encoding="utf-8")
    return {name: _card(name, fields) for name, fields in tomllib.loads(text).items()}


def _card(name: str, fields: Mapping[str, Any]) -> DatasetCard:
    lists = {key: tuple(fields[key]) for key in ("columns", "labels") if key in fields}
    return DatasetCard(name=name, **{**fields, **lists})


def find_set(name: str) -> DatasetCard:
    """The card of a set; raises `InputError` with near names for one that is not known."""
    card = dataset_cards().get(name)
    if card is None:
        near = difflib.get_close_matches(name, dataset_cards(), n=3)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(dataset_cards())}."
        raise InputError(f"Reading the set {name!r}: no set has this name. {hint}")
    return card
