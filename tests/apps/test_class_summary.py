"""A class's summary: every answer is counted once, questions keep their order, and the picture is a picture."""

import pytest

from crossjudge.apps.class_summary import summarize, together
from crossjudge.apps.grading import CORRECT, GRADES, INCORRECT, PARTIAL, GradeResult

PNG = b"\x89PNG\r\n\x1a\n"


def graded(grade: str, score: float, *missing: str) -> GradeResult:
    return GradeResult(grade, score, {one: float(one == grade) for one in GRADES}, list(missing), 0)


CLASS = [
    ("Why $x$ < 1?", graded(CORRECT, 1.0)),
    ("What melts?", graded(INCORRECT, 0.1, "Ice melts.", "At 0 degrees.")),
    ("What melts?", graded(PARTIAL, 0.5, "Ice melts.")),
    ("Why $x$ < 1?", graded(INCORRECT, 0.0)),
]


def test_every_answer_is_counted_once_in_the_order_of_questions():
    first, second = summarize(CLASS)
    assert (first.title, first.grades, first.mean_score) == (
        "Why $x$ < 1?", {INCORRECT: 1, PARTIAL: 0, CORRECT: 1}, 0.5,
    )  # fmt: skip
    assert (second.answers, second.missing) == (2, {"Ice melts.": 2, "At 0 degrees.": 1})


def test_questions_together_are_counted_once_each():
    whole = together(summarize(CLASS))
    assert (whole.title, whole.answers, whole.grades) == ("4 answers to 2 questions", 4, dict.fromkeys(GRADES, 1) | {
        INCORRECT: 2
    })  # fmt: skip
    assert whole.mean_score == pytest.approx(0.4)
    assert whole.missing == {}


def test_nobody_gives_no_summary():
    assert summarize([]) == []


@pytest.mark.parametrize("answers", [CLASS, CLASS[:1]])
def test_the_picture_is_a_png_and_the_same_each_time(answers):
    pytest.importorskip("matplotlib")
    from crossjudge.apps.class_picture import draw_class

    picture = draw_class(summarize(answers))
    assert picture.startswith(PNG)
    assert draw_class(summarize(answers)) == picture


def test_a_hundred_questions_are_drawn():
    pytest.importorskip("matplotlib")
    from crossjudge.apps.class_picture import draw_class

    many = [
        (f"Question {number}: {'why ' * 30}", graded(PARTIAL, number / 100, f"点 {number}")) for number in range(100)
    ]
    assert draw_class(summarize(many)).startswith(PNG)
