"""Every pair that a model of ours may be measured on, out of a folder of local sets; none of them may be trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossjudge.datasets import COLUMNS, read_jsonl

HELD_OUT = (".dev.", ".test.")
CASE_COLUMNS = (("text", "hypothesis"), ("source", "claim"), ("reference", "answer"), ("text", "policy"))
"""Columns of worked acceptance cases that are judged as a pair."""


def evaluation_pairs(folder: Path) -> Iterator[tuple[str, str]]:
    """Pairs of all dev and test files, of graded answers with each reference, and of worked acceptance cases."""
    for kind, columns in COLUMNS.items():
        for path in _held_out(folder / kind):
            yield from (pair for _, row in read_jsonl(path) for pair in _pair(row, columns))
    for path in _held_out(folder / "grading"):
        for _, row in read_jsonl(path):
            yield from ((reference, row["answer"]) for reference in row["reference"])
    for path in sorted((folder / "acceptance").glob("*.jsonl")):
        for _, row in read_jsonl(path):
            yield from (pair for columns in CASE_COLUMNS for pair in _pair(row, columns))


def _held_out(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jsonl.gz") if any(split in path.name for split in HELD_OUT))


def _pair(row: Mapping[str, Any], columns: tuple[str, str]) -> Iterator[tuple[str, str]]:
    if all(isinstance(row.get(column), str) for column in columns):
        yield row[columns[0]], row[columns[1]]
