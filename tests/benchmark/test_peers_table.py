"""The side-by-side benchmark's own data: every row can be run, and its page is written from figures alone."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODULES = ("comparison", "processes", "checkpoints", "environments", "engines", "report", "pictures", "machine")


@pytest.fixture
def _on_the_path(monkeypatch):
    """As `python benchmarks/peers.py` has it."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("_on_the_path")
def test_every_row_names_what_is_there():
    from engines import read_table

    environments, engines = read_table()
    names = [engine.name for engine in engines]
    assert len(set(names)) == len(names)
    for engine in engines:
        assert (BENCHMARKS / "adapters" / f"{engine.adapter.partition(':')[0]}.py").is_file()
        assert engine.environment is None or engine.environment in environments
        assert engine.reference in names
        # References come first, so that their scores are there to compare with.
        assert names.index(engine.reference) <= names.index(engine.name)


@pytest.mark.usefixtures("_on_the_path")
def test_choosing_brings_the_references_along():
    from engines import chosen, read_table

    engines = read_table()[1]
    assert [one.name for one in chosen(engines, ["flashrank-fp32"])] == ["st-torch-fp32", "flashrank-fp32"]
    assert chosen(engines, []) == engines
    with pytest.raises(SystemExit, match="no engine begins with nothing-of-the-kind"):
        chosen(engines, ["nothing-of-the-kind"])


@pytest.mark.usefixtures("_on_the_path")
def test_the_page_is_written_from_figures(tmp_path):
    import report

    content = {
        "machine": {"processor": "P", "flags": ["avx2"], "cores": 2, "memory_bytes": None, "system": "Linux 1",
                    "python": "3.11", "versions": {"crossjudge": "0"}},
        "threads": 2, "rounds": 3, "date": "2026-01-01", "environments": {"peer": {"peer": "1.0"}},
        "workloads": {"mixed": {"title": "pairs", "num_pairs": 100, "num_calls": 1, "tokens_per_pair": 10.0}},
        "engines": [figures("st-torch-fp32", "theirs", 4.0), figures("ours", "ours", 0.5, is_ours=True),
                    figures("rough", "ours, rough", 0.1, is_ours=True, agreement=0.9),
                    {**figures("gone", "gone", 1.0), "workloads": {}, "cold_start_s": None, "error": "not installed"}],
    }  # fmt: skip
    json.dumps(content)
    page, *pictures = report.write(content, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "| independent pairs, times sentence-transformers torch fp32: 6 | 8.0 | ours |" in text
    assert "* gone: not installed" in text
    assert {path.stem for path in pictures} == {"mixed", "memory"}
    assert all(f"images/benchmarks/{path.name}" in text for path in pictures)


def figures(name, title, seconds, *, is_ours=False, agreement=1.0):
    timing = {"num_pairs": 100, "num_calls": 1, "best_s": seconds, "median_s": seconds, "pairs_per_s": 100 / seconds,
              "tokens_per_s": 1000 / seconds, "p50_ms": seconds * 1e3, "p99_ms": seconds * 1e3,
              "tokens_computed_per_pair": 12.0}  # fmt: skip
    parity = {"max_drift": 0.01, "agreement": agreement, "agreement_low": 0.9, "agreement_high": 1.0, "n_pairs": 100}
    return {"name": name, "title": title, "is_ours": is_ours, "error": None, "reference": "st-torch-fp32",
            "cold_start_s": {"best": 1.0, "median": 1.0}, "peak_bytes": {"best": 1e8, "median": 1e8},
            "workloads": {"mixed": timing}, "parity": {"mixed": parity}}  # fmt: skip


@pytest.mark.usefixtures("_on_the_path")
def test_one_score_is_compared_with_the_margin_that_it_is():
    import numpy as np

    from comparison import Found, as_logits, compare, in_turn
    from engines import read_table

    engine = read_table()[1][0]
    three = np.array([[-1.0, 2.0, 0.0], [3.0, -1.0, 0.5]], dtype=np.float32)
    reference = Found(engine=engine, scores={"mixed": three})
    margins = three[:, 1] - three[:, 0]
    probabilities = (1 / (1 + np.exp(-margins))).tolist()
    ours = Found(engine=engine, scores={"mixed": as_logits([[one] for one in probabilities], "probability")})
    compare(ours, reference, ("contradiction", "entailment", "neutral"))
    assert ours.parity["mixed"].max_drift < 1e-5
    assert ours.parity["mixed"].agreement == 1.0
    assert sorted(map(id, in_turn([ours, reference], 1))) == sorted(map(id, [ours, reference]))
