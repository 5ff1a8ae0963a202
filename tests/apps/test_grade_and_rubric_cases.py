"""The own cases of grading and scoring: enough of them, each whole, each its own, and none from the training texts."""

import json
from pathlib import Path

import pytest

from crossjudge.apps.grading import GRADES
from crossjudge.apps.key_points import key_points

ROOT = Path(__file__).parent.parent.parent
CASES = {
    name: [
        json.loads(line) for line in (ROOT / "benchmarks" / "cases" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    for name in ("grade", "rubric")
}
WORDS = ROOT / "src" / "crossjudge" / "training" / "augmentation" / "words"
TRAINING = "\n".join(WORDS.joinpath(f"applications_{name}.toml").read_text("utf-8") for name in ("grades", "rubrics"))


def references(case):
    return [case["reference"]] if isinstance(case["reference"], str) else case["reference"]


@pytest.mark.parametrize("name", CASES)
def test_there_are_fifty_different_cases_of_many_domains(name):
    cases = CASES[name]
    assert len(cases) >= 50
    assert len({case["id"] for case in cases}) == len(cases)
    assert len({json.dumps({**case, "id": None}) for case in cases}) == len(cases)
    assert len({case["domain"] for case in cases}) >= 10


def test_grades_expect_a_grade_and_may_name_key_points():
    assert {case["expect"] for case in CASES["grade"]} == {*GRADES}
    for case in CASES["grade"]:
        points = [point for reference in references(case) for point in key_points(reference)]
        assert case.keys() <= {"id", "domain", "question", "reference", "answer", "expect", "missing"}
        assert case["answer"].strip()
        assert set(case.get("missing", [])) <= {*points}


def test_rubric_cases_expect_a_range_for_each_criterion():
    for case in CASES["rubric"]:
        assert case.keys() == {"id", "domain", "request", "response", "criteria", "expect"}
        assert case["criteria"].keys() == case["expect"].keys()
        assert all(0 <= low < high <= 1 for low, high in case["expect"].values())
    assert len({tuple(bounds) for case in CASES["rubric"] for bounds in case["expect"].values()}) > 1


def test_no_case_is_one_of_the_training_texts():
    texts = [text for case in CASES["grade"] for text in (*references(case), case["answer"])]
    texts += [text for case in CASES["rubric"] for text in (case["request"], *case["criteria"].values())]
    assert not [text for text in texts if text in TRAINING]
