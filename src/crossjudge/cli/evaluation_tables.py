"""An evaluation as tables for the terminal: models side by side, as many as its width has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from rich.table import Table
from rich.text import Text

from crossjudge.evaluation.rendering.deciders import usual_threshold
from crossjudge.evaluation.rendering.notation import NOTHING, number, percent
from crossjudge.evaluation.rendering.titles import category_title, in_reading_order, probe_title, threshold_of
from crossjudge.evaluation.results import CategoryFacts, Evaluation, ModelResult, Rate, Timing

Titled: TypeAlias = tuple[str, Table]
Cell: TypeAlias = Callable[[ModelResult], str]
"""What a row says of a model."""

_TITLE_WIDTH = 22
_QUESTION_WIDTH = 42
_MODEL_WIDTH = 12
_GAP = 2


def model_tables(evaluation: Evaluation, timings: Sequence[Timing], *, width: int) -> Iterator[Titled]:
    """What share of each category models get wrong; mean scores where there is no gold; and how fast they are."""
    categories = in_reading_order(evaluation.suite.categories)
    models, by_label = evaluation.models, [model for model in evaluation.models if model.nli is not None]
    yield from _tables(
        "Wrong about whether two texts say the same",
        models,
        {
            **{_titled(one): partial(_wrong, evaluation, one.name) for one in categories},
            "all pairs right": partial(_all_right, evaluation),
            "rank correlation": _rank_correlation,
            "at threshold": partial(_threshold, evaluation),
        },
        width=width,
    )
    yield from _tables(
        "Wrong NLI labels, first text to second",
        by_label,
        {**{_titled(one): partial(_mislabelled, one.name) for one in categories}, "all pairs right": _labels_right},
        width=width,
    )
    if not any(model.main.decisions or _labels_right(model) != NOTHING for model in models):
        yield from _tables(
            "Mean score", models, {_titled(one): partial(_mean, one.name) for one in categories}, width=width
        )
    speeds = {timing.model: timing for timing in timings}
    yield from _tables(
        "Speed, here and now",
        models,
        {"pairs a second": partial(_pairs_per_s, speeds), "one pair alone, ms": partial(_latency, speeds)},
        width=width,
    )


def probe_tables(evaluation: Evaluation, *, width: int) -> Iterator[Titled]:
    """What share of decisions each probe changed, where any was run."""
    changed = {(one.model, one.probe): one.changed for one in evaluation.probes}
    probes = dict.fromkeys(one.probe for one in evaluation.probes)
    yield from _tables(
        "Decisions changed by what must not matter",
        evaluation.models,
        {probe_title(probe): partial(_changed, changed, probe) for probe in probes},
        width=width,
        first_column=_QUESTION_WIDTH,
    )


def _tables(
    title: str,
    models: Sequence[ModelResult],
    rows: Mapping[str, Cell],
    *,
    width: int,
    first_column: int = _TITLE_WIDTH,
) -> Iterator[Titled]:
    """One table, or several under each other; without rows that say nothing, and none where none says anything."""
    most = max(1, (width - first_column) // (_MODEL_WIDTH + _GAP))
    for start in range(0, len(models), most):
        shown = models[start : start + most]
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
        table.add_column("", width=first_column, overflow="fold")
        for model in shown:
            table.add_column(Text(model.name), width=_MODEL_WIDTH, justify="right", overflow="fold")
        for name, cell in rows.items():
            cells = [cell(model) for model in shown]
            if any(one != NOTHING for one in cells):
                table.add_row(Text(name), *cells)
        if table.row_count:
            yield title, table


def _titled(category: CategoryFacts) -> str:
    return f"{category_title(category.name).title} ({category.n:,})"


# -------------------------------------------------------------------------------------------------------------- cells


def _wrong(evaluation: Evaluation, category: str, model: ModelResult) -> str:
    figures, threshold = model.main.category(category), usual_threshold(evaluation, model)
    if figures is None or threshold is None or threshold not in figures.failure:
        return NOTHING
    return percent(figures.failure[threshold].value)


def _all_right(evaluation: Evaluation, model: ModelResult) -> str:
    decided = model.main.decisions.get(usual_threshold(evaluation, model) or "")
    return NOTHING if decided is None else percent(decided.accuracy.value)


def _rank_correlation(model: ModelResult) -> str:
    found = model.main.rank_correlation
    return NOTHING if found is None else number(found.value)


def _threshold(evaluation: Evaluation, model: ModelResult) -> str:
    name = usual_threshold(evaluation, model)
    return NOTHING if name is None else number(threshold_of(model, name))


def _mislabelled(category: str, model: ModelResult) -> str:
    found = model.nli.category(category) if model.nli is not None else None
    return NOTHING if found is None or found.accuracy_forward is None else percent(1 - found.accuracy_forward.value)


def _labels_right(model: ModelResult) -> str:
    right = model.nli.accuracy_forward if model.nli is not None else None
    return NOTHING if right is None else percent(right.value)


def _mean(category: str, model: ModelResult) -> str:
    figures = model.main.category(category)
    return NOTHING if figures is None else number(figures.mean.value)


def _pairs_per_s(speeds: Mapping[str, Timing], model: ModelResult) -> str:
    return f"{speeds[model.name].pairs_per_s:,.0f}" if model.name in speeds else NOTHING


def _latency(speeds: Mapping[str, Timing], model: ModelResult) -> str:
    return number(speeds[model.name].latency_p50_ms, 1) if model.name in speeds else NOTHING


def _changed(rates: Mapping[tuple[str, str], Rate | None], probe: str, model: ModelResult) -> str:
    rate = rates.get((model.name, probe))
    return NOTHING if rate is None else f"{rate.count:,} of {rate.n:,}"
