"""Recipes: what each makes of a set's rows, and how often a row comes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crossjudge.errors import InputError
from crossjudge.training import Mixture
from crossjudge.training.heads import UNLABELLED
from crossjudge.training.recipes import RECIPES, Source
from tiny_sets import write_rows

PARAGRAPHS = [
    f"The {place} was founded by settlers from the coast in the year of the flood. It grew quickly around the {trade}. "
    f"Today visitors come for the {trade} museum and the old harbour walls."
    for place, trade in (("village", "salt"), ("town", "wool"), ("city", "amber"), ("port", "tin"), ("abbey", "wine"))
]


@pytest.fixture
def similar(tmp_path: Path) -> Path:
    rows = [{"sentence1": f"a {n}", "sentence2": f"b {n}", "score": score} for n, score in enumerate((0.95, 0.75, 0.4))]
    write_rows(tmp_path / "similarity" / "stsb.train.jsonl.gz", rows)
    return tmp_path


def test_a_similarity_set_teaches_duplicates_where_people_were_sure(similar: Path) -> None:
    rows = RECIPES["alike"](Source(name="stsb", head="duplicate"), similar, random.Random(0))
    assert [(row.text_a, row.golds) for row in rows] == [("a 0", {"duplicate": 1.0}), ("a 2", {"duplicate": 0.0})]


def test_pairs_without_their_gold_as_they_are_and_turned_round(tmp_path: Path) -> None:
    row = {"premise": "A dog runs on grass.", "hypothesis": "A dog runs.", "label": "entailment"}
    write_rows(tmp_path / "nli" / "snli_pieces.train.jsonl.gz", [row])
    kept, turned = (
        RECIPES[recipe](Source(name="snli_pieces"), tmp_path, random.Random(0)) for recipe in ("unlabelled", "reversed")
    )
    assert [(one.text_a, one.text_b) for one in kept] == [(row["premise"], row["hypothesis"])]
    assert [(one.text_a, one.text_b) for one in turned] == [(row["hypothesis"], row["premise"])]
    assert [one.golds for one in kept + turned] == [{"nli": UNLABELLED}] * 2


def test_gold_wins_over_what_is_left_to_a_teacher_whichever_set_comes_first(tmp_path: Path) -> None:
    row = {"premise": "A dog runs on grass.", "hypothesis": "A dog runs.", "label": "entailment"}
    for name in ("snli_pieces", "mnli_pieces"):
        write_rows(tmp_path / "nli" / f"{name}.train.jsonl.gz", [row])
    path = tmp_path / "mixture.toml"
    for sets in (("unlabelled", "pairs"), ("pairs", "unlabelled")):
        named = zip(("snli_pieces", "mnli_pieces"), sets, strict=True)
        path.write_text("".join(f'[[set]]\nname = "{name}"\nrecipe = "{recipe}"\n' for name, recipe in named))
        (only,) = Mixture.from_toml(path).rows(folder=tmp_path)
        assert only.golds == {"nli": "entailment"}


def test_a_repeated_pair_comes_both_ways_where_its_order_says_nothing(similar: Path, tmp_path: Path) -> None:
    path = tmp_path / "mixture.toml"
    path.write_text('[[set]]\nname = "stsb"\nhead = "similarity"\nrepeat = 4\n')
    rows = Mixture.from_toml(path).rows(folder=similar)
    assert len(rows) == 12
    orders = [(row.text_a, row.text_b) for row in rows if "0" in row.text_a]
    assert sorted(orders) == [("a 0", "b 0")] * 2 + [("b 0", "a 0")] * 2


def test_a_repeat_of_zero_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mixture.toml"
    path.write_text('[[set]]\nname = "stsb"\nrepeat = 0\n')
    with pytest.raises(InputError, match="repeat 0"):
        Mixture.from_toml(path)


def test_a_sentence_asks_for_its_own_paragraph_and_not_for_others(tmp_path: Path) -> None:
    write_rows(tmp_path / "text" / "enwiki_0.train.jsonl.gz", [{"text": text} for text in PARAGRAPHS])
    source = Source(name="enwiki_0", recipe="cloze", head="relevance", paragraphs=5)
    rows = RECIPES["cloze"](source, tmp_path, random.Random(0))
    assert len(rows) == 15
    for row in rows:
        home = next(text for text in PARAGRAPHS if row.text_a in text)
        shared = sum(sentence in home for sentence in row.text_b.split(". ") if len(sentence) > 20)
        assert (row.golds["relevance"] == 1.0) == (shared >= 2)


def test_passages_of_many_lengths_begin_with_the_paragraph_of_their_sentence(tmp_path: Path) -> None:
    write_rows(tmp_path / "text" / "enwiki_0.train.jsonl.gz", [{"text": text} for text in PARAGRAPHS * 8])
    rows = RECIPES["passages"](Source(name="enwiki_0", paragraphs=30), tmp_path, random.Random(0))
    assert len(rows) == 30
    lengths = {len(row.text_b.split()) for row in rows}
    assert min(lengths) >= 20
    assert max(lengths) > 60
    for row, text in zip(rows, PARAGRAPHS * 8, strict=False):
        assert row.text_a in text
        assert row.text_b.startswith(" ".join(text.split()[:20]))
        assert row.golds == {"nli": UNLABELLED}


def test_a_question_about_a_sentence_is_a_query_that_the_sentence_answers_or_not(tmp_path: Path) -> None:
    gold = (("entailment", 1.0), ("not_entailment", 0.0))
    write_rows(
        tmp_path / "nli" / "supergen_qnli.train.jsonl.gz",
        [{"premise": f"It is {n}.", "hypothesis": f"Is it {n}?", "label": label} for n, (label, _) in enumerate(gold)],
    )
    rows = RECIPES["asked"](Source(name="supergen_qnli"), tmp_path, random.Random(0))
    assert [(row.text_a, row.text_b) for row in rows] == [("Is it 0?", "It is 0."), ("Is it 1?", "It is 1.")]
    assert [row.golds for row in rows] == [{"relevance": degree} for _, degree in gold]


NEWS = (
    "Shares in the port rose after the strike ended.",
    "Two men were charged with stealing copper from the abbey. The trial begins in May.",
    "Call the newsroom on +44 20 7946 0000 with your story.",
    "What a damn mess, said the mayor.",
)


def test_other_peoples_texts_keep_policies_until_something_is_put_into_them(tmp_path: Path) -> None:
    write_rows(tmp_path / "tagging" / "agnews.train.jsonl.gz", [{"text": text, "label": "World"} for text in NEWS * 40])
    rows = RECIPES["policies"](Source(name="agnews", recipe="policies"), tmp_path, random.Random(0))
    whole = [row for row in rows if row.text_a in NEWS]
    spoilt = [row for row in rows if row.text_a not in NEWS]
    assert {row.text_a for row in whole} == {*NEWS[:2]}, "a number or a coarse word: a rule cannot tell what is kept"
    assert all(any(text.split(". ")[0].rstrip(".") in row.text_a for text in NEWS[:2]) for row in spoilt)
    for asked, denied, asserted in ((whole, "entailment", "contradiction"), (spoilt, "contradiction", "entailment")):
        labels = [row.golds["nli"] for row in asked]
        assert {*labels} == {"entailment", "contradiction"}
        safe = [row.golds["nli"] for row in asked if row.text_b.endswith((" is appropriate.", " is harmless."))]
        harmful = [row.golds["nli"] for row in asked if row.text_b.endswith((" is unsafe.", " is harmful."))]
        assert {*safe} == {denied}
        assert {*harmful} == {asserted}


def test_policies_are_asked_of_plain_text_too(tmp_path: Path) -> None:
    write_rows(tmp_path / "text" / "enwiki_3.train.jsonl.gz", [{"text": text} for text in PARAGRAPHS])
    source = Source(name="enwiki_3", recipe="policies", paragraphs=2)
    rows = RECIPES["policies"](source, tmp_path, random.Random(0))
    assert {row.text_a for row in rows if row.text_a in PARAGRAPHS} == {*PARAGRAPHS[:2]}
