"""Questions of named sets: with candidates of which one answers, and with graded answers beside references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossjudge.datasets.cards import DatasetCard, find_set
from crossjudge.datasets.pairs import Example
from crossjudge.datasets.rows import bad_row, present_field, read_jsonl, set_path, text_field, texts_field
from crossjudge.errors import InputError

GRADES = ("correct", "contradictory", "incorrect")
"""Labels of graded answers; an incorrect one is neither right nor in contradiction to the reference."""


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """A student's answer beside what would have been right. `references`: one or more, the best first."""

    question: str
    references: tuple[str, ...]
    answer: str
    label: str
    source: str

    def example(self) -> Example:
        """The pair (best reference, answer): of the others nobody knows which one the label is about."""
        return Example(self.references[0], self.answer, self.label, self.source)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its candidates. `right`: the places of those that answer it. `context`: "" where there is none."""

    context: str
    question: str
    candidates: tuple[str, ...]
    right: frozenset[int]
    source: str


def read_grades(name: str, split: str, *, folder: Path) -> Iterator[GradedAnswer]:
    """The graded answers of one split. Raises as `read_examples` does."""
    card = _card(name, "grading")
    path = set_path(card, split, folder)
    return (_graded(card, path, line, row) for line, row in read_jsonl(path))


def read_questions(name: str, split: str, *, folder: Path) -> Iterator[Question]:
    """The questions of one split. Where a set lists accepted answers only, all its candidates are right.

    Raises as `read_examples` does.
    """
    card = _card(name, "qa")
    path = set_path(card, split, folder)
    return (_question(card, path, line, row) for line, row in read_jsonl(path))


def _card(name: str, kind: str) -> DatasetCard:
    card = find_set(name)
    if card.kind != kind:
        raise InputError(f"Reading the set {name!r} of kind {card.kind!r}: expected a set of kind {kind!r}.")
    return card


def _graded(card: DatasetCard, path: Path, line: int, row: Mapping[str, Any]) -> GradedAnswer:
    label = text_field(path, line, row, "label")
    if label not in GRADES:
        raise bad_row(path, line, "label", f"it is {label!r}; expected one of {', '.join(GRADES)}")
    question, answer = (text_field(path, line, row, column) for column in ("question", "answer"))
    return GradedAnswer(question, texts_field(path, line, row, "reference"), answer, label, card.name)


def _question(card: DatasetCard, path: Path, line: int, row: Mapping[str, Any]) -> Question:
    context = text_field(path, line, row, "context") if "context" in row else ""
    question = text_field(path, line, row, "question")
    if "answers" in row:
        answers = texts_field(path, line, row, "answers")
        return Question(context, question, answers, frozenset(range(len(answers))), card.name)
    candidates = texts_field(path, line, row, "candidates")
    place = present_field(path, line, row, "answer")
    if not isinstance(place, int) or not 0 <= place < len(candidates):
        raise bad_row(path, line, "answer", f"it is {place!r}; expected a place among {len(candidates)} candidates")
    return Question(context, question, candidates, frozenset({place}), card.name)
