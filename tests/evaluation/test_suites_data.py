"""The shipped suites: whole, well-formed, gold that fits together, unlike each other and the training pairs."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import combinations, islice
from pathlib import Path

import pytest

import crossjudge
from crossjudge.evaluation.suite import (
    NEGATIVE_CONTROL,
    POSITIVE_CONTROL,
    SuitePair,
    check_suite,
    iter_suite,
    load_suite,
    pair_line,
    shipped_suites,
)
from crossjudge.training.decontamination import hash_pairs, leaked, load_hashes

CARDS = shipped_suites()
FILES = [card for card in CARDS.values() if card.path is not None]
GENERATED = [card for card in CARDS.values() if card.path is None]
STRESS = load_suite("stress").pairs
AT_LEAST = {
    "negation": 55,
    "numerical": 56,
    "entity_swap": 45,
    "temporal": 35,
    "quantifier": 35,
    "hedging": 25,
    "positive_control": 35,
    "negative_control": 35,
    "near_miss": 15,
}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def texts(pair: SuitePair) -> tuple[str, str]:
    return pair.text_a, pair.text_b


def in_category(category: str) -> list[SuitePair]:
    return [pair for pair in STRESS if pair.category == category]


# Every suite that ships


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_a_card_states_licence_source_and_what_it_holds(card) -> None:
    assert card.licence == "Apache-2.0"
    assert card.source
    assert card.description
    assert (card.path is None) == (card.generator is not None) == (card.n_pairs > 0)


@pytest.mark.parametrize("card", FILES, ids=lambda card: card.name)
def test_a_shipped_file_has_no_fault_and_is_written_as_pairs_are(card) -> None:
    assert [str(problem) for problem in check_suite(card.name)] == []
    pairs = load_suite(card.name).pairs
    assert card.path.read_text(encoding="utf-8") == "".join(f"{pair_line(pair)}\n" for pair in pairs)
    assert load_suite(card.name).sha256 == hashlib.sha256(card.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("card", FILES, ids=lambda card: card.name)
def test_a_shipped_row_is_labelled_in_full_and_tidy(card) -> None:
    for pair in iter_suite(card.name):
        assert None not in pair.to_dict().values(), pair.id
        assert pair.note, pair.id
        assert pair.domain, pair.id
        for text in texts(pair):
            assert text == " ".join(text.split()), pair.id
            assert text[-1] in '.!?"', pair.id
        assert pair.text_a != pair.text_b, pair.id


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_gold_labels_fit_together(card) -> None:
    """A contradiction holds both ways; a duplicate is entailed both ways; unrelated texts are neutral."""
    for pair in islice(iter_suite(card.name), 500):
        labels = (pair.nli_forward, pair.nli_backward)
        assert (labels[0] == "contradiction") == (labels[1] == "contradiction"), pair.id
        assert pair.duplicate is (pair.category == POSITIVE_CONTROL), pair.id
        assert (labels == ("entailment", "entailment")) is pair.duplicate, pair.id
        assert pair.category != NEGATIVE_CONTROL or labels == ("neutral", "neutral"), pair.id


def test_no_pair_was_trained_on() -> None:
    """By the hashes that the embedded model carries."""
    trained = load_hashes(Path(crossjudge.__file__).parent / "models" / "embedded" / "train_hashes.npy")
    assert len(trained) > 1000
    for card in CARDS.values():
        assert not len(leaked(trained, hash_pairs(texts(pair) for pair in iter_suite(card.name)))), card.name


# stress


def test_there_are_as_many_pairs_of_each_kind_as_promised() -> None:
    counts = Counter(pair.category for pair in STRESS)
    assert counts.keys() == AT_LEAST.keys()
    assert not {category for category, least in AT_LEAST.items() if counts[category] < least}


def test_ids_count_up_within_a_category() -> None:
    for category in AT_LEAST:
        ids = [pair.id for pair in in_category(category)]
        assert ids == [f"{category.replace('_', '-')}-{number:03}" for number in range(1, len(ids) + 1)]


@pytest.mark.parametrize("category", AT_LEAST)
def test_a_category_holds_short_and_long_texts_from_many_domains(category: str) -> None:
    pairs = in_category(category)
    lengths = [len(text.split()) for pair in pairs for text in texts(pair)]
    assert min(lengths) >= 4
    assert max(lengths) <= 40
    assert min(lengths) <= 7
    assert max(lengths) >= 20
    assert {"medical", "legal", "finance", "software", "everyday"} <= {pair.domain for pair in pairs}


def test_no_two_pairs_are_one_frame_with_other_words() -> None:
    """At most four words in ten are shared by the texts of two pairs."""
    vocabularies = [(pair.id, [set(words(text)) for text in texts(pair)]) for pair in STRESS]
    alike = [
        (id_a, id_b)
        for (id_a, ours), (id_b, theirs) in combinations(vocabularies, 2)
        if any(len(one & other) > 0.4 * len(one | other) for one in ours for other in theirs)
    ]
    assert not alike


def test_failures_look_more_alike_than_paraphrases_do() -> None:
    """What makes it hard: judged by shared words, every kind of failure is closer than the true paraphrases."""

    def shared(category: str) -> float:
        overlaps = []
        for pair in in_category(category):
            one, other = (set(words(text)) for text in texts(pair))
            overlaps.append(len(one & other) / len(one | other))
        return sum(overlaps) / len(overlaps)

    failures = AT_LEAST.keys() - {POSITIVE_CONTROL, NEGATIVE_CONTROL}
    assert min(shared(category) for category in failures) > shared(POSITIVE_CONTROL)
    assert shared(NEGATIVE_CONTROL) < 0.2


@pytest.mark.parametrize("card", GENERATED, ids=lambda card: card.name)
def test_a_generated_suite_has_the_stated_number_of_pairs_and_no_errors(card) -> None:
    assert sum(1 for _ in iter_suite(card.name)) == card.n_pairs
    assert not [str(problem) for problem in check_suite(card.name) if problem.is_error]
