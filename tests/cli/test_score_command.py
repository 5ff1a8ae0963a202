"""`crossjudge score`: the library's scores for texts and files, rubrics from both places, and a gate."""

import json

import pytest
from command_line import crossjudge, write

from crossjudge.apps.scoring import RubricScorer
from crossjudge.models.cross_encoder import CrossEncoder

REQUEST = "How do I descale a kettle?"
RESPONSES = ("Boil it with vinegar, then rinse.", "Kettles are old.")
RUBRIC = {"steps": "The answer lists steps.", "polite": "The answer is polite."}
CRITERIA = [word for name, text in RUBRIC.items() for word in ("--criterion", f"{name}={text}")]


@pytest.fixture(scope="module")
def scorer() -> RubricScorer:
    return RubricScorer(RUBRIC, weights={"steps": 2}, model=CrossEncoder(backend="fake"))


@pytest.fixture
def rubric(tmp_path):
    lines = [f'{name} = "{text}"' for name, text in RUBRIC.items()]
    return write(tmp_path / "rubric.toml", "[criteria]", *lines, "[weights]", "steps = 2")


def scores_of(answer):
    return [(row["scores"], row["overall"]) for row in answer.rows]


def test_json_rows_are_the_results_of_the_library(scorer):
    answer = crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, "--weight", "steps=2", "--json")
    expected = scorer.batch([(REQUEST, response) for response in RESPONSES])
    assert answer.code == 0
    assert answer.rows == [{"id": None, "line": n, **one.to_dict()} for n, one in enumerate(expected, start=1)]


def test_a_rubric_file_says_what_options_say(rubric):
    by_file = crossjudge("score", REQUEST, *RESPONSES, "--rubric", rubric, "--json")
    assert by_file == crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, "--weight", "steps=2", "--json")


@pytest.mark.parametrize("names", [("request", "response"), ("question", "answer"), ("prompt", "completion")])
def test_files_hold_a_request_and_a_response_in_each_row(tmp_path, names):
    rows = [json.dumps(dict(zip(names, (REQUEST, response), strict=True))) for response in RESPONSES]
    by_file = crossjudge("score", write(tmp_path / "rows.jsonl", *rows), *CRITERIA, "--json")
    assert scores_of(by_file) == scores_of(crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, "--json"))


def test_the_table_shows_every_criterion():
    answer = crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, width=120)
    assert all(word in answer.out for word in ("overall", *RUBRIC, "Kettles are old."))


def test_people_see_why_each_criterion_got_its_score(scorer):
    shown = crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, "--weight", "steps=2").out
    for result in scorer.batch([(REQUEST, response) for response in RESPONSES]):
        assert all(one.explanation in shown and f"{one.score:.2f}" in shown for one in result.criteria)
    assert "steps (weight 2)" in shown


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_says_how_many_criteria_it_has_no_room_for(tmp_path, width):
    path = write(tmp_path / "rows.csv", "request,response", f"{REQUEST},{RESPONSES[1]}")
    names = [f"name{n}" for n in range(9)]
    criteria = [word for name in names for word in ("-c", f"{name}=The answer is {name}.")]
    heading, row = crossjudge("score", path, *criteria, width=width).out.splitlines()
    shown = sum(name in heading for name in names)
    assert 0 < shown < 9
    assert f"{9 - shown} more" in heading
    assert "see --json" in row
    assert max(len(heading.rstrip()), len(row.rstrip())) <= width


@pytest.mark.parametrize(("expression", "code"), [("overall<=1", 1), ("steps<=1", 1), ("overall>1", 0)])
def test_a_gate_names_a_score(expression, code):
    assert crossjudge("score", REQUEST, *RESPONSES, *CRITERIA, "--fail-on", expression).code == code


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((REQUEST, "a"), "no criterion"),
        ((REQUEST, "a", "-c", "steps"), "expected NAME=TEXT"),
        ((REQUEST, "a", "-c", "a=b", "-c", "a=c"), "stands there twice"),
        ((REQUEST, "a", "-c", "a=b", "--weight", "a=heavy"), "expected NAME=NUMBER"),
        ((REQUEST, "a", "-c", "a=b", "--weight", "a=-1"), "expected 0 or more"),
        ((REQUEST, "a", "-c", "a=b", "--weight", "c=1"), "expected one of a"),
        ((REQUEST, "a", "-c", "a=b", "--fail-on", "c<1"), "one of overall, a"),
        ((REQUEST, "a", "--rubric", "nowhere.toml"), "nowhere.toml"),
        ((REQUEST, "-c", "a=b"), "at least one response"),
    ],
)
def test_bad_usage_is_said_and_ends_in_2(words, message):
    answer = crossjudge("score", *words)
    assert answer.code == 2
    assert message in answer.err


@pytest.mark.parametrize("lines", [("a = 1",), ("[rules]", 'a = "b"'), ("[criteria",), ("[criteria]", "a = 1")])
def test_a_rubric_file_of_another_form_is_refused(tmp_path, lines):
    path = write(tmp_path / "rubric.toml", *lines)
    assert crossjudge("score", REQUEST, "a", "--rubric", path).code == 2
