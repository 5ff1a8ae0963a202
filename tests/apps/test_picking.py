"""Picking: the surest candidate first, one way of asking for all candidates of a question, doubt said aloud."""

from __future__ import annotations

import json

import pytest
from tests.apps.scripted_judge import ENTAILED, ScriptedJudge

from crossjudge import AnswerPicker, CrossEncoder, Judge
from crossjudge.errors import InputError, ItemError

MODEL = CrossEncoder(backend="fake")
CONTEXT = "Tom works at the mill and his sister lives in Lyon."
WHERE = "Where does Tom work?"


def picker(**settings) -> AnswerPicker:
    return AnswerPicker(model=MODEL, **settings)


def test_the_candidate_whose_statement_is_entailed_is_best():
    result = picker()(CONTEXT, WHERE, ["a volcano island", "the mill"])
    assert result.best == "the mill"
    assert result.hypotheses[0] == "Tom works at the mill."
    judged = Judge(MODEL)(CONTEXT, "Tom works at the mill.")
    assert result.ranking[0] == ("the mill", judged.probabilities["entailment"])
    assert not result.abstained


def test_the_ranking_holds_every_candidate_surest_first():
    candidates = [f"place {n}" for n in range(20)]
    ranking = picker()(CONTEXT, WHERE, candidates).ranking
    assert sorted(name for name, _ in ranking) == sorted(candidates)
    assert [share for _, share in ranking] == sorted((share for _, share in ranking), reverse=True)


def test_all_candidates_are_asked_by_rule_or_all_by_template():
    by_rule = picker().questions(CONTEXT, WHERE, ["the mill", "Lyon"])
    assert by_rule == [(CONTEXT, "Tom works at the mill."), (CONTEXT, "Tom works at Lyon.")]
    by_rule = picker().questions(CONTEXT, "Is Tom at work?", ["yes", "No."])
    assert by_rule == [(CONTEXT, "Tom is at work."), (CONTEXT, "Tom is not at work.")]
    by_template = picker().questions(CONTEXT, "Is Tom at work?", ["yes", "at times."])
    premise = f"{CONTEXT} Is Tom at work?"
    assert by_template == [(premise, "The answer is yes."), (premise, "The answer is at times.")]


def test_rules_can_be_left_out():
    (pair,) = picker(statements=False, template="It is {}!").questions(CONTEXT, WHERE, ["the mill"])
    assert pair == (f"{CONTEXT} {WHERE}", "It is the mill!")


def test_it_abstains_where_nothing_is_entailed_and_still_says_what_is_nearest():
    result = picker()(CONTEXT, "Who discovered the comet?", ["Halley", "Caroline Herschel"])
    assert result.abstained
    assert result.best == result.ranking[0][0]


def test_it_abstains_where_its_judge_does():
    doubting = AnswerPicker(model=Judge(MODEL, abstain_below=1.0))
    assert doubting(CONTEXT, WHERE, ["the mill"]).abstained


def test_it_abstains_from_what_was_not_read_to_its_end():
    judge = ScriptedJudge(lambda premise, hypothesis: ENTAILED, dropped=4)
    result = AnswerPicker(model=judge)(CONTEXT, WHERE, ["the mill"])
    assert (result.abstained, result.tokens_dropped) == (True, 4)


def test_equal_candidates_keep_their_order():
    result = picker()(CONTEXT, WHERE, ["the mill.", "Lyon", "the mill"])
    assert [name for name, _ in result.ranking][:2] == ["the mill.", "the mill"]


def test_batch_is_one_by_one_in_order():
    inputs = [(CONTEXT, WHERE, ["the mill", "Lyon"]), ("It rained.", "What was it?", ["rain", "snow", "hail"])]
    assert picker().batch(inputs) == [picker()(*one) for one in inputs]
    assert picker().batch([]) == []


def test_one_candidate_and_ten_thousand():
    assert picker()(CONTEXT, WHERE, ["the mill"]).best == "the mill"
    many = [f"place {n}" for n in range(10_000)]
    many[7_777] = "the mill"
    result = picker()(CONTEXT, WHERE, many)
    assert result.best == "the mill"
    assert len(result.ranking) == 10_000


def test_a_long_context_is_read_to_its_end():
    result = picker()("word " * 3000 + CONTEXT, WHERE, ["the mill", "a volcano"])
    assert (result.tokens_dropped, result.best) == (0, "the mill")


@pytest.mark.parametrize(
    "one",
    [
        ("", WHERE, ["a"]),
        (CONTEXT, " ", ["a"]),
        (CONTEXT, WHERE, []),
        (CONTEXT, WHERE, "the mill"),
        (CONTEXT, WHERE, ["a", ""]),
        (CONTEXT, WHERE, ["a", None]),
        (CONTEXT, WHERE),
        CONTEXT,
        None,
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_index(one):
    with pytest.raises(ItemError) as caught:
        picker().batch([(CONTEXT, WHERE, ["the mill"]), one])
    assert caught.value.index == 1


def test_a_template_without_a_place_is_refused():
    with pytest.raises(InputError, match="Picking an answer: the template"):
        picker(template="The answer.")


def test_a_result_can_be_written_as_json():
    result = picker()(CONTEXT, WHERE, ["the mill", "Lyon"])
    written = json.loads(json.dumps(result.to_dict()))
    assert written["ranking"] == [list(one) for one in result.ranking]
