"""The own cases of deduplication: enough of them, each whole and its own, none from the training texts."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

from crossjudge.apps.deduplication.copies import plain

ROOT = Path(__file__).parent.parent.parent.parent
CASES = [json.loads(line) for line in (ROOT / "benchmarks" / "cases" / "dedupe.jsonl").read_text("utf-8").splitlines()]
AUGMENTATION = ROOT / "src" / "crossjudge" / "training" / "augmentation"
TRAINING = "\n".join(path.read_text("utf-8").lower() for path in AUGMENTATION.rglob("*.toml"))


def test_there_are_sixty_different_cases_of_many_domains():
    assert len(CASES) >= 60
    assert [case["id"] for case in CASES] == [f"dedupe-{n:02d}" for n in range(1, len(CASES) + 1)]
    assert len({frozenset(case["texts"]) for case in CASES}) == len(CASES)
    assert len({case["domain"] for case in CASES}) >= 10


def test_a_case_expects_each_of_its_texts_once():
    for case in CASES:
        assert case.keys() == {"id", "domain", "texts", "expect"}
        assert len(set(case["texts"])) == len(case["texts"]) >= 2, case["id"]
        assert sorted(chain.from_iterable(case["expect"])) == list(range(len(case["texts"]))), case["id"]
        assert case["expect"] == sorted(sorted(group) for group in case["expect"]), case["id"]


def test_near_misses_and_duplicates_are_both_there():
    sizes = [[len(group) for group in case["expect"]] for case in CASES]
    assert sum(max(one) > 1 for one in sizes) >= 40
    assert sum(max(one) == 1 for one in sizes) >= 5
    assert sum(len(one) > 1 for one in sizes) >= 50


def test_no_text_of_one_case_is_in_another():
    texts = [plain(text) for case in CASES for text in {plain(one) for one in case["texts"]}]
    assert len(set(texts)) == len(texts)


def test_no_case_is_one_of_the_training_texts():
    assert not [text for case in CASES for text in case["texts"] if text.lower().rstrip(".?") in TRAINING]
