"""`crossjudge serve` as it is run: what clients do to it, and how it ends."""

from __future__ import annotations

import concurrent.futures
import contextlib
import signal
import socket
import time

import httpx
import pytest

from crossjudge import Judge
from serving.live import live, request_of, status_of

pytestmark = pytest.mark.full

PAIR = {"text_a": "A dog is running.", "text_b": "An animal moves."}
BATCH = {"pairs": [[f"The train to town {n} leaves at noon.", "A train leaves."] for n in range(32)]}


@pytest.fixture(scope="module")
def server():
    with live("--limit", "body_timeout_s=1", "--limit", "header_timeout_s=1") as running:
        yield running


def test_the_embedded_model_answers_as_in_python(server):
    answer = httpx.post(f"{server.url}/v1/judge", json=PAIR, timeout=60).json()["results"][0]
    assert answer == Judge()(*PAIR.values()).to_dict()


def test_a_body_of_100_megabytes_is_refused_and_the_sender_told(server):
    answer = httpx.post(f"{server.url}/v1/judge", content=b"x" * 100_000_000, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["error"]["limit"] == "body_bytes"
    assert server.is_healthy()


def test_a_body_without_end_is_given_up_on(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as one:
        one.sendall(request_of(b"{", "Content-Length: 100"))
        assert status_of(one.recv(4096)) == 408
    assert server.is_healthy()


def test_connections_that_say_nothing_or_never_finish_are_closed(server):
    """Slow loris: two hundred of them, half silent, half in the middle of a header."""
    loris = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(200)]
    for one in loris[::2]:
        one.sendall(b"POST /v1/judge HTTP/1.1\r\nHost: he")
    assert server.is_healthy()
    assert {one.recv(100) for one in loris} == {b""}
    for one in loris:
        one.close()


def test_a_client_that_goes_away_takes_its_work_along(server):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as one:
            body = httpx.Request("POST", server.url, json=BATCH).content
            one.sendall(request_of(body, f"Content-Length: {len(body)}"))
    assert server.is_healthy()
    assert httpx.post(f"{server.url}/v1/judge", json=PAIR, timeout=60).status_code == 200


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50, b"GET /" + b"a" * 100_000]
)
def test_what_is_no_http_hurts_nobody(server, noise):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as one:
        one.sendall(noise)
    assert server.is_healthy()


def test_told_to_stop_under_load_it_finishes_what_it_has_accepted():
    """Every request is answered: 200, or 503 for one that came after the signal. None is cut off."""
    with live() as server:
        answers = []

        def ask():
            with httpx.Client(base_url=server.url, timeout=60) as client:
                while True:
                    try:
                        answer = client.post("/v1/judge", json=BATCH)
                    except httpx.ConnectError:
                        return  # nobody listens any more: nothing was accepted
                    answers.append(answer.status_code)
                    if answer.status_code == 503:
                        return

        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            asking = [clients.submit(ask) for _ in range(8)]
            deadline = time.monotonic() + 60
            while len(answers) < 8 and time.monotonic() < deadline:
                time.sleep(0.05)
            server.process.send_signal(signal.SIGTERM)
            for one in asking:
                one.result(60)
        assert server.process.wait(60) == 0
        assert set(answers) <= {200, 503}
        assert answers.count(200) >= 8


def test_idle_connections_do_not_delay_the_end():
    with live("--limit", "drain_s=60") as server:
        idle = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(20)]
        with httpx.Client(base_url=server.url) as kept:
            assert kept.get("/livez").status_code == 200
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
        for one in idle:
            one.close()


def test_what_is_not_finished_in_time_is_given_up_on():
    """The hard limit: a request of more seconds than the drain allows ends the process with 1, and is told or cut."""
    long = {"pairs": [[f"The train to town {n} leaves at noon. " * 8, "A train leaves."] for n in range(4_000)]}
    limits = ("--limit", "drain_s=0.5", "--limit", "linger_s=0.1")
    with live(*limits) as server, concurrent.futures.ThreadPoolExecutor(1) as client:
        asking = client.submit(httpx.post, f"{server.url}/v1/judge", json=long, timeout=60)
        while "crossjudge_queue_tokens 0" in httpx.get(f"{server.url}/metrics", timeout=30).text:
            time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 1
        with contextlib.suppress(httpx.TransportError):
            assert asking.result(30).status_code in (499, 500, 503)
