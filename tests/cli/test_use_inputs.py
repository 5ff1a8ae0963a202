"""Rows of a use: whatever file they stand in, by whatever names, they ask the same; what is missing is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from command_line import write

from crossjudge.cli.options import Format, UseInputOptions
from crossjudge.cli.use_inputs import Field, Form, open_form
from crossjudge.errors import FileRowError, InputError
from crossjudge.files import BadRow

FORM = Form(
    fields=(
        Field(name="question", also=("q",)),
        Field(name="choices", many=True),
        Field(name="hint", optional=True),
    ),
    of_fields=lambda question, choices, hint=None: (question, choices, hint),
    of_words=lambda words: [(words[0], list(words[1:]), None)],
    noun="question",
)
ASKED = [("Who?", ["Ann", "Bo"], None), ("Where?", ["here"], "near")]


def asked(*words, **options):
    items = open_form(tuple(map(str, words)), UseInputOptions(**options), FORM).items
    return [item.row.error if isinstance(item.row, BadRow) else item.row.content for item in items]


def test_texts_of_the_command_line_are_the_forms_own_matter():
    assert asked("Who?", "Ann", "Bo") == ASKED[:1]


def test_every_format_asks_the_same(tmp_path):
    rows = [{"question": q, "choices": c, "hint": h} for q, c, h in ASKED]
    cells = [[q, json.dumps(c), h or ""] for q, c, h in ASKED]
    quoted = [[q, json.dumps(c).replace('"', '""'), h or ""] for q, c, h in ASKED]
    files = [
        write(tmp_path / "a.jsonl", *map(json.dumps, rows)),
        write(tmp_path / "a.csv", "question,choices,hint", *(f'{q},"{c}",{h}' for q, c, h in quoted)),
        write(tmp_path / "a.tsv", "question\tchoices\thint", *("\t".join(row) for row in cells)),
    ]  # fmt: skip
    assert [asked(path) for path in files] == [ASKED] * 3


def test_parquet_asks_the_same(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"question": q, "choices": c, "hint": h} for q, c, h in ASKED]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert asked(tmp_path / "a.parquet") == ASKED


def test_a_single_text_is_a_list_of_one(tmp_path):
    assert asked(write(tmp_path / "a.jsonl", '{"question": "Where?", "choices": "here"}')) == [
        ("Where?", ["here"], None)
    ]


def test_a_field_may_have_other_names(tmp_path):
    row = '{"q": "Who?", "choices": ["Ann", "Bo"]}'
    assert asked(write(tmp_path / "a.jsonl", row)) == ASKED[:1]
    row = '{"title": "Who?", "options": ["Ann", "Bo"], "question": "not this"}'
    assert asked(write(tmp_path / "b.jsonl", row), columns="title, options") == ASKED[:1]


def test_several_files_stand_one_after_the_other(tmp_path):
    one = write(tmp_path / "one.jsonl", '{"question": "Who?", "choices": ["Ann", "Bo"]}')
    two = write(tmp_path / "two.jsonl", '{"question": "Where?", "choices": "here", "hint": "near"}')
    assert asked(one, two) == ASKED


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ('{"choices": ["a"]}', "question"),
        ('{"question": "Who?"}', "choices"),
        ('{"question": 3, "choices": ["a"]}', "question"),
        ('{"question": null, "choices": ["a"]}', "question"),
        ('{"question": "Who?", "choices": {"a": 1}}', "choices"),
        ('{"question": "Who?", "choices": ["a"], "hint": 7}', "hint"),
    ],
)
def test_a_bad_row_is_an_error_in_its_place_and_names_its_column(tmp_path, row, column):
    path = write(tmp_path / "a.jsonl", '{"question": "Who?", "choices": ["Ann", "Bo"]}', row)
    good, bad = asked(path)
    assert good == ASKED[0]
    assert bad.column == column
    assert f"{path} line 2: " in str(bad)


@pytest.mark.parametrize("cell", ["\"['Ann', 'Bo']\"", '"[Ann, Bo]"', '"[""Ann"", ]"'])
def test_a_list_in_a_cell_is_json_or_an_error_of_its_row(tmp_path, cell):
    bad, good = asked(write(tmp_path / "a.csv", "question,choices", f"Who?,{cell}", 'Who?,"[""Ann"", ""Bo""]"'))
    assert good == ASKED[0]
    assert bad.column == "choices"
    assert "a list as JSON" in str(bad)


def test_brackets_around_one_text_are_part_of_it(tmp_path):
    [one] = asked(write(tmp_path / "a.csv", "question,choices", "Who?,[applause]"))
    assert one == ("Who?", ["[applause]"], None)


def test_one_of_several_optional_fields_may_be_needed(tmp_path):
    form = replace(FORM, one_of=("hint",))
    path = write(tmp_path / "a.csv", "question,choices", "Who?,Ann")
    with pytest.raises(FileRowError, match="line 1: no field 'hint'"):
        list(open_form((str(path),), UseInputOptions(), form).items)


def test_a_table_in_semicolons_is_known_for_one(tmp_path):
    with pytest.raises(FileRowError, match=r"found 'question;choices' .* separate columns by commas"):
        asked(write(tmp_path / "a.csv", "question;choices", "Who?;Ann"))


def test_a_header_that_lacks_a_column_is_one_error(tmp_path):
    with pytest.raises(FileRowError, match="line 1: no field 'choices'; found 'question', 'answer'"):
        asked(write(tmp_path / "a.csv", "question,answer", "a,b"))


@pytest.mark.parametrize("columns", ["", "a", "a,a", "a,b,c,d", "a,,b"])
def test_columns_are_named_in_order_and_once(tmp_path, columns):
    path = write(tmp_path / "a.jsonl", '{"a": "Who?", "b": ["Ann"]}')
    with pytest.raises(InputError, match="Reading the columns"):
        asked(path, columns=columns)


def test_columns_without_files_are_bad_usage():
    with pytest.raises(InputError, match="--columns is about files"):
        asked("Who?", "Ann", columns="a,b")


def test_a_format_can_be_stated(tmp_path):
    path = write(tmp_path / "rows.txt", "question\tchoices", 'Who?\t["Ann", "Bo"]')
    assert asked(path, file_format=Format.TSV) == ASKED[:1]
