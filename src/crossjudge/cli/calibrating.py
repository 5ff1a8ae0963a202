"""What `crossjudge calibrate` does: labelled rows asked, two thirds fitted on, the others measured, all of it shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from crossjudge.calibration import Calibration, Measured, measure
from crossjudge.calibration.fitting import calibrated, logits_of, parts
from crossjudge.calibration.gold import gold_ids
from crossjudge.calibration.measurement import Figure
from crossjudge.cli.failures import say
from crossjudge.cli.inputs import Item, Source
from crossjudge.cli.terminal import facts, new_console
from crossjudge.errors import FileRowError, InputError, ItemError
from crossjudge.extras import require
from crossjudge.files import BadRow, Row, json_line
from crossjudge.judge import Judge
from crossjudge.types import FloatArray, IntArray, Pair

PARTS = 3
"""Of so many equal parts of the rows, drawn at random, the last is measured on and the others are fitted on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrating:
    """What was asked for."""

    label_column: str
    method: str
    target_error: float | None
    confidence: float
    out: str | None
    plot: str | None
    as_json: bool
    quiet: bool

    def check(self, source: Source[Pair]) -> None:
        """Raise before anything is asked if there are no files, or nothing can be written where it should be."""
        if not source.files:
            raise InputError(
                "Reading the arguments: found texts; expected a file of labelled pairs (.jsonl, .csv, .tsv, .parquet), "
                "or - for standard input. Name one."
            )
        for path in filter(None, (self.out, self.plot)):
            if not Path(path).absolute().parent.is_dir() or Path(path).is_dir():
                raise InputError(f"Writing {path}: expected a name in a folder that is there. Correct it.")
        if self.plot is not None:
            require("matplotlib", to="draw a calibration")
            if not self.plot.lower().endswith(".png"):
                raise InputError(f"Drawing {self.plot}: expected a name that ends in .png. Correct it.")


@dataclass(frozen=True, slots=True)
class Answered:
    """What a judge said of pairs, `(n_pairs, num_labels)` each, and their gold label ids `(n_pairs,)`."""

    logits: FloatArray
    probabilities: FloatArray
    gold: IntArray

    def of(self, rows: IntArray) -> Answered:
        """Of these rows alone."""
        return Answered(self.logits[rows], self.probabilities[rows], self.gold[rows])


@dataclass(frozen=True, slots=True)
class Effect:
    """A calibration, and what it changes on pairs that it was not fitted on."""

    calibration: Calibration
    before: Measured
    after: Measured

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "method": self.calibration.method,
            "fitted_on": self.calibration.examples,
            "measured_on": self.after.pairs,
            "calibration": self.calibration.to_dict(),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }


def run(asked: Calibrating, source: Source[Pair], judge: Judge) -> None:
    """Fit, measure, show, write."""
    pairs, gold = _labelled(source, judge, asked.label_column)
    answered = _answered(judge, pairs, gold, quiet=asked.quiet)
    *fitted_on, held_out = parts(len(gold), PARTS)
    calibration = replace(
        _fitted(asked, judge, answered.of(np.concatenate(fitted_on))),
        fitted_on=", ".join(Path(name).name for name in source.files),
    )
    measured = answered.of(held_out)
    after = calibration.probabilities(measured.logits)
    effect = Effect(
        calibration,
        measure(measured.logits, measured.probabilities, measured.gold, abstain_below=judge.abstain_below),
        measure(measured.logits, after, measured.gold, abstain_below=calibration.abstain_below),
    )
    _show(effect, asked)
    _write(asked, calibration, {"before": measured.probabilities, "after": after}, measured.gold)


def _labelled(source: Source[Pair], judge: Judge, column: str) -> tuple[list[Pair], IntArray]:
    """Every row's pair and gold label id; raises `FileRowError` for the first that has none."""
    items = [_good(item) for item in source.items]
    values = [_label(row, file, column) for row, file in items]
    try:
        return [row.content for row, _ in items], gold_ids(values, judge.objective)
    except ItemError as error:
        row, file = items[error.index or 0]
        message = f"{file} line {row.line}: {error}"
        raise FileRowError(message, path=file, line=row.line, column=column) from error


def _good(item: Item[Pair]) -> tuple[Row[Pair], str]:
    if isinstance(item.row, BadRow):
        raise item.row.error
    assert item.file is not None
    return item.row, item.file


def _label(row: Row[Pair], file: str, column: str) -> Any:
    if column not in row.fields:
        found = ", ".join(map(repr, row.fields))
        raise FileRowError(
            f"{file} line {row.line}: no field {column!r}; found {found}. Rename it, or pass --label-column.",
            path=file, line=row.line, column=column,
        )  # fmt: skip
    return row.fields[column]


def _answered(judge: Judge, pairs: list[Pair], gold: IntArray, *, quiet: bool) -> Answered:
    with _progress(len(pairs), quiet=quiet) as progress:
        verdicts = judge.batch(pairs, progress=progress)
    labels = judge.objective.labels
    probabilities = [[verdict.probabilities[label] for label in labels] for verdict in verdicts]
    shape = (len(verdicts), len(labels))
    return Answered(logits_of(judge, verdicts), np.array(probabilities, dtype=np.float32).reshape(shape), gold)


def _fitted(asked: Calibrating, judge: Judge, on: Answered) -> Calibration:
    try:
        return calibrated(
            judge,
            on.logits,
            on.gold,
            target_error=asked.target_error,
            confidence=asked.confidence,
            method=asked.method,
        )
    except InputError as error:
        raise InputError(
            f"{error} (Fitted on {len(on.gold)} rows, two thirds of those given: for each two examples that are "
            "missing, add three rows.)"
        ) from error


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, where a person would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from crossjudge.cli.progress import row_bar

    with row_bar(total) as advance:
        yield lambda done, _: advance(done)


def _write(asked: Calibrating, calibration: Calibration, curves: dict[str, FloatArray], gold: IntArray) -> None:
    if asked.out is not None:
        calibration.save(asked.out)
        _tell(asked, f"calibration written to {asked.out}; crossjudge judge --calibration {asked.out} applies it.")
    if asked.plot is not None:
        from crossjudge.calibration.picture import draw_calibration

        Path(asked.plot).write_bytes(draw_calibration(curves, gold, abstention=calibration.abstention))
        _tell(asked, f"curves drawn in {asked.plot}.")


def _tell(asked: Calibrating, message: str) -> None:
    if not asked.quiet:
        say(message)


def _show(effect: Effect, asked: Calibrating) -> None:
    if asked.as_json:
        print(json_line(effect.to_dict(), ascii_only=(sys.stdout.encoding or "").lower().replace("-", "") != "utf8"))
        return
    console = new_console()
    console.print(facts("Fitted", _fit_facts(effect)))
    console.print()
    console.print(_figures(effect))


def _fit_facts(effect: Effect) -> list[tuple[str, Any]]:
    calibration, abstention = effect.calibration, effect.calibration.abstention
    rows: list[tuple[str, Any]] = [
        ("method", calibration.method),
        ("fitted on", f"{calibration.examples:,} pairs, drawn at random"),
        ("measured on", f"the {effect.after.pairs:,} others"),
    ]
    if calibration.curves is None:
        rows.insert(1, ("temperature", f"{calibration.temperature:.4f}"))
    if abstention is not None:
        share = f"{abstention.target_error:.3g} of answers wrong with {abstention.confidence:.3g} confidence"
        rows += [("abstain below", f"{abstention.abstain_below:.4f}"), ("so that", f"at most {share}")]
    return rows


def _figures(effect: Effect) -> Table:
    """Before and after, each figure with its 95% interval."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("measured", "before", "after"):
        table.add_column(heading, no_wrap=True)
    before, after = effect.before, effect.after
    for name, first, second in (
        ("calibration error", before.calibration_error, after.calibration_error),
        ("negative log-likelihood", before.negative_log_likelihood, after.negative_log_likelihood),
        ("accuracy, all answered", before.accuracy, after.accuracy),
        ("coverage", before.coverage, after.coverage),
        ("error among answers", before.error, after.error),
    ):
        table.add_row(Text(name, style="dim"), _cell(first), _cell(second))
    return table


def _cell(figure: Figure | None) -> str:
    return "none answered" if figure is None else str(figure)
