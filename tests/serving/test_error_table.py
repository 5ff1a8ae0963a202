"""Errors: every one is JSON by one table, with a type, a sentence and the request's id."""

from __future__ import annotations

import inspect
import json

import pytest
from fastapi import APIRouter

from crossjudge import errors
from crossjudge.serving.faults import INTERNAL, TABLE, fault_of
from crossjudge.serving.scheduling import errors as scheduling_errors
from serving.served import REQUESTS, served

CLIENT = served()
JSON = {"Content-Type": "application/json"}
PAIR = {"text_a": "a", "text_b": "b"}


def post(content, headers=JSON, path="/v1/judge"):
    return CLIENT.post(path, content=content if isinstance(content, bytes) else json.dumps(content), headers=headers)


CASES = {
    "an unknown route": (lambda: CLIENT.get("/v1/jugde"), 404, "unknown_route"),
    "an unknown method": (lambda: CLIENT.delete("/v1/judge"), 405, "unknown_method"),
    "no JSON": (lambda: post(b"{"), 400, "bad_json"),
    "not a number": (lambda: post(b'{"text_a": "a", "text_b": "b", "abstain_below": NaN}'), 400, "bad_json"),
    "infinity": (lambda: post(b'{"text_a": "a", "text_b": "b", "abstain_below": -Infinity}'), 400, "bad_json"),
    "half a character": (lambda: post(b'{"text_a": "\\ud800", "text_b": "b"}'), 400, "bad_json"),
    "endless nesting": (lambda: post(b"[" * 100_000), 400, "bad_json"),
    "no UTF-8": (lambda: post(b'{"text_a": "\xff", "text_b": "b"}'), 400, "bad_json"),
    "nothing": (lambda: post(b""), 400, "bad_json"),
    "a form": (lambda: CLIENT.post("/v1/judge", data=PAIR), 415, "unsupported_media_type"),
    "no content type": (lambda: post(PAIR, headers={"Content-Type": ""}), 415, "unsupported_media_type"),
    "a list": (lambda: post([]), 422, "invalid_request"),
    "an unknown field": (lambda: post(PAIR | {"objektive": "nli"}), 422, "invalid_request"),
    "two ways at once": (lambda: post(PAIR | {"pairs": [["a", "b"]]}), 422, "invalid_request"),
    "half a pair": (lambda: post({"text_a": "a"}), 422, "invalid_request"),
    "a number for a text": (lambda: post({"text_a": 1, "text_b": "b"}), 422, "invalid_request"),
    "an unknown model": (lambda: post(PAIR | {"model": "embeded"}), 404, "unknown_model"),
    "a blank text": (lambda: post({"text": " ", "labels": ["a"]}, path="/v1/tag"), 422, "invalid_input"),
    "a bad header": (lambda: post(PAIR, headers=JSON | {"X-Request-Timeout": "soon"}), 400, "bad_header"),
    "no time at all": (lambda: post(PAIR, headers=JSON | {"X-Request-Timeout": "1e-9"}), 504, "deadline_exceeded"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_error_looks_alike(case):
    send, status, kind = CASES[case]
    answer = send()
    error = answer.json()["error"]
    assert (answer.status_code, error["status"], error["type"]) == (status, status, kind)
    assert error["message"].endswith(".")
    assert error["request_id"] == answer.headers["X-Request-ID"]


def test_a_bad_field_is_named():
    problems = post({"text_a": 1, "text_b": "b"}).json()["error"]["problems"]
    assert [problem["loc"] for problem in problems] == [["body", "text_a"]]


def test_a_bad_input_is_counted():
    error = post({"texts": ["good", " "], "labels": ["a"]}, path="/v1/tag").json()["error"]
    assert error["index"] == 1


def test_a_wrong_method_says_which_are_right():
    assert CLIENT.delete("/v1/judge").headers["Allow"] == "POST"


def test_every_error_of_ours_has_a_line():
    found = [
        error
        for module in (errors, scheduling_errors)
        for _, error in inspect.getmembers(module, inspect.isclass)
        if issubclass(error, errors.CrossjudgeError) and error is not errors.CrossjudgeError
    ]
    listed = tuple(kind for kind, _, _ in TABLE)
    assert len(found) > 15
    elsewhere = (errors.BackendError, errors.JobError, errors.ServerError)  # ours, of jobs, of clients
    assert not [error.__name__ for error in found if not issubclass(error, (*listed, *elsewhere))]


def test_the_server_s_own_fault_tells_nothing_of_itself():
    assert fault_of(KeyError("a text of somebody")) is INTERNAL
    client = served()
    router = APIRouter()

    @router.get("/broken")
    async def broken():
        raise KeyError("a text of somebody")

    client.app.include_router(router)
    answer = client.get("/broken")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "internal")
    assert "somebody" not in answer.text


def test_an_id_from_outside_comes_back_if_it_is_one():
    assert CLIENT.get("/livez", headers={"X-Request-ID": "call-7"}).headers["X-Request-ID"] == "call-7"
    assert CLIENT.get("/livez", headers={"X-Request-ID": "a b\x7f"}).headers["X-Request-ID"] != "a b\x7f"


def test_a_pair_that_the_model_cannot_read_fails_alone(poison):
    good, bad = {"text_a": "fine", "text_b": "good"}, {"text_a": "fine", "text_b": poison}
    answer = CLIENT.post("/v1/judge", json=bad)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "not_scorable")
    among = CLIENT.post("/v1/judge", json={"pairs": [[*good.values()], [*bad.values()]]})
    assert among.json()["error"]["index"] == 1
    assert CLIENT.post("/v1/judge", json=good).status_code == 200
    assert CLIENT.get("/readyz").status_code == 200


@pytest.mark.parametrize("route", REQUESTS)
def test_security_headers_stand_on_every_answer(route):
    for answer in (CLIENT.get(route), CLIENT.get("/livez")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers
