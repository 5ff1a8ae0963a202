"""What uses share: any model is a judge, questions of all inputs are one batch, errors name the input."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crossjudge import CrossEncoder, Judge
from crossjudge.apps.base import (
    Result,
    as_judge,
    ask,
    by_entailment,
    checked_mapping,
    checked_names,
    checked_probability,
    checked_template,
    checked_text,
    checked_texts,
)
from crossjudge.errors import InputError, ItemError, ObjectiveError, TooLongError
from crossjudge.types import Verdict


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(CrossEncoder(backend="fake"))


class Counting(Judge):
    """Remembers what it was asked."""

    asked: list[list[tuple[str, str]]]

    def batch(self, pairs, *, progress=None):
        self.asked.append(list(pairs))
        return super().batch(pairs, progress=progress)


@pytest.fixture
def counting() -> Counting:
    judge = Counting(CrossEncoder(backend="fake"))
    judge.asked = []
    return judge


# --- the judge ---


def test_a_judge_is_taken_as_it_is_and_a_model_becomes_one(judge):
    assert as_judge(judge) is judge
    assert as_judge(judge.model).model is judge.model


def test_a_judge_of_something_else_is_refused():
    other = Judge(CrossEncoder(backend="fake", num_labels=1), objective="relevance", force=True)
    with pytest.raises(ObjectiveError, match="judges 'relevance'"):
        as_judge(other)


# --- asking ---


def test_all_inputs_are_one_batch_and_equal_questions_are_asked_once(counting):
    asked = [[("a", "x"), ("a", "y")], [], [("b", "x"), ("a", "x")]]
    found = ask(counting, asked)
    assert counting.asked == [[("a", "x"), ("a", "y"), ("b", "x")]]
    assert [len(one) for one in found] == [2, 0, 2]
    assert found[0][0] == found[2][1] == counting("a", "x")


def test_nothing_asked_gives_nothing(judge):
    assert ask(judge, []) == []
    assert ask(judge, [[], []]) == [[], []]


def test_an_error_names_the_input_of_its_question():
    strict = Judge(CrossEncoder(backend="fake"), on_overflow="error")
    with pytest.raises(TooLongError) as caught:
        ask(strict, [[("a", "x")], [("a", "x"), ("word " * 3000, "x")]])
    assert caught.value.index == 1
    assert str(caught.value).startswith("Input 1: ")


def test_progress_is_told_in_inputs(judge):
    heard: list[tuple[int, int]] = []
    ask(judge, [[("a", str(n)), ("b", str(n))] for n in range(5)], progress=lambda *told: heard.append(told))
    assert heard == [(5, 5)]


def verdict(entailment: float, logit: float) -> Verdict:
    rest = (1 - entailment) / 2
    return Verdict(
        label="entailment",
        score=0.0,
        probabilities={"entailment": entailment, "contradiction": rest, "neutral": rest},
        logits={"entailment": logit, "contradiction": 0.0, "neutral": 0.0},
        abstained=False,
        tokens_read=1,
        tokens_dropped=0,
        fingerprint="",
    )


def test_saturated_probabilities_are_ranked_by_logit_and_equal_ones_keep_their_order():
    assert by_entailment([verdict(1.0, 20), verdict(0.2, 1), verdict(1.0, 30), verdict(0.2, 1)]) == [2, 0, 1, 3]


# --- results ---


@dataclass(frozen=True, slots=True)
class Inner(Result):
    pair: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Outer(Result):
    inner: list[Inner]
    by_name: dict[str, Inner]


def test_a_result_is_plain_json_values():
    inner = Inner(("a", 1))
    assert Outer([inner], {"x": inner}).to_dict() == {
        "inner": [{"pair": ["a", 1]}],
        "by_name": {"x": {"pair": ["a", 1]}},
    }


# --- what is given ---


@pytest.mark.parametrize("value", ["", " \n", None, 3, b"x"])
def test_what_is_no_text_is_refused_by_name_and_index(value):
    with pytest.raises(ItemError, match=r"Trying: the text of input 4 is .*; expected a text") as caught:
        checked_text(value, doing="Trying", what="the text", index=4)
    assert caught.value.index == 4


@pytest.mark.parametrize("values", [[], "text", None, 7, {"a": 1}, ["a", ""], ["a", None]])
def test_what_is_no_list_of_texts_is_refused(values):
    with pytest.raises(ItemError, match=r"^Trying: "):
        checked_texts(values, doing="Trying", what="candidate")


@pytest.mark.parametrize("values", [["a", "a"], ["Red", "blue", " red "]])
def test_names_are_all_different(values):
    with pytest.raises(ItemError, match="stands there twice"):
        checked_names(values, doing="Trying", what="label")


@pytest.mark.parametrize("values", [{}, ["a"], {"a": ""}, {"": "x"}, {"a": None}])
def test_a_mapping_has_names_and_texts(values):
    with pytest.raises(InputError):
        checked_mapping(values, doing="Trying", what="policy", meaning="statement")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), None, "0.5", True])
def test_a_probability_is_from_0_to_1(value):
    with pytest.raises(InputError, match="from 0 to 1"):
        checked_probability(value, doing="Trying", what="the threshold")


@pytest.mark.parametrize("template", ["no place", "{} and {}", None, "{name}"])
def test_a_template_has_one_place(template):
    with pytest.raises(InputError, match="expected a text with one"):
        checked_template(template, doing="Trying")


def test_a_list_in_the_place_of_a_text_is_told_of_batch():
    with pytest.raises(ItemError, match=r"Pass one text; `\.batch` takes many\.$"):
        checked_text(["a", "b"], doing="Tagging", what="the text", index=0)
