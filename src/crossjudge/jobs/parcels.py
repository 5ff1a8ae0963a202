"""Parcels: a file of tables by whom they are for, so that one unit's work is handed to many, each reading its own."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pyarrow as pa

from crossjudge.jobs.folder import Folder
from crossjudge.types import IntArray

_FOR = b"crossjudge.for"


def packed(parcels: Mapping[int, pa.Table], schema: pa.Schema, *, compressed: bool = True) -> bytes:
    """The content of a file of parcels: number of the receiver -> rows of `schema`."""
    receivers = sorted(number for number, table in parcels.items() if table.num_rows)
    stream = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd" if compressed else None)
    named = schema.with_metadata({_FOR: json.dumps(receivers).encode()})
    with pa.ipc.new_file(stream, named, options=options) as writer:
        for receiver in receivers:
            (batch,) = parcels[receiver].combine_chunks().to_batches()
            writer.write_batch(batch.replace_schema_metadata(named.metadata))
    return stream.getvalue()


def split(table: pa.Table, receivers: IntArray) -> dict[int, pa.Table]:
    """Rows by the receiver of each, in order."""
    order = np.argsort(receivers, kind="stable")
    numbers, starts = np.unique(receivers[order], return_index=True)
    bounds = pairwise([*starts.tolist(), len(order)])
    return {
        int(number): table.take(pa.array(order[start:end]))
        for number, (start, end) in zip(numbers, bounds, strict=True)
    }


class Parcels:
    """A file of parcels; `columns`: those that are read, all where left out.

    It is open only while something is read: a unit may read from more files than a process may have open. And it is
    read, not mapped: a mapped page counts as memory of the worker for as long as the system likes.
    """

    def __init__(self, folder: Folder, name: str, *, columns: Sequence[str] | None = None) -> None:
        self._folder, self._name, self._columns = folder, name, columns

    @property
    def receivers(self) -> tuple[int, ...]:
        """Whom it holds something for, ascending."""
        with self._reader() as reader:
            return _receivers(reader)

    @property
    def schema(self) -> pa.Schema:
        """Of what it holds."""
        with self._reader() as reader:
            return reader.schema.remove_metadata()

    def of(self, *receivers: int) -> pa.Table:
        """What it holds for receivers, one after the other; no rows where there is nothing."""
        with self._reader() as reader:
            places = {number: place for place, number in enumerate(_receivers(reader))}
            batches = [reader.get_batch(places[one]) for one in receivers if one in places]
            return pa.Table.from_batches(batches, reader.schema).replace_schema_metadata(None)

    @contextmanager
    def _reader(self) -> Iterator[pa.ipc.RecordBatchFileReader]:
        folder, name = self._folder, self._name
        with folder.open(name) if folder.is_remote else pa.OSFile(f"{folder.path}/{name}") as source:
            reader = pa.ipc.open_file(source)
            if self._columns is not None:
                fields = [reader.schema.get_field_index(column) for column in self._columns]
                source.seek(0)
                reader = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=fields))
            yield reader


def _receivers(reader: pa.ipc.RecordBatchFileReader) -> tuple[int, ...]:
    return tuple(json.loads(reader.schema.metadata[_FOR]))
