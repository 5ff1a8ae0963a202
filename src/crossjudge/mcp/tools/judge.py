"""`judge_pair`: does one text support another, contradict it, or leave it open?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Told, Tool


class JudgeArguments(Arguments):
    """Two texts."""

    premise: Text = Field(description="What is taken as given, such as a passage of a source.")
    hypothesis: Text = Field(description="The statement in question; one sentence is best.")


class JudgeTold(Told):
    """How the hypothesis stands to the premise."""

    label: Literal["entailment", "contradiction", "neutral"]
    probabilities: dict[str, Number] = Field(description="By label; they sum to 1.")
    abstained: bool = Field(description="Whether the model is too unsure to stand by the label.")


def _judge(maker: Maker, given: JudgeArguments) -> JudgeTold:
    verdict = maker.judge()(given.premise, given.hypothesis)
    return JudgeTold.model_validate(
        {"label": verdict.label, "probabilities": verdict.probabilities, "abstained": verdict.abstained}
    )


JUDGE = Tool(
    name="judge_pair",
    title="Judge a pair of texts",
    description=(
        "Judges one statement by one text: entailment (the premise supports it), contradiction (they cannot both be "
        "true) or neutral (the premise leaves it open). Use it for a single statement, to compare two statements, or "
        "to see whether one says more than the other (ask both ways round). For a whole answer and its sources use "
        "check_answer. A probability near 0.5 means little."
    ),
    arguments=JudgeArguments,
    told=JudgeTold,
    work=_judge,
)
