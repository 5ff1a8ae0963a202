"""Laws of the made pairs: the same seed the same pairs, labels that agree, and no evaluation pair among them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import crossjudge.evaluation
import crossjudge.training.augmentation as augmentation
from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.evaluation.suite import iter_suite, shipped_suites
from crossjudge.training.augmentation import MadePair, made_pairs
from crossjudge.training.augmentation.figures import clock_times, in_words, ordinal_in_digits, ordinal_in_words
from crossjudge.training.augmentation.made import NLI_LABELS
from crossjudge.training.augmentation.vocabulary import noun_phrase, verb
from crossjudge.training.augmentation.written import written_contrasts

FAMILIES = ("negation", "numbers", "roles")
SAMPLED = 2_000
SENTENCES = (
    "The village is located in the north of the county.",
    "The museum was built in 1904 by a wealthy merchant.",
    "The parliament moved from Dresden to Leipzig after forty years.",
    "The cheese is made in France and Italy from the milk of goats.",
)
SUITES = Path(crossjudge.evaluation.__file__).parent / "suites"
WORDS = Path(augmentation.__file__).parent / "words"
SIGNS = re.compile(r" (?:==|!=|~~|=>\??|<=>) ")


@pytest.fixture(scope="module", params=FAMILIES)
def pairs(request: pytest.FixtureRequest) -> list[MadePair]:
    return list(made_pairs(request.param, SAMPLED, seed=7, sentences=SENTENCES))


def test_the_same_seed_gives_the_same_pairs_and_more_begin_with_the_fewer(pairs: list[MadePair]) -> None:
    family = pairs[0].family
    again = list(made_pairs(family, 300, seed=7, sentences=SENTENCES))
    assert again == pairs[:300]
    assert list(made_pairs(family, 300, seed=8, sentences=SENTENCES)) != again


def test_no_pair_comes_twice(pairs: list[MadePair]) -> None:
    keys = {(normalized(pair.text_a), normalized(pair.text_b)) for pair in pairs}
    assert len(keys) == len(pairs) == SAMPLED


def test_each_text_is_a_sentence_of_sensible_length(pairs: list[MadePair]) -> None:
    for pair in pairs:
        for text in (pair.text_a, pair.text_b):
            assert 2 <= len(text.split()) <= 60, text
            assert not {"{", "}", "_"} & set(text), text
            assert text == " ".join(text.split()), text
            assert not text[0].islower(), text
            assert text.endswith((".", "?", "!")), text


def test_labels_agree_with_each_other(pairs: list[MadePair]) -> None:
    for pair in pairs:
        assert pair.nli in NLI_LABELS
        if pair.duplicate:
            assert pair.nli == "entailment"
        if pair.nli in ("contradiction", "neutral"):
            assert not pair.duplicate


def test_both_directions_of_a_text_pair_have_labels_that_fit(pairs: list[MadePair]) -> None:
    known = {(pair.text_a, pair.text_b): pair for pair in pairs}
    for pair in pairs:
        back = known.get((pair.text_b, pair.text_a))
        if back is not None:
            assert back.duplicate == pair.duplicate
            assert (back.nli == "contradiction") == (pair.nli == "contradiction")


def test_a_family_has_all_labels_and_enough_true_paraphrases(pairs: list[MadePair]) -> None:
    assert {pair.nli for pair in pairs} >= {"entailment", "neutral", "contradiction"}
    assert sum(pair.duplicate is True for pair in pairs) > 0.15 * len(pairs)


def test_a_denial_in_the_second_text_does_not_give_the_label_away() -> None:
    denied = [pair for pair in made_pairs("negation", SAMPLED, seed=3) if " not " in f" {pair.text_b}"]
    contradictions = sum(pair.nli == "contradiction" for pair in denied)
    assert 0.2 * len(denied) < contradictions < 0.6 * len(denied)


def test_no_family_calls_a_condition_or_a_report_certain(pairs: list[MadePair]) -> None:
    hedged = re.compile(r"\b(?:if|unless|says that|said that)\b")
    assert not [pair for pair in pairs if pair.hedged is False and hedged.search(pair.text_b.lower())]


def test_so_many_of_a_thing_entails_the_thing() -> None:
    number = re.compile(r"\b(?:ten|twelve|twenty|\d+) (?=\{food\})")
    signs = {
        written.sign
        for written in written_contrasts("numbers")
        if number.sub("", written.first) == written.second != written.first
    }
    assert signs == {"=>"}
    backward = [one for one in written_contrasts("numbers") if one.first == number.sub("", one.second) != one.second]
    assert not backward


def test_sentences_handed_in_are_edited() -> None:
    kinds = {pair.kind for family in FAMILIES for pair in made_pairs(family, 200, seed=1, sentences=SENTENCES)}
    assert {"sentence_route_reversed", "sentence_names_listed"} <= kinds
    assert any(kind.startswith("sentence_other_year") for kind in kinds)


def test_an_unknown_family_and_one_that_runs_dry_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no family 'rhymes'"):
        made_pairs("rhymes", 1, seed=0)
    one = MadePair("It rains.", "It does not rain.", "negation", "not", "contradiction", duplicate=False)
    monkeypatch.setattr(augmentation, "FAMILIES", {"negation": lambda rng, sentences: iter([one, one])})
    with pytest.raises(InputError, match="only 1 distinct"):
        list(made_pairs("negation", 2, seed=0))


@pytest.mark.parametrize(
    "change",
    [
        {"text_a": " "},
        {"family": "rhymes"},
        {"nli": "maybe"},
        {"relevance": 2.0},
        {"nli": "contradiction", "duplicate": True},
    ],
)
def test_a_pair_with_a_wrong_label_cannot_be_made(change: dict[str, Any]) -> None:
    right = {"text_a": "It rains.", "text_b": "It does not rain.", "family": "negation", "kind": "not"}
    with pytest.raises(InputError, match="Making a pair"):
        MadePair(**{**right, **change})


# ------------------------------------------------------------------------------------------------ apart from the suites


@pytest.fixture(scope="module")
def suite_pairs() -> set[frozenset[str]]:
    """Every pair of the shipped suites, in letters and digits, without its order."""
    suites = {_unordered(pair) for suite in shipped_suites() for pair in islice(iter_suite(suite), 5_000)}
    assert len(suites) > 5_000
    return suites


@pytest.mark.parametrize("family", augmentation.FAMILIES)
def test_no_made_pair_is_a_pair_of_an_evaluation_suite(family: str, suite_pairs: set[frozenset[str]]) -> None:
    # Scrambles are made of real sentences alone, and a dozen of those give only so many.
    count = 100 if family == "scrambles" else SAMPLED
    made = {_unordered(pair) for pair in made_pairs(family, count, seed=7, sentences=SENTENCES)}
    assert not made & suite_pairs


def _unordered(pair: Any) -> frozenset[str]:
    return frozenset((normalized(pair.text_a), normalized(pair.text_b)))


def test_no_template_of_the_suites_is_one_of_ours() -> None:
    grammar = tomllib.loads((SUITES / "generator.toml").read_text(encoding="utf-8"))
    templates = _strings([grammar["frames"], grammar["changes"]])
    theirs = {_bare(text) for text in templates if "{" in text}
    ours = {
        _bare(half)
        for path in sorted(WORDS.rglob("*.toml"))
        for text in _strings(tomllib.loads(path.read_text(encoding="utf-8")))
        for half in SIGNS.split(text)
        if "{" in half
    }
    long = {text for text in theirs if len(text.split()) >= 4}
    assert len(long) > 200
    assert len(ours) > 200
    assert not long & ours


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _bare(template: str) -> str:
    """The words of a template: slots by whatever name are one sign, and case and the last stop do not count."""
    words, depth = "", 0
    for sign in template:
        depth += sign == "{"
        words += sign if not depth else "#" if sign == "{" else ""
        depth -= sign == "}"
    return words.lower().rstrip(".")


# --------------------------------------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("carry out", ("carries out", "carried out", "carried out", "carrying out")),
        ("plan", ("plans", "planned", "planned", "planning")),
        ("withdraw", ("withdraws", "withdrew", "withdrawn", "withdrawing")),
        ("tie", ("ties", "tied", "tied", "tying")),
        ("transfer", ("transfers", "transferred", "transferred", "transferring")),
        ("open", ("opens", "opened", "opened", "opening")),
    ],
)
def test_a_verb_has_its_forms(base: str, forms: tuple[str, ...]) -> None:
    made = verb(base)
    assert (made.third, made.past, made.participle, made.gerund) == forms


def test_the_head_of_a_noun_phrase_decides_its_number() -> None:
    assert noun_phrase("the results of the test").plural
    assert not noun_phrase("the list of names").plural
    assert not noun_phrase("the bus").plural


def test_figures_are_spelled_out() -> None:
    assert in_words(345) == "three hundred and forty-five"
    assert in_words(2008) == "two thousand and eight"
    assert (ordinal_in_words(21), ordinal_in_words(12), ordinal_in_words(40)) == ("twenty-first", "twelfth", "fortieth")
    assert (ordinal_in_digits(21), ordinal_in_digits(112)) == ("21st", "112th")
    assert clock_times(15, 45) == ("15:45", "3:45 pm", "3:45 in the afternoon", "a quarter to four in the afternoon")
