"""Gates: what an expression means, what is refused before any model runs, and what fails."""

from __future__ import annotations

import re

import pytest
from made_up_report import made_up_report

from crossjudge.errors import InputError
from crossjudge.evaluation.figures import CATEGORY_METRICS, SUITE, SUITE_METRICS, FigureName, find_figure
from crossjudge.evaluation.gates import Bound, check_names, judge_gates, read_bound, read_gate
from crossjudge.evaluation.results import ModelResult

MODELS = made_up_report().evaluation.models
READER = next(model for model in MODELS if model.nli is not None)
BI_ENCODER = next(model for model in MODELS if model.kind == "bi_encoder")


def outcome(expression: str, model: ModelResult = READER):
    (found,) = judge_gates([read_gate(expression)], [model])
    return found


@pytest.mark.parametrize(
    ("expression", "model", "figure", "end", "bound"),
    [
        ("hedging.failure_rate>0.05", None, FigureName("hedging", "failure_rate"), None, Bound(">", 0.05)),
        (
            " hedging.failure_rate@0.8 >= .5 ",
            None,
            FigureName("hedging", "failure_rate", "0.8"),
            None,
            Bound(">=", 0.5),
        ),
        ("a.failure_rate@best.low>5e-2", None, FigureName("a", "failure_rate", "best"), "low", Bound(">", 0.05)),
        ("a.failure_rate@0.80>1", None, FigureName("a", "failure_rate", "0.8"), None, Bound(">", 1.0)),
        ("bi:embedded:a.mean<0.2", "bi:embedded", FigureName("a", "mean"), None, Bound("<", 0.2)),
        ("org/x-v1.5:suite.f1<0.2", "org/x-v1.5", FigureName("suite", "f1"), None, Bound("<", 0.2)),
        ("gold 0.2 to 0.4.mean>0.4", None, FigureName("gold 0.2 to 0.4", "mean"), None, Bound(">", 0.4)),
    ],
)
def test_an_expression_names_a_model_a_category_a_metric_and_a_bound(
    expression: str, model: str | None, figure: FigureName, end: str | None, bound: Bound
) -> None:
    gate = read_gate(expression)
    assert (gate.model, gate.figure, gate.end, gate.bound) == (model, figure, end, bound)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("hedging.failure_rate", "expected [MODEL:]CATEGORY.METRIC OP NUMBER"),
        ("hedging.failure_rate = 0.05", "expected [MODEL:]CATEGORY.METRIC OP NUMBER"),
        ("failure_rate>0.05", "expected [MODEL:]CATEGORY.METRIC OP NUMBER"),
        ("hedging.failure_rate>much", "expected [MODEL:]CATEGORY.METRIC OP NUMBER"),
        ("hedging.failure_rat>0.05", "Did you mean 'failure_rate'?"),
        ("suite.accuracy_foward<0.9", "Did you mean 'accuracy_forward'"),
        ("hedging.mean@0.8>0.5", "'mean' depends on no threshold"),
    ],
)
def test_what_is_no_gate_is_refused_with_what_might_be_meant(expression: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_gate(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("embeded:hedging.mean>0", "no model 'embeded' here. Did you mean 'embedded'?"),
        ("hegding.mean>0", "no category 'hegding' here. Did you mean 'hedging'?"),
        ("hedging.failure_rate@0.7>0", "no threshold '0.7' here. Did you mean '0.8' or '0.5'?"),
    ],
)
def test_names_that_an_evaluation_will_not_have_are_refused(expression: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        check_names([read_gate(expression)], models=["embedded"], categories=["hedging"], thresholds=(0.5, 0.8))


def test_suite_and_adversarial_stand_for_categories() -> None:
    gates = [read_gate("suite.accuracy@best<1"), read_gate("adversarial.failure_rate@best>0")]
    check_names(gates, models=["embedded"], categories=["hedging"], thresholds=(0.5,))


def test_a_gate_fails_where_its_expression_is_true() -> None:
    value = find_figure(READER, FigureName("hedging", "failure_rate")).value
    assert outcome(f"hedging.failure_rate>={value}").failed
    assert not outcome(f"hedging.failure_rate>{value}").failed
    assert outcome("hedging.failure_rate@0.8>=0").value == READER.main.category("hedging").failure["0.8"].value


def test_an_end_of_the_interval_can_be_what_is_held_to() -> None:
    mean = READER.main.category("hedging").mean
    assert outcome("hedging.mean.low>2").value == mean.low < mean.value
    assert outcome("hedging.mean.high>2").value == mean.high > mean.value


def test_without_a_model_each_one_that_has_the_figure_is_held_to_it() -> None:
    by_label = judge_gates([read_gate("negation.contradiction_found<0.9")], MODELS)
    assert [one.model for one in by_label] == [model.name for model in MODELS if model.nli is not None]
    assert len(judge_gates([read_gate("hedging.mean>0")], MODELS)) == len(MODELS)


def test_a_gate_that_nothing_answers_is_an_error_and_no_pass() -> None:
    with pytest.raises(InputError, match=r"no model here has a figure 'negation\.contradiction_found'"):
        judge_gates([read_gate("negation.contradiction_found<0.9")], [BI_ENCODER])
    with pytest.raises(InputError, match=f"the model '{BI_ENCODER.name}' has no figure 'suite.accuracy_forward'"):
        judge_gates([read_gate(f"{BI_ENCODER.name}:suite.accuracy_forward<0.9")], MODELS)
    with pytest.raises(InputError, match="has a figure"):
        judge_gates([read_gate("hedging.n.low<0.9")], MODELS)


def test_every_metric_has_a_figure_of_an_nli_model() -> None:
    """All but what this suite has no gold for, so that no metric is a name alone."""
    absent = {metric for metric in SUITE_METRICS if find_figure(READER, FigureName(SUITE, metric)) is None}
    assert absent == {"rank_correlation"}
    absent = {metric for metric in CATEGORY_METRICS if find_figure(READER, FigureName("negation", metric)) is None}
    assert absent == {"entailment_found"}, "no negation is entailed"


@pytest.mark.parametrize("expression", ["flips > 0.01", "flips>.01", "flips>1e-2"])
def test_a_bound_can_be_read_by_itself(expression: str) -> None:
    name, bound = read_bound(expression)
    assert (name, bound) == ("flips", Bound(">", 0.01))
    assert bound.holds(0.02)
    assert not bound.holds(0.01)
    assert read_bound("flips") is None
