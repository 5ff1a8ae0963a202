"""One look through the input: how many rows, where every thousandth begins, which columns of which type."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from crossjudge.errors import InputError
from crossjudge.files import BadRow, table_rows
from crossjudge.jobs.json_rows import schema_of_lines, unified
from crossjudge.jobs.places import Place, open_bytes

CHUNK_ROWS = 1_000
"""Rows between two marks, unless shards are to be smaller."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of one file: bytes of a text file, rows of others, from `start` to before `stop`.

    `line`: where they begin, counted from 1 (for other files: the number of the row).
    """

    start: int
    stop: int
    rows: int
    line: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a file holds. `names`: the header of a csv or tsv file. `digest` changes with its content."""

    place: Place
    chunks: list[Chunk]
    schema: pa.Schema
    names: tuple[str, ...]
    digest: str


def chunk_size(shard_rows: int | None) -> int:
    """Rows between two marks where shards have at most so many."""
    return min(CHUNK_ROWS, shard_rows or CHUNK_ROWS)


def scan(place: Place, *, chunk_rows: int = CHUNK_ROWS) -> Scan:
    """Look through one file once."""
    try:
        return _SCANNERS[place.format](place, chunk_rows)
    except (pa.ArrowException, EOFError, OSError) as error:
        raise InputError(
            f"Reading {place.path}: it cannot be read as {place.format} ({error}). It is damaged or of another kind; "
            "fetch it again, or state input.format."
        ) from error


class _Digest:
    """A stream of lines that takes note of every byte, and of where each line began."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._hash = stream, hashlib.blake2b(digest_size=16)
        self.offset = 0
        self.starts: deque[tuple[int, int]] = deque()
        """(line, offset), of the lines since `forget` was called."""
        self._line = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self._line += 1
            self.starts.append((self._line, self.offset))
            self._hash.update(line)
            self.offset += len(line)
            yield line

    def start_of(self, line: int) -> int:
        """Where `line` begins; what lies before it is forgotten."""
        while self.starts[0][0] < line:
            self.starts.popleft()
        return self.starts[0][1]

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _scan_jsonl(place: Place, chunk_rows: int) -> Scan:
    schema = pa.schema([])
    chunks: list[Chunk] = []
    with open_bytes(place.path) as stream:
        lines = _Digest(stream)
        block: list[bytes] = []
        start, first = 0, 1
        for number, line in enumerate(lines, start=1):
            lines.starts.clear()
            if line.strip():
                block.append(line)
            if len(block) == chunk_rows:
                chunks.append(Chunk(start, lines.offset, len(block), first))
                schema = schema_of_lines(block, schema)
                start, first, block = lines.offset, number + 1, []
        if block:
            chunks.append(Chunk(start, lines.offset, len(block), first))
            schema = schema_of_lines(block, schema)
    return Scan(place, chunks, schema, (), lines.hexdigest())


def _scan_table(place: Place, chunk_rows: int) -> Scan:
    chunks: list[Chunk] = []
    with open_bytes(place.path) as stream:
        lines = _Digest(stream)
        rows = table_rows(lines, name=place.path, quoted=place.format == "csv")
        names = _header(rows)
        start, line, count = lines.offset, 2, 0
        for row in rows:
            number = row.line if isinstance(row, BadRow) else row[0]
            if count == chunk_rows:
                begins = lines.start_of(number)
                chunks.append(Chunk(start, begins, count, line))
                start, line, count = begins, number, 0
            elif count == 0:
                start, line = lines.start_of(number), number
            count += 1
        if count:
            chunks.append(Chunk(start, lines.offset, count, line))
    return Scan(place, chunks, pa.schema([(name, pa.string()) for name in names]), names, lines.hexdigest())


def _header(rows: Iterator[tuple[int, list[str]] | BadRow]) -> tuple[str, ...]:
    first = next(rows, None)
    if isinstance(first, BadRow):
        raise first.error
    names = tuple(name.strip() for name in first[1]) if first else ()
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(
            f"Reading the input: its header names {twice[0]!r} twice; expected different columns. Rename one."
        )
    return names


def _scan_parquet(place: Place, chunk_rows: int) -> Scan:
    with open_bytes(place.path) as stream:
        file = pq.ParquetFile(stream)
        content = repr((file.metadata.to_dict(), str(file.schema_arrow))).encode()
        chunks = _evenly(file.metadata.num_rows, chunk_rows)
        schema = file.schema_arrow.remove_metadata()
    return Scan(place, chunks, schema, (), hashlib.blake2b(content, digest_size=16).hexdigest())


def _scan_arrow(place: Place, chunk_rows: int) -> Scan:
    found = hashlib.blake2b(digest_size=16)
    with open_bytes(place.path) as stream:
        schema, batches = open_arrow(stream)
        rows = 0
        for batch in batches:
            rows += batch.num_rows
            found.update(batch.serialize())
    return Scan(place, _evenly(rows, chunk_rows), schema, (), found.hexdigest())


def open_arrow(stream: IO[bytes]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Schema and batches of an Arrow file: a stream, as `datasets` saves it, or a file, as polars and pandas do."""
    begins = stream.read(len(_ARROW_FILE))
    stream.seek(0)
    if begins != _ARROW_FILE:
        reader = pa.ipc.open_stream(stream)
        return reader.schema.remove_metadata(), iter(reader)
    file = pa.ipc.open_file(stream)
    return file.schema.remove_metadata(), (file.get_batch(number) for number in range(file.num_record_batches))


_ARROW_FILE = b"ARROW1"


def _evenly(rows: int, chunk_rows: int) -> list[Chunk]:
    starts = range(0, rows, chunk_rows)
    return [Chunk(start, min(start + chunk_rows, rows), min(chunk_rows, rows - start), start + 1) for start in starts]


_SCANNERS = {
    "jsonl": _scan_jsonl,
    "csv": _scan_table,
    "tsv": _scan_table,
    "parquet": _scan_parquet,
    "arrow": _scan_arrow,
}


def common_schema(scans: Sequence[Scan]) -> pa.Schema:
    """The columns of all files together; raises `InputError` where two files disagree on a type."""
    schema = pa.schema([])
    for one in scans:
        if one.place.format == "jsonl":
            schema = unified(schema, one.schema)
            continue
        try:
            schema = pa.unify_schemas([schema, one.schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(
                f"Reading {one.place.path}: its columns do not go together with those of the files before ({error}). "
                "Make two jobs of them, or write the column in one type."
            ) from error
    return pa.schema([one.with_type(pa.string()) if pa.types.is_null(one.type) else one for one in schema])
