"""Topic: a shared word that says something, whatever its ending; nothing else about meaning is claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.apps.topics import share_a_word

ON = [
    ("The water evaporated.", "Evaporation separates salt."),
    ("PLANTS!", "a plant"),
    ("it is 42", "The answer is 42."),
    ("H2O", "made of h2o"),
    ("植物需要水", "水会蒸发"),
    ("die Lösung", "eine gesättigte LÖSUNG"),
]
OFF = [
    ("I don't know", "I don’t know what plants do"),
    ("It is like this because of that", "Things like this are like that"),
    ("a", "a"),
    ("...", "..."),
    ("植物", "水会蒸发"),
    ("My dog is brown", "Copper conducts heat"),
]


@pytest.mark.parametrize(("text", "other"), ON)
def test_forms_of_a_word_are_shared(text, other):
    assert share_a_word(text, other)


@pytest.mark.parametrize(("text", "other"), OFF)
def test_words_that_say_nothing_are_not_shared(text, other):
    assert not share_a_word(text, other)


@given(st.text(max_size=40), st.text(max_size=40))
def test_sharing_has_no_direction(text, other):
    assert share_a_word(text, other) == share_a_word(other, text)
