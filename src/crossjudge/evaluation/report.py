"""`Report`: what an evaluation found, to look into and to save in each form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import InputError
from crossjudge.evaluation import tables
from crossjudge.evaluation.gates import check_names, judge_gates, read_gate
from crossjudge.evaluation.normalise import ScoreRule
from crossjudge.evaluation.results import Evaluation, GateOutcome, Timing
from crossjudge.evaluation.source import Source
from crossjudge.evaluation.suite import SuitePair
from crossjudge.extras import require
from crossjudge.types import FloatArray

RENDERERS = {
    "html": "crossjudge.evaluation.rendering.html:render",
    "markdown": "crossjudge.evaluation.rendering.markdown:render",
    "png": "crossjudge.evaluation.rendering.png:render",
}
"""Form -> what draws a report in it, imported when first asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawScores:
    """What one model answered: `values` float32 `(n_pairs, n_raw)`, and the rules that make scores of them."""

    model: str
    rules: tuple[ScoreRule, ...]
    values: FloatArray

    def scores(self, rule: ScoreRule) -> NDArray[np.float64]:
        """The score of every pair under one of the rules, `(n_pairs,)`."""
        return rule.apply(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreColumn:
    """One model's score of every pair under one reading: `values` float64 `(n_pairs,)`, in suite order."""

    model: str
    reading: str
    values: NDArray[np.float64]


class Report:
    """The result of `evaluate`. `evaluation`: every figure, as plain data. `timings`: how fast, here and now.

    `source` gives the pairs again, so that texts need not be kept; `raw_scores`: what each model answered.
    """

    def __init__(
        self,
        *,
        evaluation: Evaluation,
        timings: Sequence[Timing],
        raw_scores: Sequence[RawScores],
        source: Source,
    ) -> None:
        self.evaluation = evaluation
        self.timings = tuple(timings)
        self._raw = {one.model: one for one in raw_scores}
        self._source = source

    # ------------------------------------------------------------------------------------------------- looking into it

    def pairs(self) -> Iterator[SuitePair]:
        """The suite's pairs in order, read anew; scores are in the same order."""
        return self._source.pairs()

    def raw(self, model: str) -> FloatArray:
        """A model's raw outputs, float32 `(n_pairs, n_raw)`; `ModelResult.raw_columns` names them."""
        return self._raw[model].values

    def scores(self, model: str, reading: str | None = None) -> NDArray[np.float64]:
        """A model's score of every pair, `(n_pairs,)`; `reading`: by name, None for the main one."""
        raw = self._raw[model]
        rule = next(rule for rule in raw.rules if reading in (None, rule.name))
        return raw.scores(rule)

    @property
    def columns(self) -> tuple[ScoreColumn, ...]:
        """Every model's score under each of its readings."""
        return tuple(
            ScoreColumn(model=raw.model, reading=rule.name, values=raw.scores(rule))
            for raw in self._raw.values()
            for rule in raw.rules
        )

    def check(self, fail_on: Sequence[str]) -> tuple[GateOutcome, ...]:
        """The outcomes of further gates. Raises `InputError` for one that cannot be read or is about nothing here."""
        gates = [read_gate(expression) for expression in fail_on]
        check_names(
            gates,
            models=[model.name for model in self.evaluation.models],
            categories=[category.name for category in self.evaluation.suite.categories],
            thresholds=self.evaluation.settings.thresholds,
        )
        return judge_gates(gates, self.evaluation.models)

    @property
    def gates(self) -> tuple[GateOutcome, ...]:
        """The outcomes of the gates that `evaluate` was given, each on each model that it is about."""
        return self.evaluation.gates

    @property
    def passed(self) -> bool:
        """Whether no gate failed; true without gates."""
        return not any(outcome.failed for outcome in self.gates)

    def to_dict(self) -> dict[str, Any]:
        """Every figure as plain JSON values."""
        return self.evaluation.to_dict()

    # ---------------------------------------------------------------------------------------------------------- saving

    def save(self, folder: str | Path) -> None:
        """Everything, each in its file: `results.json`, `pairs.csv`, `timing.json`, `junit.xml` where there are gates,
        `report.md`, `report.html` and `figures/*.png`. Raises `MissingExtraError` once the plain files are written, if
        what draws the others is not installed.
        """
        into = Path(folder)
        into.mkdir(parents=True, exist_ok=True)
        self.save_json(into / "results.json")
        self.save_csv(into / "pairs.csv")
        self.save_timing(into / "timing.json")
        if self.evaluation.gates:
            self.save_junit(into / "junit.xml")
        self.save_markdown(into / "report.md")
        self.save_html(into / "report.html")
        self.save_png(into / "figures")

    def save_json(self, path: str | Path) -> None:
        """Every figure, as `Evaluation.to_dict` has it."""
        _write(path, tables.json_text(self.to_dict()))

    def save_csv(self, path: str | Path) -> None:
        """Every pair: texts, gold, and each model's raw outputs and scores. Rows are written as they are read."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            tables.write_pairs(file, self.evaluation.models, self.pairs(), self._raw, self.columns)

    def save_timing(self, path: str | Path) -> None:
        """How fast each model was, which no other file holds, so that the others are the same each time."""
        _write(path, tables.json_text({"timings": [one.to_dict() for one in self.timings]}))

    def save_junit(self, path: str | Path) -> None:
        """The gates as a JUnit file, one test case for each gate and model. Raises `InputError` where there is none."""
        if not self.evaluation.gates:
            raise InputError(
                "Writing a JUnit file: this evaluation has no gates, and a file without tests would look like a pass. "
                "Pass fail_on=['hedging.failure_rate>0.05'] to evaluate()."
            )
        _write(path, tables.junit_text(self.evaluation))

    def save_markdown(self, path: str | Path) -> None:
        """The tables in Markdown."""
        _write(path, _renderer("markdown")(self))

    def save_html(self, path: str | Path) -> None:
        """One self-contained page with interactive plots."""
        _write(path, _renderer("html")(self))

    def save_png(self, folder: str | Path) -> None:
        """The figures as pictures, each in its own file."""
        into = Path(folder)
        pictures = _renderer("png")(self)
        into.mkdir(parents=True, exist_ok=True)
        for name, content in pictures.items():
            (into / name).write_bytes(content)


def require_drawing() -> None:
    """Raise `MissingExtraError` where something that `Report.save` draws with is not installed."""
    require("plotly", to="draw the figures of an HTML report")
    require("matplotlib", to="draw the figures of a report")


def _renderer(form: str) -> Callable[[Report], Any]:
    module, _, function = RENDERERS[form].partition(":")
    renderer: Callable[[Report], Any] = getattr(import_module(module), function)
    return renderer


def _write(path: str | Path, text: str) -> None:
    """UTF-8 with line feeds on every system, so that the bytes are the same."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(text.encode("utf-8"))
