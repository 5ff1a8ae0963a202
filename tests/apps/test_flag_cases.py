"""The own cases of flags: enough of each kind, each whole, and nothing flagged that the source has word for word."""

import json
from collections import Counter
from pathlib import Path

from crossjudge.apps.checking.results import DATE, NAME, NUMBER, OVERSTATED

FILE = Path(__file__).parent.parent.parent / "benchmarks" / "cases" / "flags.jsonl"
CASES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def sources(case):
    return [case["source"]] if isinstance(case["source"], str) else case["source"]


def test_there_are_a_hundred_different_cases_of_many_domains():
    assert len(CASES) == 100
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert len({(*sources(case), case["claim"]) for case in CASES}) == len(CASES)
    assert len({case["domain"] for case in CASES}) >= 10


def test_every_case_is_whole():
    for case in CASES:
        assert case.keys() == {"id", "domain", "source", "claim", "expect"}
        assert case["claim"].strip() == case["claim"] != ""
        assert all(text.strip() for text in sources(case))
        for flag in case["expect"]:
            assert flag.keys() == ({"kind"} if flag["kind"] == OVERSTATED else {"kind", "text"})
            assert flag.get("text", "") in case["claim"]


def test_what_is_flagged_stands_in_no_source():
    for case in CASES:
        for flag in case["expect"]:
            assert "text" not in flag or not any(flag["text"] in text for text in sources(case)), case["id"]


def test_no_kind_is_rare_and_nothing_to_flag_is_common():
    counts = Counter(flag["kind"] for case in CASES for flag in case["expect"])
    assert counts.keys() == {NUMBER, DATE, NAME, OVERSTATED}
    assert min(counts.values()) >= 12
    assert sum(not case["expect"] for case in CASES) >= 20
