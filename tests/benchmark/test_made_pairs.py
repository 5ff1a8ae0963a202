"""Made pairs by rule: every pair is counted once, under its rule, and right as the rule says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.progress import Progress

from crossjudge import CrossEncoder, Judge
from crossjudge.training.augmentation import MadePair

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
JUDGE = Judge(CrossEncoder(backend="fake"))


@pytest.fixture
def made_pairs(monkeypatch):
    """The module, as `python benchmarks/made_pairs.py` has it; some of its neighbours have names of our packages."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import made_pairs

    yield made_pairs
    for name in ("made_pairs", "figures"):
        sys.modules.pop(name, None)


def test_every_pair_is_counted_once_and_the_worst_rule_comes_first(made_pairs):
    (block,) = made_pairs.measure(JUDGE, ["roles"], limit=200, bar=Progress(disable=True))
    *rules, whole = block.table.rows
    assert sum(one["n"] for one in block.numbers) == int(whole[1]) <= 200
    assert all(int(n) >= made_pairs.LEAST for _, n, _ in rules)
    shares = [float(right.split()[0]) for *_, right in rules]
    assert shares == sorted(shares)


def test_a_rule_that_only_says_that_nothing_follows_is_met_by_either(made_pairs):
    verdict = JUDGE("The shop is open.", "The shop is closed.")
    for nli in ("entailment", "neutral", "contradiction"):
        pair = MadePair("a", "b", "roles", "some", nli=nli)
        assert made_pairs.is_right(pair, verdict) == (verdict.label == nli)
    open_pair = MadePair("a", "b", "roles", "some", nli="not_entailment")
    assert made_pairs.is_right(open_pair, verdict) == (verdict.label != "entailment")
