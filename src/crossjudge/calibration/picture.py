"""Risk by coverage and accuracy by confidence, as a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from crossjudge.calibration.abstention import Abstention
from crossjudge.calibration.risk import Gold, reliability, risk_coverage
from crossjudge.types import FloatArray

BINS = 10

_LINES = ("#7a7f86", "#0b5c97", "#c2410c", "#00795b", "#9a3f78")
_LIMIT = "#b3261e"
_DOTS_PER_INCH = 150


def draw_calibration(
    probabilities: Mapping[str, FloatArray], gold: Gold, *, abstention: Abstention | None = None
) -> bytes:
    """PNG; the same numbers give the same bytes.

    `probabilities`: by name, such as "before" and "after", `(n_pairs, num_labels)` of the same pairs. `gold`: their
    label ids. `abstention`: its target error and threshold are marked, on the last curve.
    """
    # The defaults, so that nobody's own settings show.
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, "text.parse_math": False}):
        figure = Figure(figsize=(10, 4.5), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, (name, values) in enumerate(probabilities.items()):
            colour = _LINES[number % len(_LINES)]
            _draw_risk(left, name, values, gold, colour)
            _draw_reliability(right, name, values, gold, colour)
        if abstention is not None:
            _mark(left, abstention, [*probabilities.values()][-1])
        _finish_risk(left, len(gold))
        _finish_reliability(right)
        return _png(figure)


def _draw_risk(axes: Axes, name: str, probabilities: FloatArray, gold: Gold, colour: str) -> None:
    curve = risk_coverage(probabilities, gold)
    axes.step(curve.coverage, curve.risk, where="post", color=colour, label=f"{name}, mean risk {curve.area:.3f}")


def _mark(axes: Axes, abstention: Abstention, probabilities: FloatArray) -> None:
    """The wanted error as a line, and the share that is answered at the threshold as another."""
    answered = float((probabilities.max(axis=1) >= abstention.abstain_below).mean())
    axes.axhline(abstention.target_error, color=_LIMIT, linestyle=":", label=f"target {abstention.target_error:.1%}")
    axes.axvline(answered, color=_LIMIT, linewidth=0.8, label=f"answered from {abstention.abstain_below:.3f} on")


def _finish_risk(axes: Axes, pairs: int) -> None:
    axes.set_title(f"Risk by coverage, {pairs:,} pairs", loc="left", fontsize=10)
    axes.set_xlabel("share of pairs answered, the surest first")
    axes.set_ylabel("share of wrong answers")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(bottom=0)
    _tidy(axes)


def _draw_reliability(axes: Axes, name: str, probabilities: FloatArray, gold: Gold, colour: str) -> None:
    found = reliability(probabilities, gold, bins=BINS)
    label = f"{name}, mean gap {found.error:.3f}"
    axes.plot(found.confidence, found.accuracy, color=colour, marker="o", markersize=4, label=label)


def _finish_reliability(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=_LIMIT, linestyle=":", label="as right as sure")
    axes.set_title(f"Accuracy by confidence, {BINS} bins", loc="left", fontsize=10)
    axes.set_xlabel("mean probability of the winning label")
    axes.set_ylabel("share of right answers")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.02)
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def _png(figure: Figure) -> bytes:
    into = io.BytesIO()
    FigureCanvasAgg(figure)
    # Without metadata: it would name matplotlib's version.
    figure.savefig(into, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return into.getvalue()
