"""Every pair and text that a model of ours may be measured on; none of them may be trained on.

They come out of a folder of local sets and the suites in the package. Pairs of a generated suite are made elsewhere:
whoever trains passes them in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.datasets import COLUMNS, LABELLED_TEXTS, read_jsonl
from crossjudge.training.decontamination import HashArray, hash_pairs, hash_texts

HELD_OUT = (".dev.", ".test.")
CASE_COLUMNS = (
    ("text", "hypothesis"),
    ("source", "claim"),
    ("reference", "answer"),
    ("text", "policy"),
    ("request", "response"),
)
"""Columns of worked acceptance cases that are judged as a pair."""


def held_out_hashes(folder: Path | None, more: Iterable[tuple[str, str]] = ()) -> HashArray:
    """Sorted hashes, uint64 `(n_distinct,)`, of all that is held out: pairs, single texts, and `more` pairs.

    Without a folder, only the suites of the package and `more` are known.
    """
    pairs = [hash_pairs(suite_pairs()), hash_pairs(more)]
    if folder is not None:
        pairs += [hash_pairs(evaluation_pairs(folder)), hash_texts(evaluation_texts(folder))]
    return np.unique(np.concatenate(pairs))


def suite_pairs() -> Iterator[tuple[str, str]]:
    """The pairs of the suites that stand in the package as files."""
    folder = resources.files("crossjudge").joinpath("evaluation", "suites")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".jsonl"):
            with resources.as_file(entry) as path:
                yield from ((row["text_a"], row["text_b"]) for _, row in read_jsonl(path))


def evaluation_pairs(folder: Path) -> Iterator[tuple[str, str]]:
    """Pairs of all dev and test files, of graded answers and of questions, and of worked acceptance cases."""
    for kind, columns in COLUMNS.items():
        for path in _held_out(folder / kind):
            yield from (pair for _, row in read_jsonl(path) for pair in _pair(row, columns))
    for path in _held_out(folder / "grading"):
        for _, row in read_jsonl(path):
            yield from ((reference, row["answer"]) for reference in row["reference"])
    for path in (*_held_out(folder / "qa"), *_held_out(folder / "qa" / "nocontext")):
        yield from (pair for _, row in read_jsonl(path) for pair in _question_pairs(row))
    for path in sorted((folder / "acceptance").glob("*.jsonl")):
        yield from (pair for _, row in read_jsonl(path) for pair in _case_pairs(row))


def evaluation_texts(folder: Path) -> Iterator[str]:
    """The texts of all dev and test files that have one text a row, and of acceptance cases about one text."""
    for kind in LABELLED_TEXTS:
        for path in _held_out(folder / kind):
            yield from (row["text"] for _, row in read_jsonl(path))
    for path in sorted((folder / "acceptance").glob("*.jsonl")):
        yield from (row["text"] for _, row in read_jsonl(path) if "text" in row)


def _held_out(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jsonl.gz") if any(split in path.name for split in HELD_OUT))


def _pair(row: Mapping[str, Any], columns: tuple[str, str]) -> Iterator[tuple[str, str]]:
    if all(isinstance(row.get(column), str) for column in columns):
        yield row[columns[0]], row[columns[1]]


def _question_pairs(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A question as training might ask it: of its context, with or without a candidate, and without a context."""
    question = row["question"]
    candidates = (*row.get("candidates", ()), *row.get("answers", ()))
    yield from ((question, candidate) for candidate in candidates)
    if "context" in row:
        yield row["context"], question
        for candidate in candidates:
            yield row["context"], candidate
            yield row["context"], f"{question} {candidate}"


def _case_pairs(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A worked case: a pair, a question with candidates, or a response beside criteria."""
    for columns in CASE_COLUMNS:
        yield from _pair(row, columns)
    if "candidates" in row:
        yield from _question_pairs(row)
    yield from ((row["response"], criterion) for criterion in row.get("criteria", {}).values())
