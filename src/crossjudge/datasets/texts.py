"""Single texts of named sets: with a topic, a sentiment or an intent, hedged or certain, or plain paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from crossjudge.datasets.cards import LABELLED_TEXTS, DatasetCard, find_set
from crossjudge.datasets.rows import bad_row, hub_table, read_jsonl, set_path, text_field
from crossjudge.errors import InputError

Certainty: TypeAlias = Literal["hedged", "certain"]
CERTAINTIES = ("hedged", "certain")


def read_texts(name: str, split: str, *, folder: Path | None = None) -> Iterator[tuple[str, str]]:
    """(text, label) of each row of a set of single texts, from a folder, or from the hub where no folder is named.

    Raises as `read_examples` does.
    """
    card = find_set(name)
    if card.kind not in LABELLED_TEXTS:
        kinds = ", ".join(map(repr, LABELLED_TEXTS))
        raise InputError(f"Reading the set {name!r} as labelled texts: its kind is {card.kind!r}; expected {kinds}.")
    return _folder_texts(card, split, folder) if folder is not None else _hub_texts(card, split)


def read_hedges(name: str, split: str, *, folder: Path) -> Iterator[tuple[str, Certainty]]:
    """(text, "hedged" or "certain") of each row of a hedging set. Raises as `read_examples` does."""
    card = find_set(name)
    if card.kind != "hedging":
        raise InputError(f"Reading the set {name!r} for hedging: its kind is {card.kind!r}; expected 'hedging'.")
    path = set_path(card, split, folder)
    return (_hedge(path, line, row) for line, row in read_jsonl(path))


def read_paragraphs(name: str, split: str, *, folder: Path) -> Iterator[str]:
    """The paragraphs of a set of plain text. Raises as `read_examples` does."""
    card = find_set(name)
    if card.kind != "text":
        raise InputError(f"Reading the set {name!r} as paragraphs: its kind is {card.kind!r}; expected 'text'.")
    path = set_path(card, split, folder)
    return (text_field(path, line, row, "text") for line, row in read_jsonl(path))


def _hedge(path: Path, line: int, row: Mapping[str, Any]) -> tuple[str, Certainty]:
    label = text_field(path, line, row, "label")
    if label not in CERTAINTIES:
        raise bad_row(path, line, "label", f"it is {label!r}; expected {' or '.join(CERTAINTIES)}")
    return text_field(path, line, row, "text"), cast(Certainty, label)


def _folder_texts(card: DatasetCard, split: str, folder: Path) -> Iterator[tuple[str, str]]:
    path = set_path(card, split, folder)
    return (
        (text_field(path, line, row, "text"), text_field(path, line, row, "label")) for line, row in read_jsonl(path)
    )


def _hub_texts(card: DatasetCard, split: str) -> Iterator[tuple[str, str]]:
    """Rows without a label (-1) are left out."""
    table = hub_table(card, split)
    names = card.labels or ()
    return (
        (row[card.text_column], names[row[card.label_column]] if names else str(row[card.label_column]))
        for row in table
        if row[card.label_column] != -1
    )
