"""The figures drawn with matplotlib: failure rates, scores, thresholds, effect sizes and ours beside the study's."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from crossjudge.evaluation.gold import UNKNOWN
from crossjudge.evaluation.rendering import findings
from crossjudge.evaluation.rendering.contents import flagged_categories, in_order
from crossjudge.evaluation.rendering.deciders import usual_threshold
from crossjudge.evaluation.rendering.measured import Measured
from crossjudge.evaluation.rendering.notation import percent
from crossjudge.evaluation.rendering.titles import (
    category_title,
    in_reading_order,
    metric_title,
    threshold_of,
    threshold_title,
)
from crossjudge.evaluation.rendering.trade_off import THRESHOLDS, TradeOff
from crossjudge.evaluation.results import Comparison, Estimate, ModelResult, Rate

DOTS_PER_INCH = 150
_PAPER, _INK, _QUIET, _RULE, _WRONG = "#ffffff", "#1c2126", "#59626b", "#dedad2", "#b3261e"
_BI, _CROSS, _OTHER = "#b65a00", "#0b5c97", "#6b6f76"
_LINES = ("#0b5c97", "#c2410c", "#00795b", "#9a3f78", "#8a6a00", "#3d8fc4", "#6d4c9f", "#7a7f86", "#4d5a1f")
_DASHES = ("-", "-", "-", "--", "--", "--", ":", ":", ":")
_HEAT = LinearSegmentedColormap.from_list("heat", [_PAPER, "#a8380b"])
_DARK_FROM = 0.6
_MARKS = ("o", "D", "s", "^")
_LONGEST_NAME = 32

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "text.color": _INK,
    "axes.labelcolor": _QUIET,
    "axes.edgecolor": _RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
}


def pictures(found: Measured) -> dict[str, bytes]:
    """File name -> PNG."""
    drawings: dict[str, Callable[[Measured], Figure]] = {
        f"failures-{name}.png": partial(_failures, threshold=name) for name in found.threshold_names
    }
    drawings["scores.png"] = _scores
    if found.trade_offs:
        drawings["thresholds.png"] = _thresholds
    if found.evaluation.comparisons:
        drawings["effects.png"] = _effects
    if found.evaluation.beside:
        drawings["study.png"] = _study
    # The defaults, so that nobody's own settings show in a report.
    with matplotlib.rc_context(matplotlib.rcParamsDefault), matplotlib.rc_context(_STYLE):
        return {name: _png(draw(found)) for name, draw in drawings.items()}


def _png(figure: Figure) -> bytes:
    into = io.BytesIO()
    FigureCanvasAgg(figure)
    # Without metadata: it would name matplotlib's version.
    figure.savefig(into, format="png", dpi=DOTS_PER_INCH, facecolor=_PAPER, metadata={"Software": None})
    return into.getvalue()


def _short(name: str) -> str:
    """A name that leaves the figure room."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _figure(width: float, height: float, finding: str) -> Figure:
    """Sizes in inches; the finding stands above, without backticks."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(finding.replace("`", ""), x=0.01, ha="left", fontsize=11, fontweight="bold", wrap=True)
    return figure


# ------------------------------------------------------------------------------------------------------ failure rates


def _failures(found: Measured, threshold: str) -> Figure:
    """Models by categories, the share of pairs decided wrongly in each cell."""
    evaluation, shown = found.evaluation, flagged_categories(found.evaluation)
    rates = [[_failure(model, facts.name, threshold) for facts in shown] for model in evaluation.models]
    figure = _figure(2.2 + 0.95 * len(shown), 1.5 + 0.42 * len(rates), f"Decided wrongly {threshold_title(threshold)}")
    axes = figure.subplots()
    values = np.array([[np.nan if rate is None else rate.value for rate in row] for row in rates], dtype=np.float64)
    axes.imshow(values.reshape(len(rates), len(shown)), cmap=_HEAT, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rates):
        for x, rate in enumerate(row):
            if rate is not None:
                colour = _PAPER if rate.value >= _DARK_FROM else _INK
                axes.text(x, y, percent(rate.value), ha="center", va="center", color=colour)
    lost = [" lost" if facts.duplicates == facts.n else "" for facts in shown]
    titles = [
        f"{_short(category_title(facts.name).title)}{word}\nn = {facts.n}"
        for facts, word in zip(shown, lost, strict=True)
    ]
    axes.set_xticks(range(len(shown)), titles, fontsize=7.5)
    axes.set_yticks(range(len(rates)), [_short(model.name) for model in evaluation.models])
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def _failure(model: ModelResult, category: str, threshold: str) -> Rate | None:
    figures = model.main.category(category)
    return None if figures is None else figures.failure.get(threshold)


# ------------------------------------------------------------------------------------------------------------- scores


def _scores(found: Measured) -> Figure:
    """One panel a category, one strip a model: every pair that is shown, wrong ones as crosses."""
    evaluation = found.evaluation
    known = in_reading_order(evaluation.suite.categories)
    columns = 3 if len(known) > 4 else min(len(known), 2)
    rows = -(-len(known) // columns)
    figure = _figure(
        4.2 * columns, (0.6 + 0.32 * len(evaluation.models)) * rows + 0.7, findings.scores_finding(evaluation)
    )
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(known):
            axes.set_visible(False)
            continue
        axes.set_title(
            f"{_short(category_title(known[place].name).title)} (n = {known[place].n})", loc="left", fontsize=9
        )
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        for y, model in enumerate(evaluation.models):
            _strip(axes, found, model, known[place].name, y)
        axes.set_yticks(range(len(evaluation.models)), [_short(model.name) for model in evaluation.models])
        axes.set_ylim(len(evaluation.models) - 0.4, -0.6)
        axes.tick_params(length=0)
    figure.supxlabel("score; × decided wrongly at the threshold that suits the model best (upright line)", fontsize=8)
    return figure


def _strip(axes: Axes, found: Measured, model: ModelResult, category: str, y: int) -> None:
    drawn = found.shown.drawn
    rows = drawn[found.gold.is_in(category)[drawn]]
    values, same = found.scores[model.name][rows], found.gold.duplicate[rows]
    name = usual_threshold(found.evaluation, model)
    cut = None if name is None else threshold_of(model, name)
    wrong = np.zeros(len(rows), dtype=np.bool_) if cut is None else ((values >= cut) != (same == 1)) & (same != UNKNOWN)
    heights = y + np.random.default_rng(y).uniform(-0.26, 0.26, len(rows))
    colour = _OTHER if model.objective == "relevance" else _BI if model.kind == "bi_encoder" else _CROSS
    axes.scatter(values[~wrong], heights[~wrong], s=9, color=colour, alpha=0.7, linewidths=0)
    axes.scatter(values[wrong], heights[wrong], s=14, color=_WRONG, marker="x", linewidths=0.9)
    if cut is not None:
        axes.plot([cut, cut], [y - 0.38, y + 0.38], color=_INK, linewidth=1.2)


# --------------------------------------------------------------------------------------------------------- thresholds


def _thresholds(found: Measured) -> Figure:
    """One panel a model: what is kept of the duplicates and what goes wrong in each category, at every threshold."""
    models = list(found.trade_offs.items())
    columns = min(3, len(models))
    rows = -(-len(models) // columns)
    figure = _figure(3.8 * columns + 1.4, 2.9 * rows + 0.7, "What each threshold keeps and what it gets wrong")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(models):
            axes.set_visible(False)
            continue
        _curves(axes, found, *models[place])
    handles, titles = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside right center", frameon=False, fontsize=8)
    figure.supxlabel("threshold", fontsize=9)
    return figure


def _curves(axes: Axes, found: Measured, name: str, counted: TradeOff) -> None:
    axes.set_title(_short(name), loc="left", fontsize=9)
    axes.grid(visible=True)
    known = [facts for facts in in_reading_order(found.evaluation.suite.categories) if counted.n[facts.name]]
    for place, facts in enumerate(facts for facts in known if facts.duplicates < facts.n):
        line, dash = _LINES[place % len(_LINES)], _DASHES[place % len(_DASHES)]
        share = counted.wrong[facts.name] / counted.n[facts.name]
        axes.plot(
            THRESHOLDS, share, color=line, linestyle=dash, linewidth=1.3, label=_short(category_title(facts.name).title)
        )
    if counted.n_duplicates:
        kept = counted.kept / counted.n_duplicates
        axes.plot(THRESHOLDS, kept, color=_INK, linewidth=2.6, label="Duplicates kept")
    axes.set_ylim(-0.02, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])


# --------------------------------------------------------------------------------------------- effects and the study


def _effects(found: Measured) -> Figure:
    """Cohen's d and Cliff's delta with intervals, a category a row."""
    evaluation = found.evaluation
    titles = [_short(category_title(row.category).title) for row in in_order(evaluation, evaluation.comparisons[0])]
    height = 1.5 + len(titles) * (0.24 + 0.12 * len(evaluation.comparisons))
    figure = _figure(9.5, height, findings.effects_finding(evaluation))
    both = figure.subplots(1, 2, sharey=True)
    for axes, name in zip(both, ("Cohen's d", "Cliff's delta"), strict=True):
        axes.axvline(0, color=_QUIET, linewidth=1)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{name}; right of 0 the bi-encoders score higher", fontsize=8)
        for place, comparison in enumerate(evaluation.comparisons):
            _effect_marks(axes, found, comparison, place, name)
        axes.tick_params(length=0)
    both[0].set_yticks(range(len(titles)), titles)
    both[0].set_ylim(len(titles) - 0.4, -0.6)
    handles, names = both[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", ncols=2, frameon=False, fontsize=8)
    return figure


def _effect_marks(axes: Axes, found: Measured, comparison: Comparison, place: int, name: str) -> None:
    several = len(found.evaluation.comparisons)
    shift = (place - (several - 1) / 2) * 0.6 / several
    marked = [
        (y + shift, effect)
        for y, row in enumerate(in_order(found.evaluation, comparison))
        if (effect := row.cohens_d if name == "Cohen's d" else row.cliffs_delta) is not None
    ]
    _intervals(
        axes,
        marked,
        color=_LINES[place % len(_LINES)],
        marker=_MARKS[place % len(_MARKS)],
        label=f"{comparison.first} against {comparison.second}",
    )


def _intervals(axes: Axes, marked: Sequence[tuple[float, Estimate | Rate]], **style: Any) -> None:
    values = [one.value for _, one in marked]
    low = [one.value - (one.value if one.low is None else one.low) for _, one in marked]
    high = [(one.value if one.high is None else one.high) - one.value for _, one in marked]
    places = [y for y, _ in marked]
    # Rounding can carry an end a hair past the value.
    ends = np.maximum(np.array([low, high], dtype=np.float64), 0)
    axes.errorbar(values, places, xerr=ends, linestyle="none", markersize=4.5, elinewidth=1.1, capsize=2, **style)


def _study(found: Measured) -> Figure:
    """Ours with its interval and the study's, a category a row."""
    beside = found.evaluation.beside
    figure = _figure(7.5, 1.5 + 0.34 * len(beside), findings.study_finding(found.evaluation))
    axes = figure.subplots()
    for y, one in enumerate(beside):
        axes.plot([one.ours.value, one.theirs], [y, y], color=_RULE, linewidth=4, zorder=0)
    marked = [(float(y), one.ours) for y, one in enumerate(beside)]
    _intervals(axes, marked, color=_CROSS, marker="o", label="ours, with 95% interval")
    theirs = [one.theirs for one in beside]
    axes.scatter(
        theirs, range(len(beside)), marker="D", facecolors="none", edgecolors=_INK, label="the study's", zorder=3
    )
    several = len({one.model for one in beside}) > 1
    titles = [
        _short(category_title(one.category).title) + (f", {_short(one.model)}" if several else "") for one in beside
    ]
    axes.set_yticks(range(len(beside)), titles)
    axes.set_ylim(len(beside) - 0.4, -0.6)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel(", ".join(dict.fromkeys(metric_title(one.metric) for one in beside)))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8)
    return figure
