"""`crossjudge bench`: each engine on each workload, as a table or as one object. No figure is tested."""

import importlib.util

import pytest
import typer
from typer.testing import CliRunner

from crossjudge.benchmark import quick, reference
from crossjudge.benchmark.workloads import mixed, single, tags
from crossjudge.cli.bench import bench

app = typer.Typer()
app.command()(bench)
app.command("other")(lambda: None)


@pytest.fixture(autouse=True)
def _few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same workloads with a handful of pairs."""
    monkeypatch.setattr(quick, "quick_workloads", lambda: (mixed(6, pairs_a_call=3), tags(2, num_tags=3), single(5)))


def run(*words: str):
    return CliRunner().invoke(app, ["bench", "--backend", "fake", *words])


def test_every_workload_is_in_the_object():
    import json

    answer = run("--json", "--quiet", "--quick")
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert [one["name"] for one in found["workloads"]] == ["mixed", "tags", "single"]
    for workload in found["workloads"]:
        (timing,) = workload["engines"].values()
        assert timing["num_rounds"] == quick.ROUNDS
        assert 0 < timing["best_s"] <= timing["median_s"]
        assert timing["p50_ms"] <= timing["p99_ms"]
        assert timing["pairs_per_s"] == pytest.approx(timing["num_pairs"] / timing["best_s"])


def test_the_table_names_machine_engines_and_why_nothing_stands_beside():
    answer = run("--quick")
    assert answer.exit_code == 0
    for words in ("This machine", "processor", "crossjudge, fake", "independent pairs of mixed length", "one pair"):
        assert words in answer.stdout
    assert "nothing stands beside it" in answer.stdout


def test_alone_asks_for_nothing_else(monkeypatch):
    def refuse(_: object) -> None:
        raise AssertionError("sentence-transformers was looked for")

    monkeypatch.setattr(reference, "_open", refuse)
    assert "alone, as asked" in run("--alone", "--quick", "--quiet").stdout


def test_a_model_that_is_not_there_is_bad_input():
    answer = CliRunner().invoke(app, ["bench", "--model", "/no/such/folder", "--quiet"])
    assert answer.exit_code == 2
    assert "/no/such/folder" in answer.stderr


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="needs the reference")
def test_a_joint_model_has_the_numbers_of_what_stands_beside_it(tmp_path):
    import json

    from crossjudge.benchmark.joint_twin import write_joint_twin

    folder = write_joint_twin(tmp_path / "joint")
    answer = CliRunner().invoke(
        app, ["bench", "--model", str(folder), "--backend", "torch", "--json", "--quiet", "--quick"]
    )
    found = json.loads(answer.stdout)
    assert found["reference"] in found["workloads"][0]["engines"]
    assert found["parity"]["max_drift"] < 1e-3
    assert found["parity"]["flips"] == 0
