"""`crossjudge grade`: the library's grades for texts and whole classes, their summary and picture, and a gate."""

import json
from dataclasses import fields

import pytest
from command_line import crossjudge, write

from crossjudge.apps.grading import GRADES, Grader, GradeResult
from crossjudge.models.cross_encoder import CrossEncoder

REFERENCE = "The valve lets steam escape."
OTHER = "Bees carry pollen. Wind carries pollen too."
ANSWERS = ("Steam leaves through the valve.", "I don't know", "")
GRADE = {one.name for one in fields(GradeResult)}


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    return CrossEncoder(backend="fake")


def grades_of(answer):
    return [{name: row[name] for name in GRADE} for row in answer.rows]


def test_json_rows_are_the_results_of_the_library(model):
    answer = crossjudge("grade", REFERENCE, *ANSWERS, "--json")
    expected = Grader(REFERENCE, model=model).batch(ANSWERS)
    assert answer.code == 0
    assert answer.rows == [{"id": None, "line": n, **one.to_dict()} for n, one in enumerate(expected, start=1)]


def test_references_and_question_may_be_options(model):
    answer = crossjudge("grade", *ANSWERS, "-r", REFERENCE, "-r", OTHER, "--question", "What for?", "--json")
    expected = Grader([REFERENCE, OTHER], question="What for?", model=model).batch(ANSWERS)
    assert grades_of(answer) == [one.to_dict() for one in expected]


def test_a_class_with_several_questions_is_graded_in_its_order(tmp_path, model):
    rows = [(REFERENCE, ANSWERS[0]), (OTHER, "Bees"), (REFERENCE, "Steam"), (OTHER, "Wind carries pollen.")]
    path = write(tmp_path / "class.csv", "reference,student_answer", *(",".join(row) for row in rows))
    expected = [Grader(reference, model=model)(answer).to_dict() for reference, answer in rows]
    assert grades_of(crossjudge("grade", path, "--json")) == expected


def test_a_file_of_answers_alone_takes_its_reference_from_the_options(tmp_path):
    path = write(tmp_path / "class.csv", "id,answer", *(f'{n},"{answer}"' for n, answer in enumerate(ANSWERS)))
    answer = crossjudge("grade", path, "-r", REFERENCE, "--json")
    assert [row["id"] for row in answer.rows] == ["0", "1", "2"]
    assert grades_of(answer) == grades_of(crossjudge("grade", REFERENCE, *ANSWERS, "--json"))


@pytest.mark.parametrize("column", ["id", "student", "pupil", "name"])
def test_a_class_knows_its_students_by_name(tmp_path, column):
    path = write(tmp_path / "class.csv", f"{column},reference,answer", f"Ada,{REFERENCE},Steam", f",{REFERENCE},Bees")
    assert [row["id"] for row in crossjudge("grade", path, "--json").rows] == ["Ada", ""]
    shown = crossjudge("grade", path, width=120).out
    assert "Ada: Steam" in shown
    assert " Bees" in shown
    assert ": Bees" not in shown


def test_lists_of_references_stand_in_jsonl_and_in_cells_of_csv(tmp_path, model):
    both = json.dumps([REFERENCE, OTHER])
    by_jsonl = write(tmp_path / "a.jsonl", f'{{"answer": "Steam", "reference": {both}}}')
    by_csv = write(tmp_path / "a.csv", "answer,reference", 'Steam,"{}"'.format(both.replace('"', '""')))
    expected = [Grader([REFERENCE, OTHER], model=model)("Steam").to_dict()]
    assert grades_of(crossjudge("grade", by_jsonl, "--json")) == expected
    assert grades_of(crossjudge("grade", by_csv, "--json")) == expected


@pytest.mark.parametrize("width", [60, 120])
def test_people_see_every_missing_point_of_an_answer_whole(model, width):
    shown = " ".join(crossjudge("grade", OTHER, *ANSWERS, width=width).out.split())
    for answer, result in zip(ANSWERS, Grader(OTHER, model=model).batch(ANSWERS), strict=True):
        assert f"{answer or '(blank)'} " in shown
        assert all(f"missing: {point}" in shown for point in result.missing)
    assert "missing: Bees carry pollen. missing: Wind carries pollen too." in shown  # of the blank answer


def test_a_long_question_stands_on_one_line_above_its_summary(tmp_path):
    question = "Why does the valve on the lid of a pressure cooker open now and then"
    path = write(tmp_path / "class.csv", "reference,answer,question", f"{REFERENCE},Steam,{question}")
    assert f"\n{question}\n" in crossjudge("grade", path, width=120).out


def test_people_see_a_summary_of_the_class(tmp_path):
    path = write(tmp_path / "class.csv", "reference,answer", f"{REFERENCE},Steam", f"{REFERENCE},", f"{OTHER},Bees")
    shown = crossjudge("grade", path, width=120).out
    assert "of 2" in shown
    assert "of 1" in shown
    assert shown.count("mean score") == 2


def test_answers_to_a_question_each_have_one_summary(tmp_path):
    path = write(tmp_path / "class.csv", "reference,answer", f"{REFERENCE},Steam", f"{OTHER},Bees")
    shown = crossjudge("grade", path, width=120).out
    assert "2 answers to 2 questions" in shown
    assert shown.count("mean score") == 1


def test_a_bad_row_costs_no_other_row(tmp_path):
    rows = [
        {"reference": REFERENCE, "answer": "Steam"},
        {"reference": " ", "answer": "Steam"},
        {"reference": REFERENCE},
    ]
    path = write(tmp_path / "class.jsonl", *map(json.dumps, rows))
    answer = crossjudge("grade", path, "--json")
    assert answer.code == 2
    assert ["error" in row for row in answer.rows] == [False, True, True]


def test_the_class_is_drawn_where_asked(tmp_path):
    pytest.importorskip("matplotlib")
    path = write(tmp_path / "class.csv", "reference,answer", f"{REFERENCE},Steam", f"{OTHER},Bees")
    answer = crossjudge("grade", path, "--plot", tmp_path / "class.png", "--json")
    assert answer.code == 0
    assert len(answer.rows) == 2
    assert (tmp_path / "class.png").read_bytes().startswith(b"\x89PNG")


def test_a_gate_names_grades():
    (row,) = crossjudge("grade", REFERENCE, ANSWERS[0], "--json").rows
    others = ",".join(set(GRADES) - {row["grade"]})
    assert crossjudge("grade", REFERENCE, ANSWERS[0], "--fail-on", row["grade"]).code == 1
    assert crossjudge("grade", REFERENCE, ANSWERS[0], "--fail-on", others).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((REFERENCE,), "a reference answer and answers"),
        ((REFERENCE, "a", "--fail-on", "WRONG"), "'WRONG'; expected one of INCORRECT"),
        ((REFERENCE, "a", "--plot", "class.pdf"), "ends in .png"),
        ((REFERENCE, "a", "--plot", "nowhere/class.png"), "a folder that is there"),
        ((" ", "a"), "blank"),
    ],
)
def test_bad_usage_is_said_and_ends_in_2(words, message):
    answer = crossjudge("grade", *words)
    assert answer.code == 2
    assert message in answer.err
