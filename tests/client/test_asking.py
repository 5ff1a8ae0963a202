"""A question is asked until it is answered: what may pass is tried again, later each time, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.conversations import HUNG_UP, LATE, REFUSED, answer, held, refusal, server
from crossjudge import errors
from crossjudge.client.asking import answered, asked
from crossjudge.client.patience import LONGEST_WAIT_S, Patience, asked_wait_s
from crossjudge.client.server import GRACE_S, Ask

ASK = Ask(path="/v1/judge", body=b'{"text_a":"a secret"}')
BUSY = refusal(429, "overloaded")
FINE = answer({"fine": True})
DESCRIBED = answer({"info": {"title": "crossjudge", "version": "99.0"}})


def ask(*outcomes, **settings):
    return held(asked(server(**settings), ASK), outcomes)


@pytest.mark.parametrize("passing", [BUSY, refusal(503, "loading"), answer(b"<html>", 503), HUNG_UP])
def test_what_may_pass_is_asked_again(passing):
    told = ask(passing, passing, FINE)
    assert told.result == FINE
    assert len(told.requests) == 3
    assert [request.body for request in told.requests] == [ASK.body] * 3


@pytest.mark.parametrize(
    "lasting",
    [refusal(401, "wrong_key"), refusal(404, "unknown_model"), refusal(422, "invalid_input"), refusal(500, "internal"),
     refusal(504, "deadline_exceeded"), refusal(413, "too_large"), LATE],
)  # fmt: skip
def test_what_will_not_pass_is_not(lasting):
    told = ask(lasting, FINE)
    assert isinstance(told.error, errors.CrossjudgeError)
    assert len(told.requests) == 1


def test_waits_grow_and_are_never_alike_for_all():
    told = ask(*[BUSY] * 20, retries=8, timeout_s=1000)
    assert len(told.pauses) == 8
    longest = [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert all(most / 2 <= wait <= most for wait, most in zip(told.pauses, longest, strict=True))
    assert told.pauses != ask(*[BUSY] * 20, retries=8, timeout_s=1000).pauses


@given(st.integers(0, 12), st.floats(0, 1), st.none() | st.floats(0, 30))
def test_a_wait_is_never_shorter_than_the_server_asks(waited, chance, asked_s):
    patience = Patience(1000.0, 100, lambda: chance, waited)
    assert (asked_s or 0.0) <= patience.wait_s(asked_s) <= (asked_s or 0.0) + LONGEST_WAIT_S


def test_retry_after_is_honoured():
    told = ask(refusal(503, "loading", headers={"retry_after": "7"}), FINE)
    assert 7 <= told.pauses[0] < 8


def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for():
    told = ask(refusal(429, "overloaded", headers={"retry_after": "3600"}), FINE)
    assert isinstance(told.error, errors.BusyError)
    assert not told.pauses


def test_all_tries_together_keep_the_time_that_was_allowed():
    told = ask(*[refusal(429, "overloaded", took_s=3.0)] * 30, timeout_s=20, retries=30)
    assert sum(told.pauses) + 3.0 * len(told.requests) < 23
    assert "It was asked" in str(told.error)
    left = [float(dict(request.headers)["X-Request-Timeout"]) for request in told.requests]
    assert left[0] == 20
    assert left == sorted(left, reverse=True)
    assert [request.within_s for request in told.requests] == [pytest.approx(one + GRACE_S, abs=0.01) for one in left]


def test_a_server_that_was_never_there_is_told_of_at_once_and_one_that_restarts_is_waited_for():
    known = server()
    told = held(asked(known, ASK), [REFUSED])
    assert isinstance(told.error, errors.UnreachableError)
    assert isinstance(told.error, ConnectionError)
    assert not told.pauses
    assert held(asked(known, ASK), [FINE]).result == FINE
    told = held(asked(known, ASK), [REFUSED, REFUSED, FINE])
    assert told.result == FINE
    assert len(told.pauses) == 2


def test_without_retries_nothing_is_tried_again():
    told = ask(BUSY, FINE, retries=0)
    assert isinstance(told.error, errors.BusyError)
    assert told.error.status == 429


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (refusal(422, "invalid_input", index=3), errors.ItemError, "^Words of the server.$"),
        (refusal(422, "invalid_input"), errors.InputError, "^Words of the server.$"),
        (refusal(422, "not_scorable", index=3), errors.NonFiniteLogitsError, "^Words of the server.$"),
        (refusal(404, "unknown_model"), errors.UnknownModelError, "^Words of the server.$"),
        (refusal(422, "wrong_model"), errors.ObjectiveError, "^Words of the server.$"),
        (refusal(401, "missing_key"), errors.KeyRefusedError, "401 missing_key: Words .* CROSSJUDGE_API_KEY"),
        (refusal(413, "too_large", limit="items"), errors.LimitError, "413 items: Words of the server.*--limit"),
        (refusal(504, "deadline_exceeded"), errors.ServerTimeoutError, "Words of the server.*timeout_s"),
        (refusal(500, "internal"), errors.ServerError, "request r-1.*Words of the server"),
        (refusal(501, "not_installed"), errors.ServerError, "not_installed.*Words of the server"),
        (LATE, errors.ServerTimeoutError, "no answer came in time"),
        (REFUSED, errors.UnreachableError, r"connection refused.*crossjudge serve"),
        (answer(b"<html>", 404), errors.ForeignServerError, "status 404, application/json; expected an answer"),
        (
            answer(b"", 301, location="https://judge.example/"),
            errors.ForeignServerError,
            "301 to https://judge.example/",
        ),
        (answer({"error": {"message": "no", "type": "NotFoundError"}}, 404), errors.ForeignServerError, "status 404"),
    ],
)
def test_errors_keep_the_servers_words_and_say_what_to_do(outcome, kind, words):
    told = held(asked(server(retries=0), ASK), [outcome, REFUSED])
    assert type(told.error) is kind
    with pytest.raises(kind, match=words):
        raise told.error


def test_an_error_carries_what_a_program_needs():
    over = ask(refusal(413, "too_large", limit="pairs", allowed=10, seen=30, over_by=20)).error
    assert (over.limit, over.allowed, over.seen, over.status, over.request_id) == ("pairs", 10, 30, 413, "r-1")
    assert over.address == "http://judge.example:8080"
    assert ask(refusal(422, "not_scorable", index=3)).error.index == 3


@pytest.mark.parametrize(
    "outcome",
    [refusal(404, "unknown_route"), refusal(422, "invalid_request"), answer(b"<html>"), answer({"surprise": 1})],
)
def test_a_server_of_another_version_is_called_that(outcome):
    told = held(answered(server(), ASK, int), [outcome, DESCRIBED])
    assert "The server is crossjudge 99.0, and this is crossjudge" in str(told.error)
    assert [request.path for request in told.requests] == ["/v1/judge", "/openapi.json"]


@pytest.mark.parametrize("described", [REFUSED, answer(b"<html>"), answer({"info": {"title": "else"}}), answer([1])])
def test_a_server_that_does_not_say_its_version_is_not_guessed_at(described):
    told = held(answered(server(), ASK, int), [answer(b"<html>"), described])
    assert isinstance(told.error, errors.ForeignServerError)
    assert "it is no JSON" in str(told.error)
    assert "The server is crossjudge" not in str(told.error)


def test_no_text_and_no_key_in_what_is_logged_or_shown(caplog):
    caplog.set_level("DEBUG")
    known = server(key="the-secret-key")
    told = held(asked(known, ASK), [BUSY, refusal(413, "too_large", limit="items")])
    shown = [repr(known), repr(ASK), *map(repr, told.requests), str(told.error), repr(vars(told.error)), caplog.text]
    tried_again = "http://judge.example:8080/v1/judge cannot answer now (429 overloaded). Trying again in"
    assert caplog.text.count(tried_again) == 1
    assert not [one for one in shown if "secret" in one]
    assert dict(told.requests[0].headers)["Authorization"] == "Bearer the-secret-key"


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        (None, None),
    ],
)
def test_a_wait_may_be_stated_as_seconds_or_as_a_time(stated, seconds):
    assert asked_wait_s(stated, "Wed, 21 Oct 2026 07:28:00 GMT") == seconds
