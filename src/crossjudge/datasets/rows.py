"""Rows of sets, from a folder or the hub, and fields of rows; what is wrong with one names file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossjudge.datasets.cards import DatasetCard
from crossjudge.errors import FileRowError, InputError
from crossjudge.extras import require
from crossjudge.files import BadRow, read_records


def read_jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, object) of each line of a JSON-lines file, gzip or plain; a bad line raises `FileRowError`."""
    for record in read_records(path, file_format="jsonl"):
        if isinstance(record, BadRow):
            raise record.error
        yield record.line, record.fields


def set_path(card: DatasetCard, split: str, folder: Path) -> Path:
    """The file of one split in a folder of sets; raises `InputError` where it is not there."""
    path = folder / card.place(split)
    if not path.is_file():
        raise InputError(
            f"Reading the set {card.name!r}: there is no {path}. Expected gzip JSON-lines there; name another folder "
            "or split, or no folder to read from the hub."
        )
    return path


def hub_table(card: DatasetCard, split: str) -> Iterable[Mapping[str, Any]]:
    """The rows of one split as the hub has them; raises `InputError` for a set that is not published there."""
    if card.hub is None:
        raise InputError(
            f"Reading the set {card.name!r} from the hub: it is not published there in this form. "
            f"Name a folder that holds {card.place(split)}."
        )
    library = require("datasets", to=f"read the set {card.name!r} from the hub")
    where = {} if card.hub_revision is None else {"revision": card.hub_revision}
    table: Iterable[Mapping[str, Any]] = library.load_dataset(
        card.hub, card.hub_config, split=card.hub_splits.get(split, split), **where
    )
    return table


def text_field(path: Path, line: int, row: Mapping[str, Any], column: str) -> str:
    """A field that must be text."""
    value = present_field(path, line, row, column)
    if not isinstance(value, str):
        raise bad_row(path, line, column, f"it is {value!r}; expected text")
    return value


def texts_field(path: Path, line: int, row: Mapping[str, Any], column: str) -> tuple[str, ...]:
    """A field that must be a list of texts, of one or more."""
    value = present_field(path, line, row, column)
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise bad_row(path, line, column, f"it is {value!r}; expected a list of texts")
    return tuple(value)


def present_field(path: Path, line: int, row: Mapping[str, Any], column: str) -> Any:
    """A field that must be there."""
    if column not in row:
        raise bad_row(path, line, column, f"it is not there; found {', '.join(map(repr, row)) or 'no field'}")
    return row[column]


def bad_row(path: Path, line: int, column: str, problem: str) -> FileRowError:
    """The error of one row."""
    return FileRowError(
        f"{path} line {line}: field {column!r}: {problem}. Correct the row, or leave it out.",
        path=str(path),
        line=line,
        column=column,
    )
