"""Rows come back in order and complete; a row that cannot be read says where and why, and costs no other row."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge import files
from crossjudge.errors import FileRowError, InputError, MissingExtraError
from crossjudge.files import BadRow, Record, Row, read_pairs, read_records
from crossjudge.types import Pair

PAIRS = [("A man sleeps.", "He is awake."), ('He said "no".', "a, b"), ("", "  "), ("שלום 👋\u2028x", "línea")]


def texts(rows):
    return [(row.content.text_a, row.content.text_b) if isinstance(row, Row) else None for row in rows]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def jsonl(pairs) -> str:
    return "".join(json.dumps({"premise": a, "hypothesis": b}, ensure_ascii=False) + "\n" for a, b in pairs)


def table(pairs, header=("premise", "hypothesis")) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *pairs])
    return stream.getvalue()


def parquet(path: Path, rows: list[dict]) -> Path:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as writer

    writer.write_table(arrow.Table.from_pylist(rows), path)
    return path


# --- every format gives the same pairs ---


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".JSONL", ".jsonl.gz", ".csv", ".csv.gz"])
def test_a_file_gives_its_pairs_in_order(tmp_path, ending):
    content = (jsonl(PAIRS) if "json" in ending.lower() else table(PAIRS)).encode("utf-8")
    path = write(tmp_path / f"pairs{ending}", gzip.compress(content) if ending.endswith(".gz") else content)
    assert texts(read_pairs(path)) == PAIRS


def test_a_tab_ends_a_field_and_quotes_are_text(tmp_path):
    path = write(tmp_path / "pairs.tsv", 'premise\thypothesis\n"Stop\tHe said "no"\n\nx\ty\n')
    assert texts(read_pairs(path)) == [('"Stop', 'He said "no"'), ("x", "y")]


def test_parquet_gives_its_pairs_in_order_across_batches(tmp_path):
    rows = [{"id": number, "query": f"q{number}", "document": f"d{number}"} for number in range(2500)]
    read = list(read_pairs(parquet(tmp_path / "pairs.parquet", rows)))
    assert [(row.line, row.content) for row in read] == [
        (number + 1, Pair(f"q{number}", f"d{number}", str(number))) for number in range(2500)
    ]


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_text_survives_jsonl_and_csv(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("any")
    assert texts(read_pairs(write(folder / "x.jsonl", "".join(files.json_line({"query": a, "document": b}) + "\n"
                                                              for a, b in pairs)))) == pairs  # fmt: skip
    encodable = [(a, b) for a, b in pairs if (a + b).isprintable()]
    assert texts(read_pairs(write(folder / "x.csv", table(encodable)))) == encodable


def test_the_file_format_can_be_stated_for_any_name(tmp_path):
    path = write(tmp_path / "pairs.txt", table(PAIRS))
    assert texts(read_pairs(path, file_format="csv")) == PAIRS


def test_standard_input_is_read_as_jsonl_unless_a_format_is_stated(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(jsonl(PAIRS).encode())))
    assert texts(read_pairs("-")) == PAIRS
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"query\tdocument\na\tb\n")))
    assert texts(read_pairs("-", file_format="tsv")) == [("a", "b")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "newline"])
def test_byte_order_marks_and_line_ends_are_not_text(tmp_path, newline, mark, last):
    lines = [["text_a,text_b", "x,y"], ["text_a\ttext_b", "x\ty"], ['{"text_a": "x", "text_b": "y"}']]
    for ending, content in zip((".csv", ".tsv", ".jsonl"), lines, strict=True):
        joined = newline.join(content) + (newline if last else "")
        assert texts(read_pairs(write(tmp_path / f"pairs{ending}", mark + joined.encode()))) == [("x", "y")]


def test_a_field_of_two_million_characters_and_nul_bytes_are_text(tmp_path):
    long = "word " * 400_000
    assert texts(read_pairs(write(tmp_path / "long.csv", table([(long, "a\0b")])))) == [(long, "a\0b")]
    assert texts(read_pairs(write(tmp_path / "long.jsonl", jsonl([(long, "a\0b")])))) == [(long, "a\0b")]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_a_jsonl_file_without_rows_gives_none(tmp_path, content):
    assert list(read_pairs(write(tmp_path / "none.jsonl", content.replace("\ufeff", "")))) == []


@pytest.mark.parametrize("content", ["", "premise,hypothesis\n"])
def test_a_csv_file_without_rows_gives_none(tmp_path, content):
    assert list(read_pairs(write(tmp_path / "none.csv", content))) == []


def test_reading_holds_one_row_at_a_time():
    endless = iter(lambda: b'{"text_a": "x", "text_b": "y"}\n', None)
    lines = files._Lines(endless, "endless")
    assert len({next(lines) for _ in range(3)}) == 1
    assert lines.number == 3


# --- columns ---


@pytest.mark.parametrize("columns", files.PAIR_COLUMNS)
def test_the_usual_column_names_need_not_be_stated(tmp_path, columns):
    path = write(tmp_path / "pairs.csv", table([("x", "y", "1")], (*columns, "label")))
    assert texts(read_pairs(path)) == [("x", "y")]


def test_stated_columns_win_and_every_field_is_kept(tmp_path):
    path = write(tmp_path / "p.jsonl", '{"id": 7, "query": "q", "document": "d", "question": "x", "answer": "y"}\n')
    (row,) = read_pairs(path, columns=("question", "answer"))
    assert row.content == Pair("x", "y", "7")
    assert row.fields["id"] == 7
    assert row.fields["query"] == "q"


def test_two_possible_pairs_are_an_error_never_a_guess(tmp_path):
    path = write(tmp_path / "pairs.csv", "query,document,premise,hypothesis\n1,2,3,4\n")
    with pytest.raises(FileRowError, match=r"premise/hypothesis and query/document.*--columns"):
        next(read_pairs(path))


@pytest.mark.parametrize("text", ["a", "a,", "a,b,c", "a,a", ""])
def test_columns_that_are_not_two_names_are_refused(text):
    with pytest.raises(InputError, match="two different names"):
        files.parse_columns(text)


def test_parse_columns_strips_spaces():
    assert files.parse_columns("a, b") == ("a", "b")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_a_header_without_the_columns_is_one_error_for_the_file(tmp_path, ending):
    path = tmp_path / f"pairs{ending}"
    if ending == ".parquet":
        parquet(path, [{"premise": "x", "label": "y"}])
    else:
        write(path, "premise,label\nx,y\n".replace(",", "," if ending == ".csv" else "\t"))
    with pytest.raises(FileRowError, match="no field 'hypothesis'; found 'premise', 'label'") as caught:
        next(read_pairs(path))
    assert (caught.value.line, caught.value.column, caught.value.path) == (1, "hypothesis", str(path))


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(FileRowError, match="two columns are named 'query'"):
        next(read_pairs(write(tmp_path / "pairs.csv", "query,query,document\n1,2,3\n")))


# --- one bad row never loses the others ---

BAD_JSON = [
    ("not json", None),
    ('["a", "b"]', None),
    ('"text"', None),
    ("{" * 100_000, None),
    ('{"premise": "x", "label": 1}', "hypothesis"),
    ('{"premise": "x", "hypothesis": null}', "hypothesis"),
    ('{"premise": 3.5, "hypothesis": "y"}', "premise"),
    ('{"premise": ["x"], "hypothesis": "y"}', "premise"),
    ('{"premise": "a\tb", "hypothesis": "y"}', None),
    ("{}", None),
]


@pytest.mark.parametrize(("bad", "column"), BAD_JSON, ids=[bad[:20] for bad, _ in BAD_JSON])
def test_a_bad_json_row_is_named_and_the_others_are_read(tmp_path, bad, column):
    good = jsonl([("x", "y")])
    path = write(tmp_path / "pairs.jsonl", good + "\n" + bad + "\n" + good)
    first, error, last = read_pairs(path)
    assert isinstance(error, BadRow)
    assert (first.line, error.line, last.line) == (1, 3, 4)
    assert (error.error.path, error.error.line, error.error.column) == (str(path), 3, column)
    assert f"{path} line 3: " in str(error.error)
    assert texts([first, last]) == [("x", "y")] * 2


def test_a_bad_row_keeps_the_fields_that_could_be_read(tmp_path):
    (bad,) = read_pairs(write(tmp_path / "pairs.jsonl", '{"id": "r1", "premise": "x"}\n'))
    assert bad.fields == {"id": "r1", "premise": "x"}


@pytest.mark.parametrize(
    "bad",
    ["only one", "x,y,z", '"never closed,y', '"closed" too soon,y', 'x,"', b"\xff\xfe,y"],
    ids=["short", "long", "open", "stray", "open-last", "not-utf-8"],
)
def test_a_bad_csv_row_is_named_and_the_others_are_read(tmp_path, bad):
    bad_bytes = bad if isinstance(bad, bytes) else bad.encode()
    content = b"premise,hypothesis\nx,y\n" + bad_bytes + b'\n"two\nlines",y\nx,y\n'
    path = write(tmp_path / "pairs.csv", content)
    rows = list(read_pairs(path))
    assert [row.line for row in rows] == [2, 3, 4, 6]
    assert isinstance(rows[1], BadRow)
    assert rows[1].error.line == 3
    assert texts(rows) == [("x", "y"), None, ("two\nlines", "y"), ("x", "y")]


def test_a_line_that_is_not_utf_8_costs_that_line_only(tmp_path):
    latin = '{"premise": "café", "hypothesis": "y"}\n'.encode("latin-1")
    path = write(tmp_path / "pairs.jsonl", jsonl([("x", "y")]).encode() + latin + jsonl([("x", "y")]).encode())
    rows = list(read_pairs(path))
    assert texts(rows) == [("x", "y"), None, ("x", "y")]
    assert "not UTF-8 (byte 0xe9" in str(rows[1].error)


def test_a_null_or_a_number_in_parquet_is_a_bad_row(tmp_path):
    path = parquet(tmp_path / "pairs.parquet", [{"query": "x", "document": text} for text in ("a", None, "b")])
    assert texts(read_pairs(path)) == [("x", "a"), None, ("x", "b")]
    path = parquet(tmp_path / "numbers.parquet", [{"query": "x", "document": 1}])
    (bad,) = read_pairs(path)
    assert bad.error.column == "document"


def test_a_parquet_value_that_is_no_text_costs_its_row_only(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as writer

    texts_b = arrow.array([b"one", b"\xff", b"three"]).view(arrow.string())
    path = tmp_path / "pairs.parquet"
    writer.write_table(arrow.table({"text_a": ["a", "b", "c"], "text_b": texts_b}), path)
    first, bad, last = read_pairs(path)
    assert (first.content, last.content) == (Pair("a", "one"), Pair("c", "three"))
    assert (bad.line, bad.error.column, dict(bad.fields)) == (2, "text_b", {"text_a": "b"})
    assert "row 2: field 'text_b' cannot be read" in str(bad.error)


def test_a_file_cut_short_gives_its_rows_then_an_error(tmp_path):
    whole = gzip.compress(jsonl([("x" * 50, f"y{number}") for number in range(20_000)]).encode())
    rows = list(read_pairs(write(tmp_path / "pairs.jsonl.gz", whole[: len(whole) // 2])))
    assert len(rows) > 1000
    assert all(isinstance(row, Row) for row in rows[:-1])
    assert isinstance(rows[-1], BadRow)
    assert "damaged or incomplete" in str(rows[-1].error)


def test_the_errors_of_other_readers_are_values_too(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"n": 1}\noops\n{"n": 2}\n')
    one, bad, two = read_records(path)
    assert (one, two) == (Record(1, {"n": 1}), Record(3, {"n": 2}))
    assert isinstance(bad, BadRow)


# --- files that cannot be read at all ---


@pytest.mark.parametrize("name", ["pairs.txt", "pairs", "pairs.json", ".jsonl", "pairs.gz"])
def test_an_unknown_ending_is_refused_at_once(tmp_path, name):
    with pytest.raises(InputError, match="unknown kind of file"):
        read_pairs(write(tmp_path / name, ""))


def test_a_missing_file_and_a_folder_are_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_pairs(tmp_path / "missing.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        read_pairs(tmp_path / "folder.jsonl")


def test_parquet_cannot_come_from_standard_input():
    with pytest.raises(InputError, match="cannot be read from a stream"):
        read_pairs("-", file_format="parquet")


def test_utf_16_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="UTF-16"):
        next(read_pairs(write(tmp_path / "pairs.csv", "premise,hypothesis\n".encode("utf-16"))))


@pytest.mark.parametrize("name", ["pairs.jsonl.gz", "pairs.csv.gz"])
def test_a_file_that_is_not_what_its_name_says_is_an_error(tmp_path, name):
    path = write(tmp_path / name, "plain text")
    with pytest.raises(FileRowError, match="damaged"):
        raise next(iter(read_pairs(path))).error  # csv raises it already: without a header there are no rows


def test_a_broken_parquet_file_is_an_error(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(FileRowError, match="cannot be read as parquet"):
        next(read_pairs(write(tmp_path / "pairs.parquet", b"PAR1 nothing PAR1")))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"crossjudge\[parquet\]"):
        next(read_pairs(write(tmp_path / "pairs.parquet", b"")))


# --- rows out ---

COLUMNS = {"id": str, "line": int, "score": float, "abstained": bool, "probabilities": dict}
OUT = [
    {"id": "a\tb", "line": 1, "score": 0.25, "abstained": False, "probabilities": {"yes": 0.25, "no": 0.75}},
    {"id": None, "line": 2},
]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_jsonl_out_is_what_went_in(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    with files.open_writer(path, columns=COLUMNS) as write_row:
        for row in OUT:
            write_row(row)
    assert [record.fields for record in read_records(path)] == OUT


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_tables_out_hold_nested_values_as_json_text(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    with files.open_writer(path, columns=COLUMNS) as write_row:
        for row in OUT:
            write_row(row)
    first, second = (record.fields for record in read_records(path))
    assert first["id"] == ("a b" if ending == ".tsv" else "a\tb")
    assert json.loads(first["probabilities"]) == OUT[0]["probabilities"]
    assert (first["score"], first["abstained"], second["score"]) == ("0.25", "false", "")


def test_parquet_out_keeps_types(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "out.parquet"
    with files.open_writer(path, columns=COLUMNS) as write_row:
        for _ in range(1500):
            for row in OUT:
                write_row(row)
    read = [record.fields for record in read_records(path)]
    assert len(read) == 3000
    assert read[-1] == {"id": None, "line": 2, "score": None, "abstained": None, "probabilities": None}
    assert (read[0]["score"], read[0]["abstained"]) == (0.25, False)
    assert files.estimate_rows(path) == 3000


def test_an_unknown_ending_or_folder_is_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="unknown kind of file"):
        files.open_writer(tmp_path / "out.txt", columns=COLUMNS)
    with pytest.raises(InputError, match="no such folder"):
        files.open_writer(tmp_path / "missing" / "out.jsonl", columns=COLUMNS)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "csv", "csv.gz", "tsv", "parquet"])
def test_what_the_system_refuses_to_write_is_our_error_and_names_the_file(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    folder, full = tmp_path / f"folder.{ending}", tmp_path / f"full.{ending}"
    folder.mkdir()
    with pytest.raises(InputError, match=r"Writing .*folder.*: Is a directory"):
        files.open_writer(folder, columns={"text": str}).__enter__()
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to offer")
    full.symlink_to("/dev/full")
    with (
        pytest.raises(InputError, match=r"Writing .*full.*: No space left"),
        files.open_writer(full, columns={"text": str}) as write_row,
    ):
        write_row({"text": "a"})


def test_an_error_of_the_work_is_not_taken_for_one_of_the_file(tmp_path):
    out = tmp_path / "out.jsonl"
    with pytest.raises(OSError, match="elsewhere") as caught, files.open_writer(out, columns={"text": str}):
        raise OSError("elsewhere")
    assert not isinstance(caught.value, InputError)


@given(st.text())
def test_a_json_line_is_one_line_that_any_utf_8_file_can_hold(text):
    line = files.json_line({"text": text})
    assert "\n" not in line
    assert json.loads(line.encode("utf-8")) == {"text": text}
    assert files.json_line({"text": text}, ascii_only=True).isascii()


def test_rows_are_estimated_without_parsing_them(tmp_path):
    assert files.estimate_rows(write(tmp_path / "a.jsonl", jsonl(PAIRS))) == 4
    assert files.estimate_rows(write(tmp_path / "a.csv", "a,b\n1,2\n3,4\n")) == 2
    assert files.estimate_rows(write(tmp_path / "a.csv.gz", "")) is None
    assert files.estimate_rows("-") is None


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_an_estimate_takes_nothing_from_a_pipe(tmp_path):
    path = tmp_path / "pairs.jsonl"
    os.mkfifo(path)
    assert files.estimate_rows(path) is None  # and does not wait for somebody to write


def test_an_estimate_of_what_cannot_be_read_is_none(tmp_path):
    assert files.estimate_rows(tmp_path / "missing.jsonl") is None
    pytest.importorskip("pyarrow")
    assert files.estimate_rows(write(tmp_path / "pairs.parquet", "damaged")) is None


def test_importing_files_loads_no_parquet_library():
    code = "import sys, crossjudge.files; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
