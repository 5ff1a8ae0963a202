"""Inputs: every kind of file gives the same rows, each row is in one shard, and what cannot be read is named."""

from __future__ import annotations

import csv
import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from job_runs import pair, write_jsonl

from crossjudge.errors import InputError
from crossjudge.jobs.places import find
from crossjudge.jobs.rows import File, read_rows
from crossjudge.jobs.scanning import common_schema, scan
from crossjudge.jobs.shards import cut, shard_size

ROWS = [pair(number) for number in range(57)]


def read_all(*paths, shard_rows=10, texts=("premise", "hypothesis")):
    """All rows, read shard by shard, and what is wrong with some."""
    scans = [
        scan(place, chunk_rows=min(7, shard_rows)) for place in find([str(path) for path in paths], file_format=None)
    ]
    files = [File(one.place.path, one.place.format, one.names) for one in scans]
    schema = common_schema(scans)
    rows, problems = [], {}
    for shard in cut(scans, shard_rows=shard_rows):
        found = read_rows(shard, files, schema, texts=texts)
        assert found.table.num_rows == shard.rows <= shard_rows
        problems |= {len(rows) + row: reason for row, reason in found.problems.items()}
        rows += found.table.to_pylist()
    return rows, problems


def write(path, rows):
    """Rows in the format of the ending."""
    if path.name.endswith(".jsonl"):
        write_jsonl(path, rows)
    elif path.name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=13)
    elif path.suffix in (".arrow", ".feather"):
        table = pa.Table.from_pylist(rows)
        opened = pa.ipc.new_file if path.suffix == ".feather" else pa.ipc.new_stream
        with pa.OSFile(str(path), "wb") as sink, opened(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=13)
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), dialect="excel" if path.suffix == ".csv" else "excel-tab")
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "csv", "tsv", "parquet", "arrow", "feather"])
def test_every_kind_of_file_gives_its_rows_in_order(tmp_path, ending):
    rows, problems = read_all(write(tmp_path / f"pairs.{ending}", ROWS))
    as_text = ending in ("csv", "tsv")
    assert rows == [row | {"id": str(row["id"])} for row in ROWS] if as_text else rows == ROWS
    assert not problems


def test_files_of_a_folder_are_read_in_the_order_of_their_names_and_share_shards(tmp_path):
    for start in (0, 4, 50):
        write(tmp_path / f"part-{start:02}.jsonl", ROWS[start : 50 if start == 4 else start + 4])
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden.jsonl").write_text("no json")
    (tmp_path / "README.md").write_text("read me")
    assert read_all(tmp_path)[0] == ROWS[:54]
    assert read_all(tmp_path / "part-*.jsonl")[0] == ROWS[:54]


def test_object_stores_are_read_as_files_are(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    local = write(tmp_path / "pairs.jsonl", ROWS)
    with fsspec.open("memory://bucket/in/pairs.jsonl", "wb") as stream:
        stream.write(local.read_bytes())
    for url in ("memory://bucket/in/pairs.jsonl", "memory://bucket/in", "memory://bucket/in/*.jsonl"):
        assert read_all(url)[0] == ROWS


@pytest.mark.full
def test_a_dataset_of_hugging_face_is_read_from_where_it_was_saved(tmp_path):
    datasets = pytest.importorskip("datasets")
    half = {"train": ROWS[:30], "validation": ROWS[30:]}
    saved = datasets.DatasetDict({name: datasets.Dataset.from_list(rows) for name, rows in half.items()})
    saved.save_to_disk(str(tmp_path / "saved"))
    assert read_all(tmp_path / "saved" / "validation")[0] == ROWS[30:]
    assert read_all(tmp_path / "saved")[0] == ROWS


@pytest.mark.parametrize("url", ["nosuch://bucket/pairs.jsonl", "memory://nothing/here"])
def test_a_url_that_leads_nowhere_is_refused(url):
    pytest.importorskip("fsspec")
    with pytest.raises(InputError, match=r"Protocol not known|names no file"):
        read_all(url)


def test_a_bad_line_is_a_row_of_its_own_and_says_why(tmp_path):
    lines = [ROWS[0], "{not json", "", "[1, 2]", ROWS[1] | {"premise": 3}, ROWS[2], '{"premise": "\\ud800"}']
    rows, problems = read_all(write_jsonl(tmp_path / "pairs.jsonl", lines))
    assert [row["id"] for row in rows] == [0, None, None, 1, 2, None]
    assert {row: " ".join(reason.split()[1:6]) for row, reason in problems.items()} == {
        1: "line 2: not valid JSON",
        2: "line 4: found a JSON",
        3: "line 5: field 'premise' is",
        5: "line 7: field 'premise' holds",
    }


def test_lines_that_are_not_utf_8_or_hold_two_objects_are_bad_rows(tmp_path):
    path = tmp_path / "pairs.jsonl"
    good = json.dumps(ROWS[0]).encode()
    path.write_bytes(b"\n".join([good, b'{"premise": "\xff"}', good + good, good]) + b"\n")
    rows, problems = read_all(path)
    assert [row["id"] for row in rows] == [0, None, None, 0]
    assert sorted(problems) == [1, 2]


def test_a_csv_row_with_too_few_fields_is_a_bad_row(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text('id,premise,hypothesis\n1,"a\nb",c\n2,only\n3,d,e\n', encoding="utf-8")
    rows, problems = read_all(path)
    assert rows[0] == {"id": "1", "premise": "a\nb", "hypothesis": "c"}
    assert rows[2] == {"id": "3", "premise": "d", "hypothesis": "e"}
    assert "line 4: found 2 fields; expected 3" in problems[1]


def test_columns_of_two_types_become_text_and_texts_that_look_like_times_stay_as_they_are(tmp_path):
    odd = [{"at": "2024-01-01", "x": 1, "more": {"a": 1}}, {"at": "2024-01-02", "x": "one", "more": {}}]
    rows, _ = read_all(write_jsonl(tmp_path / "a.jsonl", [*odd, *([odd[0] | {"x": 2.5}] * 9)]), texts=())
    assert rows[0]["at"] == "2024-01-01"
    assert [row["x"] for row in rows[:3]] == ["1", "one", "2.5"]


def test_files_that_do_not_go_together_are_refused(tmp_path):
    one = write(tmp_path / "a.parquet", [{"x": 1}])
    other = write(tmp_path / "b.parquet", [{"x": ["text"]}])
    with pytest.raises(InputError, match=r"b\.parquet: its columns do not go together"):
        read_all(one, other)


@pytest.mark.parametrize(("name", "says"), [("missing.jsonl", "names no file"), ("notes.md", "unknown kind of file")])
def test_what_is_no_input_is_refused(tmp_path, name, says):
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(InputError, match=says):
        read_all(tmp_path / name)


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        read_all(tmp_path / "a.parquet")


def test_every_row_is_in_exactly_one_shard_whatever_the_sizes(tmp_path):
    draw = random.Random(0)
    for number in range(6):
        write(tmp_path / f"{number}.jsonl", ROWS[: draw.randint(1, 57)])
    whole = read_all(tmp_path, shard_rows=1000)[0]
    for shard_rows in (1, 3, 20, 1000):
        assert read_all(tmp_path, shard_rows=shard_rows)[0] == whole


def test_a_small_input_still_makes_many_shards_and_a_large_one_no_huge_ones():
    assert shard_size(500, None) == 1_000
    assert shard_size(320_000, None) == 10_000
    assert shard_size(10**9, None) == 50_000
    assert shard_size(10**9, 7) == 7
