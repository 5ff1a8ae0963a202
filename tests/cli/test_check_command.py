"""`crossjudge check`: the library's reports for texts and files, a coloured view, a page, and a gate."""

import json

import pytest
from command_line import crossjudge, write

from crossjudge.apps.checking import ClaimChecker
from crossjudge.models.cross_encoder import CrossEncoder

SOURCE = "The ferry was built in 1974. It may sail in July."
ANSWER = "The ferry was built in 1974. It has 99 cabins."


@pytest.fixture(scope="module")
def checker() -> ClaimChecker:
    return ClaimChecker(model=CrossEncoder(backend="fake"))


def test_json_rows_are_the_reports_of_the_library(checker):
    answer = crossjudge("check", SOURCE, "Another source.", ANSWER, "--json")
    assert answer.code == 0
    assert answer.rows == [{"id": None, "line": 1, **checker([SOURCE, "Another source."], ANSWER).to_dict()}]


def test_threshold_and_windows_are_the_librarys():
    stated = ClaimChecker(model=CrossEncoder(backend="fake"), threshold=0.99, window_tokens=5)
    (row,) = crossjudge("check", SOURCE, ANSWER, "--threshold", "0.99", "--window-tokens", "5", "--json").rows
    assert row["claims"] == stated(SOURCE, ANSWER).to_dict()["claims"]


def test_every_sentence_may_be_read(checker):
    source = " ".join(f"Ship {n} carried coal to port {n}." for n in range(9))
    whole = ClaimChecker(model=CrossEncoder(backend="fake"), every_sentence=True)
    asked = ("check", source, ANSWER, "--json")
    assert crossjudge(*asked, "--every-sentence").rows[0]["claims"] == whole(source, ANSWER).to_dict()["claims"]
    assert crossjudge(*asked).rows[0]["claims"] == checker(source, ANSWER).to_dict()["claims"]
    assert whole(source, ANSWER).claims != checker(source, ANSWER).claims


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        ({"source": SOURCE, "answer": ANSWER}, (SOURCE, ANSWER)),
        ({"context": [SOURCE, "More."], "response": ANSWER}, ([SOURCE, "More."], ANSWER)),
        ({"source": SOURCE, "claim": ANSWER}, (SOURCE, [ANSWER])),
        ({"source": SOURCE, "claims": ["One.", "Two. Three."]}, (SOURCE, ["One.", "Two. Three."])),
    ],
)
def test_a_row_holds_sources_and_an_answer_or_claims(tmp_path, checker, row, asked):
    path = write(tmp_path / "rows.jsonl", json.dumps({"id": "x", **row}))
    assert crossjudge("check", path, "--json").rows == [{"id": "x", "line": 1, **checker(*asked).to_dict()}]


def test_a_bad_row_costs_no_other_row(tmp_path, checker):
    rows = [{"source": SOURCE, "answer": ANSWER}, {"source": "", "answer": "a"}, {"source": SOURCE}]
    path = write(tmp_path / "rows.jsonl", *map(json.dumps, rows))
    answer = crossjudge("check", path, "--json")
    assert answer.code == 2
    assert answer.rows[0]["decision"] == checker(SOURCE, ANSWER).decision
    assert [row["error"]["type"] for row in answer.rows[1:]] == ["ItemError", "FileRowError"]


def test_people_see_each_claim_with_its_evidence_and_flags():
    shown = crossjudge("check", SOURCE, ANSWER).out
    assert "✓ The ferry was built in 1974.  supported" in shown
    assert "source 1, characters 0 to 28" in shown
    assert "the number “99” is in no source" in shown
    assert "1 of 2 claims supported" in shown


def test_people_see_a_line_for_each_row_of_a_file(tmp_path):
    path = write(tmp_path / "rows.jsonl", json.dumps({"source": SOURCE, "answer": ANSWER}))
    shown = crossjudge("check", path).out
    assert "1 not mentioned, 1 supported" in shown


def test_a_page_is_written_beside_the_results(tmp_path):
    out = tmp_path / "page.html"
    answer = crossjudge("check", SOURCE, ANSWER, "--html", out, "--json")
    assert answer.code == 0
    assert len(answer.rows) == 1
    page = out.read_text("utf-8")
    assert page.count("<mark ") == 2
    assert "<u>99</u>" in page


@pytest.mark.parametrize(
    ("gate", "code"), [("contradicted", 0), ("not_mentioned", 1), ("contradicted,supported", 1), ("wrong", 2)]
)
def test_fail_on_names_outcomes(gate, code):
    assert crossjudge("check", SOURCE, ANSWER, "--fail-on", gate, "--json").code == code


@pytest.mark.parametrize("words", [[], [SOURCE]])
def test_a_source_alone_is_refused(words):
    answer = crossjudge("check", *words)
    assert answer.code == 2
    assert "answer" in answer.err
