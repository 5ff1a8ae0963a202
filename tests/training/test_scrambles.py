"""The family of moved words: both texts have the same words, and the label says whether order changed the meaning."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from random import Random

import pytest

from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.training.augmentation import FAMILIES, MadePair, made_pairs

SENTENCES = (
    "In 1921, the family moved to a farm near the coast.",
    "The painter left Antwerp for Lisbon and later taught a nephew of Rubens there.",
    "The committee has offices in Norway and Sweden.",
    "The railway that opened in 1884 was closed after 1931 for good.",
    "The roof of the house was repaired by the mayor of Leeds.",
    "The road leads from the harbour over the bridge to the market.",
)
KEPT = {"list turned", "adverbial moved to the end", "sentence reworded"}
LISTS = {
    "The committee has offices in Norway and Sweden.": "The committee has offices in Sweden and Norway.",
    "The valley is known for its herds of horses and goats.": "The valley is known for its herds of goats and horses.",
    "Many letters came from Mary Hale and Tom Reed during the war.": "Many letters came from Tom Reed and Mary Hale "
    "during the war.",
    "The choir sang in large villages, towns and cities.": "The choir sang in large villages, cities and towns.",
}
NO_LISTS = (
    "The old maps were left to the readers of Alder and Birch Lane Library.",
    "The tribe has lived on the shores of Lake Huron and Erie.",
    "The shop in the village sells cheap electrical wires and tools.",
    "The collection that was begun by Ansel and Bertram continues to grow.",
    "Most of the seals come ashore here to give birth and breed.",
    "The travellers were told to cross the river and rest.",
    "As a young man he served the Bishop of Bath and Wells.",
    "The ferry calls once a week in Antigua and Barbuda.",
    "She wrote about the lives of Peter and Paul's first teacher.",
    "For many years they lived in Paris and Lyon, where he died.",
    "The plays were put on by Ansel Hale and Tom Reed of Leeds.",
    "The blow hit him on the crook of the elbow and groin.",
)


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


def turned(sentences: tuple[str, ...], count: int = 300) -> list[MadePair]:
    """What becomes of the sentences beside those above, repeated pairs and all."""
    made = islice(FAMILIES["scrambles"](Random(2), [*SENTENCES, *sentences]), count)
    return [pair for pair in made if {pair.text_a, pair.text_b} & set(sentences)]


def test_a_list_is_turned() -> None:
    pairs = {frozenset((pair.text_a, pair.text_b)) for pair in turned(tuple(LISTS)) if pair.kind == "list turned"}
    assert pairs >= {frozenset(pair) for pair in LISTS.items()}


@pytest.mark.parametrize("text", NO_LISTS)
def test_no_list_is_turned_where_a_word_may_belong_to_one_of_the_two_or_to_both(text: str) -> None:
    assert "list turned" not in {pair.kind for pair in turned((text,), 100)}


def test_no_adverbial_is_moved_behind_a_clause_that_it_would_then_belong_to() -> None:
    clauses = (
        "In 1991, the book was printed again after being banned.",
        "In 1991, the mayor promised to rebuild the mill.",
        "In 1991, the house was sold; the mill was kept.",
        "In 1991, the mayor announced he would sell the mill.",
        "In 1991, the singer was praised for playing the harp.",
        "In 1991, the roof was safe if the beams were dry.",
    )
    one_clause = "In 1991, the book was printed again."
    assert not [pair for pair in turned(clauses) if "in 1991." in pair.text_a + pair.text_b]
    assert [pair for pair in turned((one_clause,)) if "in 1991." in pair.text_a + pair.text_b]


def test_rewording_never_leads_back_to_the_same_words_in_the_same_order() -> None:
    back = ("The tower was almost lost in the flood.", "In 1921, the family bought a farm near the coast.")
    pairs = turned(back, 2000)
    assert len(pairs) > 100
    assert all(normalized(pair.text_a) != normalized(pair.text_b) for pair in pairs)


def test_without_sentences_there_is_nothing_to_move() -> None:
    with pytest.raises(InputError, match="no sentences to move words in"):
        list(made_pairs("scrambles", 1, seed=1))
