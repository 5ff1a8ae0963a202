"""Labelled pairs out of a file: what is double or contradicts itself is left out, and said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.files import BadRow, Columns, FileFormat, Row, read_pairs
from crossjudge.types import Pair

LEAST_ROWS = 100
"""Fewer pairs leave a held-out part on which no ordinary gain can be seen."""
LEAST_OF_CLASS = 15


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out; `line` as in the file."""

    line: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledRows:
    """Pairs with their gold label as it stood in the file, in order. `doubled`: rows that said the same again."""

    pairs: list[Pair]
    golds: list[str]
    problems: list[Problem]
    doubled: int


def read_labelled(
    path: str | Path,
    *,
    label_column: str = "label",
    columns: Columns | None = None,
    file_format: FileFormat | None = None,
) -> LabelledRows:
    """The labelled pairs in a file (jsonl, csv, tsv, parquet).

    A row that is no pair, has no label, or gives an earlier pair another label is left out and told in `problems`; of
    two rows that contradict each other, the earlier one is left out too.
    """
    places: dict[tuple[str, str], tuple[int, str, Pair]] = {}
    problems: list[Problem] = []
    contradicted: set[tuple[str, str]] = set()
    doubled = 0
    for row in read_pairs(path, columns=columns, file_format=file_format):
        if isinstance(row, BadRow):
            problems.append(Problem(row.line, str(row.error)))
            continue
        label = _label(row, label_column, path)
        if isinstance(label, Problem):
            problems.append(label)
            continue
        key = (normalized(row.content.text_a), normalized(row.content.text_b))
        line, earlier, _ = places.setdefault(key, (row.line, label, row.content))
        if earlier != label:
            problems.append(
                Problem(
                    row.line, f"{path} line {row.line}: the pair of line {line} with another label; both are left out"
                )
            )
            contradicted.add(key)
        elif line != row.line:
            doubled += 1
    kept = [one for key, one in places.items() if key not in contradicted]
    return LabelledRows(
        pairs=[pair for _, _, pair in kept], golds=[gold for _, gold, _ in kept], problems=problems, doubled=doubled
    )


def _label(row: Row[Pair], column: str, path: str | Path) -> str | Problem:
    value = row.fields.get(column)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, str) and value.strip():
        return value.strip()
    found = ", ".join(map(repr, row.fields))
    seen = f"found {found}" if column not in row.fields else f"it is {value!r}"
    return Problem(
        row.line, f"{path} line {row.line}: no label in the field {column!r}; {seen}. Name it with --label-column"
    )


def check_enough(counts: Mapping[str, int]) -> None:
    """Raise `InputError` for too few pairs, in all or of a class (class -> how many); it says how many are needed."""
    lacking = list(_lacking(counts))
    if lacking:
        raise InputError(
            f"Adapting: {'; '.join(lacking)}. With fewer, a better model cannot be told from luck. Label more pairs."
        )


def _lacking(counts: Mapping[str, int]) -> Iterator[str]:
    total = sum(counts.values())
    if total < LEAST_ROWS:
        yield f"found {total} labelled pairs and at least {LEAST_ROWS} are needed, {LEAST_ROWS - total} more"
    for name, count in counts.items():
        if count < LEAST_OF_CLASS:
            more = LEAST_OF_CLASS - count
            yield f"found {count} pairs labelled {name!r} and at least {LEAST_OF_CLASS} are needed, {more} more"
