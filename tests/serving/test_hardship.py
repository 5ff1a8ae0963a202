"""A server in trouble: too much to do, a worker that dies, one that hangs. Each client is told at once, and truly."""

from __future__ import annotations

import threading
import time

import pytest

from crossjudge import CrossEncoder
from crossjudge.backends.fake import FakeBackend
from serving.served import served

GOOD = {"text_a": "The ferry was late.", "text_b": "It was late."}


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr("crossjudge.serving.loading.PROBED_S", 0.0)
    made = served()
    assert made.post("/v1/judge", json=GOOD).status_code == 200
    return made


@pytest.fixture
def fateful(monkeypatch):
    """`fateful(word, act)`: a pair whose second text has the word makes the model do that."""
    tokenizer = CrossEncoder(backend="fake").tokenizer
    honest, acts = FakeBackend._logits, {}

    def logits(self, pairs):
        for token, act in acts.items():
            if any(token in hypothesis for _, hypothesis in pairs):
                act()
        return honest(self, pairs)

    monkeypatch.setattr(FakeBackend, "_logits", logits)
    return lambda word, act: acts.update({int(tokenizer.token_ids([word])[word][0]): act})


@pytest.fixture
def busy(client, fateful):
    """A request that holds the model until it is let go."""
    held, free, told = threading.Event(), threading.Event(), []

    def hold():
        held.set()
        assert free.wait(30)

    fateful("volcano", hold)
    thread = threading.Thread(
        target=lambda: told.append(client.post("/v1/judge", json=GOOD | {"text_b": "volcano"}).status_code)
    )
    thread.start()
    assert held.wait(30)
    yield free
    free.set()
    thread.join(30)
    assert told == [200]


def test_a_worker_that_dies_takes_one_request_along_and_another_goes_on(client, fateful):
    def die():
        raise SystemExit("out of the blue")

    fateful("volcano", die)
    answer = client.post("/v1/judge", json=GOOD | {"text_b": "volcano"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "worker_restarting")
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.post("/v1/judge", json=GOOD).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert 'crossjudge_failures_total{kind="worker"} 1.0' in client.get("/metrics").text


def test_a_server_without_a_worker_is_alive_and_not_ready(client, monkeypatch):
    monkeypatch.setattr(type(client.app.state.server.scheduler), "alive", False)
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_a_server_whose_model_hangs_is_alive_and_not_ready(client, busy, monkeypatch):
    monkeypatch.setattr("crossjudge.serving.context.PROBE_TIMEOUT_S", 0.05)
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200
    busy.set()
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


def test_who_would_wait_too_long_is_told_when_to_come_and_who_has_time_is_answered(client, busy):
    """The model is held, and a token is known to take a second: the pair that waits takes half a minute."""
    state = client.app.state.server
    engine = next(iter(state.scheduler._open)).engine
    state.scheduler._forecast.round_ends(engine, 1_000, 1_000.0, full=1_000)
    patient = []
    thread = threading.Thread(target=lambda: patient.append(client.post("/v1/judge", json=GOOD).status_code))
    thread.start()
    while len(state.scheduler._open) < 2:
        time.sleep(0.005)
    answer = client.post("/v1/judge", json=GOOD, headers={"X-Request-Timeout": "5"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (429, "overloaded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    busy.set()
    thread.join(30)
    assert patient == [200]
