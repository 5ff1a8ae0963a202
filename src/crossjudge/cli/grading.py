"""Grades on the command line: what a row asks, the table, and the summary and picture of a class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group
from rich.text import Text

from crossjudge.apps.class_summary import QuestionSummary, summarize, together
from crossjudge.apps.grading import CORRECT, GRADES, INCORRECT, PARTIAL, Grader, GradeResult, grade_each
from crossjudge.cli.failures import say
from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import BAR_WIDTH, bar, facts, new_console, shortened, sign
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyGrader, Uses
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError, ItemError, LimitError, NonFiniteLogitsError, TooLongError
from crossjudge.extras import require

_GRADE_WIDTH = 11
_MISSING_WIDTH = 40
_MISSING_LETTERS = 2 * _MISSING_WIDTH - 4
_POINTS_SHOWN = 3
_WHOLE = 2_000
_SIGN_OF = {CORRECT: "entailment", PARTIAL: "neutral", INCORRECT: "contradiction"}


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and what it is graded by."""

    references: tuple[str, ...]
    question: str | None
    answer: str

    @property
    def title(self) -> str:
        """What people know its question by."""
        return self.question or self.references[0]


def graded_form(references: tuple[str, ...], question: str | None) -> Form[Asked]:
    """What a row looks like. `references`: those of all rows, which then need none of their own."""

    def of_fields(*, answer: str, reference: list[str] | None = None, **rest: str | None) -> Asked:
        return Asked(tuple(reference or references), rest.get("question") or question, answer)

    def of_words(words: tuple[str, ...]) -> Sequence[Asked]:
        answers = words if references else words[1:]
        if not answers:
            raise InputError(
                f"Reading the arguments: found {len(words)} text(s); expected a reference answer and answers, or a "
                "file. Add them."
            )
        return [Asked(references or words[:1], question, answer) for answer in answers]

    return Form(
        fields=(
            Field(name="answer", also=("student_answer", "response")),
            Field(
                name="reference",
                also=("references", "reference_answer", "reference_answers"),
                many=True,
                optional=bool(references),
            ),
            Field(name="question", optional=True),
        ),
        of_fields=of_fields,
        of_words=of_words,
        noun="answer",
        ids=("id", "student", "student_id", "pupil", "name"),
    )


class Marking:
    """Grades the answers of a class, and remembers the grades for the summary."""

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._graded: list[tuple[str, GradeResult]] = []

    def task(self, *, fail_on: Iterable[str]) -> Task[Asked, GradeResult]:
        """What `crossjudge grade` does."""
        gate = read_gate(fail_on, GRADES)
        return Task(
            work=self._work,
            fields=GradeResult.to_dict,
            columns={
                "grade": str, "score": float, "probabilities": dict, "missing": dict, "reference": int,
                "tokens_dropped": int,
            },
            table=_table,
            fails=lambda result: result.grade in gate,
        )  # fmt: skip

    def check_picture(self, path: str | None) -> None:
        """Before anything is graded: whether the picture can be drawn there at the end."""
        if path is None:
            return
        require("matplotlib", to="draw a class's grades")
        if not path.lower().endswith(".png") or not Path(path).absolute().parent.is_dir():
            raise InputError(
                f"Drawing {path}: expected a name that ends in .png, in a folder that is there. Correct it."
            )

    def finish(self, *, plot: str | None, show: bool) -> None:
        """The summary of all answers, shown where people read, and the picture."""
        summaries = summarize(self._graded)
        if show and summaries:
            _show_summary(summaries)
        if plot is not None and summaries:
            from crossjudge.apps.class_picture import draw_class

            Path(plot).write_bytes(draw_class(summaries))
            say(f"grades of {len(self._graded)} answers drawn in {plot}.")

    def _work(self, asked: list[Asked], progress: Progress) -> list[GradeResult]:
        # All graders before any is asked: a reference that cannot be used is found before work is done.
        made: dict[tuple[tuple[str, ...], str | None], AnyGrader] = {}
        for row, one in enumerate(asked):
            if (by := (one.references, one.question)) not in made:
                made[by] = self._grader(*by, row=row)
        graders = [made[one.references, one.question] for one in asked]
        graded = _grades(graders, [one.answer for one in asked], progress)
        self._graded += [(one.title, result) for one, result in zip(asked, graded, strict=True)]
        return graded

    def _grader(self, references: tuple[str, ...], question: str | None, *, row: int) -> AnyGrader:
        try:
            return self._uses.grader(references, question=question)
        except ItemError as error:
            raise ItemError(str(error), index=row) from error


def _grades(graders: Sequence[AnyGrader], answers: Sequence[str], progress: Progress) -> list[GradeResult]:
    """The grades of all answers: in one batch by a model here, one request for each question by a server's."""
    here = [grader for grader in graders if isinstance(grader, Grader)]
    if len(here) == len(graders):
        return grade_each(here, answers, progress=progress)
    rows_of: dict[AnyGrader, list[int]] = {}
    for row, grader in enumerate(graders):
        rows_of.setdefault(grader, []).append(row)
    results: dict[int, GradeResult] = {}
    for grader, rows in rows_of.items():
        try:
            results |= zip(rows, grader.batch([answers[row] for row in rows]), strict=True)
        except (ItemError, TooLongError, NonFiniteLogitsError, LimitError) as error:
            if error.index is not None:
                error.index = rows[error.index]
            raise
        progress(len(results), len(answers))
    return [results[row] for row in range(len(answers))]


def _table(source: Source[Asked]) -> Show[Asked, GradeResult]:
    """A line for each answer of a file; for texts of the command line, every point that is missing, whole."""
    if not source.files:
        return OutcomeBlocks[Asked, GradeResult](_answer_of, _block).show
    columns: list[Column[GradeResult]] = [
        Column("grade", _GRADE_WIDTH, _grade_cell),
        Column("score", BAR_WIDTH, _score_cell),
    ]
    missing: Column[GradeResult] = Column("missing", _MISSING_WIDTH, _missing_cell)
    return OutcomeTable(source, columns, texts=[("answer", _answer_of)], wide=[missing], named=True).show


def _answer_of(asked: Asked) -> str:
    return asked.answer if asked.answer.strip() else "(blank)"


def _block(result: GradeResult) -> Group:
    """The grade with its score, and below it what the answer does not say."""
    points = [Text("    missing: ", style="dim").append_text(shortened(one, most=_WHOLE)) for one in result.missing]
    unread = [Text(f"    {result.tokens_dropped:,} tokens unread", style="bold red")] if result.tokens_dropped else []
    return Group(Text.assemble(_grade_cell(result), "  ", _score_cell(result)), *points, *unread)


def _grade_cell(result: GradeResult) -> Text:
    symbol, colour = sign(_SIGN_OF[result.grade])
    return Text(f"{symbol} {result.grade}", style=f"bold {colour}")


def _score_cell(result: GradeResult) -> Text:
    return Text(f"{bar(result.score)} {result.score:.2f}")


def _missing_cell(result: GradeResult) -> Text:
    shown = [f"- {shortened(point, most=_MISSING_LETTERS)}" for point in result.missing[:_POINTS_SHOWN]]
    more = len(result.missing) - len(shown)
    return Text("\n".join([*shown, *([f"and {more} more"] if more else [])]), style="dim")


def _show_summary(summaries: Sequence[QuestionSummary]) -> None:
    console = new_console()
    if len(summaries) > 1 and all(one.answers == 1 for one in summaries):
        # Every answer has a question of its own, and stands in the table already.
        summaries = [together(summaries)]
    for one in summaries:
        rows: list[tuple[str, object]] = [
            (grade, f"{one.grades[grade]} of {one.answers}") for grade in reversed(GRADES) if one.grades[grade]
        ]
        rows.append(("mean score", f"{one.mean_score:.2f}"))
        points = list(one.missing.items())[:_POINTS_SHOWN]
        rows += [(f"missing in {count}", shortened(point, most=console.width)) for point, count in points]
        console.print()
        console.print(facts(shortened(one.title, most=console.width - 1).plain, rows))
