"""Labelled pairs of named sets and of files of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossjudge.datasets.cards import COLUMNS, GOLD_COLUMN, GRADED, DatasetCard, find_set
from crossjudge.datasets.rows import bad_row, hub_table, present_field, read_jsonl, set_path, text_field
from crossjudge.errors import InputError
from crossjudge.files import BadRow, read_pairs


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled pair. `gold`: a label name, or a number where the set scores pairs."""

    text_a: str
    text_b: str
    gold: str | float
    source: str
    tag: str = ""


def read_examples(name: str, split: str, *, folder: Path | None = None) -> Iterator[Example]:
    """The pairs of one split: from `folder/<kind>/<file>.<split>.jsonl.gz`, or from the hub where no folder is named.

    Rows whose gold label is -1 (nobody knows it) are left out. Raises `InputError` at once for a set that is not known
    or not there, and `FileRowError` for a row of a file that is not a labelled pair.
    """
    card = find_set(name)
    if card.kind not in COLUMNS:
        raise InputError(
            f"Reading the set {name!r}: its kind is {card.kind!r}, which are texts and no pairs. Expected a set of "
            f'kind {", ".join(COLUMNS)}; training makes pairs of such a set with recipe = "tags".'
        )
    return _folder_examples(card, split, folder) if folder is not None else _hub_examples(card, split)


def read_file(path: Path, name: str) -> Iterator[Example]:
    """The labelled pairs of a file of one's own, in any format and columns of `crossjudge.files`, and `label`.

    `name`: what to call the set. Raises `InputError` for a file that cannot be read, `FileRowError` for a bad row.
    """
    for row in read_pairs(path):
        if isinstance(row, BadRow):
            raise row.error
        gold = row.fields.get("label")
        if not isinstance(gold, str | int):
            raise bad_row(path, row.line, "label", f"it is {gold!r}; expected the name of a label")
        yield Example(row.content.text_a, row.content.text_b, str(gold), name)


def _folder_examples(card: DatasetCard, split: str, folder: Path) -> Iterator[Example]:
    path = set_path(card, split, folder)
    column_a, column_b = COLUMNS[card.kind]
    gold_column = card.gold_column or GOLD_COLUMN.get(card.kind, "label")

    def rows() -> Iterator[Example]:
        for line, row in read_jsonl(path):
            text_a, text_b = text_field(path, line, row, column_a), text_field(path, line, row, column_b)
            value = present_field(path, line, row, gold_column)
            try:
                gold = _gold(card, value)
            except (ValueError, TypeError, IndexError) as error:
                raise bad_row(path, line, gold_column, f"it is {value!r}; expected a gold label") from error
            if gold is not None:
                yield Example(text_a, text_b, gold, card.name, str(row.get("tag") or ""))

    return rows()


def _hub_examples(card: DatasetCard, split: str) -> Iterator[Example]:
    table = hub_table(card, split)
    column_a, column_b = card.columns or COLUMNS[card.kind]

    def rows() -> Iterator[Example]:
        for row in table:
            gold = _gold(card, row[card.label_column])
            if gold is not None:
                tag = row[card.tag_column] if card.tag_column else ""
                yield Example(row[column_a], row[column_b], gold, card.name, str(tag))

    return rows()


def _gold(card: DatasetCard, value: Any) -> str | float | None:
    """A row's gold as this set's kind has it: a grade or a label's name; None where nobody knows it."""
    if card.kind in GRADED:
        return float(value)
    if value == -1 or value is None:
        return None
    if isinstance(value, int) and card.labels is not None:
        if value < 0:
            raise ValueError(value)
        return card.labels[value]
    return str(value)
