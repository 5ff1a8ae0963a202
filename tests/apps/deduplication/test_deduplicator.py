"""Deduplication: a partition, the same for every order; what is apart stays apart; every pair is counted."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_duplicates import ScriptedJudge, ScriptedVectors, deduplicator

from crossjudge import BiEncoder, CrossEncoder, Deduplicator
from crossjudge.errors import InputError, ItemError
from crossjudge.judge import CHUNK_PAIRS
from crossjudge.models.truncation import TruncationWarning

A, B, C, D = "apple", "berry", "cherry", "date palm"


def groups(clusters):
    return sorted(cluster.indices for cluster in clusters)


def together(texts, clusters):
    """Which texts stand together, by what they say."""
    return {frozenset(texts[index] for index in cluster.indices) for cluster in clusters}


@pytest.fixture(scope="module")
def fake():
    model = CrossEncoder(backend="fake", head="duplicate")
    return Deduplicator(model=model, first_stage_model=BiEncoder(backend="fake"), least_cosine=0.3)


# --- clusters ---


def test_what_is_judged_to_say_the_same_stands_together():
    clusters = deduplicator({(A, C): 0.9})([A, B, C])
    assert groups(clusters) == [[0, 2], [1]]
    assert (clusters[0].weakest_link, clusters[0].texts) == (0.9, 2)
    assert (clusters[1].weakest_link, clusters[1].representative) == (None, 1)


def test_a_threshold_is_reached_or_not():
    says = {(A, B): 0.7}
    assert groups(deduplicator(says, threshold=0.7)([A, B])) == [[0, 1]]
    assert groups(deduplicator(says, threshold=0.71)([A, B])) == [[0], [1]]


def test_a_chain_does_not_carry_the_first_to_the_last():
    clusters = deduplicator({(A, B): 0.9, (B, C): 0.8})([A, B, C])
    assert groups(clusters) == [[0, 1], [2]]


def test_the_representative_is_the_text_with_most_duplicates():
    says = {(B, A): 0.6, (B, C): 0.7, (B, D): 0.8, (A, C): 0.9, (A, D): 0.4, (C, D): 0.9}
    clusters = deduplicator({**says, (A, D): 0.9})([A, B, C, D])
    assert groups(clusters) == [[0, 1, 2, 3]]
    (cluster,) = deduplicator({(B, A): 0.6, (B, C): 0.7, (A, C): 0.51})([A, B, C])
    assert cluster.representative == 1
    assert cluster.weakest_link == 0.6


def test_copies_cost_nothing():
    judge = ScriptedJudge({})
    found = deduplicator({}, model=judge).report(["The cat.", "the  CAT.", " The cat.\n", "The cat!"])
    assert groups(found.clusters) == [[0, 1, 2], [3]]
    assert (found.copies, found.clusters[0].representative, found.clusters[0].weakest_link) == (2, 0, None)
    assert len(judge.asked) == 1


def test_punctuation_between_digits_is_no_copy():
    assert groups(deduplicator({})(["It weighs 1.5 kg", "It weighs 15 kg"])) == [[0], [1]]


def test_no_text_and_one_text():
    assert deduplicator({})([]) == []
    assert groups(deduplicator({})([A])) == [[0]]
    assert groups(deduplicator({})([A, A])) == [[0, 1]]


@given(st.permutations(range(7)), st.sets(st.sampled_from(list(combinations(range(7), 2)))))
def test_the_order_of_the_input_changes_nothing(order, alike):
    texts = [f"text {letter}" for letter in "abcdefg"]
    says = {(texts[one], texts[other]): 0.6 + one / 20 + other / 100 for one, other in alike}
    mixed = [texts[place] for place in order]
    found = deduplicator(says)
    assert together(mixed, found(mixed)) == together(texts, found(texts))


@given(st.sets(st.sampled_from(list(combinations(range(6), 2)))))
def test_every_text_stands_once_and_no_two_that_differ_together(alike):
    texts = [f"text {letter}" for letter in "abcdef"]
    says = {(texts[one], texts[other]): 0.9 for one, other in alike}
    clusters = deduplicator(says)(texts)
    assert sorted(index for cluster in clusters for index in cluster.indices) == list(range(6))
    inside = {pair for cluster in clusters for pair in combinations(cluster.indices, 2)}
    assert inside <= alike


def test_in_a_large_cluster_every_text_is_a_duplicate_of_the_representative():
    texts = [f"text {n:02}".replace("0", "o") + "x" * n for n in range(30)]
    says = {pair: 0.8 for pair in combinations(sorted(texts), 2) if len(pair[0]) % 7 or len(pair[1]) % 7}
    clusters = deduplicator(says, apart_by=(), neighbours=4)(texts)
    for cluster in clusters:
        kept = texts[cluster.representative]
        others = [texts[index] for index in cluster.indices if index != cluster.representative]
        assert all(says.get((kept, one), says.get((one, kept))) for one in others)


# --- near misses ---


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("The hall seats 40 people.", "The hall seats 50 people.", True),
        ("The hall seats forty people.", "The hall seats 40 people.", False),
        ("It opens on Monday.", "It opens on Tuesday.", True),
        ("The A320 landed.", "The A380 landed.", True),
        ("It costs 12 euros.", "It is cheap.", False),
        ("The deadline is 5 March 2021.", "The deadline is March 5, 2021.", False),
    ],
)
def test_what_states_other_figures_stays_apart_whatever_the_model_says(one, other, apart):
    always = {(one, other): 0.99}
    judge = ScriptedJudge(always)
    found = deduplicator(always, model=judge)
    assert (groups(found([one, other])) == [[0], [1]]) == apart
    assert bool(judge.asked) != apart  # what the rule tells apart is not asked
    assert groups(deduplicator(always, apart_by=())([one, other])) == [[0, 1]]


def test_names_keep_apart_where_that_is_asked_for():
    one, other = "The keys are with Anna Berg.", "The keys are with Paul Roth."
    always = {(one, other): 0.99}
    assert groups(deduplicator(always)([one, other])) == [[0, 1]]
    assert groups(deduplicator(always, apart_by=("figures", "names"))([one, other])) == [[0], [1]]


def test_two_numbers_do_not_meet_in_a_text_that_states_none():
    texts = ["The fee is 5 euros.", "The fee is 6 euros.", "There is a fee in euros."]
    clusters = deduplicator(lambda a, b: 0.9)(texts)
    assert not any({0, 1} <= set(cluster.indices) for cluster in clusters)


def test_nothing_unread_and_nothing_abstained_from_is_a_duplicate():
    for judge in (ScriptedJudge({(A, B): 0.99}, dropped=3), ScriptedJudge({(A, B): 0.99}, abstains=True)):
        found = deduplicator({}, model=judge)
        assert groups(found([A, B])) == [[0], [1]]
        assert found.compare(A, B).label == "not_duplicate"


def test_what_stands_behind_the_first_window_is_read(fake):
    start = "the ferry left the harbour in the morning " * 80
    with pytest.warns(TruncationWarning, match="were cut"):  # by the bi-encoder, which only looks for candidates
        report = fake.report([start + start, start + "dust covers old stone " * 150])
    assert (groups(report.clusters), report.tally.compared) == ([[0], [1]], 1)


# --- one pair ---


def test_compare_is_the_same_in_both_orders_and_agrees_with_the_clusters(fake):
    for one, other in (("The ferry was late", "late was the ferry"), ("rain", "A volcano"), ("40 seats", "50 seats")):
        verdict = fake.compare(one, other)
        assert verdict == fake.compare(other, one)
        assert (verdict.label == "duplicate") == (len(fake([one, other])) == 1)


def test_compare_keeps_the_numbers_of_the_model_where_the_rule_decides():
    one, other = "The hall seats 40.", "The hall seats 50."
    verdict = deduplicator({(one, other): 0.9}).compare(one, other)
    assert (verdict.label, verdict.score, verdict.probabilities["duplicate"]) == ("not_duplicate", 0.9, 0.9)


# --- the account ---


def test_every_pair_is_accounted_for():
    vectors = ScriptedVectors({A: (1, 0), B: (1, 0.1), C: (1, 0.9), D: (0, 1), "Seats 4": (1, 0), "Seats 5": (1, 0)})
    says = {(A, B): 0.9, (A, C): 0.8, (B, C): 0.8}
    texts = [A, B, C, D, "Seats 4", "Seats 5", "apple"]
    report = deduplicator(says, first_stage_model=vectors, least_cosine=0.7).report(texts)
    assert together(texts, report.clusters) >= {frozenset({A, B, C}), frozenset({D})}
    assert (report.texts, report.copies, report.pairs_possible) == (7, 1, 21)
    tally = report.tally
    assert tally.compared + tally.ruled_apart == report.candidates == 10  # five texts all near each other
    assert (tally.ruled_apart, tally.similar_ruled_apart) == (1, 1)
    assert (tally.duplicates, report.merged) == (3, 3)
    # A and C, B and C are as near as 0.74 and 0.81; the figures are of the pairs that were looked at.
    assert tally.dissimilar_duplicates == 1
    assert tally.similar == 1 + 1 + 1 + 4
    assert tally.similar_refused == 4
    assert report.kept == [0, 3, 4, 5]


def test_what_was_compared_is_what_was_asked():
    judge = ScriptedJudge({(A, B): 0.9, (B, C): 0.8})
    report = deduplicator({}, model=judge).report([A, B, C, D])
    assert report.tally.compared == len(judge.asked) == len(set(judge.asked)) == 6


def test_a_limit_on_neighbours_is_told():
    texts = [f"word {letter}" for letter in "abcdefgh"]
    assert deduplicator({}, neighbours=7).report(texts).at_limit == 0
    narrow = deduplicator({}, neighbours=2).report(texts)
    assert narrow.at_limit == 8
    assert narrow.candidates < 28


def test_progress_is_told_in_three_steps_of_each_text(fake):
    heard = []
    fake.report(["rain", "snow", "rain and snow"], progress=lambda *told: heard.append(told))
    assert heard == sorted(heard)
    assert heard[-1] == (9, 9)


def test_chunks_change_nothing(monkeypatch):
    texts = [f"text {chr(97 + n)}" for n in range(20)]
    says = {pair: 0.9 for pair in combinations(texts, 2) if pair[0] < "text f"}
    whole = deduplicator(says).report(texts)
    monkeypatch.setattr("crossjudge.apps.deduplication.comparing.CHUNK_PAIRS", 7)
    assert CHUNK_PAIRS > 190
    assert deduplicator(says).report(texts) == whole


def test_several_lists_are_each_by_themselves(fake):
    lists = [["rain today", "today rain"], ["snow"], []]
    heard = []
    assert fake.batch(lists, progress=lambda *told: heard.append(told)) == [fake(texts) for texts in lists]
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_a_report_can_be_written_as_json(fake):
    written = json.loads(json.dumps(fake.report(["rain", "snow"]).to_dict()))
    assert written["clusters"][0] == {"indices": [0], "representative": 0, "weakest_link": None, "texts": 1}
    assert written["tally"]["compared"] == written["candidates"] == 1


# --- what is refused ---


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold": 1.5},
        {"least_cosine": -1},
        {"neighbours": 0},
        {"neighbours": 2.5},
        {"search": "quick"},
        {"apart_by": "figures"},
        {"apart_by": ("colours",)},
    ],
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(InputError, match=r"^Finding duplicates: "):
        deduplicator({}, **settings)


@pytest.mark.parametrize("text", ["", "  ", None, 3])
def test_a_blank_text_is_refused_by_its_index(text):
    with pytest.raises(ItemError, match="of input 1") as caught:
        deduplicator({})([A, text])
    assert caught.value.index == 1


def test_one_text_is_not_taken_for_many():
    with pytest.raises(InputError, match="expected a list of texts"):
        deduplicator({})(A)
