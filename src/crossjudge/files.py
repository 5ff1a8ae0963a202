"""Rows in and out of files (jsonl, csv, tsv, parquet); a row that cannot be read is handed over in its place.

Readers stream: they hold one row (parquet: one batch of rows) at a time. Text is UTF-8, with or without a byte-order
mark; csv is quoted as RFC 4180 says, tsv is not quoted (a tab always ends a field), and both start with a header.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, Literal, TextIO, TypeAlias, TypeVar, cast, get_args

from crossjudge.errors import FileRowError, InputError
from crossjudge.extras import require
from crossjudge.types import Pair

FileFormat: TypeAlias = Literal["jsonl", "csv", "tsv", "parquet"]
Columns: TypeAlias = tuple[str, str]
Content = TypeVar("Content", covariant=True)

STANDARD_INPUT = "-"

PAIR_COLUMNS: tuple[Columns, ...] = (
    ("text_a", "text_b"),
    ("premise", "hypothesis"),
    ("query", "document"),
    ("sentence1", "sentence2"),
)
"""The column names that hold a pair when nobody names others."""

ENDINGS: Mapping[str, FileFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
    ".csv.gz": "csv",
    ".tsv.gz": "tsv",
}

MAX_FIELD_CHARS = 64 * 2**20
"""The longest csv field; beyond it a quote was most likely opened and never closed."""

_BATCH_ROWS = 1024
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stood in its file. `line`: counted from 1, where the row starts (parquet: the row's number)."""

    line: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row(Generic[Content]):
    """One row that holds what is read of it, a `Pair` for instance; `fields` are all its columns."""

    line: int
    content: Content
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that could not be read, in its place; `fields` are the columns that could be (maybe none)."""

    line: int
    error: FileRowError
    fields: Mapping[str, Any]


def format_of(path: str | Path) -> FileFormat | None:
    """The format that the name's ending states, or None if it states none."""
    name = Path(path).name.lower()
    return next((known for ending, known in ENDINGS.items() if name.endswith(ending) and name != ending), None)


def read_pairs(
    path: str | Path, *, columns: Columns | None = None, file_format: FileFormat | None = None
) -> Iterator[Row[Pair] | BadRow]:
    """The pairs of a file in order, a `BadRow` where a row is not two texts; `-` is standard input.

    `columns` names the two columns, or the first of `PAIR_COLUMNS` that is there. `file_format` overrides the
    file's ending. Raises `InputError` at once for a file that is missing or of no known kind, and `FileRowError` (on
    the first row) for a header that lacks the columns: no row could be read.
    """

    def check_header(names: Sequence[str]) -> None:
        _choose_columns(names, columns, name=_shown(path), line=1)

    records = read_records(path, file_format=file_format, check_header=check_header)
    return (_to_pair(record, columns, name=_shown(path)) for record in records)


def read_records(
    path: str | Path,
    *,
    file_format: FileFormat | None = None,
    check_header: Callable[[Sequence[str]], None] | None = None,
) -> Iterator[Record | BadRow]:
    """The rows of a file in order, whatever their columns; a file without rows gives none.

    `check_header` sees the column names of csv, tsv and parquet before the first row, and may raise.
    Raises `InputError` at once for a file that is missing or of no known kind.
    """
    wanted = file_format or ("jsonl" if str(path) == STANDARD_INPUT else format_of(path))
    _check_readable(path, wanted)
    if wanted == "parquet":
        return _parquet_records(Path(path), check_header)
    if wanted == "jsonl":
        return _jsonl_records(path)
    return _table_records(path, check_header, quoted=wanted == "csv")


def parse_columns(text: str) -> Columns:
    """`"a,b"` -> `("a", "b")`; raises `InputError` if it does not name two different columns."""
    names = tuple(name.strip() for name in text.split(","))
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InputError(f"Reading the columns {text!r}: expected two different names, as in 'question,answer'.")
    return names[0], names[1]


def estimate_rows(path: str | Path, *, file_format: FileFormat | None = None) -> int | None:
    """About how many rows a file holds, for progress bars; None where only reading all of it would tell.

    None too for a file that cannot be read: what is wrong with it is for its reader to say. Only files on disk are
    looked into, since what comes through a pipe can be read once.
    """
    wanted = file_format or format_of(path)
    if str(path) == STANDARD_INPUT or str(path).lower().endswith(".gz") or not Path(path).is_file():
        return None
    if wanted == "parquet":
        return _parquet_rows(path)
    try:
        with Path(path).open("rb") as stream:
            newlines = sum(block.count(b"\n") for block in iter(lambda: stream.read(2**20), b""))
    except OSError:
        return None
    return max(newlines - (wanted != "jsonl"), 0)


def _parquet_rows(path: str | Path) -> int | None:
    parquet = require("pyarrow.parquet", to="read parquet files")
    try:
        return int(parquet.read_metadata(path).num_rows)
    except (OSError, require("pyarrow", to="read parquet files").ArrowException):
        return None


# --- which two columns -----------------------------------------------------------------------------------------------


def _to_pair(record: Record | BadRow, columns: Columns | None, *, name: str) -> Row[Pair] | BadRow:
    if isinstance(record, BadRow):
        return record
    line, fields = record.line, record.fields
    try:
        column_a, column_b = _choose_columns(fields, columns, name=name, line=line)
        text_a, text_b = (_text(fields, column, name=name, line=line) for column in (column_a, column_b))
    except FileRowError as error:
        return BadRow(line, error, fields)
    row_id = fields.get("id")
    return Row(line, Pair(text_a, text_b, None if row_id is None else str(row_id)), fields)


def _choose_columns(names: Iterable[str], columns: Columns | None, *, name: str, line: int) -> Columns:
    names = names if isinstance(names, Mapping) else tuple(names)
    candidates = PAIR_COLUMNS if columns is None else (columns,)
    found = [pair for pair in candidates if pair[0] in names and pair[1] in names]
    if len(found) == 1:
        return found[0]
    seen = seen_columns(names)
    if found:
        both = " and ".join("/".join(pair) for pair in found)
        problem = f"the columns {both} could both be the pair. Say which with --columns a,b."
        raise FileRowError(f"{name} line {line}: {problem}", path=name, line=line)
    missing = _missing_column(names, candidates)
    if missing is None:
        known = ", ".join("/".join(pair) for pair in PAIR_COLUMNS)
        problem = f"no pair of texts; found {seen}. Expected {known}. Rename two columns, or pass --columns a,b."
    else:
        problem = f"no field {missing!r}; found {seen}. Rename it, or pass --columns a,b."
    raise FileRowError(f"{name} line {line}: {problem}", path=name, line=line, column=missing)


def seen_columns(names: Iterable[str]) -> str:
    """The columns that are there, as an error names them; of a table in semicolons with the advice to use commas."""
    given = list(names)
    advice = " (one column with semicolons in its name: separate columns by commas)"
    return (", ".join(map(repr, given)) or "none") + advice * (len(given) == 1 and ";" in given[0])


def _missing_column(names: Iterable[str], candidates: Sequence[Columns]) -> str | None:
    """The column whose partner is there, or the first one that was asked for by name."""
    for column_a, column_b in candidates:
        if (column_a in names) != (column_b in names):
            return column_b if column_a in names else column_a
    return candidates[0][0] if len(candidates) == 1 else None


def _text(fields: Mapping[str, Any], column: str, *, name: str, line: int) -> str:
    value = fields[column]
    if isinstance(value, str):
        return value
    seen = "null" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
    problem = f"field {column!r} is {seen}; expected text. Correct the row, or leave it out."
    raise FileRowError(f"{name} line {line}: {problem}", path=name, line=line, column=column)


# --- lines of text ---------------------------------------------------------------------------------------------------


class _Lines:
    """Decoded lines, and the way back to a line from which reading went wrong.

    `number` is the line handed out last, counted from 1. Iterating raises `FileRowError` for a line that is not
    UTF-8 (the next one can still be read) and where a damaged file ends.
    """

    def __init__(self, stream: Iterable[bytes], name: str) -> None:
        self._stream, self._name = iter(stream), name
        self._waiting: list[bytes] = []
        self._since_mark: list[bytes] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else self._read()
        self.number += 1
        self._since_mark.append(line)
        if self.number == 1:
            line = self._without_mark(line)
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            seen = f"byte 0x{line[error.start]:02x} at position {error.start}"
            raise self.error(f"not UTF-8 ({seen}). Save the file as UTF-8.", self.number) from error

    def _read(self) -> bytes:
        try:
            return next(self._stream)
        except (OSError, EOFError, zlib.error) as error:
            self._stream = iter(())
            problem = f"the file cannot be read from here on ({error}). It is damaged or incomplete; fetch it again."
            raise self.error(problem, self.number + 1) from error

    def _without_mark(self, line: bytes) -> bytes:
        if line.startswith(_UTF_16_MARKS):
            raise InputError(f"Reading {self._name}: the text is UTF-16; expected UTF-8. Save the file as UTF-8.")
        return line.removeprefix(_UTF_8_MARK)

    def error(self, problem: str, line: int) -> FileRowError:
        """`problem`, found on `line`."""
        return FileRowError(f"{self._name} line {line}: {problem}", path=self._name, line=line)

    def mark(self) -> int:
        """Remember this place; the number of the line that comes next."""
        self._since_mark.clear()
        return self.number + 1

    def back_to_second(self) -> None:
        """Hand out again every line since the mark but the first."""
        again = self._since_mark[1:]
        self._waiting.extend(reversed(again))
        self.number -= len(again)


@contextmanager
def _open_lines(path: str | Path) -> Iterator[_Lines]:
    if str(path) == STANDARD_INPUT:
        yield _Lines(_standard_input(), _shown(path))
        return
    with _open_bytes(path) as stream:
        yield _Lines(stream, _shown(path))


def _standard_input() -> IO[bytes]:
    """Its bytes, through a buffer of our own.

    The interpreter closes `sys.stdin` as it ends, and dies of that while another thread still waits for a line of it.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except io.UnsupportedOperation:  # something else took its place, which is no file
        return sys.stdin.buffer


def _open_bytes(path: str | Path) -> IO[bytes]:
    try:
        if str(path).lower().endswith(".gz"):
            return cast(IO[bytes], gzip.open(path, "rb"))
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(f"Reading {path}: it cannot be opened ({error.strerror}). Check who may read it.") from error


def _check_readable(path: str | Path, wanted: FileFormat | None) -> None:
    name = _shown(path)
    if wanted is None:
        known = ", ".join(ENDINGS)
        raise InputError(
            f"Reading {name}: unknown kind of file; expected one of {known}. Rename it, or state --format."
        )
    if wanted not in get_args(FileFormat):
        raise InputError(f"Reading {name}: unknown format {wanted!r}; expected {', '.join(get_args(FileFormat))}.")
    if str(path) == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("Reading standard input: it is closed. Name a file, or pipe the rows in.")
        if wanted == "parquet":
            raise InputError("Reading standard input: parquet cannot be read from a stream. Name the file instead.")
    elif Path(path).is_dir():
        raise InputError(f"Reading {name}: it is a folder; expected a file. Name the files in it.")
    elif not Path(path).exists():
        raise InputError(f"Reading {name}: there is no such file. Check the name and the folder you are in.")


def _shown(path: str | Path) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


# --- one reader for each format --------------------------------------------------------------------------------------


def _jsonl_records(path: str | Path) -> Iterator[Record | BadRow]:
    with _open_lines(path) as lines:
        while True:
            number = lines.mark()
            try:
                line = next(lines)
                if line.strip():
                    yield Record(number, _json_object(line, number, lines))
            except StopIteration:
                return
            except FileRowError as error:
                yield BadRow(number, error, {})


def _json_object(line: str, number: int, lines: _Lines) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise lines.error(f"not valid JSON ({error}); expected one object a line. Correct the line.", number) from error
    if not isinstance(content, dict):
        seen = type(content).__name__
        raise lines.error(f"found a JSON {seen}; expected one object a line. Correct the line.", number)
    return content


def _table_records(
    path: str | Path, check_header: Callable[[Sequence[str]], None] | None, *, quoted: bool
) -> Iterator[Record | BadRow]:
    with _open_lines(path) as lines:
        rows = _table_rows(lines, quoted=quoted)
        first = next(rows, None)
        if first is None:
            return
        if isinstance(first, BadRow):
            raise first.error
        names = [name.strip() for name in first[1]]
        _check_names(names, lines)
        if check_header is not None:
            check_header(names)
        for row in rows:
            yield row if isinstance(row, BadRow) else _table_record(names, *row, lines)


def _check_names(names: Sequence[str], lines: _Lines) -> None:
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise lines.error(f"two columns are named {twice!r}; expected different names. Rename one.", 1)


def _table_record(names: Sequence[str], number: int, values: Sequence[str], lines: _Lines) -> Record | BadRow:
    if len(values) == len(names):
        return Record(number, dict(zip(names, values, strict=True)))
    problem = f"found {len(values)} fields; expected {len(names)}, as in the header. Quote or correct the row."
    return BadRow(number, lines.error(problem, number), dict(zip(names, values, strict=False)))


def table_rows(
    lines: Iterable[bytes], *, name: str, quoted: bool, first_line: int = 1
) -> Iterator[tuple[int, list[str]] | BadRow]:
    """(line, fields) of each row in lines of a csv (`quoted`) or tsv file, its header among them.

    `name` and `first_line`, the number of the first of `lines`, are what errors say.
    """
    numbered = _Lines(lines, name)
    numbered.number = first_line - 1
    return _table_rows(numbered, quoted=quoted)


def _table_rows(lines: _Lines, *, quoted: bool) -> Iterator[tuple[int, list[str]] | BadRow]:
    """(line, fields) of each row; after a row that makes no sense, reading goes on from its second line."""
    if not quoted:
        yield from _tabbed_rows(lines)
        return
    # The limit belongs to the process: it is only ever raised, for whoever else reads csv here.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARS))
    reader = csv.reader(lines, strict=True)
    while True:
        number = lines.mark()
        try:
            values = next(reader)
        except StopIteration:
            return
        except (csv.Error, FileRowError) as error:
            lines.back_to_second()
            reader = csv.reader(lines, strict=True)
            yield BadRow(number, _csv_error(error, number, lines), {})
        else:
            if values:
                yield number, values


def _csv_error(error: Exception, number: int, lines: _Lines) -> FileRowError:
    if isinstance(error, FileRowError):
        return error
    problem = f"not valid csv ({error}). A quote may be missing, or not doubled inside quotes; correct the row."
    return lines.error(problem, number)


def _tabbed_rows(lines: _Lines) -> Iterator[tuple[int, list[str]] | BadRow]:
    while True:
        number = lines.mark()
        try:
            line = next(lines).rstrip("\r\n")
        except StopIteration:
            return
        except FileRowError as error:
            yield BadRow(number, error, {})
        else:
            if line:
                yield number, line.split("\t")


def _parquet_records(path: Path, check_header: Callable[[Sequence[str]], None] | None) -> Iterator[Record | BadRow]:
    parquet = require("pyarrow.parquet", to="read parquet files")
    arrow_error = require("pyarrow", to="read parquet files").ArrowException
    number = 0
    try:
        with parquet.ParquetFile(path) as table:
            if check_header is not None:
                check_header(table.schema_arrow.names)
            for batch in table.iter_batches(batch_size=_BATCH_ROWS):
                for fields, broken in _parquet_batch(batch):
                    number += 1
                    yield _parquet_record(path, number, fields, broken)
    except (OSError, arrow_error) as error:
        problem = f"the file cannot be read as parquet ({error}). It is damaged or of another kind."
        failure = FileRowError(f"{path} row {number + 1}: {problem}", path=str(path), line=number + 1)
        if number == 0:
            raise failure from error
        yield BadRow(number + 1, failure, {})


_NO_PYTHON_VALUE = (ValueError, OverflowError)
"""What pyarrow raises for a value that Python cannot hold: text that is not UTF-8, a date beyond the year 9999."""


def _parquet_batch(batch: Any) -> Iterator[tuple[dict[str, Any], dict[str, Exception]]]:
    """Each row's columns: those that could be read, and why the others could not."""
    try:
        rows = batch.to_pylist()
    except _NO_PYTHON_VALUE:
        yield from (_parquet_row(batch, index) for index in range(batch.num_rows))
    else:
        yield from ((fields, {}) for fields in rows)


def _parquet_row(batch: Any, index: int) -> tuple[dict[str, Any], dict[str, Exception]]:
    fields: dict[str, Any] = {}
    broken: dict[str, Exception] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            fields[name] = column[index].as_py()
        except _NO_PYTHON_VALUE as error:
            broken[name] = error
    return fields, broken


def _parquet_record(
    path: Path, number: int, fields: dict[str, Any], broken: Mapping[str, Exception]
) -> Record | BadRow:
    if not broken:
        return Record(number, fields)
    column, error = next(iter(broken.items()))
    problem = f"field {column!r} cannot be read ({error}). Write the column as UTF-8 text, or leave the row out."
    return BadRow(
        number, FileRowError(f"{path} row {number}: {problem}", path=str(path), line=number, column=column), fields
    )


# --- rows out --------------------------------------------------------------------------------------------------------

WriteRow: TypeAlias = Callable[[Mapping[str, Any]], None]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def json_line(row: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """`row` as one line of JSON without its newline; always encodable as UTF-8, or as ASCII where asked."""
    text = json.dumps(row, ensure_ascii=ascii_only)
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def open_writer(path: str | Path, *, columns: Mapping[str, type]) -> AbstractContextManager[WriteRow]:
    """A function that writes one row to `path`, in the format its ending states; use it in a `with` block.

    `columns` states the columns of csv, tsv and parquet, in order, and their types: `str`, `int`, `float`, `bool`,
    or `dict` for nested values, which become JSON text there. Columns that a row lacks are empty. Raises `InputError`
    at once for an unknown ending and for a file that cannot be opened, and later where the disk takes no more.
    """
    wanted = format_of(path)
    if wanted is None:
        raise InputError(f"Writing {path}: unknown kind of file; expected one of {', '.join(ENDINGS)}. Rename it.")
    if not Path(path).absolute().parent.is_dir():
        raise InputError(f"Writing {path}: there is no such folder. Make it first.")
    if wanted == "parquet":
        return _parquet_writer(Path(path), columns)
    return _text_writer(Path(path), wanted, tuple(columns))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Around whatever touches `path` alone: what the system refuses becomes our error, which names it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = os.strerror(error.errno) if error.errno else error
        raise InputError(f"Writing {path}: {problem}. Name another --output, or make room for it.") from error


@contextmanager
def _closing(path: Path, stream: Any) -> Iterator[None]:
    try:
        yield
    finally:
        with _writing(path):
            stream.close()


@contextmanager
def _text_writer(path: Path, wanted: FileFormat, columns: tuple[str, ...]) -> Iterator[WriteRow]:
    with _writing(path):
        stream = _open_text(path)
    with _closing(path, stream):
        yield _guarded(path, _row_writer(stream, wanted, columns))


def _guarded(path: Path, write: WriteRow) -> WriteRow:
    def write_row(row: Mapping[str, Any]) -> None:
        with _writing(path):
            write(row)

    return write_row


def _row_writer(stream: TextIO, wanted: FileFormat, columns: tuple[str, ...]) -> WriteRow:
    if wanted == "jsonl":
        return lambda row: _print_line(stream, json_line(row))
    write = _csv_row(stream) if wanted == "csv" else _tsv_row(stream)
    write(columns)
    return lambda row: write([_cell(row.get(column)) for column in columns])


def _open_text(path: Path) -> TextIO:
    settings: dict[str, Any] = {"encoding": "utf-8", "errors": "replace", "newline": "\n"}
    if path.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(path, "wt", **settings))
    return cast(TextIO, path.open("w", **settings))


def _print_line(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")


def _csv_row(stream: TextIO) -> Callable[[Sequence[str]], Any]:
    return csv.writer(stream, lineterminator="\n").writerow


def _tsv_row(stream: TextIO) -> Callable[[Sequence[str]], Any]:
    return lambda values: _print_line(stream, "\t".join(re.sub(r"[\t\r\n]+", " ", value) for value in values))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@contextmanager
def _parquet_writer(path: Path, columns: Mapping[str, type]) -> Iterator[WriteRow]:
    arrow = require("pyarrow", to="write parquet files")
    parquet = require("pyarrow.parquet", to="write parquet files")
    arrow_types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    schema = arrow.schema([(name, arrow_types.get(kind, arrow.string())) for name, kind in columns.items()])
    waiting: list[dict[str, Any]] = []

    with _writing(path):
        table = parquet.ParquetWriter(path, schema)
    with _closing(path, table):

        def flush() -> None:
            with _writing(path):
                table.write_table(arrow.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def write(row: Mapping[str, Any]) -> None:
            waiting.append({name: _arrow_value(row.get(name), kind) for name, kind in columns.items()})
            if len(waiting) == _BATCH_ROWS:
                flush()

        yield write
        flush()


def _arrow_value(value: object, kind: type) -> object:
    if kind in (int, float, bool) or value is None:
        return value
    return _cell(value).encode("utf-8", "replace").decode("utf-8")
