"""`Grader`: is an answer right, partly right or wrong, beside one or several reference answers, and what is missing?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from crossjudge.apps.base import (
    Model,
    Progress,
    Question,
    Result,
    as_judge,
    ask,
    checked_text,
    checked_texts,
    refuse_one_text,
    seen,
)
from crossjudge.apps.key_points import key_points
from crossjudge.apps.topics import share_a_word
from crossjudge.errors import InputError, ItemError
from crossjudge.models.boxed import JOINT_NAME
from crossjudge.text.repetition import said_once
from crossjudge.types import Verdict

CORRECT, PARTIAL, INCORRECT = "CORRECT", "PARTIAL", "INCORRECT"
GRADES = (INCORRECT, PARTIAL, CORRECT)
"""From the worst to the best."""

GRADE_OF = {"contradiction": INCORRECT, "neutral": PARTIAL, "entailment": CORRECT}

ENOUGH = 0.5
"""The share of the reference's key points from which an answer that says nothing wrong is CORRECT."""

_DOING = "Grading"

_Standing: TypeAlias = tuple[bool, bool, float]
"""How an answer stands beside one reference; more is better."""


@dataclass(frozen=True, slots=True)
class GradeResult(Result):
    """One answer's grade.

    `score`: 0 to 1, the probability of CORRECT and half of that of PARTIAL. `probabilities`: by grade, they sum to 1.
    `missing`: key points of the reference that the answer does not state; none of an answer that was cut, since they
    may stand where it was not read. `reference`: the place of the reference that decided. `tokens_dropped`: tokens that
    were not read; such an answer is never CORRECT.
    """

    grade: str
    score: float
    probabilities: dict[str, float]
    missing: list[str]
    reference: int
    tokens_dropped: int = 0


@dataclass(frozen=True, slots=True)
class _Reference:
    """A reference answer and its key points."""

    text: str
    points: tuple[str, ...]

    def asked(self, answer: str) -> list[Question]:
        """Is the answer right (forward), does it say all of it (backward), and each point of either, of several.

        Does the answer state the reference's points, and is the answer's own point right?
        """
        return [
            (self.text, answer),
            (answer, self.text),
            *((answer, point) for point in _several(self.points)),
            *((self.text, said) for said in _several(key_points(answer))),
        ]


def _several(points: Sequence[str]) -> Sequence[str]:
    return points if len(points) > 1 else ()


class Grader:
    """Grades answers beside reference answers.

    `reference`: one or several answers that are right, each in itself. `question`: what was asked; its words are on
    the topic too. `model`: see `Model`. The reference decides: an answer that it entails is CORRECT, one that it
    contradicts INCORRECT, and one that it leaves open PARTIAL, or INCORRECT where the answer shares no word with
    reference or question. Read the other way round, an answer that adds to the reference but entails it is CORRECT,
    and one that states less than half of several key points, or also says something that the reference contradicts,
    is only PARTIAL. A blank answer is INCORRECT. What an answer says over and over is read once.
    """

    unnamed_model: ClassVar[str] = JOINT_NAME

    def __init__(self, reference: str | Sequence[str], *, question: str | None = None, model: Model = None) -> None:
        texts, self.question = checked_references(reference, question)
        self.references = tuple(_Reference(text, tuple(key_points(text))) for text in texts)
        self.judge = as_judge(model, unnamed=self.unnamed_model)

    def __call__(self, answer: str) -> GradeResult:
        """The grade of one answer."""
        return self.batch([answer])[0]

    def batch(self, answers: Iterable[str], *, progress: Progress | None = None) -> list[GradeResult]:
        """The grades of many answers, in input order, judged together."""
        refuse_one_text(answers, doing=_DOING, what="answers", itself="grader")
        texts = list(answers)
        return grade_each([self] * len(texts), texts, progress=progress)

    def asked(self, answer: str) -> list[Question]:
        """What the judge is asked about an answer; nothing about a blank one."""
        if not answer.strip():
            return []
        answer = said_once(answer)
        return [question for reference in self.references for question in reference.asked(answer)]

    def graded(self, answer: str, verdicts: Sequence[Verdict]) -> GradeResult:
        """The grade by what the judge said to `asked`.

        The reference by which the answer stands best decides; of equals the first.
        """
        if not verdicts:
            return GradeResult(INCORRECT, 0.0, {CORRECT: 0.0, PARTIAL: 0.0, INCORRECT: 1.0}, self._points(0), 0)
        answer = said_once(answer)
        on_topic = any(share_a_word(answer, one.text) for one in self.references) or (
            self.question is not None and share_a_word(answer, self.question)
        )
        said = {_plain(point) for point in key_points(answer)}
        beside, rest = [], list(verdicts)
        for place, reference in enumerate(self.references):
            count = len(reference.asked(answer))
            beside.append(_beside_one(place, reference, rest[:count], on_topic=on_topic, said=said))
            rest = rest[count:]
        return max(beside, key=lambda one: one[0])[1]

    def _points(self, place: int) -> list[str]:
        return list(self.references[place].points)


def grade_each(
    graders: Sequence[Grader], answers: Sequence[str], *, progress: Progress | None = None
) -> list[GradeResult]:
    """The grades of many answers, each by its own grader, all judged together by the first one's judge.

    For a class's answers to different questions; make the graders with one `Judge`. Raises `InputError` where they are
    not as many as the answers, or have different judges.
    """
    if len(graders) != len(answers):
        raise InputError(
            f"{_DOING}: got {len(graders)} grader(s) for {len(answers)} answer(s); expected one for each answer. Name "
            "a grader again for each answer it grades."
        )
    others = [place for place, grader in enumerate(graders) if grader.judge is not graders[0].judge]
    if others:
        raise InputError(
            f"{_DOING}: grader {others[0]} has another judge than grader 0; expected all with the same judge, which "
            "reads all answers together. Make one, judge = Judge('embedded-joint') as graders do, and each Grader(..., "
            "model=judge)."
        )
    texts = [checked_answer(answer, index) for index, answer in enumerate(answers)]
    asked = [grader.asked(text) for grader, text in zip(graders, texts, strict=True)]
    judged = ask(graders[0].judge, asked, progress=progress) if graders else []
    return [grader.graded(text, said) for grader, text, said in zip(graders, texts, judged, strict=True)]


def _beside_one(
    place: int, reference: _Reference, verdicts: Sequence[Verdict], *, on_topic: bool, said: Collection[str]
) -> tuple[_Standing, GradeResult]:
    """The grade beside one reference, from its forward, its backward and its points' verdicts.

    `said`: what the answer says, point by point; a point that stands there word for word is not missing, whatever a
    model thinks of it.
    """
    forward, backward, *beside = verdicts
    asked = len(_several(reference.points))
    points, own = beside[:asked], beside[asked:]
    says_more = forward.label == "neutral" and backward.label == "entailment"
    deciding = backward if says_more else forward
    missing = [
        point
        for point, one in zip(reference.points, points or [backward], strict=True)
        if _lacks(one) and _plain(point) not in said
    ]
    shares = {grade: deciding.probabilities[label] for label, grade in GRADE_OF.items()}
    grade, dropped = GRADE_OF[deciding.label], max(one.tokens_dropped for one in verdicts)
    told = 1 - len(missing) / len(reference.points)
    also_wrong = any(one.label == "contradiction" for one in own)
    if grade == CORRECT and (dropped or also_wrong or (points and told < ENOUGH)):
        grade, shares = PARTIAL, _moved(shares, CORRECT, PARTIAL)
    elif grade == PARTIAL and not on_topic:
        grade, shares = INCORRECT, _moved(shares, PARTIAL, INCORRECT)
    if grade == CORRECT and not points:
        missing = []  # the reference makes one point, and the answer was accepted as it
    return _standing(grade, deciding), GradeResult(
        grade, shares[CORRECT] + shares[PARTIAL] / 2, shares, missing, place, dropped
    )


def _plain(point: str) -> str:
    """Its words, without what does not change them."""
    return " ".join(point.casefold().rstrip(" .!").split())


def _lacks(verdict: Verdict) -> bool:
    """Whether the answer, read whole, does not state the point."""
    return verdict.label != "entailment" and not verdict.tokens_dropped


def _moved(shares: Mapping[str, float], source: str, target: str) -> dict[str, float]:
    """The probability of a grade that is ruled out goes to another."""
    return {**shares, source: 0.0, target: shares[target] + shares[source]}


def _standing(grade: str, deciding: Verdict) -> _Standing:
    """CORRECT first, then right as far as it goes, each the surer the better; then by how little was left open."""
    entailed = deciding.label == "entailment"
    return (
        grade == CORRECT,
        entailed,
        deciding.probabilities["entailment"] if entailed else -deciding.probabilities["neutral"],
    )


def checked_references(reference: str | Sequence[str], question: str | None) -> tuple[list[str], str | None]:
    """The texts of one reference answer or several, and the question; raises `ItemError`."""
    given = [reference] if isinstance(reference, str) else reference
    texts = checked_texts(given, doing=_DOING, what="reference answer")
    return texts, None if question is None else checked_text(question, doing=_DOING, what="the question")


def checked_answer(answer: Any, index: int) -> str:
    """Input `index` as an answer, which may be blank; raises `ItemError`."""
    if isinstance(answer, str):
        return answer
    raise ItemError(f"{_DOING}: answer {index} is {seen(answer)}; expected a text. Correct it.", index=index)
