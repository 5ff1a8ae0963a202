"""`crossjudge answer`: what the library answers, from texts and files, with exit codes to build on."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

from crossjudge import AnswerPicker, CrossEncoder

ASKED = ("Tom works at the mill and his sister lives in Lyon.", "Where does Tom work?", "Lyon", "the mill")
NOWHERE = ("Tom works at the mill.", "Who discovered the comet?", "Halley", "Caroline Herschel")


def row(context: str, question: str, *candidates: str) -> str:
    return json.dumps({"context": context, "question": question, "candidates": candidates})


def test_json_is_what_the_library_answers():
    (found,) = crossjudge("answer", *ASKED, "--json").rows
    context, question, *candidates = ASKED
    result = AnswerPicker(model=CrossEncoder(backend="fake"))(context, question, candidates)
    assert found == {"id": None, "line": 1, **result.to_dict()}
    assert found["best"] == "the mill"


def test_files_and_texts_give_the_same(tmp_path):
    path = write(tmp_path / "questions.jsonl", row(*ASKED))
    assert crossjudge("answer", path, "--json") == crossjudge("answer", *ASKED, "--json")


def test_a_question_without_candidates_costs_no_other(tmp_path):
    path = write(tmp_path / "questions.jsonl", row(*ASKED), row("a", "b?"), row(*ASKED))
    answer = crossjudge("answer", path, "--json")
    assert answer.code == 2
    assert [found.get("error", {}).get("type") for found in answer.rows] == [None, "ItemError", None]


def test_a_gate_on_abstaining():
    assert crossjudge("answer", *ASKED, "--fail-on", "abstained").code == 0
    assert crossjudge("answer", *NOWHERE, "--fail-on", "abstained").code == 1
    assert crossjudge("answer", *ASKED, "--fail-on", "nonsense").code == 2


def test_the_table_ranks_the_candidates_and_says_when_it_abstains():
    answer = crossjudge("answer", *ASKED)
    assert answer.out.index("the mill") < answer.out.index("Lyon")
    assert "abstained" not in answer.out
    assert "abstained" in crossjudge("answer", *NOWHERE).out


def test_the_table_of_a_file_has_a_row_for_each_question(tmp_path):
    path = write(tmp_path / "questions.jsonl", row(*ASKED), row(*ASKED))
    assert len(crossjudge("answer", path).out.splitlines()) == 3


def test_rules_can_be_left_out():
    (found,) = crossjudge("answer", *ASKED, "--template-only", "--template", "It is {}.", "--json").rows
    assert found["hypotheses"][0].startswith("It is ")


@pytest.mark.parametrize(
    "words", [(), ("context",), ("context", "question?"), (*ASKED, "--template", "nothing"), ("missing.jsonl",)]
)
def test_bad_usage_is_exit_code_2_and_one_message(words):
    answer = crossjudge("answer", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
