"""`crossjudge tag`: what the library answers, from texts and files, with exit codes to build on."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

from crossjudge import BiEncoder, CrossEncoder, Tagger

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


def test_a_name_that_needs_more_words_is_described():
    (row,) = crossjudge("tag", TEXT, *LABELS, "--describe", "volcano=a mountain = fire", "--json").rows
    assert {tag["name"]: tag["hypothesis"] for tag in row["tags"]} == {
        "ferry": "This text is about ferry.",
        "cabin": "This text is about cabin.",
        "volcano": "This text is about a mountain = fire.",
    }


def test_thresholds_may_differ_by_label():
    (row,) = crossjudge("tag", TEXT, *LABELS, "-t", "1", "-t", "cabin=0", "--json").rows
    assert row["chosen"] == ["cabin"]


def test_a_first_stage_leaves_the_labels_that_the_library_leaves():
    (row,) = crossjudge("tag", TEXT, *LABELS, "--first-stage", "2", "--json").rows
    model, nearest = CrossEncoder(backend="fake"), BiEncoder(backend="fake")
    expected = Tagger(["ferry", "cabin", "volcano"], model=model, first_stage=2, first_stage_model=nearest)(TEXT)
    assert [tag["name"] for tag in row["tags"]] == [tag.name for tag in expected.tags]
    assert len(row["tags"]) == 2


@pytest.mark.parametrize("chunk", [1, 2048])
def test_what_a_first_stage_costs_is_said_at_the_end(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("crossjudge.cli.work.CHUNK_ROWS", chunk)
    rows = [{"text": TEXT}, {"text": ""}, {"text": "rain"}, {"text": "rain", "labels": ["snow"]}]
    path = write(tmp_path / "texts.jsonl", *map(json.dumps, rows))
    answer = crossjudge("tag", path, *LABELS, "-t", "0", "--first-stage", "1", "--recall-cost", "--json")
    # At a threshold of 0 every label applies: three to each of two texts, of which the first stage leaves one.
    assert "of 6 tags that asking every label finds in 2 texts, 2 are still found: 33.3%" in answer.err
    assert len(answer.rows) == len(rows)


def test_nothing_to_lose_is_said_too():
    answer = crossjudge("tag", TEXT, *LABELS, "-t", "1", "--first-stage", "1", "--recall-cost")
    assert "no label applies to any of 1 texts" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--describe", "volcano"), "expected NAME=TEXT"),
        (("--describe", "volcano="), "expected NAME=TEXT"),
        (("--describe", "rain=wet"), "'rain' is described and is no label"),
        (("--describe", "ferry=a", "--describe", "ferry=b"), "stands there twice"),
        (("--threshold", "much"), "expected NUMBER or NAME=NUMBER"),
        (("--threshold", "ferry=2"), "expected a probability"),
        (("--threshold", "rain=0.5"), "expected one of ferry"),
        (("--threshold", "0.5", "--thresholds", "some.json"), "Leave one of them out"),
        (("--recall-cost",), "Pass --first-stage"),
        (("--first-stage-model", "name"), "Pass --first-stage"),
        (("--first-stage", "0"), "--first-stage"),
    ],
)
def test_what_is_wrong_with_an_option_is_said(words, message):
    answer = crossjudge("tag", TEXT, *LABELS, *words)
    assert (answer.code, answer.out) == (2, "")
    assert message in " ".join(answer.err.split())


def test_a_whole_hypothesis_is_not_described_beside():
    answer = crossjudge("tag", TEXT, "-l", "late=It was late.", "--describe", "late=after its time")
    assert (answer.code, answer.out) == (2, "")
    assert "'late' is described beside" in answer.err


def test_at_most_one_label_where_single_is_asked():
    (every,) = crossjudge("tag", TEXT, *LABELS, "--threshold", "0", "--json").rows
    (one,) = crossjudge("tag", TEXT, *LABELS, "--threshold", "0", "--single", "--json").rows
    assert (len(every["chosen"]), one["chosen"]) == (3, every["chosen"][:1])


def test_a_blank_text_is_an_error_in_its_place(tmp_path):
    path = write(tmp_path / "texts.jsonl", *(json.dumps({"text": text}) for text in (TEXT, "", TEXT)))
    answer = crossjudge("tag", path, *LABELS, "--json")
    assert answer.code == 2
    assert [row.get("error", {}).get("type") for row in answer.rows] == [None, "ItemError", None]
    assert "line 2: Tagging: the text is blank; expected a text" in answer.rows[1]["error"]["message"]


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
