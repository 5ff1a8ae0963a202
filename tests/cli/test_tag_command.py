"""`crossjudge tag`: what the library answers, from texts and files, with exit codes to build on."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

from crossjudge import CrossEncoder, Tagger

TEXT = "The ferry was late and the cabin was cold"
LABELS = ("--labels", "ferry,cabin,volcano")


def test_json_is_what_the_library_answers():
    (row,) = crossjudge("tag", TEXT, *LABELS, "--json").rows
    result = Tagger(["ferry", "cabin", "volcano"], model=CrossEncoder(backend="fake"))(TEXT)
    assert row == {"id": None, "line": 1, **json.loads(json.dumps(result.to_dict()))}


def test_files_and_texts_give_the_same(tmp_path):
    path = write(tmp_path / "texts.jsonl", json.dumps({"text": TEXT}), json.dumps({"text": "rain"}))
    assert crossjudge("tag", path, *LABELS, "--json") == crossjudge("tag", TEXT, "rain", *LABELS, "--json")


def test_a_row_may_have_labels_of_its_own(tmp_path):
    path = write(tmp_path / "texts.jsonl", json.dumps({"text": TEXT, "labels": ["snow"]}), json.dumps({"text": TEXT}))
    rows = crossjudge("tag", path, *LABELS, "--json").rows
    assert [[tag["name"] for tag in row["tags"]] for row in rows] == [["snow"], ["ferry", "cabin", "volcano"]]


def test_whole_hypotheses_can_be_written():
    (row,) = crossjudge("tag", TEXT, "-l", "late=Something was late.", "-l", "warm=It was warm.", "--json").rows
    assert {tag["name"]: tag["hypothesis"] for tag in row["tags"]} == {
        "late": "Something was late.",
        "warm": "It was warm.",
    }


def test_at_most_one_label_where_single_is_asked():
    (every,) = crossjudge("tag", TEXT, *LABELS, "--threshold", "0", "--json").rows
    (one,) = crossjudge("tag", TEXT, *LABELS, "--threshold", "0", "--single", "--json").rows
    assert (len(every["chosen"]), one["chosen"]) == (3, every["chosen"][:1])


def test_a_blank_text_is_an_error_in_its_place(tmp_path):
    path = write(tmp_path / "texts.jsonl", *(json.dumps({"text": text}) for text in (TEXT, "", TEXT)))
    answer = crossjudge("tag", path, *LABELS, "--json")
    assert answer.code == 2
    assert [row.get("error", {}).get("type") for row in answer.rows] == [None, "ItemError", None]


def test_a_gate_on_a_label_or_on_none():
    always, never = ("--threshold", "0"), ("--threshold", "1")
    assert crossjudge("tag", TEXT, *LABELS, *always, "--fail-on", "ferry").code == 1
    assert crossjudge("tag", TEXT, *LABELS, *never, "--fail-on", "ferry").code == 0
    assert crossjudge("tag", TEXT, *LABELS, *never, "--fail-on", "none").code == 1
    assert crossjudge("tag", TEXT, *LABELS, "--fail-on", "unknown").code == 2


def test_the_table_names_every_label_of_a_text():
    answer = crossjudge("tag", TEXT, *LABELS)
    assert answer.code == 0
    assert answer.out.startswith(TEXT)
    assert all(name in answer.out for name in ("ferry", "cabin", "volcano"))


def test_the_table_of_a_file_has_a_row_for_each_text(tmp_path):
    path = write(tmp_path / "texts.csv", "text", "rain", "the ferry")
    answer = crossjudge("tag", path, *LABELS, "--threshold", "0")
    assert len(answer.out.splitlines()) == 3


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_output_can_be_a_file(tmp_path, ending):
    from crossjudge.files import read_records

    path = tmp_path / f"out.{ending}"
    assert crossjudge("tag", TEXT, *LABELS, "-o", path, "--threshold", "0").code == 0
    (record,) = read_records(path)
    chosen = record.fields["chosen"]
    assert sorted(chosen if isinstance(chosen, list) else json.loads(chosen)) == ["cabin", "ferry", "volcano"]


@pytest.mark.parametrize(
    "words",
    [
        (TEXT,),
        LABELS,
        (TEXT, "--labels", "a,a"),
        (TEXT, "-l", "a=x", "-l", "b"),
        (TEXT, "-l", "a=x", "-l", "a=y"),
        (TEXT, *LABELS, "--template", "nothing"),
        (TEXT, *LABELS, "--threshold", "2"),
        (TEXT, *LABELS, "--thresholds", "missing.json"),
        ("missing.jsonl", *LABELS),
    ],
)
def test_bad_usage_is_exit_code_2_and_one_message(words):
    answer = crossjudge("tag", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
