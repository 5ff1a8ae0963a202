"""For DSPy: `GroundedMetric` and `CorrectMetric`, which need no language model; `RubricScorer.metric` is a third."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossjudge.apps.base import Model, checked_probability, seen
from crossjudge.apps.grading import GradeResult
from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.integrations.grounding import NO_ANSWER, groundings
from crossjudge.integrations.uses import Checks, Client, Given, checks, grader_maker

try:
    from dspy import Prediction
except ModuleNotFoundError:
    require("dspy", to="be a part of DSPy")
    raise

_DOING = "Measuring a prediction"


class _Metric:
    """A score from 0 to 1 and feedback, in the form that whoever calls asks for.

    `dspy.Evaluate` gets the score as a float. An optimizer that gives a `trace`, because it looks for demonstrations,
    gets whether the score reaches `pass_from`. One that names a predictor, as GEPA does, gets score and feedback.
    """

    def __init__(self, pass_from: float) -> None:
        self.pass_from = checked_probability(pass_from, doing="Making a metric", what="pass_from")

    def __call__(
        self, example: Any, prediction: Any, trace: Any = None, pred_name: str | None = None, pred_trace: Any = None
    ) -> float | bool | Prediction:
        """Measure one prediction."""
        score, feedback = self.measured(example, prediction)
        if pred_name is not None:
            return Prediction(score=score, feedback=feedback)
        return score if trace is None else score >= self.pass_from

    def measured(self, example: Any, prediction: Any) -> tuple[float, str]:
        """Score and feedback."""
        raise NotImplementedError


class GroundedMetric(_Metric):
    """How much of an answer its context supports: the share of its claims, 0 to 1.

    `context`, `answer`: the fields of the prediction that hold the passages (a text or a list of them) and the answer;
    a context that the prediction does not have is taken from the example. `model`: None for that of a `ClaimChecker`, a
    folder or hub name, a `CrossEncoder`, a `Judge` or a `ClaimChecker`. `threshold`: the probability from which a
    passage supports a claim, or contradicts it. `pass_from`: the score from which a demonstration is kept.

    A blank answer, or one without context, scores 0.
    """

    def __init__(
        self,
        *,
        context: str = "context",
        answer: str = "answer",
        model: Given[Checks] = None,
        threshold: float = 0.5,
        pass_from: float = 1.0,
    ) -> None:
        super().__init__(pass_from)
        self.context, self.answer = context, answer
        self._checks = checks(model, threshold=threshold)

    def measured(self, example: Any, prediction: Any) -> tuple[float, str]:
        """Score and feedback."""
        answer = _text(prediction, self.answer)
        context = _texts(prediction if _has(prediction, self.context) else example, self.context)
        [found] = groundings(self._checks, [(context, answer)])
        return found.score, found.feedback


class CorrectMetric(_Metric):
    """How right an answer is beside the example's: 0 to 1, the probability of CORRECT and half of that of PARTIAL.

    `reference`: the field of the example with the right answer, or a list of right answers. `answer`: the field of the
    prediction. `question`: the field of the example with what was asked, where it has one. `model`: None for that
    of a `Grader`, a folder or hub name, a `CrossEncoder` or a `Judge`. `pass_from`: the score from which a
    demonstration is kept.
    """

    def __init__(
        self,
        *,
        reference: str = "answer",
        answer: str = "answer",
        question: str = "question",
        model: Model | Client = None,
        pass_from: float = 0.5,
    ) -> None:
        super().__init__(pass_from)
        self.reference, self.answer, self.question = reference, answer, question
        self._grader = grader_maker(model)

    def measured(self, example: Any, prediction: Any) -> tuple[float, str]:
        """Score and feedback."""
        asked = (_text(example, self.question) if _has(example, self.question) else "").strip() or None
        answer = _text(prediction, self.answer)
        grade = self._grader(_texts(example, self.reference), asked)(answer)
        return grade.score, _graded(grade) if answer.strip() else NO_ANSWER


def _graded(grade: GradeResult) -> str:
    head = f"{grade.grade}, score {grade.score:.2f}."
    return "\n".join([head, *(f"missing: {point}" for point in grade.missing)])


def _has(holder: Any, name: str) -> bool:
    return _found(holder, name) is not None


def _found(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _text(holder: Any, name: str) -> str:
    """The text in a field; a language model that gave nothing leaves None there."""
    value = _found(holder, name)
    if value is None and name in _names(holder):
        return ""
    if isinstance(value, str):
        return value
    raise _no_text(holder, name, "one with a text")


def _texts(holder: Any, name: str) -> Sequence[str]:
    value = _found(holder, name)
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return value
    raise _no_text(holder, name, "a text or a list of texts")


def _no_text(holder: Any, name: str, expected: str) -> InputError:
    """`holder`: the example or the prediction, which both may have a field of this name."""
    return InputError(
        f"{_DOING}: the field {name!r} of the {type(holder).__name__} holds {seen(_found(holder, name))} and its "
        f"fields are {', '.join(_names(holder)) or 'none'}; expected {expected}. Name the field when you make the "
        "metric."
    )


def _names(holder: Any) -> list[str]:
    names = getattr(holder, "keys", None)
    return [str(name) for name in names()] if callable(names) else []
