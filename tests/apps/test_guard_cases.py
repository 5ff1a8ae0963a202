"""The own cases of guarding: enough of them, each whole, each its own, and none from the training texts."""

import json
from collections import Counter
from pathlib import Path

from crossjudge.apps.guarding import default_recognizers, recognize
from crossjudge.apps.guarding.ties import tied_kinds

ROOT = Path(__file__).parent.parent.parent
CASES = [json.loads(line) for line in (ROOT / "benchmarks/cases/guard.jsonl").read_text("utf-8").splitlines()]
WORDS = ROOT / "src" / "crossjudge" / "training" / "augmentation" / "words"
TRAINING = "\n".join(path.read_text("utf-8") for path in WORDS.glob("applications_*.toml"))


def hits(case):
    kinds = tied_kinds("policy", case["policy"], default_recognizers())
    return [one for one in recognize(case["text"]) if one.kind in kinds]


def test_there_are_fifty_different_cases_of_many_domains():
    assert len(CASES) >= 50
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert len({(case["text"], case["policy"]) for case in CASES}) == len(CASES)
    assert len({case["domain"] for case in CASES}) >= 10


def test_every_case_is_whole():
    for case in CASES:
        assert case.keys() == {"id", "domain", "text", "policy", "expect"}
        assert case["text"].strip()
        assert case["policy"].strip()


def test_neither_answer_wins_by_being_given_always():
    for policy in {case["policy"] for case in CASES}:
        expected = Counter(case["expect"] for case in CASES if case["policy"] == policy)
        assert expected["fail"] >= 1
        assert expected["pass"] >= 1
        assert expected.keys() == {"pass", "fail"}
    assert 0.4 <= sum(case["expect"] == "fail" for case in CASES) / len(CASES) <= 0.6


def test_what_a_recogniser_finds_is_never_expected_to_pass():
    found = [case["expect"] for case in CASES if hits(case)]
    assert len(found) >= 5
    assert set(found) == {"fail"}


def test_most_cases_are_for_the_model():
    assert sum(case["expect"] == "fail" and not hits(case) for case in CASES) >= 15


def test_no_case_is_one_of_the_training_texts():
    assert not [case for case in CASES if case["text"] in TRAINING or case["policy"] in TRAINING]
