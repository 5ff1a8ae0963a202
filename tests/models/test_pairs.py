"""Whatever a caller reasonably calls pairs is read as pairs; whatever is not names the index that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from sentence_transformers import CrossEncoder as Reference

from crossjudge.errors import CrossjudgeError, InputError, PairError
from crossjudge.models.pairs import is_single, to_pair, to_pairs, to_texts
from crossjudge.types import Pair

TWO = [("a", "b"), ("c", "d")]
TWO_PAIRS = [Pair("a", "b"), Pair("c", "d")]

MANY: dict[str, Any] = {
    "tuples": TWO,
    "lists": [["a", "b"], ["c", "d"]],
    "a tuple of tuples": tuple(TWO),
    "a numpy array": np.array(TWO),
    "a numpy array of objects": np.array(TWO, dtype=object),
    "rows that are arrays": [np.array(["a", "b"]), np.array(["c", "d"])],
    "a datasets column": Dataset.from_dict({"pair": [["a", "b"], ["c", "d"]]})["pair"],
    "a zip": zip(["a", "c"], ["b", "d"], strict=True),
    "a generator": (pair for pair in TWO),
    "pairs": TWO_PAIRS,
}


@pytest.mark.parametrize("kind", MANY)
def test_many_pairs_are_read_in_order(kind: str) -> None:
    assert not is_single(MANY[kind])
    assert to_pairs(MANY[kind]) == TWO_PAIRS


@pytest.mark.parametrize("one", [("a", "b"), ["a", "b"], np.array(["a", "b"]), Pair("a", "b")])
def test_one_pair_is_told_from_many(one: Any) -> None:
    assert is_single(one)
    assert to_pair(one) == Pair("a", "b")


@pytest.mark.parametrize("none", [[], (), np.array([]), np.zeros((0, 2), dtype=str), iter(()), Dataset.from_list([])])
def test_nothing_is_no_pairs(none: Any) -> None:
    assert not is_single(none)
    assert to_pairs(none) == []


@pytest.mark.parametrize("kind", ["tuples", "lists", "a tuple of tuples", "a numpy array", "a datasets column"])
def test_one_is_told_from_many_by_the_references_rule(kind: str) -> None:
    class Rule:
        is_singular_input = Reference.is_singular_input

    assert is_single(MANY[kind]) == Rule().is_singular_input(MANY[kind])
    assert is_single(MANY[kind][0]) == Rule().is_singular_input(MANY[kind][0])


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        (None, "got None where a pair"),
        ("ab", "got str 'ab' where a pair"),
        (b"ab", "got bytes b'ab' where a pair"),
        (7, "got int 7 where a pair"),
        ({"a": "b"}, "got dict"),
        ({"a", "b"}, "got set"),
        ((), r"got 0 item\(s\)"),
        (("a",), r"got 1 item\(s\)"),
        (("a", "b", "c"), r"got 3 item\(s\)"),
        (("a", None), "the second text is None"),
        ((None, "b"), "the first text is None"),
        ((1, "b"), "the first text is int 1"),
        (("a", float("nan")), "the second text is float nan"),
        (("a", b"b"), "the second text is bytes b'b'"),
        (("a", ["b"]), r"the second text is list \['b'\]"),
        (np.array([1, 2]), "the first text is int 1"),
        (np.array("ab"), "got str 'ab'"),
    ],
)
def test_a_row_that_is_not_two_texts_is_named_by_its_index(row: Any, seen: str) -> None:
    for index, rows in ((2, [*TWO, row]), (0, [row, *TWO])):
        with pytest.raises(PairError, match=rf"pair {index}: .*{seen}.*Expected \(text_a, text_b\)") as caught:
            to_pairs(rows)
        assert caught.value.index == index


@pytest.mark.parametrize("nothing", ["a text", b"bytes", None, 3, 2.5, object()])
def test_what_is_no_list_at_all_is_refused_with_an_example(nothing: Any) -> None:
    with pytest.raises(InputError, match="expected a list of"):
        to_pairs(nothing)
    with pytest.raises(InputError, match="expected a list of strings"):
        to_texts(nothing)


def test_a_long_value_is_not_printed_whole() -> None:
    with pytest.raises(PairError) as caught:
        to_pairs([("a", list(range(10_000)))])
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("make", [list, tuple, iter, np.array])
def test_texts_are_read_in_order(make: Callable[[list[str]], Any]) -> None:
    assert to_texts(make(["a", "", "b"])) == ["a", "", "b"]


@pytest.mark.parametrize("text", [None, 1, b"b", ["b"], Pair("a", "b")])
def test_a_text_that_is_none_is_named_by_its_index(text: Any) -> None:
    with pytest.raises(PairError, match=r"text 1 is .*expected a string") as caught:
        to_texts(["a", text])
    assert caught.value.index == 1
    assert isinstance(caught.value, (CrossjudgeError, ValueError))


def test_several_texts_in_the_place_of_one_are_told_how_to_be_pairs() -> None:
    with pytest.raises(
        PairError, match=r"the second text is list .*for several, make a pair of each: \[\(text_a, text_b"
    ):
        to_pairs([("a", ["b", "c"])])
    with pytest.raises(PairError, match="drop the row or convert it"):
        to_pairs([("a", [])])
