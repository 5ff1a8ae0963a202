"""What goes over the wire: connections that are used again, broken ones, foreign ones, keys, TLS, many at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from client.standing_in import CLIENTS, HANG_UP, as_json, by_async_client, by_client, refused, running, stand_in
from crossjudge import AsyncClient, Client, CrossEncoder, Judge, errors
from crossjudge.client import server as server_module

VERDICT = Judge(CrossEncoder(backend="fake"))("a", "b")
FINE = as_json({"fingerprint": VERDICT.fingerprint, "results": [VERDICT.to_dict()]})


def judged(client):
    return client.judge()("a", "b")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def speaking(said):
    """The address of somebody who says this to whoever connects, whatever they want."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(100_000)
                    connection.sendall(said)

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_request_says_who_asks_and_how_long_it_will_wait(ask, monkeypatch):
    monkeypatch.setenv("CROSSJUDGE_API_KEY", "a-key")
    with stand_in(FINE) as told:
        assert ask(told.url, judged, timeout_s=30) == VERDICT
    ((path, headers, body),) = told.asked
    assert path == "/v1/judge"
    assert headers["authorization"] == "Bearer a-key"
    assert headers["content-type"] == "application/json"
    assert headers["x-request-timeout"] == "30.000"
    assert body == b'{"model":null,"objective":"nli","abstain_below":null,"pairs":[["a","b"]]}'


def test_one_connection_serves_many_requests():
    async def many(client):
        return [await judged(client) for _ in range(5)]

    for ask, do in ((by_client, lambda client: [judged(client) for _ in range(5)]), (by_async_client, many)):
        with stand_in(FINE) as told:
            assert ask(told.url, do) == [VERDICT] * 5
        assert (len(told.asked), told.connections) == (5, 1)


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_without_a_word():
    async def twice(client):
        return [await judged(client), await judged(client)]

    for ask, do in ((by_client, lambda client: [judged(client), judged(client)]), (by_async_client, twice)):
        with stand_in(FINE, HANG_UP, FINE) as told:
            assert ask(told.url, do, retries=0) == [VERDICT] * 2
        assert told.connections == 2


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_connection_that_breaks_is_tried_again_and_then_told_of(ask):
    with stand_in(HANG_UP, FINE) as told:
        assert ask(told.url, judged) == VERDICT
    with stand_in(HANG_UP) as told, pytest.raises(errors.UnreachableError, match="closed before an answer came"):
        ask(told.url, judged, retries=1)
    assert len(told.asked) == 2


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_that_is_loading_is_waited_for(ask):
    with stand_in(refused(503, "loading"), refused(429, "overloaded"), FINE) as told:
        assert ask(told.url, judged) == VERDICT
    assert len(told.asked) == 3


@pytest.mark.parametrize("ask", CLIENTS)
def test_nobody_there(ask):
    with pytest.raises(errors.UnreachableError, match=r"127\.0\.0\.1:\d+/v1/judge: nobody answered \(.*refused"):
        ask(f"http://127.0.0.1:{free_port()}", judged)
    with pytest.raises(errors.UnreachableError, match=r"no-such-host\.invalid"):
        ask("http://no-such-host.invalid", judged)


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\0" * 9]
)
def test_what_speaks_no_http_is_called_that(ask, said):
    with speaking(said) as place, pytest.raises(errors.ForeignServerError, match="speaks no HTTP"):
        ask(f"http://{place}", judged)


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"])
def test_an_answer_that_is_cut_off_is_no_answer(ask, said):
    with speaking(said) as place, pytest.raises(errors.UnreachableError, match="the connection broke"):
        ask(f"http://{place}", judged, retries=0)


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_that_says_nothing_is_given_up(ask, monkeypatch):
    monkeypatch.setattr(server_module, "GRACE_S", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(errors.ServerTimeoutError, match="no answer came in time") as caught:
            ask(f"http://127.0.0.1:{silent.getsockname()[1]}", judged, timeout_s=0.1)
        assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("ask", CLIENTS)
def test_keys(ask, monkeypatch):
    monkeypatch.delenv("CROSSJUDGE_API_KEY", raising=False)
    with running(api_keys=["the-key-of-the-ferry"]) as url:
        assert ask(url, judged, api_key="the-key-of-the-ferry") == VERDICT
        with pytest.raises(errors.KeyRefusedError, match="missing_key: The request carries no key"):
            ask(url, judged)
        with pytest.raises(errors.KeyRefusedError, match="wrong_key") as caught:
            ask(url, judged, api_key="another-secret")
        assert "another-secret" not in str(caught.value)
        monkeypatch.setenv("CROSSJUDGE_API_KEY", "the-key-of-the-ferry")
        assert ask(url, judged) == VERDICT


def test_many_threads_share_a_client():
    with running() as url, Client(url, max_connections=4) as client, ThreadPoolExecutor(16) as threads:
        judge = client.judge()
        pairs = [("The ferry was late.", f"Cabin {n} was cold.") for n in range(64)]
        expected = Judge(CrossEncoder(backend="fake")).batch(pairs)
        assert list(threads.map(lambda pair: judge(*pair), pairs)) == expected


def test_many_tasks_share_a_client():
    pairs = [("The ferry was late.", f"Cabin {n} was cold.") for n in range(64)]

    async def all_at_once(client):
        judge = client.judge()
        return await asyncio.gather(*(judge(*pair) for pair in pairs))

    with running() as url:
        found = by_async_client(url, all_at_once, max_connections=4)
    assert found == Judge(CrossEncoder(backend="fake")).batch(pairs)


class Crowd:
    """Replies after a while, and counts how many are waiting for theirs."""

    def __init__(self):
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __call__(self, _):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return FINE


def test_no_more_connections_are_used_at_once_than_allowed():
    def by_threads(client):
        with ThreadPoolExecutor(12) as threads:
            return list(threads.map(lambda _: judged(client), range(12)))

    async def by_tasks(client):
        return await asyncio.gather(*(judged(client) for _ in range(12)))

    for ask, do in ((by_client, by_threads), (by_async_client, by_tasks)):
        crowd = Crowd()
        with stand_in(crowd) as told:
            assert ask(told.url, do, max_connections=3) == [VERDICT] * 12
        assert 1 < crowd.most <= 3


def test_a_task_that_is_cancelled_leaves_the_client_usable():
    answer_now = threading.Event()

    def late(_):
        answer_now.wait(30)
        return FINE

    async def cancelled(client):
        asking = asyncio.ensure_future(judged(client))
        while not told.asked:
            await asyncio.sleep(0.005)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await judged(client)

    with stand_in(late, FINE) as told:
        try:
            assert by_async_client(told.url, cancelled) == VERDICT
        finally:
            answer_now.set()
    assert told.connections == 2


def test_an_async_client_may_go_on_in_another_event_loop():
    with running() as url:
        client = AsyncClient(url)

        async def once():
            try:
                return await judged(client)
            finally:
                await client.aclose()

        assert [asyncio.run(once()), asyncio.run(once())] == [VERDICT] * 2


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_below_a_path(ask):
    with stand_in(FINE) as told:
        assert ask(f"{told.url}/judges/one/", judged) == VERDICT
    assert told.asked[0][0] == "/judges/one/v1/judge"


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_that_starts_is_waited_for(ask):
    with stand_in(refused(503, "loading"), refused(503, "not_ready"), as_json({"status": "ready"})) as told:
        ask(told.url, lambda client: client.wait_until_ready())
    assert [path for path, _, _ in told.asked] == ["/readyz"] * 3
    with pytest.raises(errors.UnreachableError, match="nobody answered"):
        ask(f"http://127.0.0.1:{free_port()}", lambda client: client.wait_until_ready(0.3))
    with stand_in(refused(401, "wrong_key")) as told, pytest.raises(errors.KeyRefusedError):
        ask(told.url, lambda client: client.wait_until_ready())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = {"ssl_certfile": str(folder / "certificate.pem"), "ssl_keyfile": str(folder / "key.pem")}
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", files["ssl_certfile"], "-keyout", files["ssl_keyfile"]]
    try:
        subprocess.run([*command, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl on the PATH")
    return files


@pytest.mark.parametrize("ask", CLIENTS)
def test_https(ask, certificate):
    trusting = ssl.create_default_context(cafile=certificate["ssl_certfile"])
    with running(tls=certificate) as url:
        assert ask(url, judged, ssl_context=trusting) == VERDICT
        with pytest.raises(errors.UnreachableError, match=r"the certificate was refused.*SSL_CERT_FILE"):
            ask(url, judged)
        plain = url.replace("https", "http")
        with pytest.raises(errors.ServerError, match=r"the connection broke|asked by https://"):
            ask(plain, judged, retries=0)
    with running() as url, pytest.raises(errors.ForeignServerError, match=r"asked by http://"):
        ask(url.replace("http", "https"), judged)
