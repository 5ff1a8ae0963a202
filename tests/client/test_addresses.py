"""Addresses and keys as people write them; what cannot be one is named, and a key or password is never quoted."""

from __future__ import annotations

import re

import pytest

from crossjudge import Client
from crossjudge.client.addresses import read_address, read_key
from crossjudge.errors import InputError


@pytest.mark.parametrize(
    ("text", "shown", "host", "port", "header"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080"),
        ("https://judge.example", "https://judge.example", "judge.example", 443, "judge.example"),
        (" HTTP://Judge.Example/ ", "http://judge.example", "judge.example", 80, "judge.example"),
        ("http://[::1]:80/a/b/", "http://[::1]/a/b", "::1", 80, "[::1]"),
        ("http://münchen.example:1", "http://xn--mnchen-3ya.example:1", "xn--mnchen-3ya.example", 1,
         "xn--mnchen-3ya.example:1"),
    ],
)  # fmt: skip
def test_an_address_is_read(text, shown, host, port, header):
    address = read_address(text)
    assert (str(address), address.host, address.port, address.host_header) == (shown, host, port, header)


@pytest.mark.parametrize(
    "text",
    ["", "localhost:8080", "127.0.0.1", "ftp://a", "http://", "http://a:port", "http://a?b", "http://a#b",
     "http://a/b c", "http://a:99999", "/v1", None, 8080],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"Reading the server's address: got .*http://127\.0\.0\.1:8080"):
        Client(text)


@pytest.mark.parametrize("text", ["localhost:8080", "127.0.0.1:8091", "judge.example"])
def test_an_address_that_only_lacks_its_scheme_is_given_back_with_one(text):
    with pytest.raises(InputError, match=rf"Write http://{re.escape(text)}\.$"):
        read_address(text)


def test_a_password_in_an_address_is_refused_and_not_quoted():
    with pytest.raises(InputError, match="user name or password") as caught:
        Client("http://ann:secret@judge.example")
    assert "secret" not in str(caught.value)


def test_a_key_is_the_one_that_is_given_or_the_environments():
    environment = {"CROSSJUDGE_API_KEY": "from-outside"}
    assert read_key("given", environment) == "given"
    assert read_key(None, environment) == "from-outside"
    assert read_key(None, {}) is None
    assert read_key(None, {"CROSSJUDGE_API_KEY": ""}) is None


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", 7])
def test_a_key_that_no_header_can_carry_is_refused_and_not_quoted(key):
    with pytest.raises(InputError, match="Reading the key in api_key") as caught:
        Client(api_key=key)
    assert not isinstance(key, str) or len(key) < 3 or key not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"timeout_s": 0}, {"timeout_s": float("inf")}, {"timeout_s": "60"}, {"retries": -1}, {"retries": 1.5},
                 {"max_connections": 0}, {"ssl_context": object()}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(InputError, match="Making a client"):
        Client(**settings)


def test_a_client_makes_judges_and_is_none():
    with pytest.raises(
        TypeError, match=r"Client\.judge\(\): too many positional.* gives a RemoteJudge, which takes the"
    ):
        Client().judge("a premise", "a hypothesis")
    with pytest.raises(TypeError, match=r"Client\.tagger\(\): .*first_stage"):
        Client().tagger(["rain"], first_stage=3)
    assert Client.judge.__qualname__ == "Client.judge"


def test_a_client_shows_its_address_and_no_key():
    assert repr(Client("https://judge.example/", api_key="secret")) == "Client('https://judge.example')"
