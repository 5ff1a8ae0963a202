"""How one pair is read: every token is judged or counted as dropped, and the protected text stays whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.errors import InputError, TooLongError
from crossjudge.reading import MOST_WINDOWS, PROTECTED_STEP, Reader, Reading, grouped
from crossjudge.text.tokenization import longest_first
from crossjudge.types import Encoding, IntArray

A, B = 1_000, 1_000_000
"""Token ids of text_a count from A and those of text_b from B, so that every token can be told from every other."""


def reader(room: int, *, side: str = "a", on_overflow: str = "window") -> Reader:
    def assemble(ids_a: IntArray, ids_b: IntArray) -> Encoding:
        keep_a, keep_b = longest_first(len(ids_a), len(ids_b), room)
        ids = np.concatenate([ids_a[:keep_a], ids_b[:keep_b]])
        return Encoding(ids, np.zeros_like(ids), 0, keep_a, len(ids_a) - keep_a, keep_b, len(ids_b) - keep_b)

    return Reader(assemble=assemble, room=room, read_side=side, on_overflow=on_overflow)


def texts(len_a: int, len_b: int) -> tuple[IntArray, IntArray]:
    return np.arange(A, A + len_a), np.arange(B, B + len_b)


def read(len_a: int, len_b: int, room: int, *, side: str = "a", on_overflow: str = "window") -> Reading:
    return reader(room, side=side, on_overflow=on_overflow).read(*texts(len_a, len_b), index=0)


def sides(encoding: Encoding) -> tuple[set[int], set[int]]:
    ids = encoding.input_ids.tolist()
    return {one for one in ids if one < B}, {one for one in ids if one >= B}


lengths = st.integers(0, 90)  # 90 times 90 windows of one token each are still allowed
rooms = st.integers(2, 60)


@given(lengths, lengths, rooms, st.sampled_from("ab"))
def test_windows_read_every_token_of_both_texts_and_drop_none(len_a: int, len_b: int, room: int, side: str) -> None:
    reading = read(len_a, len_b, room, side=side)
    seen = set().union(*(one.input_ids.tolist() for one in reading.encodings))
    assert seen == {*range(A, A + len_a), *range(B, B + len_b)}
    assert (reading.tokens_read, reading.tokens_dropped) == (len_a + len_b, 0)
    assert not any(one.tokens_dropped for one in reading.encodings)
    assert len(reading.encodings) == reading.shape[0] * reading.shape[1]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 16), st.sampled_from("ab"))
def test_every_part_of_one_text_meets_every_part_of_the_other(len_a: int, len_b: int, room: int, side: str) -> None:
    met = {pair for one in read(len_a, len_b, room, side=side).encodings for pair in product(*sides(one))}
    assert met == set(product(range(A, A + len_a), range(B, B + len_b)))


@given(st.integers(0, 90), st.integers(0, 1_000), st.sampled_from("ab"))
def test_a_protected_text_that_leaves_a_quarter_is_whole_in_every_window(protected: int, long: int, side: str) -> None:
    len_a, len_b = (long, protected) if side == "a" else (protected, long)
    for one in read(len_a, len_b, 120, side=side).encodings:
        assert len(sides(one)[1 if side == "a" else 0]) == protected


def test_a_hypothesis_longer_than_the_window_is_read_in_parts_against_all_of_the_premise() -> None:
    reading = read(500, 400, 100)
    rows, columns = reading.shape
    assert rows > 1
    assert columns > 1
    for row in range(rows):
        beside = reading.encodings[row * columns : (row + 1) * columns]
        assert len({frozenset(sides(one)[1]) for one in beside}) == 1, (
            "row-major: one row is one part of the hypothesis"
        )
        assert set().union(*(sides(one)[0] for one in beside)) == set(range(A, A + 500))


@given(st.integers(0, 400), st.integers(0, 400), rooms, st.sampled_from("ab"))
def test_truncation_counts_exactly_what_it_leaves_out(len_a: int, len_b: int, room: int, side: str) -> None:
    reading = read(len_a, len_b, room, side=side, on_overflow="truncate")
    (encoding,) = reading.encodings
    assert reading.tokens_read == len(encoding.input_ids) == min(len_a + len_b, room)
    assert reading.tokens_read + reading.tokens_dropped == len_a + len_b


def test_truncation_cuts_the_text_that_is_read_and_keeps_the_protected_one() -> None:
    (encoding,) = read(500, 40, 100, on_overflow="truncate").encodings
    assert (encoding.kept_a, encoding.kept_b) == (60, 40)
    (encoding,) = read(40, 500, 100, side="b", on_overflow="truncate").encodings
    assert (encoding.kept_a, encoding.kept_b) == (40, 60)


@pytest.mark.parametrize("on_overflow", ["window", "truncate", "error"])
def test_a_pair_that_fits_is_read_whole_and_once(on_overflow: str) -> None:
    reading = read(60, 40, 100, on_overflow=on_overflow)
    assert (len(reading.encodings), reading.tokens_read, reading.tokens_dropped) == (1, 100, 0)


def test_error_names_the_pair_and_the_two_ways_on() -> None:
    with pytest.raises(TooLongError, match=r"pair 7: 90 and 11 tokens, and 100 fit.*'window'.*'truncate'") as caught:
        reader(100, on_overflow="error").read(*texts(90, 11), index=7)
    assert caught.value.index == 7


def test_too_many_windows_are_refused_rather_than_left_to_fill_the_memory() -> None:
    with pytest.raises(TooLongError, match=rf"pair 3: .* at most {MOST_WINDOWS} are judged") as caught:
        reader(4).read(*texts(2_000, 2_000), index=3)
    assert caught.value.index == 3


def test_a_policy_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match="on_overflow is 'cut'; expected one of window, truncate, error"):
        reader(100, on_overflow="cut")


@given(st.integers(0, PROTECTED_STEP), st.integers(200, 400))
def test_hypotheses_of_like_length_ask_of_the_same_windows_of_the_premise(length: int, premise: int) -> None:
    """So that a one-way model reads each window once for all of them."""

    def premise_windows(hypothesis: int) -> list[set[int]]:
        return [sides(one)[0] for one in read(premise, hypothesis, 120).encodings]

    assert premise_windows(length) == premise_windows(PROTECTED_STEP)


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(1, 12))
def test_groups_keep_the_order_and_stay_within_the_limit(sizes: list[int], most: int) -> None:
    encoding = read(1, 1, 9).encodings[0]
    readings = [Reading([encoding] * size, (1, size), 0, 0) for size in sizes]
    groups = list(grouped(readings, most_encodings=most))
    assert [one for group in groups for one in group] == readings
    assert all(len(group) == 1 or sum(len(one.encodings) for one in group) <= most for group in groups)


@pytest.mark.parametrize(("unknown", "dropped"), [(0, 0), (1, 0), (2, 2), (4, 4)])
def test_a_text_of_mostly_unknown_tokens_was_not_read(unknown: int, dropped: int) -> None:
    ids_a, ids_b = texts(4, 3)
    ids_a[:unknown] = 7
    whole = replace(reader(20), unknown_id=7).read(ids_a, ids_b, index=0)
    assert (whole.tokens_read, whole.tokens_dropped) == (7 - dropped, dropped)
    swapped = replace(reader(20), unknown_id=7).read(ids_b, ids_a, index=0)
    assert swapped.tokens_dropped == dropped
    assert reader(20).read(ids_a, ids_b, index=0).tokens_dropped == 0
