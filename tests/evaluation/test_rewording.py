"""Surface changes: each rule changes what it names, nothing else, and can be told apart from none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.evaluation.rewording import (
    REWORDINGS,
    contractions,
    last_stop,
    lower_case,
    quotes,
    synonyms,
    white_space,
)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("It does not rain.", "It doesn't rain."),
        ("It DOES NOT rain.", "It DOESN'T rain."),
        ("Do not open it.", "Don't open it."),
        ("It doesn't rain.", "It does not rain."),
        ("It doesn\u2019t rain.", "It does not rain."),
        ("He cannot come and will not call.", "He can't come and won't call."),
        ("Isn't it late?", "Isn't it late?"),
        ("It rains.", "It rains."),
        ("The donut is here.", "The donut is here."),
    ],
)
def test_negations_are_contracted_or_spelled_out(text, changed):
    assert contractions(text) == changed


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("The US and I agree.", "the US and I agree."),
        ("NATO met in Rome", "NATO met in rome"),
        ("Ünter", "ünter"),
        ("McDonald pays", "McDonald pays"),
    ],
)
def test_lower_case_leaves_acronyms_alone(text, changed):
    assert lower_case(text) == changed


@pytest.mark.parametrize(
    ("text", "changed"),
    [("It rains.", "It rains"), ("It rains", "It rains."), ("Does it?", "Does it?"), ("And so...", "And so...")],
)
def test_the_last_full_stop_comes_and_goes(text, changed):
    assert last_stop(text) == changed


def test_quotes_are_made_typographic_or_straight():
    assert quotes('She said "yes", didn\'t she?') == "She said \u201cyes\u201d, didn\u2019t she?"
    assert quotes("She said \u201cyes\u201d, didn\u2019t she?") == 'She said "yes", didn\'t she?'


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("She waited until two.", "She waited till 2."),
        ("Nobody came.", "No one came."),
        ("Twenty-two of two hundred took two thirds.", "Twenty-two of two hundred took two thirds."),
        ("It rains.", "It rains."),
    ],
)
def test_words_are_exchanged_only_where_they_mean_the_same(text, changed):
    assert synonyms(text) == changed


@given(st.text(max_size=80))
def test_white_space_adds_nothing_else(text):
    assert white_space(text).split() == text.split()


@given(st.text(max_size=80))
def test_case_changes_case_alone(text):
    assert lower_case(text).casefold() == text.casefold() or lower_case(text).lower() == text.lower()


@pytest.mark.parametrize("rewording", REWORDINGS, ids=lambda rewording: rewording.name)
@pytest.mark.parametrize("text", ["", " ", "?", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002", "'"])
def test_every_rule_takes_any_text(rewording, text):
    assert isinstance(rewording.change(text), str)
