"""Named data sets, from a folder or the hub, as examples with gold labels; training and evaluation both read here."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crossjudge.errors import FileRowError, InputError
from crossjudge.extras import require
from crossjudge.files import BadRow, read_pairs, read_records

COLUMNS: Mapping[str, tuple[str, str]] = {
    "nli": ("premise", "hypothesis"),
    "similarity": ("sentence1", "sentence2"),
    "duplicate": ("sentence1", "sentence2"),
    "relevance": ("query", "document"),
    "groundedness": ("source", "claim"),
}
"""Kind of set -> the two columns of a pair, in the uniform folder format (gzip JSON-lines, one object a line)."""
GRADED = ("similarity", "relevance")
"""Kinds whose gold is a number: a score from 0 to 1, a grade of which more is better."""
GOLD_COLUMN: Mapping[str, str] = {"similarity": "score"}
"""Kind -> the column of its gold in the folder format, where it is not `label`."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled pair. `gold`: a label name, or a number where the set scores pairs."""

    text_a: str
    text_b: str
    gold: str | float
    source: str
    tag: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetCard:
    """What is known of one named set. `may_ship`: whether weights trained on it may be distributed.

    `file`: its name in a folder, where that is not its own. `hub_splits`: our split -> the hub's. `hub_revision`: a
    branch of the hub's, None for its main one. `labels`: what the integers mean that stand for labels, in order.
    `two_way`: gold says only whether the premise entails. `tag_column`: the hub's column with a pair's category.
    `same_from`, `different_to`: gold scores from which on two texts mean the same, and up to which they do not.
    """

    name: str
    kind: str
    licence: str
    may_ship: bool
    original: str = ""
    file: str = ""
    hub: str | None = None
    hub_config: str | None = None
    hub_revision: str | None = None
    hub_splits: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, str] | None = None
    label_column: str = "label"
    labels: tuple[str, ...] | None = None
    two_way: bool = False
    tag_column: str | None = None
    same_from: float | None = None
    different_to: float | None = None


@cache
def dataset_cards() -> Mapping[str, DatasetCard]:
    """Every set known by name."""
    text = resources.files("crossjudge").joinpath("datasets.toml").read_text(encoding="utf-8")
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
            raise _bad_row(path, row.line, "label", f"it is {gold!r}; expected the name of a label")
        yield Example(row.pair.text_a, row.pair.text_b, str(gold), name)


def read_texts(name: str, split: str, *, folder: Path | None = None) -> Iterator[tuple[str, str]]:
    """(text, label) of each row of a set of single texts, which is read from a folder.

    Raises as `read_examples` does.
    """
    card = find_set(name)
    if card.kind != "tagging":
        raise InputError(f"Reading the set {name!r} as labelled texts: its kind is {card.kind!r}; expected 'tagging'.")
    if folder is None:
        raise InputError(f"Reading the set {name!r}: tagging sets are read from a folder. Name one.")
    path = _path(card, split, folder)
    for line, row in read_jsonl(path):
        yield _text(path, line, row, "text"), _text(path, line, row, "label")


def read_jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, object) of each line of a JSON-lines file, gzip or plain; a bad line raises `FileRowError`."""
    for record in read_records(path, file_format="jsonl"):
        if isinstance(record, BadRow):
            raise record.error
        yield record.line, record.fields


def _path(card: DatasetCard, split: str, folder: Path) -> Path:
    path = folder / card.kind / f"{card.file or card.name}.{split}.jsonl.gz"
    if not path.is_file():
        raise InputError(
            f"Reading the set {card.name!r}: there is no {path}. Expected gzip JSON-lines there; name another folder "
            "or split, or no folder to read from the hub."
        )
    return path


def _folder_examples(card: DatasetCard, split: str, folder: Path) -> Iterator[Example]:
    path = _path(card, split, folder)
    column_a, column_b = COLUMNS[card.kind]
    gold_column = GOLD_COLUMN.get(card.kind, "label")

    def rows() -> Iterator[Example]:
        for line, row in read_jsonl(path):
            text_a, text_b = _text(path, line, row, column_a), _text(path, line, row, column_b)
            value = _present(path, line, row, gold_column)
            try:
                gold = _gold(card, value)
            except (ValueError, TypeError, IndexError) as error:
                raise _bad_row(path, line, gold_column, f"it is {value!r}; expected a gold label") from error
            if gold is not None:
                yield Example(text_a, text_b, gold, card.name, str(row.get("tag") or ""))

    return rows()


def _hub_examples(card: DatasetCard, split: str) -> Iterator[Example]:
    if card.hub is None:
        raise InputError(
            f"Reading the set {card.name!r} from the hub: it is not published there in this form. "
            f"Name a folder that holds {card.kind}/{card.file or card.name}.{split}.jsonl.gz."
        )
    library = require("datasets", to=f"read the set {card.name!r} from the hub")
    where = {} if card.hub_revision is None else {"revision": card.hub_revision}
    table = library.load_dataset(card.hub, card.hub_config, split=card.hub_splits.get(split, split), **where)
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


def _text(path: Path, line: int, row: Mapping[str, Any], column: str) -> str:
    value = _present(path, line, row, column)
    if not isinstance(value, str):
        raise _bad_row(path, line, column, f"it is {value!r}; expected text")
    return value


def _present(path: Path, line: int, row: Mapping[str, Any], column: str) -> Any:
    if column not in row:
        raise _bad_row(path, line, column, f"it is not there; found {', '.join(map(repr, row)) or 'no field'}")
    return row[column]


def _bad_row(path: Path, line: int, column: str, problem: str) -> FileRowError:
    return FileRowError(
        f"{path} line {line}: field {column!r}: {problem}. Correct the row, or leave it out.",
        path=str(path),
        line=line,
        column=column,
    )


def normalized(text: str) -> str:
    """Lower case, letters and digits only: two texts that differ in nothing else are the same text."""
    return re.sub(r"[\W_]+", "", text.lower())


def distinct(examples: Iterable[Example]) -> Iterator[Example]:
    """Examples whose normalised pair was not seen before; the first wins."""
    seen: set[tuple[str, str]] = set()
    for example in examples:
        key = (normalized(example.text_a), normalized(example.text_b))
        if key not in seen:
            seen.add(key)
            yield example
