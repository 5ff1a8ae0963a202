"""The family of processes: what is said to go in and to come out, against what the text says of it."""

from __future__ import annotations

import re
from itertools import islice

from crossjudge.training.augmentation import MadePair, made_pairs

_TURNS = re.compile(r"\bturn (?P<takes>.+) into (?P<gives>.+)\.$")


def sides(text: str) -> tuple[set[str], set[str]] | None:
    """What goes in and what comes out, of a sentence that says "turn ... into ..."; None of others."""
    found = _TURNS.search(text)
    return None if found is None else (listed(found["takes"]), listed(found["gives"]))


def listed(text: str) -> set[str]:
    return set(re.split(r", | and ", text))


def pairs(kind: str) -> list[MadePair]:
    return [pair for pair in made_pairs("processes", 6_000, seed=3) if pair.kind == kind]


def told_and_said(kind: str) -> list[tuple[tuple[set[str], set[str]], tuple[set[str], set[str]]]]:
    both = ((sides(pair.text_a), sides(pair.text_b)) for pair in pairs(kind))
    return [(told, said) for told, said in both if told and said]


def test_a_kept_statement_has_both_sides_where_the_text_has_them() -> None:
    found = told_and_said("kept")
    assert len(found) > 10
    assert all(said[0] <= told[0] and said[1] <= told[1] for told, said in found)


def test_an_exchanged_one_has_them_the_other_way_round() -> None:
    found = told_and_said("exchanged")
    assert len(found) > 10
    assert all(said[0] <= told[1] and said[1] <= told[0] for told, said in found)


def test_a_mixed_one_says_that_something_comes_out_that_goes_in() -> None:
    found = told_and_said("mixed up")
    assert len(found) > 5
    assert all(said[0] | said[1] <= told[0] and not said[0] & said[1] for told, said in found)


def test_each_kind_has_one_label_and_right_ones_are_no_shorter_than_wrong_ones() -> None:
    labels: dict[str, set[str | None]] = {}
    for pair in islice(made_pairs("processes", 2_000, seed=4), 2_000):
        labels.setdefault(pair.kind, set()).add(pair.nli)
    assert labels == {
        "kept": {"entailment"},
        "exchanged": {"contradiction"},
        "mixed up": {"contradiction"},
        "not said": {"neutral"},
        "told whole": {"neutral"},
        "exchanged, told whole": {"contradiction"},
    }
    lengths = [
        sum(len(pair.text_b.split()) for pair in found) / len(found) for found in map(pairs, ("kept", "exchanged"))
    ]
    assert abs(lengths[0] - lengths[1]) < 0.5


def test_plural_things_have_plural_verbs() -> None:
    said = " ".join(pair.text_b for pair in made_pairs("processes", 6_000, seed=5))
    plural = re.compile(r"\b(?:bricks|candles|leaves|hides|hops|\w+ and \w+) (?:is|helps) ", re.IGNORECASE)
    assert not plural.search(said)
    assert re.search(r"\bglass helps ", said, re.IGNORECASE)
