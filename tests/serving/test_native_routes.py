"""Our own routes: the same numbers as Python, one result for each input, one or many."""

from __future__ import annotations

import json

import pytest

from serving.served import REQUESTS, TEXT, in_python, served

CLIENT = served()
EXPECTED = in_python()
TOGETHER = ("/v1/check", "/v1/answer", "/v1/score-rubric", "/v1/guard", "/v1/grade")
"""Routes that take the other model in the box where none is named."""


@pytest.mark.parametrize("route", REQUESTS)
def test_the_same_numbers_as_python(route):
    answer = CLIENT.post(route, json=REQUESTS[route])
    assert answer.status_code == 200
    assert answer.json()["results"] == json.loads(json.dumps(EXPECTED[route]))


@pytest.mark.parametrize("route", REQUESTS)
def test_an_answer_says_who_gave_it(route):
    answer = CLIENT.post(route, json=REQUESTS[route]).json()
    assert answer.keys() == {"model", "fingerprint", "usage", "results"}
    assert answer["model"] == ("embedded-joint" if route in TOGETHER else "embedded")
    assert answer["fingerprint"].split(":")[2] == "fake"


@pytest.mark.parametrize("models", [["embedded"], {"house": "embedded"}])
def test_a_model_that_the_house_chose_answers_everything(models):
    client = served(models=models)
    told = {client.post(route, json=REQUESTS[route]).json()["model"] for route in TOGETHER}
    assert told == {next(iter(models))}


def test_usage_counts_what_was_read():
    verdicts = EXPECTED["/v1/judge"]
    usage = CLIENT.post("/v1/judge", json=REQUESTS["/v1/judge"]).json()["usage"]
    assert usage == {"pairs": 2, "tokens": sum(verdict["tokens_read"] for verdict in verdicts)}


def test_one_pair_is_judged_as_among_many():
    one = CLIENT.post("/v1/judge", json={"text_a": TEXT, "text_b": "The ferry was late."}).json()
    assert one["results"] == json.loads(json.dumps(EXPECTED["/v1/judge"][:1]))


def test_many_inputs_are_answered_as_each_alone():
    single = REQUESTS["/v1/answer"]
    many = CLIENT.post("/v1/answer", json={"inputs": [single, single]}).json()
    assert many["results"] == CLIENT.post("/v1/answer", json=single).json()["results"] * 2


def test_a_judge_for_each_objective():
    for objective in ("nli", "similarity", "duplicate", "relevance"):
        answer = CLIENT.post("/v1/judge", json={"text_a": "a", "text_b": "b", "objective": objective})
        assert answer.json()["fingerprint"].endswith(objective)


def test_unsure_verdicts_are_marked_for_the_one_who_asked():
    asked = {"text_a": "a", "text_b": "b"}
    unsure = CLIENT.post("/v1/judge", json=asked | {"abstain_below": 1.0}).json()["results"][0]
    assert unsure["abstained"]
    assert not CLIENT.post("/v1/judge", json=asked).json()["results"][0]["abstained"]


def test_models_are_listed_and_the_first_is_the_default():
    listed = CLIENT.get("/v1/models").json()["data"]
    expected = [("embedded", True), ("embedded-joint", False), ("embedded-xs", False)]
    assert [(one["id"], one["default"]) for one in listed] == expected


def test_a_model_answers_to_its_name():
    client = served(models={"house": "embedded"})
    names = [one["id"] for one in client.get("/v1/models").json()["data"]]
    assert names == ["house", "embedded", "embedded-joint", "embedded-xs"]
    asked = {"text_a": "a", "text_b": "b"}
    answers = [client.post("/v1/judge", json=asked | model).json() for model in ({}, {"model": "house"})]
    assert [answer["model"] for answer in answers] == ["house", "house"]
    assert answers[0]["results"] == answers[1]["results"]
