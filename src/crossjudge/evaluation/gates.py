"""Gates: `[MODEL:]CATEGORY.METRIC OP NUMBER`, for CI that fails when a model gets worse.

`embedded:hedging.failure_rate>0.05` fails when more than 5% of hedging pairs score at or above 0.5. A threshold follows
an @ (`failure_rate@0.8`, `failure_rate@best`), an end of the 95% interval a dot (`failure_rate@0.8.low>0.05` fails only
when the whole interval is above). `suite` and `adversarial` may stand for a category. Without a model, each one that
has the figure is held to it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crossjudge.errors import InputError
from crossjudge.evaluation.figures import (
    CUT_METRICS,
    DEFAULT_THRESHOLD,
    SUITE,
    FigureName,
    Value,
    find_figure,
    near,
    threshold_names,
)
from crossjudge.evaluation.results import ADVERSARIAL, BEST, GateOutcome, ModelResult

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

_BOUND = re.compile(
    r"\s*(?P<left>.+?)\s*(?P<operator>>=|<=|>|<)\s*(?P<limit>[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?)\s*", re.IGNORECASE
)
_FIGURE = re.compile(
    r"(?:(?P<model>.+):)?(?P<category>[^:]+?)\.(?P<metric>[a-z][a-z0-9_]*)(?:@(?P<threshold>best|\d*\.?\d+))?"
    r"(?:\.(?P<end>low|high))?"
)
_FORM = (
    "expected [MODEL:]CATEGORY.METRIC OP NUMBER with OP one of >, >=, <, <=, for example 'hedging.failure_rate>0.05' "
    "or 'embedded:suite.accuracy_forward<0.8'."
)


@dataclass(frozen=True, slots=True)
class Bound:
    """`operator` and `limit` of an expression such as `flips>0.01`."""

    operator: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value operator limit`."""
        return _OPERATORS[self.operator](value, self.limit)


@dataclass(frozen=True, slots=True)
class Gate:
    """One expression, read. `end`: "low" or "high" of the interval, None for the figure itself. It fails where true."""

    expression: str
    model: str | None
    figure: FigureName
    end: str | None
    bound: Bound


def read_bound(expression: str) -> tuple[str, Bound] | None:
    """What stands left of the operator, and the rest; None for what is no `NAME OP NUMBER`."""
    found = _BOUND.fullmatch(expression)
    return (found["left"], Bound(found["operator"], float(found["limit"]))) if found else None


def read_gate(expression: str) -> Gate:
    """Read one expression. Raises `InputError` for one that is none, or names a metric that is not known."""
    split = read_bound(expression)
    found = _FIGURE.fullmatch(split[0]) if split else None
    if split is None or found is None:
        raise InputError(f"Reading the gate {expression!r}: {_FORM}")
    threshold = found["threshold"]
    if threshold is not None and threshold != BEST:
        threshold = f"{float(threshold):g}"
    figure = FigureName(found["category"].strip(), found["metric"], threshold)
    return Gate(expression, found["model"], figure, found["end"], split[1])


def check_names(
    gates: Sequence[Gate], *, models: Sequence[str], categories: Sequence[str], thresholds: Sequence[float]
) -> None:
    """Raise `InputError` for a gate on a model, category or threshold that the evaluation will not have."""
    cuts = threshold_names(thresholds)
    for gate in gates:
        _require(gate, "model", gate.model, models)
        _require(gate, "category", gate.figure.category, (*categories, ADVERSARIAL, SUITE))
        if gate.figure.metric in CUT_METRICS:
            _require(gate, "threshold", gate.figure.threshold or DEFAULT_THRESHOLD, cuts)


def _require(gate: Gate, what: str, name: str | None, known: Sequence[str]) -> None:
    if name is not None and name not in known:
        raise InputError(f"Reading the gate {gate.expression!r}: no {what} {name!r} here. {near(name, known)}")


def judge_gates(gates: Sequence[Gate], models: Sequence[ModelResult]) -> tuple[GateOutcome, ...]:
    """Each gate on each model that it is about. Raises `InputError` for a gate that no model has a figure for."""
    outcomes: list[GateOutcome] = []
    for gate in gates:
        judged = [one for model in models if (one := _judged(gate, model)) is not None]
        if not judged:
            about = f"the model {gate.model!r}" if gate.model else "no model here"
            raise InputError(
                f"Checking the gate {gate.expression!r}: {about} {'has no' if gate.model else 'has a'} figure "
                f"{str(gate.figure)!r} on this suite. Labels are measured of NLI models only, failure rates where "
                "pairs have a gold duplicate flag, 'best' where the suite has controls."
            )
        outcomes += judged
    return tuple(outcomes)


def _judged(gate: Gate, model: ModelResult) -> GateOutcome | None:
    if gate.model is not None and gate.model != model.name:
        return None
    value = _number(find_figure(model, gate.figure), gate.end)
    if value is None:
        return None
    figure = str(gate.figure) + (f".{gate.end}" if gate.end else "")
    return GateOutcome(
        expression=gate.expression,
        model=model.name,
        figure=figure,
        value=value,
        operator=gate.bound.operator,
        limit=gate.bound.limit,
        failed=gate.bound.holds(value),
    )


def _number(value: Value, end: str | None) -> float | None:
    if value is None or isinstance(value, float):
        return value if end is None else None
    number: float | None = getattr(value, end or "value")
    return number
