"""The study's published figures, and ours beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crossjudge.errors import InputError
from crossjudge.evaluation.figures import FigureName, find_figure
from crossjudge.evaluation.results import Beside, Estimate, ModelResult, PublishedFigure, Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """The content of `published.toml`. `missing`: what could not be read, in words."""

    title: str
    author: str
    where: str
    design: str
    figures: tuple[PublishedFigure, ...]
    missing: tuple[str, ...]


@cache
def study() -> Study:
    """The study and every figure of it that could be read at a source."""
    text = resources.files("crossjudge.evaluation").joinpath("published.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    figures = tuple(_figure(row, table["sources"]) for row in table["figures"])
    return Study(**table["study"], figures=figures, missing=tuple(table["missing"]))


def _figure(row: Mapping[str, Any], sources: Mapping[str, str]) -> PublishedFigure:
    return PublishedFigure(
        subject=row["subject"],
        kind=row["kind"],
        category=row["category"],
        metric=row["metric"],
        value=row.get("value"),
        low=row.get("low"),
        high=row.get("high"),
        source=sources[row["source"]],
        note=row.get("note", ""),
    )


def beside(models: Sequence[ModelResult], figures: Sequence[PublishedFigure]) -> tuple[Beside, ...]:
    """Each published figure of a model that was measured here too, next to ours."""
    return tuple(pair for model in models for figure in figures for pair in _beside(model, figure))


def _beside(model: ModelResult, figure: PublishedFigure) -> Iterator[Beside]:
    if figure.value is None or not _is_called(model, figure.subject):
        return
    metric, _, threshold = figure.metric.partition("@")
    try:
        ours = find_figure(model, FigureName(figure.category, metric, threshold or None))
    except InputError:
        # A figure that we have no measure for: it still stands among the published ones.
        return
    if isinstance(ours, Estimate | Rate):
        yield Beside(
            model=model.name,
            category=figure.category,
            metric=figure.metric,
            ours=ours,
            theirs=figure.value,
            source=figure.source,
        )


def _is_called(model: ModelResult, subject: str) -> bool:
    """Whether a model goes by that name, with or without its organisation or the folder it is in."""
    names = (model.name, model.model)
    return subject.casefold() in {name.replace("\\", "/").rpartition("/")[2].casefold() for name in names}
