"""The metrics for DSPy, by its own evaluation and optimizers, without a language model."""

from __future__ import annotations

import inspect

import pytest
from faked import CHECKER, JUDGE, SOURCES, TRUE, UNHEARD_OF

pytest.importorskip("dspy")

import dspy
from dspy.utils import DummyLM

from crossjudge import Grader, RubricScorer
from crossjudge.errors import InputError
from crossjudge.integrations.dspy import CorrectMetric, GroundedMetric

EXAMPLES = [
    dspy.Example(question=f"Question {n}?", context=SOURCES, answer=TRUE).with_inputs("question", "context")
    for n in range(3)
]
ANSWERS = [TRUE, f"{TRUE} {UNHEARD_OF}", UNHEARD_OF]


class Scripted(dspy.Module):
    """Gives the answer that belongs to the question's number."""

    def forward(self, question, context):
        return dspy.Prediction(answer=ANSWERS[int(question.split()[1].strip("?"))])


@pytest.fixture(scope="module")
def grounded():
    return GroundedMetric(model=CHECKER)


@pytest.fixture(scope="module")
def correct():
    return CorrectMetric(model=JUDGE)


def test_an_evaluation_is_the_mean_share_of_supported_claims(grounded):
    found = dspy.Evaluate(devset=EXAMPLES, metric=grounded, num_threads=2)(Scripted())
    assert [score for _, _, score in found.results] == [1.0, 0.5, 0.0]
    assert found.score == 50.0


def test_an_evaluation_is_the_mean_grade(correct):
    found = dspy.Evaluate(devset=EXAMPLES, metric=correct, num_threads=2)(Scripted())
    graders = [Grader([TRUE], question=one.question, model=JUDGE) for one in EXAMPLES]
    assert [score for _, _, score in found.results] == [
        grader(answer).score for grader, answer in zip(graders, ANSWERS, strict=True)
    ]


@pytest.fixture(scope="module")
def scorer():
    return RubricScorer({"dogs": TRUE, "unheard of": UNHEARD_OF}, model=JUDGE)


def test_an_evaluation_by_a_rubric_is_the_mean_overall_score(scorer):
    found = dspy.Evaluate(devset=EXAMPLES, metric=scorer.metric(), num_threads=2)(Scripted())
    expected = [scorer(one.question, answer).overall for one, answer in zip(EXAMPLES, ANSWERS, strict=True)]
    assert [score for _, _, score in found.results] == expected


def test_demonstrations_are_kept_only_if_the_rubric_passes_them(scorer):
    low, high = sorted(ANSWERS[::2], key=lambda answer: scorer(EXAMPLES[0].question, answer).overall)
    metric = scorer.metric(threshold=scorer(EXAMPLES[0].question, high).overall)
    assert scorer(EXAMPLES[1].question, low).overall < scorer(EXAMPLES[0].question, high).overall
    with dspy.context(lm=DummyLM([{"answer": high}, {"answer": low}])):
        optimizer = dspy.BootstrapFewShot(metric=metric, max_bootstrapped_demos=2, max_labeled_demos=0)
        compiled = optimizer.compile(dspy.Predict("question, context -> answer"), trainset=EXAMPLES[:2])
    assert [one.answer for one in compiled.demos] == [high]


def test_demonstrations_are_kept_only_if_they_pass(grounded):
    with dspy.context(lm=DummyLM([{"answer": UNHEARD_OF}, {"answer": TRUE}])):
        optimizer = dspy.BootstrapFewShot(metric=grounded, max_bootstrapped_demos=2, max_labeled_demos=0)
        compiled = optimizer.compile(dspy.Predict("question, context -> answer"), trainset=EXAMPLES[:2])
    assert [one.answer for one in compiled.demos] == [TRUE]


def test_an_optimizer_that_names_a_predictor_gets_words(grounded, correct):
    for metric in (grounded, correct):
        inspect.signature(metric).bind(None, None, None, None, None)  # as GEPA asks
        told = metric(EXAMPLES[0], dspy.Prediction(answer=UNHEARD_OF), None, "predict", None)
        assert told.score == metric(EXAMPLES[0], dspy.Prediction(answer=UNHEARD_OF))
        assert told.feedback
    assert UNHEARD_OF in grounded(EXAMPLES[0], dspy.Prediction(answer=UNHEARD_OF), None, "predict", None).feedback


def test_a_trace_turns_the_score_into_a_decision(correct):
    passing, failing = dspy.Prediction(answer=TRUE), dspy.Prediction(answer=UNHEARD_OF)
    assert correct(EXAMPLES[0], passing, trace=[]) is True
    assert correct(EXAMPLES[0], failing, trace=[]) is False


def test_the_predictions_own_context_is_what_counts(grounded):
    elsewhere = dspy.Prediction(answer=TRUE, context="Dogs travel free.")
    assert grounded(EXAMPLES[0], dspy.Prediction(answer=TRUE)) == 1.0
    assert grounded(EXAMPLES[0], elsewhere) < 1.0


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_answer_scores_nothing(grounded, correct, blank):
    for metric in (grounded, correct):
        told = metric(EXAMPLES[0], dspy.Prediction(answer=blank), None, "predict", None)
        assert told.score == 0.0
        assert told.feedback == "The answer is blank."


def test_other_fields_can_be_named_and_one_that_is_not_there_is_told(grounded):
    renamed = GroundedMetric(model=CHECKER, context="passages", answer="response")
    assert renamed(dspy.Example(), dspy.Prediction(passages=SOURCES, response=TRUE)) == 1.0
    with pytest.raises(InputError, match=r"'answer' of the Prediction .* its fields are passages, response"):
        grounded(EXAMPLES[0], dspy.Prediction(passages=SOURCES, response=TRUE))
    with pytest.raises(InputError, match="'context'"):
        grounded(dspy.Example(question="?"), dspy.Prediction(answer=TRUE))
