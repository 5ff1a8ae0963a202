"""Parcels: a file of tables by whom they are for, so that one unit's work is handed to many, each reading its own."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import IO

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
        self._folder, self._name = folder, name
        with self._opened() as source:
            schema = pa.ipc.open_file(source).schema
        self._places = {number: place for place, number in enumerate(json.loads(schema.metadata[_FOR]))}
        self._fields = [schema.get_field_index(column) for column in (schema.names if columns is None else columns)]
        self.schema = pa.schema([schema.field(number) for number in sorted(self._fields)])

    @property
    def receivers(self) -> tuple[int, ...]:
        """Whom it holds something for, ascending."""
        return tuple(self._places)

    def of(self, receiver: int) -> pa.Table:
        """What it holds for a receiver; no rows where there is nothing."""
        place = self._places.get(receiver)
        if place is None:
            return self.schema.empty_table()
        options = pa.ipc.IpcReadOptions(included_fields=self._fields)
        with self._opened() as source:
            batch = pa.ipc.open_file(source, options=options).get_batch(place)
        return pa.Table.from_batches([batch.replace_schema_metadata(None)])

    def _opened(self) -> IO[bytes]:
        folder = self._folder
        return folder.open(self._name) if folder.is_remote else pa.OSFile(f"{folder.path}/{self._name}")
