"""What was written after a use's command -> what it asks, row by row: from texts, files or standard input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

from crossjudge.cli.inputs import Item, Q, Source, check_read_once, texts_and_files
from crossjudge.cli.options import InputOptions
from crossjudge.errors import FileRowError, InputError
from crossjudge.files import BadRow, FileFormat, Record, Row, read_records, seen_columns

Value: TypeAlias = str | list[str] | None
"""What a field holds: a text, several, or nothing where it is optional and missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One column that a command reads. `also`: other names it may have; `many`: a list of texts, or a single one."""

    name: str
    also: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Form(Generic[Q]):
    """What one row of a command looks like.

    `of_fields` gets each field's value by name; `of_words` all texts of the command line, and may raise `InputError`.
    `noun`: what people call a row. `ids`: columns that may say which row it is, in order of preference. `one_of`:
    optional fields of which a row needs one.
    """

    fields: tuple[Field, ...]
    of_fields: Callable[..., Q]
    of_words: Callable[[tuple[str, ...]], Sequence[Q]]
    noun: str
    ids: tuple[str, ...] = ("id",)
    one_of: tuple[str, ...] = ()


def open_form(words: tuple[str, ...], options: InputOptions, form: Form[Q]) -> Source[Q]:
    """`words` (a command's arguments) and `options` -> what is asked: all from texts or all from files."""
    texts, files = texts_and_files(words, options)
    if not files:
        if options.columns is not None:
            raise InputError("Reading the arguments: --columns is about files, and none is named. Name one.")
        items = [Item(Row(line, asked, {})) for line, asked in enumerate(form.of_words(texts), start=1)]
        return Source(items=items, noun=form.noun, num_rows=len(items))
    check_read_once(files)
    file_format: FileFormat | None = None if options.file_format is None else options.file_format.value
    reader = _Reader(form, _named_columns(form.fields, options.columns))
    rows = [reader.rows(name, file_format) for name in files]

    def items_of_files() -> Iterator[Item[Q]]:
        for name, some in zip(files, rows, strict=True):
            for row in some:
                yield Item(row, name)

    return Source(items=items_of_files(), noun=form.noun, files=files, file_format=file_format, ids=form.ids)


def _named_columns(fields: Sequence[Field], columns: str | None) -> dict[str, tuple[str, ...]]:
    """Field -> the columns where it may stand: the ones that --columns names, in the order of the fields."""
    if columns is None:
        return {field.name: (field.name, *field.also) for field in fields}
    named = [name.strip() for name in columns.split(",")]
    required = sum(not field.optional for field in fields)
    if not all(named) or len(set(named)) != len(named) or not required <= len(named) <= len(fields):
        raise InputError(
            f"Reading the columns {columns!r}: expected different names for {', '.join(field.name for field in fields)}"
            f", in this order{'' if required == len(fields) else f' ({required} of them are needed)'}."
        )
    return {field.name: (name,) for field, name in zip(fields, named, strict=False)}


@dataclass(frozen=True, slots=True)
class _Reader(Generic[Q]):
    """Makes rows of records. `columns`: field -> the columns where it may stand; none for a field left out."""

    form: Form[Q]
    columns: Mapping[str, tuple[str, ...]]

    def rows(self, path: str, file_format: FileFormat | None) -> Iterator[Row[Q] | BadRow]:
        """The rows of a file; a missing file or column of a table raises at once or on the first row."""

        def check_header(names: Sequence[str]) -> None:
            self._chosen(names, path, 1)

        records = read_records(path, file_format=file_format, check_header=check_header)
        return (self._row(record, path) for record in records)

    def _row(self, record: Record | BadRow, path: str) -> Row[Q] | BadRow:
        if isinstance(record, BadRow):
            return record
        try:
            chosen = self._chosen(record.fields, path, record.line)
            values = {
                field.name: _value(field, chosen[field.name], record, path)
                for field in self.form.fields
                if field.name in chosen
            }
        except FileRowError as error:
            return BadRow(record.line, error, record.fields)
        return Row(record.line, self.form.of_fields(**values), record.fields)

    def _chosen(self, names: Iterable[str], path: str, line: int) -> dict[str, str]:
        """Field -> its column; raises `FileRowError` where a field that is needed has none."""
        there = set(names)
        chosen: dict[str, str] = {}
        for field in self.form.fields:
            column = next((name for name in self.columns.get(field.name, ()) if name in there), None)
            if column is not None:
                chosen[field.name] = column
            elif not field.optional:
                raise _missing(self.columns[field.name][0], names, path, line)
        if self.form.one_of and chosen.keys().isdisjoint(self.form.one_of):
            raise _missing(self.form.one_of[0], names, path, line)
        return chosen


def _missing(wanted: str, names: Iterable[str], path: str, line: int) -> FileRowError:
    return FileRowError(
        f"{path} line {line}: no field {wanted!r}; found {seen_columns(names)}. Rename it, or pass --columns.",
        path=path, line=line, column=wanted,
    )  # fmt: skip


def _value(field: Field, column: str, record: Record, path: str) -> Value:
    value = record.fields[column]
    if field.optional and value in (None, ""):
        return None
    if field.many and isinstance(value, str):
        value = _listed(value, column, record, path)
    if isinstance(value, list if field.many else str):
        return value
    expected = "a list of texts" if field.many else "text"
    raise FileRowError(
        f"{path} line {record.line}: field {column!r} is {type(value).__name__} {str(value)[:40]!r}; expected "
        f"{expected}. Correct the row, or leave it out.",
        path=path, line=record.line, column=column,
    )  # fmt: skip


_MEANT_AS_LIST = re.compile(r"\[.*[,'\"].*\]", re.DOTALL)
"""In brackets, with a comma or quotes: ['Paris', 'London'] as Python prints it, [rain, snow]."""


def _listed(text: str, column: str, record: Record, path: str) -> Any:
    """A cell of a table: a list as JSON, or a single text; raises `FileRowError` for a list written otherwise."""
    if not text.lstrip().startswith("["):
        return [text]
    try:
        return json.loads(text)
    except ValueError:
        if not _MEANT_AS_LIST.fullmatch(text.strip()):
            return [text]
    raise FileRowError(
        f"{path} line {record.line}: field {column!r} holds {text[:40]!r}; expected one text, or a list as JSON "
        'writes it, ["rain", "snow"]. Write it so, or, if the brackets are part of one text, ["[...]"].',
        path=path, line=record.line, column=column,
    )  # fmt: skip
