"""Limits: what is over one is refused with its name and by how much, the larger ones before anything is read."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.requests import Request

from crossjudge.errors import InputError
from crossjudge.serving import Limits
from crossjudge.serving.context import asked_timeout
from serving.served import REQUESTS, TEXT, served

SMALL = served(limits=Limits(body_bytes=2_000, items=5, text_chars=300, pairs=8, tokens=60))


def refusal(body, path="/v1/judge", client=SMALL):
    answer = client.post(path, json=body)
    assert answer.status_code == 413
    error = answer.json()["error"]
    assert error["over_by"] == error["seen"] - error["allowed"]
    return error["limit"], error["over_by"]


def test_a_body_has_a_size():
    assert refusal({"text_a": "a" * 5_000, "text_b": "b"})[0] == "body_bytes"


def test_a_list_has_a_length():
    assert refusal({"pairs": [["a", "b"]] * 7}) == ("items", 2)


def test_a_text_has_a_length():
    assert refusal({"text_a": "a" * 310, "text_b": "b"}) == ("text_chars", 10)


def test_texts_have_tokens():
    assert refusal({"text_a": "a b c d e f " * 12, "text_b": "b"}) == ("tokens", 13)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/tag", {"texts": ["a", "b", "c"], "labels": ["d", "e", "f"]}),
        ("/v1/guard", {"texts": ["a", "b", "c"], "policies": {"d": "D", "e": "E", "f": "F"}}),
        ("/v1/grade", {"answers": ["a", "b", "c"], "reference": ["d", "e", "f"]}),
        (
            "/v1/score-rubric",
            {"inputs": [{"request": "a", "response": "b"}] * 3, "rubric": {"d": "D", "e": "E", "f": "F"}},
        ),
    ],
)
def test_lists_that_are_multiplied_are_bounded_by_their_product(path, body):
    assert refusal(body, path) == ("pairs", 1)


def test_pairs_are_bounded_where_only_the_work_shows_how_many_they_are():
    assert refusal({"source": "One. Two. Three.", "answer": "Four. Five. Six."}, "/v1/check")[0] == "pairs"


def test_a_dialect_refuses_in_its_own_words():
    answer = SMALL.post("/v1/rerank", json={"query": "a", "documents": ["b"] * 9})
    assert answer.status_code == 413
    assert "at most 5 are allowed, 4 fewer" in answer.json()["message"]


def test_what_is_within_them_is_answered():
    assert SMALL.post("/v1/judge", json={"text_a": TEXT, "text_b": TEXT}).status_code == 200


def through(client, messages, headers=()):
    """The answers to a request whose body comes as `messages`; each is sent when asked for."""

    async def ask():
        coming, told = iter(messages), []

        async def receive():
            message = next(coming, None)
            return await asyncio.sleep(30) if message is None else {"type": "http.request", **message}

        async def send(message):
            told.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/judge", "raw_path": b"/v1/judge", "query_string": b"",
            "headers": [(b"content-type", b"application/json"), *headers], "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await client.app(scope, receive, send)
        return told

    return asyncio.run(ask())


def test_a_length_that_is_stated_is_refused_before_the_body_comes(monkeypatch):
    monkeypatch.setattr("crossjudge.serving.error_answers.DISCARD_S", 0.01)
    assert through(SMALL, [], [(b"content-length", b"3000")])[0]["status"] == 413


def test_a_length_that_is_not_stated_is_counted(monkeypatch):
    monkeypatch.setattr("crossjudge.serving.error_answers.DISCARD_S", 0.01)
    chunks = [{"body": b"x" * 1500, "more_body": True}] * 100
    told = through(SMALL, chunks, [(b"transfer-encoding", b"chunked")])
    assert told[0]["status"] == 413
    assert not told[-1]["more_body"]


def test_a_body_that_does_not_end_is_given_up_on():
    client = served(limits=Limits(body_timeout_s=0.05))
    assert through(client, [{"body": b"{", "more_body": True}])[0]["status"] == 408


def test_bodies_that_come_together_share_a_bound(monkeypatch):
    monkeypatch.setattr("crossjudge.serving.error_answers.DISCARD_S", 0.01)
    client = served(limits=Limits(open_bodies_bytes=10))
    answer = client.post("/v1/judge", json={"text_a": "a", "text_b": "b"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_full_server_says_when_to_come_again():
    client = served(limits=Limits(concurrent_requests=1))
    state, held, free = client.app.state.server, threading.Event(), threading.Event()
    honest = state.pool.judge

    def slow(*asked):
        held.set()
        assert free.wait(20)
        return honest(*asked)

    state.pool.judge = slow
    body = REQUESTS["/v1/judge"]
    first = []
    thread = threading.Thread(target=lambda: first.append(client.post("/v1/judge", json=body)))
    thread.start()
    assert held.wait(20)
    second = client.post("/v1/judge", json=body)
    free.set()
    thread.join()
    assert (second.status_code, second.json()["error"]["type"]) == (429, "overloaded")
    assert int(second.headers["Retry-After"]) >= 1
    assert first[0].status_code == 200
    assert client.post("/v1/judge", json=body).status_code == 200


def test_a_client_may_ask_for_less_time_and_not_for_more():
    def request(**headers):
        return Request({"type": "http", "headers": [(b"x-request-timeout", value) for value in headers.values()]})

    assert asked_timeout(request(), 60) == 60
    assert asked_timeout(request(a=b"1.5"), 60) == 1.5
    assert asked_timeout(request(a=b"1e9"), 60) == 60


@pytest.mark.parametrize("bad", [0, -1, True, float("nan"), float("inf"), "8"])
def test_a_limit_is_a_number_above_zero(bad):
    with pytest.raises(InputError, match="body_bytes is"):
        Limits(body_bytes=bad)
