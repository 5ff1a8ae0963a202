"""`crossjudge dedupe`: what the library answers, over whole files; kept and removed rows are the file again."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge as run
from command_line import write

from crossjudge import BiEncoder, CrossEncoder, Deduplicator
from crossjudge.files import read_records

TEXTS = ["The ferry was late", "a volcano", "late was the ferry", "The  ferry was late"]


def crossjudge(command, *words, **more):
    return run(command, "--backend", "fake", *words, **more)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "texts.jsonl", *(json.dumps({"id": f"t{n}", "text": text}) for n, text in enumerate(TEXTS)))


def test_json_is_what_the_library_answers(path):
    rows = crossjudge("dedupe", path, "--json").rows
    model = CrossEncoder(backend="fake", head="duplicate")
    clusters = Deduplicator(model=model, first_stage_model=BiEncoder(backend="fake"))(TEXTS)
    assert [{name: row[name] for name in clusters[0].to_dict()} for row in rows] == [one.to_dict() for one in clusters]
    assert [row["lines"] for row in rows] == [[1, 3, 4], [2]]
    assert rows[1]["text"] == "a volcano"


def test_files_and_texts_give_the_same(path):
    assert crossjudge("dedupe", path, "--json") == crossjudge("dedupe", *TEXTS, "--json")


def test_kept_and_removed_rows_are_the_file(path, tmp_path):
    kept, removed = tmp_path / "kept.jsonl", tmp_path / "removed.csv"
    assert crossjudge("dedupe", path, "--kept", kept, "--removed", removed, "--quiet").code == 0
    ids = [[record.fields["id"] for record in read_records(file)] for file in (kept, removed)]
    assert len(ids[0]) == 2
    assert sorted(ids[0] + ids[1]) == ["t0", "t1", "t2", "t3"]


def test_texts_of_the_command_line_can_be_kept(tmp_path):
    kept = tmp_path / "kept.jsonl"
    assert crossjudge("dedupe", "rain", "rain", "snow", "--kept", kept).code == 0
    assert [record.fields for record in read_records(kept)] == [{"text": "rain"}, {"text": "snow"}]


def test_a_bad_row_is_named_and_the_others_are_done(tmp_path):
    path = write(tmp_path / "texts.jsonl", '{"text": "rain"}', '{"text": " "}', '{"words": 1}', '{"text": "RAIN"}')
    answer = crossjudge("dedupe", path, "--json")
    assert answer.code == 2
    assert answer.rows[0]["indices"] == [0, 3]
    assert [(row["lines"], row["error"]["type"]) for row in answer.rows[1:]] == [
        ([2], "ItemError"),
        ([3], "FileRowError"),
    ]
    assert "2 of 4 rows hold no text" in answer.err


def test_a_gate_on_duplicates():
    assert crossjudge("dedupe", "rain", "rain", "--fail-on", "duplicates").code == 1
    assert crossjudge("dedupe", "rain", "a volcano", "--fail-on", "duplicates").code == 0
    assert crossjudge("dedupe", "rain", "rain", "--fail-on", "twins").code == 2


def test_the_table_shows_clusters_and_the_account(path):
    answer = crossjudge("dedupe", path)
    assert answer.code == 0
    assert answer.out.startswith("3 texts, weakest link ")
    assert "a volcano" not in answer.out
    assert "4, of which 2 repeat another" in answer.out
    assert "6 possible" in answer.out


def test_several_files_say_which(tmp_path):
    one, other = (write(tmp_path / name, "text", "rain") for name in ("one.csv", "other.csv"))
    (row,) = crossjudge("dedupe", one, other, "--json").rows
    assert (row["files"], row["lines"]) == ([str(one), str(other)], [2, 2])


def test_output_can_be_a_file(path, tmp_path):
    out = tmp_path / "clusters.csv"
    assert crossjudge("dedupe", path, "-o", out).code == 0
    assert [json.loads(record.fields["lines"]) for record in read_records(out)] == [[1, 3, 4], [2]]


def test_figures_keep_apart_unless_they_need_not():
    words = ("The hall seats 40 people", "The hall seats 50 people", "--json")
    assert len(crossjudge("dedupe", *words).rows) == 2
    assert len(crossjudge("dedupe", *words, "--apart-by", "none").rows) == 1


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("one text",),
        ("a", "b", "--threshold", "2"),
        ("a", "b", "--neighbours", "0"),
        ("a", "b", "--apart-by", "colour"),
        ("missing.jsonl",),
    ],
)
def test_bad_usage_is_exit_code_2_and_one_message(words):
    answer = crossjudge("dedupe", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err


def test_what_is_read_is_not_written_over(path):
    assert crossjudge("dedupe", path, "--kept", path).code == 2
    assert len(path.read_text().splitlines()) == 4
