"""The family of moved words: both texts have the same words, and the label says whether order changed the meaning."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from crossjudge.errors import InputError
from crossjudge.training.augmentation import made_pairs

SENTENCES = (
    "In 1921, the family moved to a farm near the coast.",
    "The painter left Antwerp for Lisbon and later taught a nephew of Rubens there.",
    "The committee has offices in Norway and Sweden.",
    "The railway that opened in 1884 was closed after 1931 for good.",
    "The roof of the house was repaired by the mayor of Leeds.",
    "The road leads from the harbour over the bridge to the market.",
)
KEPT = {"list turned", "adverbial moved to the end", "sentence reworded"}


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


@pytest.fixture(scope="module")
def pairs():
    return list(made_pairs("scrambles", 24, seed=1, sentences=SENTENCES))


def test_the_words_stay_and_only_their_order_tells(pairs) -> None:
    moved = [pair for pair in pairs if words(pair.text_a) == words(pair.text_b)]
    assert {pair.duplicate for pair in moved} == {True, False}
    assert all(pair.text_a != pair.text_b for pair in pairs)


def test_a_moved_adverbial_or_a_turned_list_is_a_duplicate_and_exchanged_parts_are_not(pairs) -> None:
    kinds = {pair.kind: pair.duplicate for pair in pairs}
    assert all(kinds[kind] for kind in kinds.keys() & KEPT)
    assert not any(kinds[kind] for kind in kinds.keys() - KEPT)
    assert len(kinds.keys() & KEPT) >= 2
    assert len(kinds.keys() - KEPT) >= 3


def test_what_was_exchanged_is_not_entailed(pairs) -> None:
    assert {(pair.duplicate, pair.nli) for pair in pairs} == {(True, "entailment"), (False, "not_entailment")}


def test_without_sentences_there_is_nothing_to_move() -> None:
    with pytest.raises(InputError, match="no sentences to move words in"):
        list(made_pairs("scrambles", 1, seed=1))
