"""From a shard's finished table to its summary: counted in columns, not row by row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crossjudge.jobs.notes import BIN, SAMPLES, Saved, Summary

_SHOWN_CHARS = 300
_MOST_KINDS = 50
ABSTAINED = "(abstained)"
"""What samples of rows are called whose verdict is none."""

_NOTHING = "(none)"
"""The outcome of a row whose list of outcomes is empty."""

_CHANGING = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|\S*/\S+")


def summary_of(
    table: pa.Table,
    problems: Mapping[int, str],
    *,
    outcome: str | None,
    score: str | None,
    shown: Mapping[str, str],
    saved: Saved,
    **counts: Any,
) -> Summary:
    """`outcome`, `score`: columns of `table`, if it has them. `shown`: role -> column, what samples show."""
    kinds, error_samples = _errors(problems)
    places = _places(table[outcome]) if outcome in table.schema.names else {}
    abstained = _abstained(table)
    return Summary(
        rows=table.num_rows,
        errors=len(problems),
        abstained=len(abstained),
        outcomes={name: len(rows) for name, rows in places.items()},
        scores=_histogram(table[score]) if score in table.schema.names else {},
        samples={
            name: _samples(table, rows, shown, score)
            for name, rows in (places | {ABSTAINED: abstained} if len(abstained) else places).items()
        },
        error_kinds=kinds,
        error_samples=error_samples,
        saved=saved,
        **counts,
    )


def _abstained(table: pa.Table) -> np.ndarray[Any, Any]:
    """The rows whose verdict is none."""
    if "abstained" not in table.schema.names:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(table["abstained"].fill_null(False).to_numpy())


def _places(column: pa.ChunkedArray) -> dict[str, np.ndarray[Any, Any]]:
    """Outcome -> its rows, in order; rows without a result have none."""
    column = column.combine_chunks()
    if pa.types.is_list(column.type):
        rows, values = pc.list_parent_indices(column).to_numpy(), column.flatten()
        empty = np.flatnonzero(
            pc.equal(pc.list_value_length(column), 0).fill_null(False).to_numpy(zero_copy_only=False)
        )
        found = {_NOTHING: empty} if len(empty) else {}
    else:
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        rows, values, found = np.flatnonzero(valid), column.drop_null(), {}
    coded = values.dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return found | {name: rows[codes == code] for code, name in enumerate(coded.dictionary.to_pylist())}


def _histogram(column: pa.ChunkedArray) -> dict[int, int]:
    scores = column.drop_null().to_numpy()
    # A score of exactly 1 belongs to the last bin of probabilities, not to one of its own.
    bins = np.where(scores == 1.0, round(1 / BIN) - 1, np.floor(scores / BIN)).astype(np.int64)
    places, counts = np.unique(bins, return_counts=True)
    return dict(zip(places.tolist(), counts.tolist(), strict=True))


def _samples(
    table: pa.Table, rows: np.ndarray[Any, Any], shown: Mapping[str, str], score: str | None
) -> list[dict[str, str]]:
    names = [*shown.values(), *([score] if score in table.schema.names else [])]
    taken = table.select(names).take(pa.array(rows[:SAMPLES])).to_pylist()
    return [{name: _short(value) for name, value in row.items()} for row in taken]


def _errors(problems: Mapping[int, str]) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Kinds of errors: their texts without what differs from row to row. Rare kinds beyond fifty are counted as one."""
    kinds: Counter[str] = Counter()
    samples: dict[str, list[str]] = {}
    for reason in problems.values():
        kind = _short(_CHANGING.sub("…", reason))
        if kind not in kinds and len(kinds) >= _MOST_KINDS:
            kind = "other errors"
        kinds[kind] += 1
        if kinds[kind] <= SAMPLES:
            samples.setdefault(kind, []).append(_short(reason))
    return dict(kinds), samples


def _short(value: Any) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
