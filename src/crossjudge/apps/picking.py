"""`AnswerPicker`: which of these candidates answers the question, as the context has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from crossjudge.apps.base import (
    Model,
    Progress,
    Question,
    Result,
    as_judge,
    ask,
    by_entailment,
    checked_template,
    checked_text,
    checked_texts,
    seen,
)  # fmt: skip
from crossjudge.apps.statements import statement
from crossjudge.apps.templates import fill
from crossjudge.errors import ItemError
from crossjudge.models.boxed import JOINT_NAME
from crossjudge.types import Verdict

_DOING = "Picking an answer"


@dataclass(frozen=True, slots=True)
class AnswerResult(Result):
    """The candidates of one question, ranked.

    `best`: the first of `ranking`, also when `abstained`. `ranking`: (candidate, probability that the context entails
    it), surest first, equal ones in the order given. `abstained`: no candidate is entailed, or the best one not surely,
    or not by a context that was read to its end. `hypotheses`: for each place of the ranking, the statement that was
    judged. `tokens_dropped`: how much of the context was not read.
    """

    best: str
    ranking: list[tuple[str, float]]
    abstained: bool
    hypotheses: list[str]
    tokens_dropped: int


class AnswerPicker:
    """Picks the candidate that a context supports best as the answer to a question.

    `template`: a statement with `{}` for the candidate, judged against context and question. `statements`: where rules
    can turn question and every candidate into a statement ("Sarah works at Google."), that is judged against the
    context instead. `model`: a name, a `CrossEncoder`, a `Judge`, or None for `unnamed_model`.
    """

    unnamed_model: ClassVar[str] = JOINT_NAME

    def __init__(self, *, template: str = "The answer is {}.", model: Model = None, statements: bool = True) -> None:
        self.template = checked_template(template, doing=_DOING)
        self.statements = statements
        self.judge = as_judge(model, unnamed=self.unnamed_model)

    def __call__(self, context: str, question: str, candidates: Sequence[str]) -> AnswerResult:
        """The ranking of one question's candidates."""
        return self.batch([(context, question, candidates)])[0]

    def batch(
        self, inputs: Sequence[tuple[str, str, Sequence[str]]], *, progress: Progress | None = None
    ) -> list[AnswerResult]:
        """One result for each (context, question, candidates), in order, judged together."""
        asked = [checked_question(one, index) for index, one in enumerate(inputs)]
        questions = [self.questions(*one) for one in asked]
        verdicts = ask(self.judge, questions, progress=progress)
        return [
            _result(candidates, [hypothesis for _, hypothesis in some], found)
            for (_, _, candidates), some, found in zip(asked, questions, verdicts, strict=True)
        ]

    def questions(self, context: str, question: str, candidates: Sequence[str]) -> list[Question]:
        """What is judged: for each candidate a premise and a hypothesis, all by rule or all by template.

        One way for all of them, because only then do their probabilities compare.
        """
        stated = [statement(question, one) for one in candidates] if self.statements else [None]
        if None not in stated:
            return [(context, one) for one in stated if one is not None]
        premise = f"{context} {question}"
        return [(premise, fill(self.template, one.strip().rstrip("."))) for one in candidates]


def checked_question(one: Any, index: int) -> tuple[str, str, list[str]]:
    """Input `index` as context, question and candidates; raises `ItemError`."""
    if isinstance(one, (str, bytes)) or not isinstance(one, Sequence) or len(one) != 3:
        raise ItemError(
            f"{_DOING}: input {index} is {seen(one)}; expected (context, question, candidates). Make it one.",
            index=index,
        )
    context, question, candidates = one
    return (
        checked_text(context, doing=_DOING, what="the context", index=index),
        checked_text(question, doing=_DOING, what="the question", index=index),
        checked_texts(candidates, doing=_DOING, what="candidate", index=index),
    )


def _result(candidates: Sequence[str], hypotheses: Sequence[str], verdicts: Sequence[Verdict]) -> AnswerResult:
    order = by_entailment(verdicts)
    best = verdicts[order[0]]
    return AnswerResult(
        best=candidates[order[0]],
        ranking=[(candidates[place], verdicts[place].probabilities["entailment"]) for place in order],
        abstained=best.abstained
        or best.tokens_dropped > 0
        or not any(verdict.label == "entailment" for verdict in verdicts),
        hypotheses=[hypotheses[place] for place in order],
        tokens_dropped=max(verdict.tokens_dropped for verdict in verdicts),
    )
