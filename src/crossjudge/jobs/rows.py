"""The rows of one shard as a table, whatever kind of file they lie in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from crossjudge.files import BadRow, table_rows
from crossjudge.jobs.json_rows import read_lines
from crossjudge.jobs.places import open_bytes
from crossjudge.jobs.scanning import Chunk, open_arrow
from crossjudge.jobs.shards import Shard

_BATCH_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class File:
    """What a worker must know of an input file. `names`: the header of a csv or tsv file."""

    path: str
    format: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in input order. `problems`: row -> why nothing can be made of it."""

    table: pa.Table
    problems: Mapping[int, str]


def read_rows(shard: Shard, files: Sequence[File], schema: pa.Schema, *, texts: Collection[str]) -> Rows:
    """All rows of a shard. `texts`: the columns that must hold text (or lists of it) for a row to be of use."""
    tables: list[pa.Table] = [schema.empty_table()]
    problems: dict[int, str] = {}
    done = 0
    for piece in shard.pieces:
        file = files[piece.file]
        table, wrong = _READERS[file.format](file, piece.chunk, schema, texts)
        tables.append(_fitted(table, schema))
        problems |= {done + row: reason for row, reason in wrong.items()}
        done += table.num_rows
    return Rows(pa.concat_tables(tables).combine_chunks(), problems)


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows in the columns of the whole input; what a file lacks is empty."""
    if table.schema == schema:
        return table
    found = set(table.schema.names)
    columns = [
        table[one.name].cast(one.type) if one.name in found else pa.nulls(table.num_rows, one.type) for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


_Read = tuple[pa.Table, dict[int, str]]


def _jsonl(file: File, chunk: Chunk, schema: pa.Schema, texts: Collection[str]) -> _Read:
    with open_bytes(file.path) as stream:
        lines = list(_lines(stream, chunk))
    return read_lines(lines, schema, texts=texts, name=file.path, first_line=chunk.line)


def _lines(stream: IO[bytes], chunk: Chunk) -> Iterator[bytes]:
    stream.seek(chunk.start)
    left = chunk.stop - chunk.start
    while left > 0:
        line = stream.readline()
        if not line:
            return
        left -= len(line)
        yield line


def _table(file: File, chunk: Chunk, schema: pa.Schema, texts: Collection[str]) -> _Read:
    """Csv and tsv: every column is text."""
    problems: dict[int, str] = {}
    found: list[Sequence[str | None]] = []
    missing: tuple[None, ...] = (None,) * len(file.names)
    with open_bytes(file.path) as stream:
        rows = table_rows(_lines(stream, chunk), name=file.path, quoted=file.format == "csv", first_line=chunk.line)
        for number, row in enumerate(rows):
            if isinstance(row, BadRow):
                problems[number] = str(row.error)
                found.append(missing)
            elif len(row[1]) != len(file.names):
                problems[number] = (
                    f"{file.path} line {row[0]}: found {len(row[1])} fields; expected {len(file.names)}, as in the "
                    "header. Quote or correct the row."
                )
                found.append((*row[1], *missing)[: len(missing)])
            else:
                found.append(row[1])
    columns = [pa.array(column, pa.string()) for column in zip(*found, strict=True)]
    return pa.Table.from_arrays(columns, names=list(file.names)), problems


def _parquet(file: File, chunk: Chunk, schema: pa.Schema, texts: Collection[str]) -> _Read:
    with open_bytes(file.path) as stream:
        opened = pq.ParquetFile(stream)
        counts = [opened.metadata.row_group(number).num_rows for number in range(opened.metadata.num_row_groups)]
        groups, before = _overlapping(counts, chunk)
        batches = opened.iter_batches(batch_size=_BATCH_ROWS, row_groups=groups, use_threads=False)
        inside = Chunk(chunk.start - before, chunk.stop - before, chunk.rows, chunk.line)
        names = opened.schema_arrow.remove_metadata()
        return pa.Table.from_batches(_within(batches, inside), schema=names), {}


def _overlapping(counts: Sequence[int], chunk: Chunk) -> tuple[list[int], int]:
    """The row groups that hold rows of the chunk, and how many rows lie before the first of them."""
    groups: list[int] = []
    first = start = 0
    for number, rows in enumerate(counts):
        if start < chunk.stop and start + rows > chunk.start:
            first = first if groups else start
            groups.append(number)
        start += rows
    return groups, first


def _within(batches: Iterator[pa.RecordBatch], chunk: Chunk) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in batches:
        low, high = max(chunk.start - start, 0), min(chunk.stop - start, batch.num_rows)
        if low < high:
            yield batch.slice(low, high - low).replace_schema_metadata(None)
        start += batch.num_rows
        if start >= chunk.stop:
            return


def _arrow(file: File, chunk: Chunk, schema: pa.Schema, texts: Collection[str]) -> _Read:
    with open_bytes(file.path) as stream:
        names, batches = open_arrow(stream)
        return pa.Table.from_batches(_within(batches, chunk), schema=names), {}


_READERS = {"jsonl": _jsonl, "csv": _table, "tsv": _table, "parquet": _parquet, "arrow": _arrow}
