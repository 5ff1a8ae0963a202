"""The suite `stress-long`: long nested sentences, several changes, controls of the same length."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import combinations

import pytest

from crossjudge.evaluation.generator import generate
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, POSITIVE_CONTROL, SuitePair, load_suite

FAMILIES = ("negation", "numerical", "entity_swap", "temporal", "quantifier", "hedging")
PAIRS = load_suite("stress-long").pairs
AT_LEAST = {**dict.fromkeys(FAMILIES, 15), "mixed": 20, POSITIVE_CONTROL: 20, NEGATIVE_CONTROL: 15, "near_miss": 12}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def texts(pair: SuitePair) -> tuple[str, str]:
    return pair.text_a, pair.text_b


def places_changed(pair: SuitePair) -> int:
    """In how many places the two texts differ, word by word."""
    steps = SequenceMatcher(None, pair.text_a.split(), pair.text_b.split(), autojunk=False).get_opcodes()
    return sum(step[0] != "equal" for step in steps)


def test_there_are_enough_pairs_of_each_kind() -> None:
    counts = Counter(pair.category for pair in PAIRS)
    assert len(PAIRS) >= 150
    assert counts.keys() == AT_LEAST.keys()
    assert not {category for category, least in AT_LEAST.items() if counts[category] < least}


def test_ids_count_up_within_a_category() -> None:
    for category in AT_LEAST:
        ids = [pair.id for pair in PAIRS if pair.category == category]
        assert ids == [f"long-{category.replace('_', '-')}-{number:03}" for number in range(1, len(ids) + 1)]


def test_every_text_is_long_and_the_controls_are_as_long_as_the_rest() -> None:
    lengths = {category: [] for category in AT_LEAST}
    for pair in PAIRS:
        lengths[pair.category] += [len(text.split()) for text in texts(pair)]
    means = {category: sum(values) / len(values) for category, values in lengths.items()}
    assert all(25 <= length <= 80 for values in lengths.values() for length in values)
    assert max(means.values()) - min(means.values()) < 10


@pytest.mark.parametrize("category", [*FAMILIES, "mixed"])
def test_a_failure_changes_two_or_more_places(category: str) -> None:
    for pair in PAIRS:
        if pair.category == category:
            assert places_changed(pair) >= 2, pair.id
            assert len(set(words(pair.text_a)) & set(words(pair.text_b))) > 15, pair.id


def test_a_mixed_pair_names_its_two_families() -> None:
    seen = Counter[str]()
    for pair in PAIRS:
        if pair.category == "mixed":
            named = [family for family in FAMILIES if family.replace("_", " ") in pair.note]
            assert len(named) == 2, pair.id
            seen.update(named)
    assert seen.keys() == set(FAMILIES)


@pytest.mark.parametrize("category", [*FAMILIES, "mixed"])
def test_no_label_is_the_only_one_of_its_family(category: str) -> None:
    found = {pair.nli_forward for pair in PAIRS if pair.category == category}
    assert len(found) >= 2


def test_domains_are_many() -> None:
    domains = Counter(pair.domain for pair in PAIRS)
    assert {"medical", "legal", "finance", "software", "everyday"} <= domains.keys()
    assert len(domains) >= 15


def test_every_pair_is_a_scene_of_its_own() -> None:
    """No two pairs share more than a third of their words: none is another with the words replaced."""
    vocabularies = [(pair.id, set(words(pair.text_a))) for pair in PAIRS]
    alike = [
        (id_a, id_b)
        for (id_a, ours), (id_b, theirs) in combinations(vocabularies, 2)
        if len(ours & theirs) > len(ours | theirs) / 3
    ]
    assert not alike


def test_no_text_is_in_another_suite() -> None:
    other = {text for pair in load_suite("stress").pairs for text in texts(pair)}
    other |= {text for pair in generate(20, 2_000) for text in texts(pair)}
    assert not other & {text for pair in PAIRS for text in texts(pair)}
