"""Short statements on long passages: what a part of a sentence says, the sentence says."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from crossjudge.errors import InputError
from crossjudge.training.augmentation import MadePair, made_pairs
from crossjudge.training.augmentation.passages import LONGEST, shortened

TOWNS, PEOPLE = ("Ulm", "Bergen", "Faro", "Lund"), ("Marta Keller", "Olav Strand", "Rui Matos")
SENTENCES = [
    f"{who} served on the council of {town} in {year}, and the harbour was closed by the guild for several weeks."
    for who, town, year in product(PEOPLE, TOWNS, range(1901, 1991, 10))
]


@pytest.fixture(scope="module")
def pairs() -> list[MadePair]:
    return list(made_pairs("passages", 600, seed=3, sentences=SENTENCES))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "The mill was sold to a baker in 1954 and now houses a small museum of the river.",
            {"The mill was sold to a baker.", "The mill was sold to a baker in 1954."},
        ),
        (
            "In 1920, the company moved the whole works to Leeds because the rent was lower there.",
            {"The company moved the whole works to Leeds."},
        ),
    ],
)
def test_a_sentence_ends_early_where_it_could_have_ended(text: str, parts: set[str]) -> None:
    assert {shortened(Random(seed), text) for seed in range(40)} == parts


@pytest.mark.parametrize(
    "text",
    [
        "She was the first woman in the parliament of that small country.",
        "The bridge was not used by trains after the great flood of that year.",
        "Some members were arrested in the night by soldiers of the other side.",
        "He failed to cross the strait in a small boat with two friends.",
        "When the mill was sold to a baker, the river had been dry for years.",
        "No more than a fragment",
    ],
)
def test_a_sentence_whose_part_may_say_more_is_left_alone(text: str) -> None:
    assert {shortened(Random(seed), text) for seed in range(40)} == {None}


def test_passages_are_long_and_statements_short(pairs: list[MadePair]) -> None:
    lengths = [len(pair.text_a.split()) for pair in pairs]
    assert sum(lengths) / len(lengths) > 60
    assert max(lengths) <= LONGEST + 30, "a passage, and a question behind it"
    assert all(len(pair.text_b.split()) <= 26 for pair in pairs)


def test_what_is_entailed_stands_in_the_passage_and_what_is_not_does_not(pairs: list[MadePair]) -> None:
    parts = [pair for pair in pairs if pair.kind == "passages: part"]
    altered = [pair for pair in pairs if pair.kind == "passages: part, altered"]
    assert len(parts) > 50
    assert len(altered) > 50
    assert all(pair.nli == "entailment" and pair.text_b[1:-1] in pair.text_a for pair in parts)
    assert all(pair.nli == "not_entailment" and pair.text_b[:-1] not in pair.text_a for pair in altered)


def test_an_answer_is_the_subject_of_what_was_asked(pairs: list[MadePair]) -> None:
    answers = [pair for pair in pairs if pair.kind == "passages: answer"]
    assert len(answers) > 20
    for pair in answers:
        asked = pair.text_a.rpartition(". ")[2]
        who = next(one for one in PEOPLE if one in pair.text_b)
        said = asked.removeprefix("Who or what ").removeprefix("What ").rstrip("?")
        assert f"{who} {said}" in pair.text_a


@pytest.mark.parametrize("sentences", [[], ["The mill was sold to a baker in 1954."], ["Perhaps not."] * 60])
def test_without_fit_sentences_there_are_none(sentences: list[str]) -> None:
    with pytest.raises(InputError, match="only 0 distinct"):
        list(made_pairs("passages", 1, seed=0, sentences=sentences))
