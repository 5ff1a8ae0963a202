"""What is said over and over is said once; short repetitions, and all else, stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.text.repetition import LONGEST_RUN, said_once

words = st.lists(st.sampled_from(["ice", "is", "Water", "cold.", "7"]), max_size=30)


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("I do not know. " * 9, "I do not know."),
        ("idk lol " * 40, "idk lol"),
        ("It is. No, it is cold. NO, it is cold! no it is cold", "It is. No, it is cold."),
        ("word " * 3000, "word"),
        ("no, no, no", "no, no, no"),
        ("The series is 1 1 1 2.", "The series is 1 1 1 2."),
        ("I know. I know.", "I know. I know."),
        ("", ""),
        (" as  it stands\n", " as  it stands\n"),
    ],
)
def test_said_once(text: str, once: str) -> None:
    assert said_once(text) == once


@given(words, st.integers(3, 6))
def test_however_often_a_text_is_repeated_it_is_not_longer_than_once(said: list[str], times: int) -> None:
    text = " ".join(said)
    if 2 <= len(said) <= LONGEST_RUN:
        assert len(said_once(" ".join([text] * times)).split()) <= len(said)


@given(words)
def test_only_words_of_the_text_are_left_in_their_order(said: list[str]) -> None:
    rest = iter(said)
    assert all(word in rest for word in said_once(" ".join(said)).split())
