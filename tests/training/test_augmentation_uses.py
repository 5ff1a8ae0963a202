"""Pairs for the applications, groundedness and questions: by seed the same, all different, with labels that hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from crossjudge.training.augmentation import MadePair, made_pairs
from crossjudge.training.augmentation.applications.hypotheses import asked, properties
from crossjudge.training.augmentation.applications.messages import fields, message_with
from crossjudge.training.augmentation.facts import draw_thing, passage, same_name
from crossjudge.training.augmentation.made_values import filled, slot_names
from crossjudge.training.augmentation.real_claims import is_whole
from crossjudge.training.augmentation.vocabulary import words_table
from crossjudge.training.decontamination import pair_hash
from crossjudge.training.evaluation_pairs import evaluation_pairs

FAMILIES = ("applications", "groundedness", "questions", "speech")
USES = ("tags", "policies", "rubrics", "answers", "grades", "claims")
SENTENCES = [
    f"The {place} of {town} was {built} by {count} masons in {1700 + 3 * number}."
    for number, (place, town, built, count) in enumerate(
        (place, town, built, count)
        for place in ("library", "tower", "market hall")
        for town in ("Aldby", "Corsham", "Linwell", "Varby")
        for built in ("built", "restored")
        for count in ("many", "fifty")
    )
]
VARIED = [
    f"{who} {what} {where} near {town} {when}."
    for who, what, where, town, when in zip(
        ("Three bakers", "Old fishermen", "Two sisters", "Rich farmers", "Young pilots", "Some nurses", "Poor tailors")
        * 8,
        ("repaired clocks", "planted cherries", "painted boats", "collected stamps", "studied maps") * 11,
        ("behind churches", "along canals", "under arches", "beside barns", "above cellars", "outside gates") * 9,
        ("Aldby", "Corsham", "Linwell", "Varby", "Hexdale", "Tolmouth", "Brinsea", "Quarley", "Wexton") * 6,
        ("every autumn", "until midnight", "against orders", "despite storms") * 13,
        strict=False,
    )
]
EMAIL, CARD = re.compile(r"\S+@\S+\.\S+"), re.compile(r"(?:\d{4}[ -]?){4}")


def made(family: str, count: int = 1500, seed: int = 3) -> list[MadePair]:
    return list(made_pairs(family, count, seed=seed, sentences=SENTENCES))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_its_pairs_again_and_another_seed_others(family: str) -> None:
    assert made(family, 300) == made(family, 300)
    assert not set(made(family, 100)) & set(made(family, 100, seed=4)) or family in ("questions", "speech")


@pytest.mark.parametrize("family", FAMILIES)
def test_pairs_are_labelled_short_enough_and_complete(family: str) -> None:
    pairs = made(family)
    assert len({(pair.text_a, pair.text_b) for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair.family == family
        assert not {None} >= {pair.nli, pair.duplicate, pair.relevance}, pair
        assert not re.search(r"[{}]|  ", pair.text_a + pair.text_b), pair
        assert max(len(pair.text_a.split()), len(pair.text_b.split())) <= 220, pair


def test_every_use_has_every_answer_and_no_answer_is_the_rule() -> None:
    pairs = made("applications", 4000)
    for use in USES:
        labels = Counter(pair.nli == "entailment" for pair in pairs if pair.kind.startswith(use))
        assert 0.3 < labels[True] / labels.total() < 0.7, (use, labels)


def test_most_wordings_of_a_policy_are_kept_by_some_texts_and_broken_by_others() -> None:
    kinds = ("policies: harmful", "policies: safety")
    pairs = [pair for pair in made("applications", 12_000) if pair.kind.startswith(kinds)]
    outcomes: dict[str, list[str | None]] = {}
    for pair in pairs:
        wording = re.sub(
            r"\b(?:this|the) (?:text|message|passage|post)\b|what is written here", "it", pair.text_b.lower()
        )
        outcomes.setdefault(wording, []).append(pair.nli)
    often = [set(labels) for labels in outcomes.values() if len(labels) >= 8]
    assert len(often) >= 4
    assert sum(len(labels) > 1 for labels in often) > len(often) * 0.8


def test_contact_details_are_where_the_label_says() -> None:
    for kind, pattern in (("email", EMAIL), ("card", CARD)):
        for pair in made("applications", 6000):
            if pair.kind in (f"policies: {kind}", f"tags: {kind}"):
                denies = re.search(r"\b(?:no|not|without|free|clear|none|nothing)\b", pair.text_b.lower()) is not None
                there = (pair.nli == "entailment") != denies
                assert there or pattern.search(pair.text_a) is None, pair
                assert not there or pattern.search(pair.text_a) is not None, pair


def test_a_property_and_its_denial_never_both_hold() -> None:
    rng = Random(5)
    for _ in range(300):
        message = message_with(rng, ["statement", rng.choice(["complaint", "insult", "email", "illegal", "question"])])
        for prop in properties():
            claimed, denied = asked(rng, message, prop, denied=False), asked(rng, message, prop, denied=True)
            if claimed is not None and denied is not None:
                assert (claimed[1] == "entailment") != (denied[1] == "entailment")


def test_no_text_says_in_its_words_what_only_a_slot_may_say() -> None:
    names = {
        name.lower() for key in ("first", "last", "city", "firm") for name in words_table("applications_slots")[key]
    }
    for field in fields():
        for kind in ("statement", "question", "request", "complaint", "praise"):
            for text in field[kind]:
                words = re.findall(r"[A-Z]\w+", re.sub(r"\{\w+\}", "", text))
                assert not {word.lower() for word in words} & names, text
                assert not re.search(r"\d", re.sub(r"\{\w+\}", "", text)), text


def test_a_claim_of_a_made_source_is_labelled_by_what_the_source_says() -> None:
    rng = Random(8)
    for _ in range(300):
        thing = draw_thing(rng)
        for fact in thing.facts:
            assert fact.other_value(rng) != fact.value
            assert f" {fact.value}".rstrip("s") in f" {fact.said(rng)}" or fact.value[0].islower()
            assert " not " in fact.denied("x") or "cannot" in fact.denied("x")
        assert thing.name.removeprefix("the ") in " ".join(passage(rng, thing, thing.facts[:1]))


def test_a_source_holds_the_sentence_that_a_kept_claim_repeats() -> None:
    kept = [pair for pair in made("groundedness") if pair.kind == "real: kept"]
    assert kept
    assert all(pair.text_b in pair.text_a and pair.nli == "entailment" for pair in kept)
    elsewhere = [pair for pair in made("groundedness") if pair.kind == "real: from elsewhere"]
    assert all(pair.text_b not in pair.text_a for pair in elsewhere)


def test_a_bound_or_a_name_is_not_altered_into_a_contradiction() -> None:
    bounds = [
        f"{text.format(number, number + 50)} in the records of {town}."
        for number in range(120, 180, 10)
        for town, text in (
            ("Aldby", "Between {} and {} ships were lost"),
            ("Corsham", "The bell fell silent after {} or before {} and is listed"),
            ("Linwell", "The {} was sold with the {} that is named"),
            ("Varby", "Fewer than {} people and under {} dogs were counted"),
            ("Wexton", "The inn is one of the top {} and of the first {} to be named"),
            ("Quarley", "Section {} and Order {} forbid it as it is written"),
            ("Hexdale", "Every mill had {} or more looms and {} to 900 windows"),
        )
    ]
    kinds = Counter(pair.kind for pair in made_pairs("groundedness", 1500, seed=3, sentences=bounds))
    assert kinds["real: kept"] > 20
    assert not kinds["real: altered number"]
    assert any(pair.kind == "real: altered number" for pair in made("groundedness"))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("the program Driftmail", "Driftmail", True),
        ("the river Hanse", "the Hanse", True),
        ('the novel "Salt and Ash"', '"Salt and Ash"', True),
        ("the evening course in pottery", "the pottery course", True),
        ("the Hale Museum", "the Hale Gallery", False),
        ("Driftmail", "the program Tidebox", False),
    ],
)
def test_a_thing_is_the_same_under_a_longer_name(first: str, second: str, same: bool) -> None:
    one, other = (replace(draw_thing(Random(1)), name=name) for name in (first, second))
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_who_speaks_a_language_is_not_said_to_have_grown_up_with_it() -> None:
    rows = [row for row in words_table("applications_scenes")["attribute"] if "French" in row["values"]]
    assert rows
    assert all("speaks" in way for row in rows for way in row["say"])


def test_a_broken_sentence_is_no_claim() -> None:
    assert is_whole("The tower was built by fifty masons in the year of the fire.")
    assert not is_whole("The tower was built by fifty masons under Mr.")
    assert not is_whole("he said that the tower (which fell) was old.")


def test_a_question_is_asked_of_a_passage_that_answers_and_of_one_that_does_not() -> None:
    outcomes: dict[str, set[float]] = {}
    for pair in made_pairs("questions", 4000, seed=3, sentences=VARIED):
        if pair.relevance is not None:
            outcomes.setdefault(pair.text_a, set()).add(pair.relevance)
    assert sum(values == {0.0, 1.0} for values in outcomes.values()) > len(outcomes) * 0.8


def test_a_passage_near_by_that_shares_two_words_of_a_search_is_not_called_irrelevant() -> None:
    near = [
        pair
        for pair in made_pairs("questions", 4000, seed=3, sentences=VARIED)
        if pair.kind == "real search, a passage near by"
    ]
    assert near
    for pair in near:
        query, text = ({*re.findall(r"\w+", text.lower())} for text in (pair.text_a, pair.text_b))
        assert len(query & text) < 2, pair


def test_what_a_thing_is_opened_with_answers_no_search() -> None:
    for kind in words_table("facts")["kind"]:
        opening = {*re.findall(r"\w+", kind["opening"])}
        for query in (query for fact in kind["fact"] for query in fact["query"]):
            assert not {*query.replace("{e}", "").split()} <= opening, query


def test_an_article_fits_the_word_that_fills_the_slot() -> None:
    assert filled(Random(1), "Is a {good} heavy?", {"good": "armchair"}) == "Is an armchair heavy?"
    assert slot_names("{a} and {b}") == {"a", "b"}


def test_no_made_pair_is_a_worked_case(tmp_path: Path) -> None:
    (tmp_path / "acceptance").mkdir()
    mine = list(islice(made_pairs("applications", 50, seed=9, sentences=SENTENCES), 50))
    cases = [{"text": "The lid is blue.", "hypothesis": "This text is about lids."}]
    (tmp_path / "acceptance" / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    held_out = {pair_hash(*pair) for pair in evaluation_pairs(tmp_path)}
    assert len(held_out) == 1
    assert not held_out & {pair_hash(pair.text_a, pair.text_b) for pair in [*mine, *made("applications")]}


def test_what_a_message_does_is_never_asked_of_one_that_may_do_it_too() -> None:
    acts = {act["name"]: act for act in words_table("speech")["act"]}
    assert all(set(act["open"]) <= set(acts) for act in acts.values())
    stated = {label: act["name"] for act in acts.values() for label in act["labels"]}
    assert len(stated) == sum(len(act["labels"]) for act in acts.values())
    seen = Counter[str]()
    for pair in made("speech", 3000):
        act, named = acts[pair.kind], stated.get(pair.text_b)
        if named is not None:
            seen[str(pair.nli)] += 1
            assert pair.nli == ("entailment" if named == act["name"] else "not_entailment")
            assert named not in act["open"]
            assert act["name"] not in acts[named]["open"]
    assert min(seen["entailment"], seen["not_entailment"]) > 40
