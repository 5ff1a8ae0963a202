"""What nobody should pass to a use is refused in words that help; what is merely unusual has a stated result."""

import math

import pytest

from crossjudge import AnswerPicker, ClaimChecker, CrossEncoder, Grader, Guardrail, RubricScorer, Tagger
from crossjudge.errors import InputError, ItemError

MODEL = CrossEncoder(backend="fake")
KIND = {"kind": "This text is kind."}
MIXED = "The tower is old. Der Turm ist alt. 塔は古い。 Башня старая. البرج قديم 🏰"

REFUSED = {
    "a number as a model": lambda: Tagger(["rain"], model=5),
    "no labels": lambda: Tagger([], model=MODEL),
    "a lone text as labels": lambda: Tagger("rain", model=MODEL),
    "two labels alike": lambda: Tagger(["rain", "snow", "Rain "], model=MODEL),
    "two hypotheses' names alike": lambda: Tagger({"late": "It is late.", " LATE": "It was late."}, model=MODEL),
    "a blank label": lambda: Tagger(["rain", " "], model=MODEL),
    "a label set for a text that is empty": lambda: Tagger(["rain"], model=MODEL).batch(["It rains."], [[]]),
    "a blank text to tag": lambda: Tagger(["rain"], model=MODEL)(" \n"),
    "no sources": lambda: ClaimChecker(model=MODEL)([], "It rains."),
    "a blank source": lambda: ClaimChecker(model=MODEL)(["It rains.", ""], "It rains."),
    "a blank answer": lambda: ClaimChecker(model=MODEL)("It rains.", "\t"),
    "no claims": lambda: ClaimChecker(model=MODEL)("It rains.", []),
    "no candidates": lambda: AnswerPicker(model=MODEL)("It rains.", "Does it rain?", []),
    "a blank candidate": lambda: AnswerPicker(model=MODEL)("It rains.", "Does it rain?", ["yes", ""]),
    "a blank question": lambda: AnswerPicker(model=MODEL)("It rains.", "", ["yes"]),
    "no criteria": lambda: RubricScorer({}, model=MODEL),
    "two criteria alike": lambda: RubricScorer({"a": "It is a.", "A": "It is A."}, model=MODEL),
    "a weight below zero": lambda: RubricScorer(KIND, weights={"kind": -1}, model=MODEL),
    "a weight that is no number": lambda: RubricScorer(KIND, weights={"kind": math.nan}, model=MODEL),
    "weights of nothing but zero": lambda: RubricScorer(KIND, weights={"kind": 0}, model=MODEL),
    "a weight of no criterion": lambda: RubricScorer(KIND, weights={"kin": 1}, model=MODEL),
    "no responses": lambda: RubricScorer(KIND, model=MODEL).best_of("Hello?", []),
    "no policies": lambda: Guardrail({}, model=MODEL),
    "two policies alike": lambda: Guardrail({"a": "It is a.", "A ": "It is A."}, model=MODEL),
    "a blank text to guard": lambda: Guardrail(KIND, model=MODEL)(""),
    "no reference": lambda: Grader([], model=MODEL),
    "a blank reference": lambda: Grader(["It rains.", " "], model=MODEL),
    "an answer that is no text": lambda: Grader("It rains.", model=MODEL)(None),
}


@pytest.mark.parametrize("title", REFUSED)
def test_an_error_says_what_was_done_what_was_seen_and_what_to_do(title):
    with pytest.raises(InputError) as caught:
        REFUSED[title]()
    doing, _, rest = str(caught.value).partition(": ")
    assert doing.split()[0].endswith("ing")
    seen, expected, then = rest.partition("expected ")
    assert seen
    assert expected
    assert "." in then.strip(".")  # after what was expected, a sentence says what to do


RETURNS = {
    "one candidate": lambda: AnswerPicker(model=MODEL)("It rains.", "What falls?", ["rain"]).best,
    "the same candidate twice": lambda: AnswerPicker(model=MODEL)("It rains.", "What falls?", ["rain", "rain"]).best,
    "a blank student answer": lambda: Grader("It rains.", model=MODEL)(" ").grade,
    "a blank response": lambda: RubricScorer(KIND, model=MODEL)("Hello?", "").overall,
    "no texts": lambda: [
        use.batch([])
        for use in (
            Tagger(["rain"], model=MODEL),
            ClaimChecker(model=MODEL),
            AnswerPicker(model=MODEL),
            RubricScorer(KIND, model=MODEL),
            Guardrail(KIND, model=MODEL),
            Grader("It rains.", model=MODEL),
        )
    ],
}


@pytest.mark.parametrize(
    ("title", "result"),
    [
        ("one candidate", "rain"),
        ("the same candidate twice", "rain"),
        ("a blank student answer", "INCORRECT"),
        ("a blank response", 0.0),
        ("no texts", [[]] * 6),
    ],
)
def test_what_is_merely_unusual_has_a_result(title, result):
    assert RETURNS[title]() == result


def test_one_bad_input_among_many_is_named():
    with pytest.raises(ItemError) as caught:
        Tagger(["rain"], model=MODEL).batch(["It rains.", "It snows.", ""])
    assert caught.value.index == 2


USES = {
    "tag": (Tagger(["tower", "塔", "Turm"], model=MODEL), [MIXED, "It rains."]),
    "check": (ClaimChecker(model=MODEL), [(MIXED, MIXED), ("塔は古い。", "Der Turm ist alt. 塔は古い。")]),
    "answer": (
        AnswerPicker(model=MODEL),
        [(MIXED, "Wie alt ist das 塔?", ["alt", "古い"]), ("It rains.", "What falls?", ["雨"])],
    ),
    "score": (
        RubricScorer({"alt": "Er ist alt.", "古い": "塔は古い。"}, model=MODEL),
        [(MIXED, "塔は古い。"), ("a", "b")],
    ),
    "guard": (Guardrail({"古い": "塔は古い。"}, model=MODEL), [MIXED, "塔は新しい。"]),
    "grade": (Grader(["塔は古い。", "Der Turm ist alt."], question="Wie alt?", model=MODEL), [MIXED, "古い"]),
}


@pytest.mark.parametrize("name", USES)
def test_languages_may_be_mixed_and_nothing_depends_on_the_others(name):
    use, inputs = USES[name]
    together = use.batch(inputs)
    assert together == [use.batch([one])[0] for one in inputs]
    assert all(result.to_dict() for result in together)
