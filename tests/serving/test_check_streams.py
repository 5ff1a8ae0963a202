"""A check while the answer is being written: events as sentences complete, the same verdicts as of the whole."""

from __future__ import annotations

import asyncio
import json

import pytest

from crossjudge import ClaimChecker, CrossEncoder
from serving.served import TEXT, events_of, served

CLIENT = served()
PIECES = ["The ferry", " was late. It", " sank. ", "Nobody drowned"]
NDJSON = {"Content-Type": "application/x-ndjson"}


def expected():
    claims = ClaimChecker(model=CrossEncoder("embedded-joint", backend="fake")).stream(TEXT, PIECES)
    return [json.loads(json.dumps(claim.to_dict())) for claim in claims]


def told(answer):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    return [(name, json.loads(data)) for name, data in events_of(answer.text)]


def ndjson(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.mark.parametrize(
    "send",
    [
        lambda: CLIENT.post("/v1/check", json={"source": TEXT, "answer": PIECES, "stream": True}),
        lambda: CLIENT.post("/v1/check", json={"source": TEXT, "answer": "".join(PIECES), "stream": True}),
        lambda: CLIENT.post("/v1/check/stream", content=ndjson({"source": TEXT}, *PIECES), headers=NDJSON),
        lambda: CLIENT.post("/v1/check/stream", content=ndjson({"source": [TEXT]}, *PIECES)[:-1], headers=NDJSON),
    ],
)
def test_the_claims_and_then_the_report(send):
    *claims, (name, report) = told(send())
    assert [claim for _, claim in claims] == expected()
    assert {kind for kind, _ in claims} == {"claim"}
    assert (name, report["claims"], report["model"]) == ("report", 3, "embedded-joint")
    assert report["usage"]["pairs"] > 0


def test_a_claim_is_told_before_the_rest_of_the_answer_is_sent():
    """The last piece is sent only after the first claim has come back."""

    async def converse():
        first_claim, told = asyncio.Event(), []

        async def receive():
            if not told_lines:
                return {"type": "http.request", "body": b"", "more_body": False}
            line = told_lines.pop(0)
            if line == PIECES[3]:
                await asyncio.wait_for(first_claim.wait(), 30)
            return {"type": "http.request", "body": ndjson(line), "more_body": True}

        async def send(message):
            told.append(message.get("body", b"").decode())
            if "event: claim" in told[-1]:
                first_claim.set()

        told_lines = [{"source": TEXT}, *PIECES]
        scope = {
            "type": "http", "method": "POST", "path": "/v1/check/stream", "raw_path": b"", "query_string": b"",
            "headers": [(b"content-type", b"application/x-ndjson")], "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await CLIENT.app(scope, receive, send)
        return "".join(told)

    names = [name for name, _ in events_of(asyncio.run(converse()))]
    assert names == ["claim", "claim", "claim", "report"]


def test_what_goes_wrong_on_the_way_is_the_last_event():
    (_, error) = told(CLIENT.post("/v1/check", json={"source": TEXT, "answer": " ", "stream": True}))[-1]
    assert error["error"]["type"] == "invalid_input"
    *_, (name, error) = told(
        CLIENT.post("/v1/check/stream", content=ndjson({"source": TEXT}, "It sank. ", 7), headers=NDJSON)
    )
    assert (name, error["error"]["type"]) == ("error", "invalid_request")


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (ndjson({"sauce": TEXT}), NDJSON, 422),
        (b"", NDJSON, 422),
        (b"{\n", NDJSON, 400),
        (ndjson({"source": TEXT}), {"Content-Type": "application/json"}, 415),
    ],
)
def test_a_first_line_that_is_wrong_is_an_ordinary_error(content, headers, status):
    assert CLIENT.post("/v1/check/stream", content=content, headers=headers).status_code == status


def test_a_place_is_free_again_after_every_stream():
    CLIENT.post("/v1/check", json={"source": TEXT, "answer": " ", "stream": True})
    CLIENT.post("/v1/check", json={"source": TEXT, "answer": PIECES, "stream": True})
    assert CLIENT.app.state.server.in_flight == 0


def test_many_inputs_are_not_streamed():
    body = {"inputs": [{"source": TEXT, "answer": "It sank."}], "stream": True}
    assert CLIENT.post("/v1/check", json=body).status_code == 422
