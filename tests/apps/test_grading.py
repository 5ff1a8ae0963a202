"""Grades: which verdicts make which grade, what is missing, which reference decides, and answers of every kind."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_judge import CONTRADICTED, ENTAILED, OPEN, ScriptedJudge

from crossjudge.apps.grading import CORRECT, GRADE_OF, GRADES, INCORRECT, PARTIAL, Grader, grade_each
from crossjudge.errors import InputError, ItemError
from crossjudge.models.cross_encoder import CrossEncoder

REFERENCE = "The valve lets steam escape."
ANSWER = "Steam can leave through the valve."
ELSEWHERE = "My bicycle is green."
POINTS = ("Iron expands when it is heated.", "It shrinks when it cools.", "Rails therefore have gaps.")
LONG = " ".join(POINTS)


def grader(says, reference=REFERENCE, **more):
    return Grader(reference, model=ScriptedJudge(says, dropped=more.pop("dropped", 0)), **more)


def forward(shares, reference=REFERENCE, answer=ANSWER):
    return {(reference, answer): shares}


def backward(shares, reference=REFERENCE, answer=ANSWER):
    return {(answer, reference): shares}


@pytest.fixture(scope="module")
def fake() -> Grader:
    return Grader([REFERENCE, LONG], question="What is the valve for?", model=CrossEncoder(backend="fake"))


# --- grades ---


@pytest.mark.parametrize(("shares", "grade"), [(ENTAILED, CORRECT), (OPEN, PARTIAL), (CONTRADICTED, INCORRECT)])
def test_the_reference_decides(shares, grade):
    result = grader(forward(shares))(ANSWER)
    assert result.grade == grade
    assert result.probabilities == dict(zip(GRADE_OF.values(), (shares[1], shares[2], shares[0]), strict=True))
    assert result.score == pytest.approx(shares[0] + shares[2] / 2)


def test_an_answer_that_says_more_than_the_reference_is_correct():
    assert grader({**forward(OPEN), **backward(ENTAILED)})(ANSWER).grade == CORRECT


@pytest.mark.parametrize("back", [ENTAILED, OPEN])
def test_a_contradicted_answer_is_incorrect_whatever_else_it_says(back):
    assert grader({**forward(CONTRADICTED), **backward(back)})(ANSWER).grade == INCORRECT


def test_an_open_answer_off_the_topic_is_incorrect():
    assert grader({})(ELSEWHERE).grade == INCORRECT
    assert grader({})(ANSWER).grade == PARTIAL


def test_the_question_is_part_of_the_topic():
    assert grader({}, question="Which colour has your bicycle?")(ELSEWHERE).grade == PARTIAL


@pytest.mark.parametrize("answer", ["", "  \n", "\u3000"])
def test_a_blank_answer_is_incorrect_and_lacks_everything(answer):
    result = grader(lambda *_: ENTAILED, LONG)(answer)
    assert (result.grade, result.score, result.missing) == (INCORRECT, 0.0, list(POINTS))


def test_an_answer_that_was_not_read_is_never_correct():
    result = grader(lambda *_: ENTAILED, dropped=4)(ANSWER)
    assert (result.grade, result.tokens_dropped) == (PARTIAL, 4)


def test_a_point_that_may_stand_where_nothing_was_read_is_not_called_missing():
    assert grader({}, LONG, dropped=4)(ANSWER).missing == []
    assert grader({}, LONG)(ANSWER).missing == list(POINTS)


# --- key points ---


@pytest.mark.parametrize(("stated", "grade"), [(3, CORRECT), (2, CORRECT), (1, PARTIAL), (0, PARTIAL)])
def test_enough_key_points_must_be_stated(stated, grade):
    says = forward(ENTAILED, LONG) | {(ANSWER, point): ENTAILED for point in POINTS[:stated]}
    result = grader(says, LONG)(ANSWER)
    assert (result.grade, result.missing) == (grade, list(POINTS[stated:]))


def test_a_point_that_stands_in_the_answer_word_for_word_is_not_missing():
    answer = f"I think so. {POINTS[1].upper()}"
    assert grader({}, LONG)(answer).missing == [POINTS[0], POINTS[2]]
    denied = f"It is wrong that {POINTS[1]}"
    assert grader({}, LONG)(denied).missing == list(POINTS)


def test_a_wrong_answer_lists_what_is_missing_too():
    says = forward(CONTRADICTED, LONG) | {(ANSWER, POINTS[1]): ENTAILED}
    assert grader(says, LONG)(ANSWER).missing == [POINTS[0], POINTS[2]]


def test_a_reference_of_one_point_is_missing_unless_the_answer_is_right():
    assert grader(forward(ENTAILED))(ANSWER).missing == []
    assert grader({})(ANSWER).missing == [REFERENCE]


def test_an_answer_that_says_more_must_state_the_points_too():
    says = forward(OPEN, LONG) | backward(ENTAILED, LONG)
    assert grader(says, LONG)(ANSWER).grade == PARTIAL
    assert grader(says | {(ANSWER, point): ENTAILED for point in POINTS}, LONG)(ANSWER).grade == CORRECT


def test_a_wrong_sentence_beside_a_right_one_makes_an_answer_partly_right():
    wrong = "The valve is made of butter."
    both = f"{ANSWER} {wrong}"
    says = forward(OPEN, answer=both) | backward(ENTAILED, answer=both)
    assert grader(says)(both).grade == CORRECT
    assert grader(says | {(REFERENCE, wrong): CONTRADICTED})(both).grade == PARTIAL


def test_what_is_said_over_and_over_is_read_once():
    assert grader(forward(ENTAILED))(f"{ANSWER} " * 5).grade == CORRECT
    assert grader({}).asked(f"{ELSEWHERE} " * 9) == grader({}).asked(ELSEWHERE)


def test_one_text_is_no_list_of_answers():
    with pytest.raises(InputError, match="expected a list of answers"):
        grader({}).batch(ANSWER)


# --- several references ---

OTHER = "Pressure is relieved by the valve."


@pytest.mark.parametrize(
    ("first", "second", "grade", "decides"),
    [
        (OPEN, ENTAILED, CORRECT, 1),
        (CONTRADICTED, ENTAILED, CORRECT, 1),
        (ENTAILED, CONTRADICTED, CORRECT, 0),
        (OPEN, CONTRADICTED, INCORRECT, 1),
        (OPEN, OPEN, PARTIAL, 0),
    ],
)
def test_one_right_reference_is_enough(first, second, grade, decides):
    result = grader(forward(first) | forward(second, OTHER), [REFERENCE, OTHER])(ANSWER)
    assert (result.grade, result.reference) == (grade, decides)


def test_right_as_far_as_it_goes_is_better_than_wrong_by_another_reference():
    says = forward(ENTAILED, LONG) | forward(CONTRADICTED, OTHER)
    for references in ([LONG, OTHER], [OTHER, LONG]):
        assert grader(says, references)(ANSWER).grade == PARTIAL


def test_the_order_of_references_changes_no_grade(fake):
    turned = Grader([LONG, REFERENCE], question="What is the valve for?", model=fake.judge)
    for answer in (ANSWER, ELSEWHERE, LONG, REFERENCE):
        assert turned(answer).grade == fake(answer).grade


# --- many at once ---


def test_together_equals_alone(fake):
    answers = [ANSWER, "", ELSEWHERE, LONG, ANSWER]
    assert fake.batch(answers) == [fake(answer) for answer in answers]


def test_a_class_is_one_batch_and_each_different_question_is_asked_once():
    judge = ScriptedJudge({})
    Grader(REFERENCE, model=judge).batch([ANSWER, ELSEWHERE, ANSWER])
    assert judge.asked == [[(REFERENCE, ANSWER), (ANSWER, REFERENCE), (REFERENCE, ELSEWHERE), (ELSEWHERE, REFERENCE)]]


def test_answers_to_different_questions_are_one_batch_too():
    judge = ScriptedJudge(forward(ENTAILED) | forward(CONTRADICTED, LONG))
    one, other = Grader(REFERENCE, model=judge), Grader(LONG, model=judge)
    results = grade_each([other, one, other], [ANSWER, ANSWER, ""])
    assert results == [other(ANSWER), one(ANSWER), other("")]
    assert len(judge.asked[0]) == 2 + 2 + len(POINTS)


@pytest.mark.parametrize("graders", [1, 3])
def test_each_answer_needs_its_own_grader_with_the_same_judge(graders):
    judge = ScriptedJudge({})
    with pytest.raises(InputError, match="one for each"):
        grade_each([Grader(REFERENCE, model=judge)] * graders, [ANSWER, ANSWER])
    with pytest.raises(InputError, match="same judge"):
        grade_each([Grader(REFERENCE, model=ScriptedJudge({})), Grader(REFERENCE, model=judge)], [ANSWER, ANSWER])


def test_progress_ends_at_the_number_of_answers(fake):
    heard = []
    fake.batch([ANSWER, ELSEWHERE, ""], progress=lambda *done: heard.append(done))
    assert heard[-1] == (3, 3)


def test_a_very_long_answer_is_read_to_its_end(fake):
    assert fake("steam and water " * 2_000).tokens_dropped == 0


@given(st.text(max_size=60))
def test_any_text_gets_a_grade_and_probabilities_that_sum_to_one(answer):
    result = grader(lambda premise, _: ENTAILED if len(premise) % 2 else OPEN, LONG)(answer)
    assert result.probabilities.keys() == set(GRADES)
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert result.probabilities[result.grade] == max(result.probabilities.values())
    assert 0 <= result.score <= 1


def test_a_result_is_plain_json(fake):
    result = fake(ANSWER)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()


# --- bad input ---


@pytest.mark.parametrize("reference", [[], "", [" "], [REFERENCE, None], None, 3])
def test_a_reference_that_says_nothing_is_refused(reference):
    with pytest.raises(InputError, match="Grading"):
        grader({}, reference)


def test_a_blank_question_is_refused():
    with pytest.raises(InputError, match="the question is blank"):
        grader({}, question=" ")


@pytest.mark.parametrize("bad", [None, 7, [ANSWER]])
def test_an_answer_that_is_no_text_is_named(fake, bad):
    with pytest.raises(ItemError, match="answer 1") as caught:
        fake.batch([ANSWER, bad])
    assert caught.value.index == 1
