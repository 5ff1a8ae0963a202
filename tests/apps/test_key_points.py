"""Key points: sentences, list items and clauses with a subject of their own; nothing of the reference is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.apps.key_points import key_points


@pytest.mark.parametrize(
    ("reference", "points"),
    [
        ("Salt melts ice.", ["Salt melts ice."]),
        ("Salt melts ice. Sand only gives grip.", ["Salt melts ice.", "Sand only gives grip."]),
        ("Salt melts ice; sand only gives grip.", ["Salt melts ice", "sand only gives grip."]),
        ("The lamp glows, but it gives no heat.", ["The lamp glows", "it gives no heat."]),
        ("- the lamp glows\n- the wire is hot", ["the lamp glows", "the wire is hot"]),
        ("1. Switch it off.\n2. Pull the plug.", ["Switch it off.", "Pull the plug."]),
        ("Dr. Koch found it in 1882.", ["Dr. Koch found it in 1882."]),
    ],
)
def test_points_are_what_can_be_right_or_wrong_by_itself(reference, points):
    assert key_points(reference) == points


@pytest.mark.parametrize(
    "reference",
    ["Sun, soil, and water are needed.", "It is red, and blue.", "It is wet, so that it slips.", "oxygen", "Yes. No."],
)
def test_a_list_of_words_is_one_point(reference):
    assert key_points(reference) == [reference]


def test_a_point_that_is_said_twice_counts_once():
    assert key_points("It floats. It is light. It floats.") == ["It floats.", "It is light."]


@given(st.text(alphabet="ab .;,\n", min_size=1).filter(str.strip))
def test_points_hold_words_of_the_reference_only(text):
    points = key_points(text)
    assert points
    assert all(point in text for point in points)
