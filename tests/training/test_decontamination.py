"""Hashes that anyone can intersect: equal for equal pairs however written, and a planted leak is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.training.decontamination import hash_pairs, leaked, load_hashes, pair_hash, save_hashes
from crossjudge.training.evaluation_pairs import evaluation_pairs
from tiny_sets import nli_rows, write_rows

PAIRS = [(row["premise"], row["hypothesis"]) for row in nli_rows(30)]


@given(st.text(), st.text())
def test_the_order_of_the_two_texts_does_not_matter(text_a: str, text_b: str) -> None:
    assert pair_hash(text_a, text_b) == pair_hash(text_b, text_a)


def test_case_blanks_and_punctuation_do_not_matter_and_words_do() -> None:
    plain = pair_hash("A man isn't asleep.", "He is awake")
    assert pair_hash("  a MAN isn't   asleep", "“He is awake!”") == plain
    assert pair_hash("A man isn't asleep.", "He is not awake") != plain
    assert pair_hash("A man isn't asleep. He", "is awake") != plain


def test_the_hash_is_the_one_that_is_published() -> None:
    """Another value would make every committed file of hashes worthless."""
    assert pair_hash("A man sleeps.", "Nobody is awake.") == 13_172_079_798_656_147_092


def test_hashes_are_sorted_distinct_and_come_back_from_their_file(tmp_path: Path) -> None:
    hashes = hash_pairs([*PAIRS, *PAIRS, ("b", "a"), ("a", "b")])
    assert hashes.dtype == np.uint64
    assert len(hashes) == len(PAIRS) + 1
    assert (np.diff(hashes.astype(object)) > 0).all()
    save_hashes(hashes, tmp_path / "hashes.npy")
    assert (load_hashes(tmp_path / "hashes.npy") == hashes).all()
    assert len(hash_pairs([])) == 0


def test_a_planted_leak_is_seen_and_nothing_else() -> None:
    train, evaluation = hash_pairs(PAIRS[:20]), hash_pairs(PAIRS[20:])
    assert not len(leaked(train, evaluation))
    premise, hypothesis = PAIRS[3]
    planted = hash_pairs([*PAIRS[20:], (hypothesis.upper(), premise + "!")])
    assert leaked(train, planted).tolist() == [pair_hash(premise, hypothesis)]


def test_evaluation_pairs_are_all_that_is_held_out_in_a_folder(tmp_path: Path) -> None:
    rows = nli_rows(9)
    write_rows(tmp_path / "nli" / "snli.train.jsonl.gz", rows[:3])
    write_rows(tmp_path / "nli" / "snli.dev.jsonl.gz", rows[3:6])
    write_rows(tmp_path / "nli" / "snli.test.jsonl.gz", rows[6:])
    write_rows(tmp_path / "similarity" / "stsb.test.jsonl.gz", [{"sentence1": "a", "sentence2": "b", "score": 1}])
    write_rows(tmp_path / "grading" / "beetle.test.jsonl.gz", [{"reference": ["r", "s"], "answer": "t"}])
    pairs = list(evaluation_pairs(tmp_path))
    assert sorted(pairs) == sorted(
        [(row["premise"], row["hypothesis"]) for row in rows[3:]] + [("a", "b"), ("r", "t"), ("s", "t")]
    )


@pytest.mark.parametrize("text", ["", "?!", "  "])
def test_texts_without_letters_or_digits_are_one_empty_text(text: str) -> None:
    assert pair_hash(text, "a") == pair_hash("", "A")
