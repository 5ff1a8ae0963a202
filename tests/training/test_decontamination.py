"""Hashes that anyone can intersect: equal for equal pairs however written, and a planted leak is seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.evaluation.suite import load_suite
from crossjudge.training.decontamination import (
    hash_pairs,
    hash_texts,
    leaked,
    load_hashes,
    pair_hash,
    row_hashes,
    save_hashes,
    text_hash,
)
from crossjudge.training.evaluation_pairs import evaluation_pairs, evaluation_texts, held_out_hashes, suite_pairs
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


def test_a_text_has_a_hash_of_its_own_and_no_pair_has_it() -> None:
    assert text_hash("It may rain.") == text_hash("it MAY rain")
    assert text_hash("It may rain.") != text_hash("It will rain.")
    assert text_hash("It may rain.") not in {pair_hash("It may rain.", "It may rain."), pair_hash("It may rain.", "")}


def test_a_training_pair_is_held_out_as_a_pair_and_for_either_text() -> None:
    texts = ("It may rain.", "It is about weather.")
    assert row_hashes(*texts) == {pair_hash(*texts), *map(text_hash, texts)}
    assert row_hashes(*texts) == row_hashes(*texts[::-1])


def test_empty_texts_are_not_held_out_or_every_single_text_would_be() -> None:
    held_out = hash_texts(["It may rain.", "", "?!"])
    assert held_out.tolist() == [text_hash("It may rain.")]
    assert not row_hashes("", "It will rain.") & set(held_out.tolist())


def test_questions_are_held_out_however_they_are_asked(tmp_path: Path) -> None:
    row = {"context": "c", "question": "q?", "candidates": ["a1", "a2"], "answer": 0}
    write_rows(tmp_path / "qa" / "mctest.dev.jsonl.gz", [row])
    write_rows(tmp_path / "qa" / "mctest.train.jsonl.gz", [{**row, "context": "other"}])
    write_rows(tmp_path / "qa" / "mlqa_en.dev.jsonl.gz", [{"context": "d", "question": "r?", "answers": ["b"]}])
    write_rows(tmp_path / "qa" / "nocontext" / "arc.test.jsonl.gz", [{"question": "s?", "candidates": ["e"]}])
    assert set(evaluation_pairs(tmp_path)) == {
        *[("q?", "a1"), ("q?", "a2"), ("c", "q?"), ("c", "a1"), ("c", "a2"), ("c", "q? a1"), ("c", "q? a2")],
        *[("r?", "b"), ("d", "r?"), ("d", "b"), ("d", "r? b"), ("s?", "e")],
    }


def test_single_texts_are_held_out_by_themselves(tmp_path: Path) -> None:
    for kind, name in (("hedging", "bioscope"), ("tagging", "agnews"), ("safety", "hatecheck")):
        write_rows(tmp_path / kind / f"{name}.test.jsonl.gz", [{"text": f"{kind} test", "label": "x"}])
        write_rows(tmp_path / kind / f"{name}.train.jsonl.gz", [{"text": f"{kind} train", "label": "x"}])
    assert sorted(evaluation_texts(tmp_path)) == ["hedging test", "safety test", "tagging test"]
    held_out = set(held_out_hashes(tmp_path).tolist())
    assert row_hashes("Tagging TEST.", "This text is about x.") & held_out
    assert not row_hashes("tagging train", "This text is about x.") & held_out


def test_every_kind_of_worked_case_is_held_out(tmp_path: Path) -> None:
    cases = [
        {"app": "tag", "text": "t", "hypothesis": "h", "expect": 1},
        {"app": "check", "source": "s", "claim": "c", "expect": "neutral"},
        {"app": "answer", "context": "x", "question": "q", "candidates": ["k"], "expect": "k"},
        {"app": "grade", "reference": "r", "answer": "a", "expect": "CORRECT"},
        {"app": "guard", "text": "g", "policy": "p", "expect": "fail"},
        {"app": "rubric", "request": "m", "response": "n", "criteria": {"clarity": "clear"}, "expect": {}},
    ]
    (tmp_path / "acceptance").mkdir()
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    (tmp_path / "acceptance" / "cases.jsonl").write_text(lines)
    assert set(evaluation_pairs(tmp_path)) == {
        *[("t", "h"), ("s", "c"), ("q", "k"), ("x", "q"), ("x", "k"), ("x", "q k"), ("r", "a"), ("g", "p")],
        *[("m", "n"), ("n", "clear")],
    }
    assert list(evaluation_texts(tmp_path)) == ["t", "g"]


def test_the_suites_of_the_package_are_held_out_without_a_folder_and_generated_ones_when_passed() -> None:
    written = {(pair.text_a, pair.text_b) for name in ("stress", "stress-long") for pair in load_suite(name).pairs}
    assert set(suite_pairs()) == written
    assert not len(np.setdiff1d(hash_pairs(written), held_out_hashes(None)))
    held_out = held_out_hashes(None, more=[("made", "pair")])
    assert np.setdiff1d(held_out, held_out_hashes(None)).tolist() == [pair_hash("made", "pair")]
    assert (np.diff(held_out.astype(object)) > 0).all()


@pytest.mark.parametrize("text", ["", "?!", "  "])
def test_texts_without_letters_or_digits_are_one_empty_text(text: str) -> None:
    assert pair_hash(text, "a") == pair_hash("", "A")
