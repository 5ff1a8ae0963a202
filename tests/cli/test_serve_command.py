"""`crossjudge serve`: what it refuses before it listens."""

from __future__ import annotations

import pytest
from command_line import crossjudge

from crossjudge.cli.serve import KeyOptions, ServedModelOptions, ServerOptions, address, parse_limits
from crossjudge.errors import InputError


def test_a_public_address_needs_a_key(monkeypatch):
    monkeypatch.delenv("CROSSJUDGE_API_KEYS", raising=False)
    answer = crossjudge("serve", "--host", "0.0.0.0", "--port", "0")
    assert answer.code == 2
    assert "no key is set" in answer.err


def test_a_public_address_takes_no_key_that_can_be_guessed(monkeypatch):
    monkeypatch.setenv("CROSSJUDGE_API_KEYS", "abcde")
    answer = crossjudge("serve", "--host", "0.0.0.0", "--port", "0")
    assert answer.code == 2
    assert "has 5 characters" in answer.err
    assert KeyOptions().keys(host="127.0.0.1").name_of("abcde")


def test_limits_are_stated_by_name():
    assert parse_limits(["drain_s=2.5", "items=7"]).items == 7
    assert parse_limits(["drain_s=2.5"]).drain_s == 2.5


@pytest.mark.parametrize("bad", ["items", "items=many", "itmes=7", "items=1.5"])
def test_a_limit_that_is_none_is_refused(bad):
    with pytest.raises(InputError, match="expected NAME=NUMBER with a NAME of body_bytes"):
        parse_limits([bad])


def test_a_model_may_be_given_a_name():
    assert ServedModelOptions(model=["small=./folder", "org/model"]).named == {
        "small": "./folder",
        "org/model": "org/model",
    }


@pytest.mark.parametrize(
    ("stated", "opened"),
    [
        ({}, "http://127.0.0.1:8080/"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8080/"),
        ({"host": "::1"}, "http://[::1]:8080/"),
        ({"host": "judge.example", "ssl_certfile": "cert.pem"}, "https://judge.example:8080/"),
    ],
)
def test_people_are_told_what_to_open(stated, opened):
    assert address(ServerOptions(**stated), 8080) == opened
