"""The own cases of tagging and answering: enough of them, each whole and its own, none from the training texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossjudge.apps.statements import statement

ROOT = Path(__file__).parent.parent.parent
CASES = {
    name: [
        json.loads(line) for line in (ROOT / "benchmarks" / "cases" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    for name in ("tag", "answer")
}
AUGMENTATION = ROOT / "src" / "crossjudge" / "training" / "augmentation"
TRAINING = "\n".join(path.read_text("utf-8").lower() for path in AUGMENTATION.rglob("*.toml"))


def asked(case):
    """The texts that a model reads."""
    labels = case.get("labels", [])
    return [case.get("text") or case["context"], *(labels.values() if isinstance(labels, dict) else [])]


@pytest.mark.parametrize("name", CASES)
def test_there_are_fifty_different_cases_of_many_domains(name):
    cases = CASES[name]
    assert len(cases) >= 50
    assert [case["id"] for case in cases] == [f"{name}-{n:02d}" for n in range(1, len(cases) + 1)]
    assert len({json.dumps({**case, "id": None}) for case in cases}) == len(cases)
    assert len({case["domain"] for case in cases}) >= 10


def test_tag_cases_expect_some_of_their_labels():
    for case in CASES["tag"]:
        assert case.keys() == {"id", "domain", "text", "labels", "expect"}
        assert len(case["labels"]) >= 3
        assert set(case["expect"]) < set(case["labels"]), case["id"]
    assert any(not case["expect"] for case in CASES["tag"])
    assert any(len(case["expect"]) > 1 for case in CASES["tag"])


def test_answer_cases_expect_one_of_their_candidates_or_none():
    for case in CASES["answer"]:
        assert case.keys() == {"id", "domain", "context", "question", "candidates", "expect"}
        assert case["expect"] in [*case["candidates"], None], case["id"]
        assert len(set(case["candidates"])) == len(case["candidates"])
    assert any(case["expect"] is None for case in CASES["answer"])


def test_answer_cases_are_asked_in_both_ways():
    by_rule = [statement(case["question"], case["candidates"][0]) is not None for case in CASES["answer"]]
    assert any(by_rule)
    assert not all(by_rule)


@pytest.mark.parametrize("name", CASES)
def test_no_case_is_one_of_the_training_texts(name):
    assert not [text for case in CASES[name] for text in asked(case) if text.lower().rstrip(".") in TRAINING]
