"""Parcels: files of tables by whom they are for, read by units that read from thousands of them."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pytest

from crossjudge.jobs.folder import Folder
from crossjudge.jobs.parcels import Parcels, packed, split

SCHEMA = pa.schema([("row", pa.int64()), ("text", pa.string()), ("share", pa.float64())])
TABLE = pa.table({"row": [0, 1, 2, 3], "text": ["a", "b", "c", "d"], "share": [0.1, 0.2, 0.3, 0.4]}, schema=SCHEMA)


@pytest.fixture
def folder(tmp_path):
    made = Folder(str(tmp_path))
    made.write("some", packed(split(TABLE, np.array([7, 2, 7, 5])), SCHEMA))
    return made


def test_each_receiver_reads_its_own_rows_in_order(folder):
    found = Parcels(folder, "some")
    assert found.receivers == (2, 5, 7)
    assert {number: found.of(number)["row"].to_pylist() for number in (2, 5, 7)} == {2: [1], 5: [3], 7: [0, 2]}
    assert found.of(3) == SCHEMA.empty_table()


def test_columns_are_those_asked_for(folder):
    found = Parcels(folder, "some", columns=["share", "row"])
    assert found.of(7) == TABLE.take([0, 2]).select(["row", "share"])
    assert found.of(3).schema == found.schema == found.of(7).schema


def test_more_files_may_be_at_hand_than_a_process_may_have_open(folder):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 20, before[1]))
    try:
        files = [Parcels(folder, "some") for _ in range(60)]
        tables = [one.of(5) for one in files]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert pa.concat_tables(tables)["row"].to_pylist() == [3] * 60
