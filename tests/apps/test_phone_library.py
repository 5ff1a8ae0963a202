"""Phone numbers by a library: each country's own, at exact offsets, beside the recognisers in the box."""

from __future__ import annotations

import sys

import pytest

from crossjudge.apps.guarding import Guardrail, default_recognizers, phone_recognizer, recognize
from crossjudge.errors import InputError, MissingExtraError
from crossjudge.models.cross_encoder import CrossEncoder

pytest.importorskip("phonenumbers")

BRITISH = "Ask for Jo on 02079460958 after six."


def found(text: str, *regions: str) -> list[tuple[str, str]]:
    return [
        (text[one.start : one.end], one.kind)
        for one in recognize(text, [*default_recognizers(), phone_recognizer(*regions)])
    ]


def test_a_number_in_one_run_is_found_by_the_plan_of_its_country():
    assert recognize(BRITISH) == []
    assert found(BRITISH, "GB") == [("02079460958", "phone")]
    assert found(BRITISH, "US") == []


def test_several_countries_and_our_own_rules_work_together():
    text = f"{BRITISH} Or write to jo@example.org, or call 81234 56789 in Pune, or +49 30 901820."
    kinds = found(text, "gb ", "IN")
    assert kinds == [
        ("02079460958", "phone"),
        ("jo@example.org", "email"),
        ("81234 56789", "phone"),
        ("+49 30 901820", "phone"),
    ]


@pytest.mark.parametrize("text", ["Order 20231204 of 12 pieces.", "Pages 1024-1032 of 2048.", "4111 1111 1111 1112"])
def test_figures_that_no_plan_has_are_not_found(text):
    assert found(text, "GB", "DE") == []


def test_a_hit_fails_the_policy_that_forbids_it():
    guardrail = Guardrail(
        {"calls": "This text contains no phone numbers."},
        recognizers=[phone_recognizer("GB")],
        model=CrossEncoder(backend="fake"),
        thresholds=0.0,
    )
    result = guardrail(BRITISH)
    assert (result.decision, result.redacted(BRITISH)) == ("BLOCK", "Ask for Jo on [PHONE] after six.")


@pytest.mark.parametrize("regions", [(), ("Britain",), ("GB", "XX"), (["GB"],), (None,)])
def test_a_country_that_the_library_does_not_know_is_named(regions):
    with pytest.raises(InputError, match="expected countries as two letters"):
        phone_recognizer(*regions)


def test_a_country_by_another_name_is_told_its_letters():
    with pytest.raises(InputError, match=r"got 'uk'; .* Say 'GB'\."):
        phone_recognizer("IN", "uk")


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'crossjudge\[phones\]'"):
        phone_recognizer("GB")
