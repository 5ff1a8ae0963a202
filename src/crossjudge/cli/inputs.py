"""What was written after a command -> its pairs in order: texts, files or standard input."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from crossjudge.cli.options import InputOptions
from crossjudge.errors import InputError
from crossjudge.files import (
    ENDINGS,
    STANDARD_INPUT,
    BadRow,
    FileFormat,
    Row,
    estimate_rows,
    format_of,
    parse_columns,
    read_pairs,
)
from crossjudge.types import Pair

_LONGEST_PATH = 1_000

Q = TypeVar("Q", covariant=True)
"""What one row asks: a pair, a text to tag, an answer to check."""

FILES_HINT = f"files ({', '.join(ending for ending in ENDINGS if 'gz' not in ending)}), or - for standard input"


@dataclass(frozen=True, slots=True)
class Item(Generic[Q]):
    """One row, and the file it came from (None: from the command line)."""

    row: Row[Q] | BadRow
    file: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Source(Generic[Q]):
    """What is to be judged, row by row; `noun` is what people call a row.

    `premise`: the first text where pairs come from the command line, else None. `ids`: the columns of a file that may
    say which row it is, in order of preference.
    """

    items: Iterable[Item[Q]]
    noun: str = "pair"
    files: tuple[str, ...] = ()
    file_format: FileFormat | None = None
    premise: str | None = None
    num_rows: int | None = None
    ids: tuple[str, ...] = ("id",)

    def id_of(self, row: Row[Any] | BadRow) -> str | int | None:
        """As it stood in the file; what is neither text nor a number becomes text, as it would in a csv file."""
        value = next((row.fields[name] for name in self.ids if row.fields.get(name) is not None), None)
        return value if value is None or type(value) in (str, int) else str(value)

    @property
    def is_live(self) -> bool:
        """Whether rows may come one by one (standard input, a pipe), from somebody who waits for their answers."""
        return any(name == STANDARD_INPUT or not os.path.isfile(name) for name in self.files)

    def estimate(self) -> int | None:
        """About how many rows there are, or None where only reading all would tell."""
        if self.num_rows is not None:
            return self.num_rows
        found = [estimate_rows(name, file_format=self.file_format) for name in self.files]
        known = [number for number in found if number is not None]
        return sum(known) if len(known) == len(found) else None


def open_source(words: tuple[str, ...], options: InputOptions) -> Source[Pair]:
    """`words` (a command's arguments) and `options` -> pairs: all from texts or all from files.

    Raises `InputError` where it is not clear which, rather than guess.
    """
    texts, files = texts_and_files(words, options)
    if files:
        return _from_files(files, options)
    if options.columns is not None:
        raise InputError(f"Reading the arguments: --columns is about files, and none is named; expected {FILES_HINT}.")
    if len(texts) < 2:
        seen = f"found only {texts[0][:60]!r}" if texts else "found nothing"
        raise InputError(
            f"Reading the arguments: {seen}; expected a first text and at least one second text, or {FILES_HINT}. "
            "For a file of another name, state --format."
        )
    return _from_texts(texts)


def texts_and_files(words: tuple[str, ...], options: InputOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`words` and `--file` as (texts, files), one of them empty; raises `InputError` rather than guess."""
    if options.text:
        if options.file or options.file_format:
            raise InputError("Reading the arguments: --text says they are texts, --file or --format that they are not.")
        return words, ()
    if options.file:
        if words:
            raise InputError(
                f"Reading the arguments: found --file, and {words[0][:60]!r} beside it; expected rows from files or "
                "from texts, not from both. Run the command once for each."
            )
        return (), tuple(options.file)
    named = tuple(word for word in words if options.file_format or _looks_like_file(word))
    if named and len(named) < len(words):
        other = next(word for word in words if word not in named)
        raise InputError(
            f"Reading the arguments: {named[0]!r} looks like a file and {other[:60]!r} like a text; expected all "
            "files or all texts. Pass --text if all are texts."
        )
    return ((), named) if named else (words, ())


def _looks_like_file(word: str) -> bool:
    """Whether a person who wrote `word` meant a file, be it there or not.

    Raises `InputError` for what stands there under a name that does not say how it is to be read.
    """
    if format_of(word) is None:
        if any(mark in word for mark in "./\\") and len(word) < _LONGEST_PATH and os.path.exists(word):
            raise InputError(
                f"Reading the arguments: {word!r} is there, and its name does not say what is in it; expected a text, "
                f"or {FILES_HINT}. State --format if its rows are meant, or --text if the word itself is."
            )
        return word == STANDARD_INPUT
    return len(word.split()) == 1 or os.path.exists(word)


def _from_texts(texts: tuple[str, ...]) -> Source[Pair]:
    premise, *others = texts
    items = [Item(Row(line, Pair(premise, other), {})) for line, other in enumerate(others, start=1)]
    return Source(items=items, premise=premise, num_rows=len(items))


def check_read_once(names: Sequence[str]) -> None:
    """Refuse to read standard input twice."""
    if names.count(STANDARD_INPUT) > 1:
        raise InputError("Reading the arguments: - stands there twice, and standard input can be read only once.")


def _from_files(names: tuple[str, ...], options: InputOptions) -> Source[Pair]:
    check_read_once(names)
    columns = None if options.columns is None else parse_columns(options.columns)
    file_format: FileFormat | None = None if options.file_format is None else options.file_format.value
    readers = [read_pairs(name, columns=columns, file_format=file_format) for name in names]

    def items() -> Iterator[Item[Pair]]:
        for name, rows in zip(names, readers, strict=True):
            for row in rows:
                yield Item(row, name)

    return Source(items=items(), files=names, file_format=file_format)
