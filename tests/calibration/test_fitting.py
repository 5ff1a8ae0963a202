"""`fit_calibration` on the fake backend: what it gives is saved, applied by a judge, and refused where it must be."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from crossjudge import CrossEncoder, Judge
from crossjudge.calibration import Calibration, expected_calibration_error, fit_calibration, measure
from crossjudge.calibration.fitting import ISOTONIC_FROM, calibrated, logits_of
from crossjudge.calibration.gold import gold_ids
from crossjudge.errors import FingerprintError, InputError, ItemError
from crossjudge.objectives import DUPLICATE, NLI, get_objective

PAIRS = [(f"The house has {n} doors.", f"There are {n % 7} doors.") for n in range(240)]


@cache
def judge(objective: str = "nli") -> Judge:
    num_labels = None if objective == "nli" else 1
    return Judge(CrossEncoder(backend="fake", num_labels=num_labels), objective=objective, force=True)


@cache
def gold(objective: str = "nli") -> tuple[str, ...]:
    """What the fake model says, but for one pair in twelve."""
    labels = get_objective(objective).labels
    said = [verdict.label for verdict in judge(objective).batch(PAIRS)]
    return tuple(labels[labels.index(one) - 1] if n % 12 == 0 else one for n, one in enumerate(said))


def drawn(n: int, *, bend: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of one score, and gold whose log-odds are a third of the score, raised to `bend`."""
    rng = np.random.default_rng(0)
    score = rng.normal(0, 4, n)
    odds = np.sign(score) * np.abs(score / 3) ** bend
    logits = np.stack([score, np.zeros(n)], axis=1).astype(np.float32)
    return logits, (rng.random(n) > 1 / (1 + np.exp(-odds))).astype(np.int64)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("objective", ["nli", "duplicate"])
def test_a_judge_applies_what_was_fitted(objective: str, method: str, tmp_path: Path) -> None:
    found = fit_calibration(judge(objective), PAIRS * 2, gold(objective) * 2, target_error=0.25, method=method)
    found.save(tmp_path / "fitted.json")
    assert Calibration.load(tmp_path / "fitted.json") == found
    again = Judge(judge(objective).model, objective=objective, calibration=tmp_path / "fitted.json", force=True)
    assert again.abstain_below == found.abstain_below
    verdicts = again.batch(PAIRS)
    expected = found.probabilities(logits_of(again, verdicts))
    for verdict, row in zip(verdicts, expected.tolist(), strict=True):
        assert list(verdict.probabilities.values()) == pytest.approx(row)
        assert verdict.probabilities[verdict.label] == max(verdict.probabilities.values())
        assert verdict.abstained == (verdict.probabilities[verdict.label] < again.abstain_below)


def test_a_stated_threshold_outranks_the_fitted_one() -> None:
    found = fit_calibration(judge(), PAIRS, gold(), target_error=0.25)
    assert Judge(judge().model, calibration=found, abstain_below=0.0).abstain_below == 0.0


def test_a_model_or_its_judge_may_be_given() -> None:
    assert fit_calibration(judge().model, PAIRS, gold()) == fit_calibration(judge(), PAIRS, gold())


def test_another_model_is_refused() -> None:
    found = fit_calibration(judge(), PAIRS, gold(), target_error=0.25)
    other = CrossEncoder(backend="fake", max_length=64, num_labels=3)
    foreign = Calibration(**{name: getattr(found, name) for name in ("objective", "temperature", "abstention")},
                          fingerprints=("a:b:c:d",))  # fmt: skip
    with pytest.raises(FingerprintError, match="covers a:b:c:d"):
        Judge(other, calibration=foreign)


def test_without_a_target_there_is_no_threshold_and_every_example_is_fitted_on() -> None:
    found = fit_calibration(judge(), PAIRS, gold())
    assert (found.abstain_below, found.examples, found.method) == (None, len(PAIRS), "temperature")
    assert "abstention" not in found.to_dict()


def test_curves_are_chosen_where_they_are_clearly_better_and_examples_are_many() -> None:
    binary = judge("duplicate")
    assert calibrated(binary, *drawn(4 * ISOTONIC_FROM, bend=3.0)).method == "isotonic"
    assert calibrated(binary, *drawn(4 * ISOTONIC_FROM)).method == "temperature"
    assert calibrated(binary, *drawn(ISOTONIC_FROM - 1, bend=3.0)).method == "temperature"


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_probabilities_come_nearer_to_the_truth_on_other_pairs(method: str) -> None:
    logits, ids = drawn(8_000)
    fitted = calibrated(judge("duplicate"), logits[:4_000], ids[:4_000], method=method)
    raw, better = (
        expected_calibration_error(one.probabilities(logits[4_000:]), ids[4_000:])
        for one in (Calibration(objective="duplicate", temperature=1.0, fingerprints=()), fitted)
    )
    assert better < raw / 2


def test_figures_lie_in_their_intervals_and_say_what_the_threshold_does() -> None:
    logits, ids = drawn(2_000)
    fitted = calibrated(judge("duplicate"), logits, ids, target_error=0.2)
    probabilities = fitted.probabilities(logits)
    found = measure(logits, probabilities, ids, abstain_below=fitted.abstain_below)
    answered = probabilities.max(axis=1) >= fitted.abstain_below
    assert found.coverage.value == answered.mean()
    assert found.error is not None
    assert found.error.value == (probabilities.argmax(axis=1) != ids)[answered].mean()
    for figure in (found.negative_log_likelihood, found.accuracy, found.coverage, found.error):
        assert figure.low < figure.value < figure.high


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["entailment"] * 240, "all 240 examples are 'entailment'.*Add examples of contradiction, neutral"),
        (["entailment", "neutral"], "240 pairs and 2 gold labels"),
        ([], "240 pairs and 0 gold labels"),
    ],
)
def test_examples_that_show_nothing_are_refused(labels: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit_calibration(judge(), PAIRS, labels)


@pytest.mark.parametrize("label", ["maybe", float("nan"), None, 1, ""])
def test_labels_outside_the_contract_are_refused_by_place(label: object) -> None:
    with pytest.raises(ItemError, match="the label of pair 3 is") as refused:
        fit_calibration(judge(), PAIRS, [*gold()[:3], label, *gold()[4:]])
    assert refused.value.index == 3


def test_labels_are_read_as_people_write_them() -> None:
    assert gold_ids(["Entails", "refuted", "not enough info"], NLI).tolist() == [0, 1, 2]
    assert gold_ids([1, "0", True, 0.0, "paraphrase", np.int64(1)], DUPLICATE).tolist() == [0, 1, 0, 1, 0, 0]


def test_too_few_examples_are_refused_before_the_model_is_asked() -> None:
    asked: list[int] = []
    with pytest.raises(InputError, match="Label 358 more"):
        fit_calibration(judge(), PAIRS, gold(), target_error=0.01, progress=lambda done, _: asked.append(done))
    assert not asked


def test_curves_need_examples_of_every_label() -> None:
    two = ["entailment" if n % 2 else "neutral" for n in range(len(PAIRS))]
    with pytest.raises(InputError, match=r"0 of 240 examples are 'contradiction'.*Add 10"):
        fit_calibration(judge(), PAIRS, two, method="isotonic")


def test_what_is_no_method_or_another_objective_is_refused() -> None:
    with pytest.raises(InputError, match="expected one of auto, temperature, isotonic"):
        fit_calibration(judge(), PAIRS, gold(), method="platt")
    with pytest.raises(InputError, match="the judge's is 'nli'"):
        fit_calibration(judge(), PAIRS, gold(), objective="duplicate")
