"""Templates: a hypothesis reads as a person would write it, and the label stays in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.apps.templates import fill, stated


@pytest.mark.parametrize(
    ("template", "words", "said"),
    [
        ("This text is about {}.", "rain", "This text is about rain."),
        ("This is a {} message.", "urgent", "This is an urgent message."),
        ("This is an {}.", "complaint", "This is a complaint."),
        ("A {} is named.", "hour", "An hour is named."),
        ("It is a {}.", "university", "It is a university."),
        ("It is a {}.", "unimportant detail", "It is an unimportant detail."),
        ("It is a {}.", "one-off", "It is a one-off."),
        ("It is a {}.", "European firm", "It is a European firm."),
        ("It is a {}.", "FAQ", "It is an FAQ."),
        ("It is a {}.", "UFO", "It is a UFO."),
        ("It is a {}.", "X-ray", "It is an X-ray."),
        ("The answer is {}.", "at six a.m.", "The answer is at six a.m."),
        ("Is it {}?", "late.", "Is it late?"),
        ("Data {} here", "x.", "Data x. here"),
    ],
)
def test_words_stand_in_their_template_as_one_would_write_them(template, words, said):
    assert fill(template, words) == said


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("late_delivery", "This text is about late delivery."),
        ("order__not_found", "This text is about order not found."),
        ("The customer is angry.", "The customer is angry."),
        ("people who are angry", "This text is about people who are angry."),
        ("People who are angry.", "This text is about People who are angry."),
        ("  rain ", "This text is about rain."),
    ],
)
def test_a_label_is_spoken_and_a_sentence_is_asked_as_it_is(label, said):
    assert stated("This text is about {}.", label) == said


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(["It is {}", "a {} b", "An {}", "{}", "{}."]))
def test_nothing_of_the_words_is_lost_but_a_stop(template_words, template):
    assert template_words.strip().rstrip(".") in fill(template, template_words)
