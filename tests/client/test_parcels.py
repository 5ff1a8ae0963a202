"""Large inputs go in parcels that the server takes, and come back in order, whatever it refuses on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.conversations import REFUSED, answer, held, refusal, results, server
from crossjudge import errors
from crossjudge.client.errands import Errand, Load
from crossjudge.client.parcels import MOST_PAIRS, Pace, batch, fitting
from crossjudge.client.server import Limits

ERRAND = Errand(
    doing="Counting",
    path="/v1/count",
    many="texts",
    settings={"model": None},
    plain=lambda text, _: text,
    pairs=lambda _: 10,
    result=str,
)


def texts_of(request):
    return json.loads(request.body)["texts"]


class Counter:
    """A server that answers with the texts themselves, within its limits; `outcomes` come first."""

    def __init__(self, *outcomes, **limits):
        self.coming, self.limits, self.served = list(outcomes), limits, []

    def __call__(self, request):
        if request.path != ERRAND.path:
            return REFUSED
        if self.coming:
            return self.coming.pop(0)
        texts = texts_of(request)
        for name, allowed in self.limits.items():
            seen = self.size(name, request, texts)
            if seen > allowed:
                return refusal(413, "too_large", limit=name, allowed=allowed, seen=seen)
        self.served += texts
        return results(*texts)

    @staticmethod
    def size(name, request, texts):
        sizes = {"items": len(texts), "body_bytes": len(request.body), "pairs": 10 * len(texts)}
        return sizes[name] if name in sizes else max(map(len, texts))


def count(texts, counter, *, known=None, progress=None):
    """What a batch of these texts comes to."""
    return held(batch(known or server(retries=0), ERRAND, texts, progress), counter)


TEXTS = [f"text {n}" for n in range(100)]


@pytest.mark.parametrize(
    "limits", [{}, {"items": 7}, {"items": 1}, {"body_bytes": 200}, {"pairs": 50}, {"items": 30, "pairs": 33}]
)
def test_all_are_answered_in_order_within_every_limit(limits):
    counter = Counter(**limits)
    assert count(TEXTS, counter).result == TEXTS
    assert counter.served == TEXTS


@given(st.lists(st.text(max_size=20), max_size=60), st.integers(1, 12), st.integers(150, 400))
def test_so_are_any_texts(texts, items, body_bytes):
    assert count(texts, Counter(items=items, body_bytes=body_bytes)).result == texts


def test_what_was_learned_of_the_limits_is_kept():
    known, counter = server(retries=0), Counter(items=7)
    count(TEXTS, counter, known=known)
    assert known.limits.items == 7
    assert len(count(TEXTS, counter, known=known).requests) == 15  # none is refused any more


def test_one_input_alone_over_a_limit_is_named():
    texts = [*TEXTS[:20], "x" * 50, *TEXTS[20:]]
    counter = Counter(text_chars=20)
    told = count(texts, counter)
    assert isinstance(told.error, errors.LimitError)
    assert (told.error.index, told.error.limit, told.error.allowed, told.error.seen) == (20, "text_chars", 20, 50)
    assert counter.served == texts[:20]


@pytest.mark.parametrize("outcome", [refusal(504, "deadline_exceeded"), refusal(429, "overloaded")])
def test_what_is_too_much_at_once_is_asked_in_smaller_parcels(outcome):
    counter = Counter(outcome, outcome)
    told = count(TEXTS, counter)
    assert told.result == TEXTS
    first, second, third, *_ = map(len, map(texts_of, told.requests))
    assert first > second > third


def test_one_input_that_takes_too_long_is_an_error():
    told = count(TEXTS[:1], Counter(refusal(504, "deadline_exceeded")))
    assert isinstance(told.error, errors.ServerTimeoutError)


def test_an_error_of_an_input_has_its_place_among_all():
    bad = [results(*TEXTS[:25]), refusal(422, "invalid_input", "Counting: text 2 is blank.", index=2)]
    error = count(TEXTS, Counter(*bad)).error
    assert isinstance(error, errors.ItemError)
    assert error.index == 27
    assert str(error) == "Input 27 (counted from 25 in what follows): Counting: text 2 is blank."


def test_results_of_two_models_are_not_put_together():
    told = count(TEXTS, Counter(results(*TEXTS[:25], fingerprint="one"), results(*TEXTS[25:35], fingerprint="two")))
    assert isinstance(told.error, errors.FingerprintError)
    assert "by the model one, and those from 25 on by two" in str(told.error)


@pytest.mark.parametrize(
    "found", [results(*TEXTS[:3]), results(*TEXTS[:24], 7), answer({"results": TEXTS}), answer({"fingerprint": "one"})]
)
def test_an_answer_that_is_not_what_was_asked_is_an_error(found):
    assert isinstance(count(TEXTS, Counter(found)).error, errors.ForeignServerError)


def test_progress_hears_of_every_parcel():
    heard = []
    count(TEXTS, Counter(items=40), progress=lambda *one: heard.append(one))
    assert heard[-1] == (100, 100)
    assert heard == sorted(set(heard))


@pytest.mark.parametrize("inputs", ["one text", b"bytes", {"a": "b"}, 7, None])
def test_what_is_no_list_is_refused_before_anything_is_sent(inputs):
    told = count(inputs, Counter())
    assert isinstance(told.error, errors.InputError)
    assert not told.requests


@given(st.lists(st.builds(Load, st.binary(min_size=1, max_size=50), st.integers(1, 99)), min_size=1), st.data())
def test_a_parcel_holds_as_much_as_fits_and_never_nothing(loads, data):
    start = data.draw(st.integers(0, len(loads) - 1))
    limits = Limits(body_bytes=120, items=5)
    parcel = fitting(loads, start, pairs=100, limits=limits)
    assert parcel == loads[start : start + len(parcel)]

    def fits(some):
        pairs, size = sum(one.pairs for one in some), sum(len(one.body) + 1 for one in some)
        return len(some) <= 5 and pairs <= 100 and size <= 120

    assert len(parcel) == 1 or fits(parcel)
    after = loads[start : start + len(parcel) + 1]
    assert len(after) == len(parcel) or not fits(after)


def test_the_pace_follows_the_server():
    quick, slow = Pace(), Pace()
    for _ in range(10):
        quick.after(quick.pairs, 0.1)
        slow.after(slow.pairs, 60.0)
    assert quick.pairs == MOST_PAIRS
    assert slow.pairs < 64
