"""A rubric's scores: the stated formula, weights, the first of equals, and the same numbers through every door."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_judge import CONTRADICTED, ENTAILED, OPEN, ScriptedJudge

from crossjudge.apps.scoring import RubricScorer, hybrid_score
from crossjudge.errors import InputError, ItemError
from crossjudge.models.cross_encoder import CrossEncoder

RUBRIC = {"polite": "The answer is polite.", "steps": "The answer lists steps.", "short": "The answer is short."}
REQUEST = "How do I descale a kettle?"
GOOD, BAD = "Boil it with vinegar, then rinse.", "Kettles are old."


def says(premise: str, hypothesis: str) -> tuple[float, float, float]:
    if "steps" in hypothesis:
        return ENTAILED if GOOD in premise else CONTRADICTED
    return OPEN if "polite" in hypothesis else ENTAILED


@pytest.fixture
def scorer() -> RubricScorer:
    return RubricScorer(RUBRIC, model=ScriptedJudge(says))


@pytest.fixture(scope="module")
def fake() -> RubricScorer:
    return RubricScorer(RUBRIC, weights={"steps": 3}, model=CrossEncoder(backend="fake"))


# --- the numbers ---


@given(st.tuples(*[st.floats(0, 1)] * 3).filter(lambda raw: sum(raw) > 0))
def test_the_hybrid_score_is_the_stated_formula(raw):
    entailment, contradiction, neutral = (share / sum(raw) for share in raw)
    score = hybrid_score({"entailment": entailment, "contradiction": contradiction, "neutral": neutral})
    assert score == min(max(0.5 * neutral + entailment - contradiction, 0.0), 1.0)


def test_each_criterion_scores_by_itself(scorer):
    result = scorer(REQUEST, GOOD)
    assert result.scores == pytest.approx({"polite": 0.25, "steps": 0.92, "short": 0.92})
    assert result.overall == pytest.approx((0.25 + 0.92 + 0.92) / 3)


def test_request_and_response_are_one_premise():
    judge = ScriptedJudge(says)
    RubricScorer(RUBRIC, model=judge)(REQUEST, GOOD)
    assert judge.asked == [[(f"{REQUEST} {GOOD}", criterion) for criterion in RUBRIC.values()]]


def test_a_long_request_is_read_in_parts_beside_the_whole_response():
    judge = ScriptedJudge(lambda text, _: CONTRADICTED if BAD in text and "descale" in text else OPEN)
    request = " ".join(["Well,"] * 900 + [REQUEST])
    result = RubricScorer({"polite": "It is polite."}, model=judge)(request, BAD)
    [asked] = judge.asked
    assert len(asked) > 1
    assert all(text.endswith(f" {BAD}") and len(text.split()) < 512 for text, _ in asked)
    assert result.criteria[0].explanation.startswith("not met")


def test_a_response_that_fills_the_model_stays_one_text_with_its_request():
    judge = ScriptedJudge({})
    RubricScorer({"polite": "It is polite."}, model=judge)(REQUEST, "Well, " * 900)
    assert [text for text, _ in judge.asked[0]] == [f"{REQUEST} {'Well, ' * 900}"]


def test_weights_beyond_a_float_when_added_keep_their_shares():
    result = RubricScorer(RUBRIC, weights=dict.fromkeys(RUBRIC, 1e308), model=ScriptedJudge(says))(REQUEST, GOOD)
    assert result.overall == pytest.approx((0.25 + 0.92 + 0.92) / 3)


def test_weights_are_shares_of_the_overall_score():
    result = RubricScorer(RUBRIC, weights={"polite": 0, "steps": 3}, model=ScriptedJudge(says))(REQUEST, BAD)
    assert result.overall == pytest.approx((3 * result.scores["steps"] + result.scores["short"]) / 4)


def test_every_criterion_is_explained(scorer):
    polite, steps, short = scorer(REQUEST, BAD).criteria
    assert polite.explanation == "left open: neutral with probability 0.70"
    assert steps.explanation == "not met: contradiction with probability 0.85"
    assert short.explanation == "met: entailment with probability 0.90"


def test_a_criterion_that_is_met_and_nearly_not_says_what_speaks_against_it():
    judge = ScriptedJudge(lambda *_: (0.53, 0.46, 0.01))
    (one,) = RubricScorer({"steps": RUBRIC["steps"]}, model=judge)(REQUEST, GOOD).criteria
    assert one.score < 0.1
    assert one.explanation == "hardly met: entailment with probability 0.53, but contradiction 0.46"


def test_a_blank_response_scores_nothing_and_is_not_asked_about():
    judge = ScriptedJudge(lambda *_: ENTAILED)
    result = RubricScorer(RUBRIC, model=judge)(REQUEST, " \n")
    assert result.overall == 0
    assert judge.asked == [[]]
    assert {one.explanation for one in result.criteria} == {"not met: the response is blank"}


def test_no_criterion_of_a_text_that_was_not_read_counts_as_met():
    result = RubricScorer(RUBRIC, model=ScriptedJudge(lambda *_: ENTAILED, dropped=7))(REQUEST, GOOD)
    assert set(result.scores.values()) == {0.5}
    assert "7 tokens were not read" in result.criteria[0].explanation


# --- many at once ---


def test_together_equals_alone(fake):
    pairs = [(REQUEST, GOOD), ("Why is the sky blue?", BAD), (REQUEST, BAD), (REQUEST, "")]
    assert fake.batch(pairs) == [fake(*pair) for pair in pairs]


def test_all_inputs_are_one_batch():
    judge = ScriptedJudge(says)
    RubricScorer(RUBRIC, model=judge).batch([(REQUEST, GOOD), (REQUEST, BAD)])
    assert [len(pairs) for pairs in judge.asked] == [6]


def test_progress_ends_at_the_number_of_inputs(fake):
    heard = []
    fake.batch([(REQUEST, GOOD)] * 5, progress=lambda *done: heard.append(done))
    assert heard[-1] == (5, 5)


def test_no_inputs_give_no_results(fake):
    assert fake.batch([]) == []


def test_the_best_is_the_first_of_equals(scorer):
    best, results = scorer.best_of(REQUEST, [BAD, GOOD, GOOD])
    assert best == 1
    assert results[1] == results[2] == scorer(REQUEST, GOOD)


def test_one_response_and_ten_thousand_have_a_best(fake):
    assert fake.best_of(REQUEST, [BAD])[0] == 0
    best, results = fake.best_of(REQUEST, [f"{BAD} {number % 50}" for number in range(10_000)])
    assert len(results) == 10_000
    assert best == max(range(50), key=lambda place: results[place].overall)


def test_mixed_languages_and_signs_are_scored(fake):
    for text in ("Einfach mit Essig auskochen.", "用醋煮沸。", "🙂", "\u200b."):
        assert 0 <= fake(REQUEST, text).overall <= 1


# --- other doors ---


def test_a_result_is_plain_json(fake):
    result = fake(REQUEST, GOOD)
    read = json.loads(json.dumps(result.to_dict()))
    assert read["scores"] == result.scores
    assert read["overall"] == result.overall
    assert [one["name"] for one in read["criteria"]] == list(RUBRIC)


def test_rewards_are_the_overall_scores(fake):
    rewards = fake.reward(prompts=[REQUEST, REQUEST], completions=[GOOD, ""], task_id=[1, 2])
    assert rewards == [fake(REQUEST, GOOD).overall, 0.0]
    assert fake.reward.__name__ == "reward"


def test_chat_messages_are_rewarded_as_their_texts(fake):
    prompts = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": REQUEST}]]
    completions = [[{"role": "assistant", "content": GOOD}]]
    assert fake.reward(prompts, completions) == fake.reward([f"Be brief.\n{REQUEST}"], [GOOD])


def test_rewards_need_a_prompt_for_each_completion(fake):
    with pytest.raises(InputError, match="1 prompts and 2 completions"):
        fake.reward([REQUEST], [GOOD, BAD])


@dataclass
class Prediction:
    answer: str


@pytest.mark.parametrize("example", [SimpleNamespace(question=REQUEST), {"question": REQUEST}])
def test_a_metric_takes_examples_as_dspy_hands_them(fake, example):
    metric = fake.metric()
    assert metric(example, Prediction(GOOD)) == fake(REQUEST, GOOD).overall
    assert metric(example, Prediction(GOOD), pred_name="answer", pred_trace=None) == fake(REQUEST, GOOD).overall


def test_a_metric_decides_while_a_program_is_compiled(fake):
    overall = fake(REQUEST, GOOD).overall
    example, prediction = {"ask": REQUEST}, {"reply": GOOD}
    for threshold, passed in ((overall, 1.0), (overall + 1e-9, 0.0)):
        metric = fake.metric(request="ask", response="reply", threshold=threshold)
        assert metric(example, prediction, []) == passed


def test_a_metric_says_which_field_is_missing(fake):
    with pytest.raises(InputError, match="no field 'answer'"):
        fake.metric()({"question": REQUEST}, {"reply": GOOD})


# --- bad input ---


@pytest.mark.parametrize(
    ("rubric", "weights", "message"),
    [
        ({}, None, "at least one"),
        ({"a": "b", " A ": "c"}, None, "stands there twice"),
        ({"a": " "}, None, "blank"),
        ({"a": "b"}, {"a": -1}, "-1; expected 0 or more"),
        ({"a": "b"}, {"a": float("nan")}, "nan; expected 0 or more"),
        ({"a": "b"}, {"a": "2"}, "expected 0 or more"),
        ({"a": "b"}, {"a": True}, "expected 0 or more"),
        ({"a": "b"}, {"a": 0}, "every weight is 0"),
        ({"a": "b"}, {"c": 1}, "'c'; expected one of a"),
    ],
)
def test_a_rubric_that_cannot_be_used_is_refused(rubric, weights, message):
    with pytest.raises(InputError, match=message):
        RubricScorer(rubric, weights=weights, model=ScriptedJudge(says))


@pytest.mark.parametrize("bad", [None, (REQUEST,), (REQUEST, None), (REQUEST, 3), "ab"])
def test_an_input_that_is_no_pair_of_texts_is_named(scorer, bad):
    with pytest.raises(ItemError, match="input 1") as caught:
        scorer.batch([(REQUEST, GOOD), bad])
    assert caught.value.index == 1


@pytest.mark.parametrize("responses", [[], "one text"])
def test_there_is_no_best_of_nothing(scorer, responses):
    with pytest.raises(InputError, match="expected"):
        scorer.best_of(REQUEST, responses)
