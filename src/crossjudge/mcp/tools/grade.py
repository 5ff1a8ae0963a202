"""`grade_answer`: is an answer right, beside answers that are known to be?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Texts, Told, Tool


class GradeArguments(Arguments):
    """An answer and what is right."""

    answer: str = Field(description="The answer to grade.")
    references: Texts = Field(description="Answers that are right, each in itself.")
    question: Text | None = Field(None, description="What was asked; helps to tell what is on the topic.")


class GradeTold(Told):
    """The grade."""

    grade: Literal["CORRECT", "PARTIAL", "INCORRECT"]
    score: Number = Field(description="0 to 1: the probability of CORRECT and half of that of PARTIAL.")
    missing: list[str] = Field(description="Key points of the reference that the answer does not state.")
    reference: int = Field(description="Which of the references decided, counted from 0.")


def _grade(maker: Maker, given: GradeArguments) -> GradeTold:
    result = maker.grader(given.references, question=given.question)(given.answer)
    return GradeTold.model_validate(
        {"grade": result.grade, "score": result.score, "missing": result.missing, "reference": result.reference}
    )


GRADE = Tool(
    name="grade_answer",
    title="Grade an answer",
    description=(
        "Grades an answer beside one or several reference answers that are known to be right, and lists what it leaves "
        "out. Use it to mark answers, to compare your result with an expected one, and in evaluations. Without a "
        "reference use check_answer."
    ),
    arguments=GradeArguments,
    told=GradeTold,
    work=_grade,
)
