"""Keys: once there are any, nothing but /livez opens without one, and the body is not looked at before."""

from __future__ import annotations

import asyncio
import contextlib
import os

import pytest

from crossjudge.errors import InputError
from crossjudge.serving.keys import ApiKeys, keys_in
from serving.served import KEY, REQUESTS, SECRET, every_route, served

CLOSED = served(api_keys=[SECRET, "another-key-of-the-ferry"])


def test_every_route_but_one_needs_a_key():
    asked = [
        *every_route(CLOSED.app),
        ("GET", "/nothing"),
        ("OPTIONS", "/v1/judge"),
        ("POST", "/livez/"),
        ("GET", "//livez"),
    ]
    open_ones = [(method, path) for method, path in asked if CLOSED.request(method, path).status_code != 401]
    assert {path for _, path in open_ones} == {"/livez"}


def test_every_path_of_the_description_needs_a_key():
    described = CLOSED.get("/openapi.json", headers=KEY).json()["paths"]
    asked = [(method, path) for path, methods in described.items() for method in methods if path != "/livez"]
    assert {CLOSED.request(method, path).status_code for method, path in asked} == {401}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {SECRET}",
        SECRET,
        "Bearer wrong",
        f"Bearer {SECRET}x",
        f"Bearer {SECRET[:-1]}",
    ],
)
def test_what_is_no_key_does_not_open(header):
    answer = CLOSED.post("/v1/judge", json={}, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["type"] in ("missing_key", "wrong_key")


@pytest.mark.parametrize("key", [SECRET, "another-key-of-the-ferry"])
def test_each_of_several_keys_opens(key):
    headers = {"Authorization": f"bearer {key}"}
    assert CLOSED.post("/v1/judge", json=REQUESTS["/v1/judge"], headers=headers).status_code == 200


def test_a_refused_body_is_never_read():
    async def ask():
        told = []

        async def receive():
            raise AssertionError("the body was read before the key was looked at")

        async def send(message):
            told.append(message)
            if message["type"] == "http.response.body":
                raise ConnectionError  # the answer is out; what comes after does not matter here

        scope = {
            "type": "http", "method": "POST", "path": "/v1/judge", "raw_path": b"/v1/judge", "query_string": b"",
            "headers": [(b"content-length", b"99999999999")], "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        with contextlib.suppress(ConnectionError):
            await CLOSED.app(scope, receive, send)
        return told

    assert asyncio.run(ask())[0]["status"] == 401


def test_a_dialect_s_client_is_refused_in_its_own_words():
    assert CLOSED.post("/v1/rerank", json={}).json()["message"].startswith("The request carries no key")


def test_a_file_of_keys_may_change_while_the_server_runs(tmp_path):
    file = tmp_path / "keys"
    file.write_text("# first\nkey-of-the-first-week\n")
    keys = ApiKeys(file=file)
    assert keys.name_of("key-of-the-first-week")
    file.write_text("key-of-the-second-week  # from today\n")
    keys.reread()
    assert keys.name_of("key-of-the-second-week")
    assert keys.name_of("key-of-the-first-week") is None


def test_a_changed_file_is_noticed(tmp_path, monkeypatch):
    file = tmp_path / "keys"
    file.write_text("key-of-the-first-week\n")
    keys = ApiKeys(file=file)
    monkeypatch.setattr("crossjudge.serving.keys.LOOK_AGAIN_S", 0.0)
    file.write_text("key-of-the-second-week\n")
    os.utime(file, (1, 1))
    assert keys.name_of("key-of-the-second-week")


@pytest.mark.parametrize("slip", ["", "# nothing\n", "ключ\n"])
def test_a_slip_in_the_file_neither_opens_nor_closes_the_server(tmp_path, slip):
    file = tmp_path / "keys"
    file.write_text("key-of-the-first-week\n")
    keys = ApiKeys(file=file)
    file.write_text(slip)
    keys.reread()
    assert keys.are_set
    assert keys.name_of("key-of-the-first-week")
    file.unlink()
    keys.reread()
    assert keys.name_of("key-of-the-first-week")
    assert keys.name_of("") is None


@pytest.mark.parametrize("bad", ["", " padded-key-here ", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_carries_is_refused(bad):
    with pytest.raises(InputError, match="key 1 is empty or has characters"):
        ApiKeys([bad])


def test_where_others_can_try_a_short_key_is_refused_at_the_start_and_in_a_changed_file(tmp_path):
    with pytest.raises(InputError, match="key 2 has 5 characters"):
        ApiKeys([SECRET, "abcde"], least_chars=16)
    file = tmp_path / "keys"
    file.write_text(f"{SECRET}\n")
    keys = ApiKeys(file=file, least_chars=16)
    file.write_text("abcde\n")
    keys.reread()
    assert keys.name_of("abcde") is None
    assert keys.name_of(SECRET)


def test_keys_are_separated_by_commas():
    assert keys_in(" a , b,,") == ["a", "b"]
    assert keys_in(None) == []


def test_a_key_s_name_is_the_same_for_one_key_and_says_nothing_of_it():
    keys = ApiKeys([SECRET, "another-key-of-the-ferry"])
    assert keys.name_of(SECRET) == keys.name_of(SECRET) != keys.name_of("another-key-of-the-ferry")
    assert keys.name_of(SECRET) != ApiKeys([SECRET]).name_of(SECRET)
