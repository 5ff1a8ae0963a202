"""The own cases of checking: enough of them, each whole, each its own, and none from the training texts."""

import json
from collections import Counter
from pathlib import Path

from crossjudge.apps.checking.results import CONTRADICTED, NOT_MENTIONED, OVERSTATED, SUPPORTED

ROOT = Path(__file__).parent.parent.parent
CASES = [json.loads(line) for line in (ROOT / "benchmarks" / "cases" / "check.jsonl").read_text("utf-8").splitlines()]
WORDS = ROOT / "src" / "crossjudge" / "training" / "augmentation" / "words"
TRAINING = "\n".join(path.read_text("utf-8") for path in WORDS.glob("*.toml"))


def sources(case):
    return [case["source"]] if isinstance(case["source"], str) else case["source"]


def test_there_are_fifty_different_cases_of_many_domains():
    assert len(CASES) >= 50
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert len({(*sources(case), case["claim"]) for case in CASES}) == len(CASES)
    assert len({case["domain"] for case in CASES}) >= 10


def test_every_case_is_whole():
    for case in CASES:
        assert case.keys() - {"flags"} == {"id", "domain", "source", "claim", "expect"}
        assert case["claim"].strip() == case["claim"] != ""
        assert all(text.strip() for text in sources(case))
        assert set(case.get("flags", [])) <= {OVERSTATED}


def test_no_outcome_is_rare():
    counts = Counter(case["expect"] for case in CASES)
    assert counts.keys() == {SUPPORTED, CONTRADICTED, NOT_MENTIONED}
    assert min(counts.values()) >= 15


def test_no_case_is_one_of_the_training_texts():
    assert not [text for case in CASES for text in (*sources(case), case["claim"]) if text in TRAINING]
