"""`evaluate` and `Report`: real models on a few pairs, the same bytes each time, and files that hold every number."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up_report import made_up_report

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.errors import InputError, MissingExtraError
from crossjudge.evaluation import Report, evaluate, report, runner
from crossjudge.evaluation.published import beside, study
from crossjudge.evaluation.results import Evaluation, rounded
from crossjudge.evaluation.suite import SuitePair

PAIRS = tuple(
    SuitePair(f"{category}-{n}", category, f"{before} {n} trains are late.", f"{after} {n} trains are late.", *gold)
    for category, before, after, *gold in (
        ("negation", "We know that", "We deny that", "contradiction", "contradiction", False),
        ("hedging", "We know that", "We doubt that", "contradiction", "contradiction", False),
        ("positive_control", "We know that", "We are sure that", "entailment", "entailment", True),
    )
    for n in range(3, 9)
) + tuple(
    SuitePair(f"n-{n}", "negative_control", f"{n} trains are late.", "She sings well.", "neutral", "neutral", False)
    for n in range(3, 9)
)
MODELS = ("embedded", "bi:embedded")
FEW = {"resamples": 100, "permutations": 199}


@pytest.fixture(scope="module")
def found() -> Report:
    return evaluate(MODELS, PAIRS, fail_on=["embedded:hedging.failure_rate>1", "negation.mean>=0"], **FEW)


# Measuring


def test_each_model_is_measured_on_each_category(found: Report) -> None:
    pytest.importorskip("scipy")
    for model in found.evaluation.models:
        for reading in model.readings:
            assert [one.category for one in reading.categories] == list(dict.fromkeys(pair.category for pair in PAIRS))
            assert all(one.n == 6 for one in reading.categories)
            assert reading.rule
    crossing, alone = found.evaluation.models
    assert (crossing.kind, crossing.objective, alone.kind) == ("cross_encoder", "nli", "bi_encoder")
    assert crossing.nli is not None
    assert alone.nli is None
    assert crossing.fingerprint == CrossEncoder().fingerprint


def test_scores_are_the_models_own(found: Report) -> None:
    texts = [(pair.text_a, pair.text_b) for pair in PAIRS]
    assert found.scores("bi:embedded") == pytest.approx(np.clip(BiEncoder().similarity(texts), 0, 1), abs=1e-6)
    model = CrossEncoder()
    forward = found.raw("embedded")[:, 0]
    assert forward == pytest.approx(model.logits(texts)[:, model.labels.index("entailment")], abs=1e-4)
    mutual = found.scores("embedded")
    assert np.all(mutual <= found.scores("embedded", "entailment forward"))
    assert np.all(mutual <= found.scores("embedded", "entailment backward"))


def test_the_same_pairs_and_models_give_the_same_figures(found: Report, tmp_path: Path) -> None:
    again = evaluate(MODELS, PAIRS, fail_on=["embedded:hedging.failure_rate>1", "negation.mean>=0"], **FEW)
    assert again.evaluation == found.evaluation
    for one, folder in ((found, tmp_path / "a"), (again, tmp_path / "b")):
        one.save_json(folder / "results.json")
        one.save_csv(folder / "pairs.csv")
        one.save_junit(folder / "junit.xml")
    for name in ("results.json", "pairs.csv", "junit.xml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_model_alone_has_the_figures_it_has_among_others(found: Report) -> None:
    alone = evaluate("bi:embedded", PAIRS, **FEW)
    assert alone.evaluation.models[0] == found.evaluation.models[1]
    assert alone.evaluation.comparisons == ()


def test_bi_encoders_are_compared_with_cross_encoders_pair_by_pair(found: Report) -> None:
    (comparison,) = found.evaluation.comparisons
    assert (comparison.first_models, comparison.second_models) == (("bi:embedded",), ("embedded",))
    row = comparison.rows[0]
    difference = (found.scores("bi:embedded") - found.scores("embedded"))[:6].mean()
    assert row.mean_difference.value == pytest.approx(difference)
    assert comparison.rows[-1].n == len(PAIRS)
    assert all(one.permutation_p <= one.permutation_p_holm <= 1 for one in comparison.rows)


def test_progress_counts_every_question_up_to_the_last() -> None:
    seen: list[tuple[int, int]] = []
    evaluate(MODELS, PAIRS, timing=False, progress=lambda *at: seen.append(at), **FEW)
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {3 * len(PAIRS)}
    assert seen[-1] == (3 * len(PAIRS), 3 * len(PAIRS))


def test_pairs_stream_by_and_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the texts of one chunk are in memory at a time."""
    alive, most = 0, 0

    class Text(str):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    class Stream:
        """Pairs made when they are asked for."""

        def open_pairs(self) -> Iterator[SuitePair]:
            nonlocal alive, most
            for n in range(640):
                alive += 1
                most = max(most, alive)
                yield SuitePair(str(n), f"category {n % 4}", Text(f"{n} trains"), "a train", duplicate=bool(n % 2))

    monkeypatch.setattr(runner, "CHUNK_PAIRS", 64)
    monkeypatch.setattr(runner, "find_source", lambda *_, **__: runner.Source(name="s", open_pairs=Stream().open_pairs))
    model = CrossEncoder(backend="fake", num_labels=1)
    found = evaluate(model, "streamed", timing=False, **FEW)
    assert found.evaluation.suite.n_pairs == 640
    assert most <= 2 * 64 + 8


def test_a_suite_that_changes_while_it_is_read_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    shrinking = list(PAIRS)

    def shorter() -> list[SuitePair]:
        shrinking.pop()
        return list(shrinking)

    monkeypatch.setattr(runner, "find_source", lambda *_, **__: runner.Source(name="s", open_pairs=shorter))
    with pytest.raises(InputError, match="it held 23 pairs when it was first read, and another number later"):
        evaluate(CrossEncoder(backend="fake"), "s", **FEW)


def test_relevance_models_are_shown_and_pooled_with_nobody(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tiny_checkpoints import make_checkpoint

    folder = make_checkpoint(tmp_path / "ranker", "minilm", num_labels=1)
    found = evaluate([f"relevance:{folder}", "bi:embedded"], PAIRS, backend="fake", timing=False, **FEW)
    ranker = found.evaluation.models[0]
    assert (ranker.pooled_as, [one.name for one in ranker.readings]) == (None, ["sigmoid", "logit"])
    assert "likeness" in ranker.not_pooled_because
    assert found.evaluation.comparisons == ()


def test_probes_are_run_where_they_are_asked_for(found: Report) -> None:
    assert found.evaluation.probes == ()
    probed = evaluate(CrossEncoder(backend="fake"), PAIRS, probes=True, timing=False, **FEW)
    assert {one.model for one in probed.evaluation.probes} == {"embedded"}


# What is refused, before any model runs


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"thresholds": (0.5, 1.5)}, "expected different numbers above 0 up to 1"),
        ({"resamples": 10}, "expected 100 or more"),
        ({"fail_on": ["hedging.mood>1"]}, "no metric"),
        ({"fail_on": ["hegding.mean>1"]}, "Did you mean 'hedging'"),
        ({"fail_on": ["other:hedging.mean>1"]}, "no model 'other'"),
        ({"suite": []}, "holds no pairs"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(changed: dict[str, object], message: str) -> None:
    class Untouchable(CrossEncoder):
        def logits(self, *_: object, **__: object) -> None:
            raise AssertionError("a model ran")

    with pytest.raises(InputError, match=message):
        evaluate(Untouchable(backend="fake"), **{"suite": PAIRS, **FEW, **changed})


def test_tests_of_groups_need_scipy_and_say_so_before_any_model_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r"test bi-encoders against cross-encoders.*crossjudge\[evaluate\]"):
        evaluate(MODELS, PAIRS, **FEW)
    assert evaluate("bi:embedded", PAIRS, timing=False, **FEW).evaluation.models, "one model needs no test"


# Files


def test_a_report_that_cannot_be_drawn_is_refused_before_any_model_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setattr(runner, "open_entrant", None)
    with pytest.raises(MissingExtraError, match=r"HTML report.*crossjudge\[evaluate\]"):
        evaluate(CrossEncoder(backend="fake"), PAIRS, out=tmp_path / "report")


def test_json_is_the_schema_rounded(found: Report, tmp_path: Path) -> None:
    found.save_json(tmp_path / "results.json")
    read = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert read == found.to_dict()
    assert list(read) == list(Evaluation.__dataclass_fields__)
    assert read["models"][0]["readings"][0]["name"] == "mutual entailment"
    assert "latency_p50_ms" not in json.dumps(read)
    assert rounded({"a": (0.12345678, float("nan"))}) == {"a": [0.123457, None]}


def test_the_csv_file_holds_every_pair_and_every_number(found: Report, tmp_path: Path) -> None:
    found.save_csv(tmp_path / "pairs.csv")
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text_b"] for row in rows] == [pair.text_b for pair in PAIRS]
    assert {row["duplicate"] for row in rows} == {"true", "false"}
    raw = np.array([row["embedded raw backward neutral"] for row in rows], dtype=np.float32)
    assert np.array_equal(raw, found.raw("embedded")[:, -1]), "raw outputs come back bit by bit"
    for column in found.columns:
        read = [float(row[f"{column.model} score {column.reading}"]) for row in rows]
        assert read == pytest.approx(column.values, rel=1e-5)


def test_junit_has_a_case_for_each_gate_and_model(found: Report, tmp_path: Path) -> None:
    found.save_junit(tmp_path / "junit.xml")
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    cases = [(case.get("classname"), case.get("name"), case.find("failure") is not None) for case in suite]
    assert cases == [
        ("embedded", "embedded:hedging.failure_rate>1", False),
        ("embedded", "negation.mean>=0", True),
        ("bi:embedded", "negation.mean>=0", True),
    ]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert not found.passed
    with pytest.raises(InputError, match="no gates"):
        evaluate(CrossEncoder(backend="fake"), PAIRS, timing=False, **FEW).save_junit(tmp_path / "none.xml")


def test_further_gates_can_be_checked_later(found: Report) -> None:
    (outcome,) = found.check(["bi:embedded:negative_control.mean>0.5"])
    assert not outcome.failed
    with pytest.raises(InputError, match="no category"):
        found.check(["nothing.mean>0"])


def test_times_stand_in_a_file_of_their_own(found: Report, tmp_path: Path) -> None:
    found.save_timing(tmp_path / "timing.json")
    first, second = json.loads((tmp_path / "timing.json").read_text("utf-8"))["timings"]
    assert (first["model"], first["n_asked"], second["n_asked"]) == ("embedded", 2 * len(PAIRS), len(PAIRS))
    assert 0 < first["latency_p50_ms"] <= first["latency_p99_ms"]
    assert first["n_single"] > 0


def test_everything_is_saved_in_one_folder(found: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {"html": "<html></html>", "markdown": "# x\n", "png": {"a.png": b"png"}}
    monkeypatch.setattr(report, "_renderer", lambda form: lambda _: drawn[form])
    found.save(tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {
        "results.json", "pairs.csv", "timing.json", "junit.xml", "report.md", "report.html", "figures/a.png",
    }  # fmt: skip


# The study


def test_every_published_figure_names_where_it_was_read() -> None:
    assert study().missing
    for figure in study().figures:
        assert figure.source
        assert (figure.value is None) == (figure.low is not None) == (figure.high is not None)
        if figure.metric.startswith("failure_rate"):
            assert all(0 <= share <= 1 for share in (figure.value, figure.low, figure.high) if share is not None)


def test_all_minilm_stands_beside_its_published_failure_rates() -> None:
    models = made_up_report().evaluation.models
    found = beside(models, study().figures)
    assert {one.model for one in found} == {"all-MiniLM-L6-v2"}
    by_category = {one.category: one for one in found}
    theirs = {figure.category: figure.value for figure in study().figures if figure.subject == "all-MiniLM-L6-v2"}
    assert theirs == {
        "negation": 0.98, "numerical": 0.77, "entity_swap": 1.0, "temporal": 1.0, "quantifier": 0.8, "hedging": 0.32,
    }  # fmt: skip
    model = next(one for one in models if one.name == "all-MiniLM-L6-v2")
    for category, one in by_category.items():
        assert one.theirs == theirs[category]
        assert one.ours == model.main.category(category).failure["0.8"]


# The front door


def test_importing_evaluation_is_free() -> None:
    code = "import sys, crossjudge.evaluation; dir(crossjudge.evaluation); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert not {"numpy", "scipy", "onnxruntime", "crossjudge.evaluation.runner"} & set(loaded.stdout.split())


def test_an_unknown_name_is_told_the_known_ones() -> None:
    import crossjudge.evaluation

    with pytest.raises(AttributeError, match="it has Report, evaluate"):
        crossjudge.evaluation.evalute  # noqa: B018
