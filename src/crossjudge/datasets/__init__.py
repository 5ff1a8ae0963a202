"""Named data sets, from a folder or the hub, with gold labels; training and evaluation both read here."""

from __future__ import annotations

from crossjudge.datasets.cards import (
    COLUMNS,
    GOLD_COLUMN,
    GRADED,
    KINDS,
    LABELLED_TEXTS,
    DatasetCard,
    dataset_cards,
    find_set,
)
from crossjudge.datasets.pairs import Example, read_examples, read_file
from crossjudge.datasets.questions import GRADES, GradedAnswer, Question, read_grades, read_questions
from crossjudge.datasets.rows import read_jsonl
from crossjudge.datasets.sameness import distinct, normalized
from crossjudge.datasets.texts import CERTAINTIES, Certainty, read_hedges, read_paragraphs, read_texts

__all__ = [
    "CERTAINTIES",
    "COLUMNS",
    "GOLD_COLUMN",
    "GRADED",
    "GRADES",
    "KINDS",
    "LABELLED_TEXTS",
    "Certainty",
    "DatasetCard",
    "Example",
    "GradedAnswer",
    "Question",
    "dataset_cards",
    "distinct",
    "find_set",
    "normalized",
    "read_examples",
    "read_file",
    "read_grades",
    "read_hedges",
    "read_jsonl",
    "read_paragraphs",
    "read_questions",
    "read_texts",
]
