"""A class's grades, question by question: how many of each, the mean score, and what was missing most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossjudge.apps.base import Result
from crossjudge.apps.grading import GRADES, GradeResult


@dataclass(frozen=True, slots=True)
class QuestionSummary(Result):
    """The answers to one question.

    `grades`: grade -> answers. `mean_score`: 0 to 1. `missing`: key point -> answers without it, most first.
    """

    title: str
    grades: dict[str, int]
    mean_score: float
    missing: dict[str, int]

    @property
    def answers(self) -> int:
        """How many there are."""
        return sum(self.grades.values())


def summarize(graded: Iterable[tuple[str, GradeResult]]) -> list[QuestionSummary]:
    """One summary for each title, in the order in which titles first come; equal counts keep their order too."""
    by_title: dict[str, list[GradeResult]] = {}
    for title, result in graded:
        by_title.setdefault(title, []).append(result)
    return [_summary(title, results) for title, results in by_title.items()]


def together(summaries: Sequence[QuestionSummary]) -> QuestionSummary:
    """One summary of the answers to all questions, at least one; points belong to one question, so there are none."""
    answers = sum(one.answers for one in summaries)
    return QuestionSummary(
        title=f"{answers:,} answers to {len(summaries):,} questions",
        grades={grade: sum(one.grades[grade] for one in summaries) for grade in GRADES},
        mean_score=sum(one.mean_score * one.answers for one in summaries) / answers,
        missing={},
    )


def _summary(title: str, results: list[GradeResult]) -> QuestionSummary:
    counts = Counter(result.grade for result in results)
    missing = Counter(point for result in results for point in result.missing)
    return QuestionSummary(
        title=title,
        grades={grade: counts[grade] for grade in GRADES},
        mean_score=sum(result.score for result in results) / len(results),
        missing=dict(missing.most_common()),
    )
