"""The families of meaning: labels that hold whatever is drawn, and no pair of the evaluation suites."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from crossjudge.evaluation.suite import iter_suite
from crossjudge.training.augmentation import FAMILIES as MAKERS
from crossjudge.training.augmentation import MadePair, made_pairs
from crossjudge.training.augmentation.quantifiers import label
from crossjudge.training.decontamination import pair_hash

FAMILIES = ("time", "quantifiers", "hedging", "paraphrase")
SENTENCES = (
    "In 1921, the family moved to a farm near the coast.",
    "Most of the bridges were built in the last years of the war.",
    "The river often floods the lower part of the town in spring.",
    "The mill was sold in 1954 and now houses a small museum.",
    "She did not return to the stage, and she began to teach.",
)
DEGREES = {"in full, in part only", "in full, said otherwise", "in full, plain", "plain, to some degree"}


@pytest.fixture(scope="module", params=FAMILIES)
def pairs(request: pytest.FixtureRequest) -> list[MadePair]:
    return list(made_pairs(request.param, 3000, seed=11, sentences=SENTENCES))


def test_a_duplicate_is_an_entailment_that_is_not_weakened(pairs: list[MadePair]) -> None:
    duplicates = [pair for pair in pairs if pair.duplicate]
    assert duplicates
    assert all(pair.nli == "entailment" and not pair.weakened for pair in duplicates)


def test_a_contradiction_is_never_a_duplicate(pairs: list[MadePair]) -> None:
    assert all(pair.duplicate is False for pair in pairs if pair.nli == "contradiction")


def test_what_is_weakened_is_hedged_and_not_a_duplicate(pairs: list[MadePair]) -> None:
    assert all(pair.hedged and pair.duplicate is False for pair in pairs if pair.weakened)


def test_every_label_of_nli_occurs_in_both_kinds_of_text(pairs: list[MadePair]) -> None:
    """Alone and beside another sentence: the length of a text must not give its label away."""
    labels = Counter((pair.nli, pair.text_b.count(". ") > 0) for pair in pairs)
    third = "not_entailment" if pairs[0].family == "paraphrase" else "contradiction"
    wanted = {"entailment", "neutral", third}
    assert {nli for nli, _ in labels if nli} == wanted
    assert all(labels[nli, longer] > 20 for nli in wanted for longer in (False, True))


def test_texts_are_sentences(pairs: list[MadePair]) -> None:
    for text in (text for pair in pairs for text in (pair.text_a, pair.text_b)):
        assert text[-1] in ".?!", text
        assert not text[0].islower(), text
        assert not set(text) & set("{}|*"), text
        assert "  " not in text, text


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_makes_the_same_pairs_and_another_one_others(family: str) -> None:
    first, again, other = (list(made_pairs(family, 200, seed=seed, sentences=SENTENCES)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("family", FAMILIES)
def test_pairs_do_not_run_out(family: str) -> None:
    """Forty thousand distinct pairs without any real sentence."""
    assert sum(1 for _ in made_pairs(family, 40_000, seed=3)) == 40_000


def test_no_pair_is_one_of_the_suites(pairs: list[MadePair]) -> None:
    suites = {pair_hash(row.text_a, row.text_b) for name in ("stress", "stress-long") for row in iter_suite(name)} | {
        pair_hash(row.text_a, row.text_b) for row in islice(iter_suite("stress-generated"), 5000)
    }
    assert not suites & {pair_hash(pair.text_a, pair.text_b) for pair in pairs}


def test_hedging_says_of_every_second_text_whether_it_is_hedged_unless_only_a_degree_changed() -> None:
    pairs = list(made_pairs("hedging", 3000, seed=5, sentences=SENTENCES))
    assert {pair.kind for pair in pairs if pair.hedged is None} == DEGREES
    hedged = Counter(pair.hedged for pair in pairs)
    assert 0.6 < hedged[True] / hedged[False] < 1.6


def test_what_is_hedged_never_entails_the_definite() -> None:
    pairs = made_pairs("hedging", 3000, seed=6, sentences=SENTENCES)
    to_definite = [
        pair for pair in pairs if pair.kind.startswith("definite, ") and pair.hedged is False and pair.weakened is False
    ]
    assert {pair.nli for pair in to_definite if not pair.duplicate and "said otherwise" not in pair.kind} == {"neutral"}


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({40}, {40}, "entailment"),
        ({40}, {1, 40}, "entailment"),
        ({1, 40}, {40}, "neutral"),
        ({0}, {1, 40}, "contradiction"),
    ],
)
def test_quantities_are_labelled_by_the_counts_they_allow(first: set[int], second: set[int], wanted: str) -> None:
    assert label([frozenset(first)], [frozenset(second)]) == wanted


def test_a_quantity_with_two_readings_gets_a_label_only_where_both_agree() -> None:
    few = [frozenset({0, 1}), frozenset({1})]
    assert label(few, [frozenset({1, 2})]) is None
    assert label([frozenset({40})], few) == "contradiction"


# ------------------------------------------------------------------------------------------------------------- of time

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.fixture(scope="module")
def times() -> list[MadePair]:
    return list(made_pairs("time", 8000, seed=4))


def of_kind(pairs: list[MadePair], kind: str) -> list[MadePair]:
    found = [pair for pair in pairs if pair.kind == kind]
    assert found, kind
    return found


def test_deadlines_that_exclude_each_other_are_two_dates_or_two_weekdays(times: list[MadePair]) -> None:
    for pair in of_kind(times, "other deadline"):
        due = [text[text.index(" to be ") :] for text in (pair.text_a, pair.text_b)]
        assert len({any(day in text for day in WEEKDAYS) for text in due}) == 1, pair


def test_rates_that_exclude_each_other_are_counted(times: list[MadePair]) -> None:
    for pair in of_kind(times, "other rate"):
        for text in (pair.text_a, pair.text_b):
            assert "every" not in text, pair
            assert "exactly" in text or "daily" in text, pair


def test_what_is_begun_is_no_duplicate_of_what_is_begun_recently(times: list[MadePair]) -> None:
    begun = [pair for pair in times if "did not use to" in pair.text_a + pair.text_b]
    assert begun
    assert not any(pair.duplicate for pair in begun if "recently" in pair.text_a + pair.text_b)


def edits(family: str, *sentences: str) -> list[MadePair]:
    """What a family makes of these sentences."""
    made = islice(MAKERS[family](Random(3), sentences), 1500)
    return [pair for pair in made if pair.kind.startswith("sentence")]


def test_still_is_turned_only_where_it_is_said_of_all() -> None:
    assert edits("time", "The mill by the river is still in use today.")
    assert not edits("time", "Some mills by the river are still in use today.", "Many of them were still in use then.")


def test_another_year_contradicts_only_what_is_done_once() -> None:
    assert edits("time", "The mill by the river was built in 1911.")
    assert not edits("time", "The team from Aldby won the cup in 1911.", "The harvest failed in the valley in 1911.")


def test_an_adverbial_stays_where_behind_the_rest_it_would_belong_to_another_clause() -> None:
    assert edits("paraphrase", "In 1991, the book was printed again.")
    banned = edits("paraphrase", "In 1991, the book was printed again after being banned.")
    assert not [pair for pair in banned if "in 1991." in pair.text_a + pair.text_b]


def test_could_have_says_of_no_deed_that_it_may_be_done() -> None:
    pairs = made_pairs("hedging", 4000, seed=8)
    assert not [pair for pair in pairs if "could have" in pair.text_a + pair.text_b]
