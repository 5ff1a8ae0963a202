"""An evaluation as plain files: JSON, CSV of every pair and score, JUnit; the same numbers give the same text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.results import Evaluation, GateOutcome, ModelResult
from crossjudge.evaluation.suite import SuitePair
from crossjudge.types import FloatArray

PAIR_COLUMNS = ("id", "category", "domain", "text_a", "text_b", "nli_forward", "nli_backward", "duplicate", "note")
"""The first columns of the CSV file; models' columns follow."""


class _Raw(Protocol):
    @property
    def values(self) -> FloatArray: ...


class _Column(Protocol):
    @property
    def model(self) -> str: ...
    @property
    def reading(self) -> str: ...
    @property
    def values(self) -> NDArray[np.float64]: ...


def json_text(content: Mapping[str, Any]) -> str:
    """Indented, in the order of the schema, with a newline at the end."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_pairs(
    file: TextIO,
    models: Sequence[ModelResult],
    pairs: Iterable[SuitePair],
    raw: Mapping[str, _Raw],
    columns: Sequence[_Column],
) -> None:
    """One row a pair: `PAIR_COLUMNS`, then "MODEL raw COLUMN" and "MODEL score READING" of each model."""
    header = list(PAIR_COLUMNS)
    numbers: list[tuple[NDArray[Any], str]] = []
    for model in models:
        header += [f"{model.name} raw {column}" for column in model.raw_columns]
        # Nine digits give a float32 back bit by bit.
        numbers += [(values, ".9g") for values in raw[model.name].values.T]
        scores = [column for column in columns if column.model == model.name]
        header += [f"{model.name} score {column.reading}" for column in scores]
        numbers += [(column.values, ".6g") for column in scores]
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(header)
    for place, pair in enumerate(pairs):
        rows.writerow([*_pair_cells(pair), *(format(float(values[place]), digits) for values, digits in numbers)])


def _pair_cells(pair: SuitePair) -> Iterator[str]:
    for column in PAIR_COLUMNS:
        value = getattr(pair, column)
        yield "" if value is None else str(value).lower() if isinstance(value, bool) else value


def junit_text(evaluation: Evaluation) -> str:
    """One test case for each gate and model; no clock time, so that the same outcomes give the same text."""
    cases = "".join(_test_case(outcome) for outcome in evaluation.gates)
    count = f'tests="{len(evaluation.gates)}" failures="{sum(one.failed for one in evaluation.gates)}"'
    name = quoteattr(f"crossjudge evaluate {evaluation.suite.name}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {count}>\n<testsuite name={name} {count}>\n{cases}</testsuite>\n</testsuites>\n"
    )


def _test_case(outcome: GateOutcome) -> str:
    seen = f"{outcome.figure} is {outcome.value:.6g}"
    head = f"<testcase classname={quoteattr(outcome.model)} name={quoteattr(outcome.expression)}>"
    if not outcome.failed:
        return f"{head}<system-out>{escape(seen)}</system-out></testcase>\n"
    message = f"{seen}; the gate fails at {outcome.operator} {outcome.limit:.6g}"
    return f"{head}<failure message={quoteattr(message)}>{escape(f'{outcome.model}: {message}')}</failure></testcase>\n"
