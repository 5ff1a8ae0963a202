"""Named sets: cards that are whole, rows that are labelled pairs, and errors that name file, line and column."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossjudge.datasets import (
    GRADED,
    KINDS,
    LABELLED_TEXTS,
    DatasetCard,
    Example,
    GradedAnswer,
    Question,
    dataset_cards,
    distinct,
    find_set,
    normalized,
    read_examples,
    read_file,
    read_grades,
    read_hedges,
    read_jsonl,
    read_paragraphs,
    read_questions,
    read_texts,
)
from crossjudge.errors import FileRowError, InputError, MissingExtraError
from tiny_sets import write_rows

NLI = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment"}
CARDS = dataset_cards().values()


# Cards


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_states_what_it_is_and_what_may_be_done_with_it(card: DatasetCard) -> None:
    assert card.kind in KINDS
    assert card.original
    assert card.licence
    assert isinstance(card.may_ship, bool)
    assert not (card.may_ship and "-NC" in card.licence), "what is for non-commercial use reaches no shipped weights"
    if card.labels is not None:
        assert len(set(card.labels)) == len(card.labels) > 1
        assert card.kind not in GRADED
    if card.hub is None:
        assert (card.hub_config, card.hub_revision, card.hub_splits, card.columns) == (None, None, {}, None)
        assert card.text_column == "text"
        assert card.tag_column is None
    else:
        assert card.hub.count("/") == 1
        assert card.kind in GRADED or card.labels, "the hub's labels are integers"
    if card.same_from is not None or card.different_to is not None:
        assert card.kind in GRADED
        assert 0 <= card.different_to < card.same_from <= 1


def test_two_sets_share_a_file_only_where_their_kinds_differ() -> None:
    places = [(card.kind, card.file or card.name) for card in CARDS]
    assert len(set(places)) == len(places)


def test_an_unknown_set_is_told_the_near_ones() -> None:
    with pytest.raises(InputError, match=r"'mlni': no set has this name\. Did you mean 'mnli'"):
        find_set("mlni")
    with pytest.raises(InputError, match="Known: snli, "):
        read_examples("???", "dev")


# Folders


def test_a_folder_of_pairs_gives_its_rows_in_order(tmp_path: Path) -> None:
    rows = [NLI, {**NLI, "label": "neutral", "tag": "weather", "more": [1]}]
    write_rows(tmp_path / "nli" / "snli.dev.jsonl.gz", rows)
    assert list(read_examples("snli", "dev", folder=tmp_path)) == [
        Example("It rains.", "It is wet.", "entailment", "snli"),
        Example("It rains.", "It is wet.", "neutral", "snli", "weather"),
    ]


def test_each_kind_reads_its_own_columns_and_gold(tmp_path: Path) -> None:
    write_rows(tmp_path / "similarity" / "sick.dev.jsonl.gz", [{"sentence1": "a", "sentence2": "b", "score": 1}])
    write_rows(tmp_path / "duplicate" / "mrpc.dev.jsonl.gz", [{"sentence1": "a", "sentence2": "b", "label": 1}])
    write_rows(tmp_path / "relevance" / "wikiqa.dev.jsonl.gz", [{"query": "a", "document": "b", "label": 2}])
    write_rows(tmp_path / "groundedness" / "wice.dev.jsonl.gz", [{"source": "a", "claim": "b", "label": "supported"}])
    golds = {"sick_similarity": 1.0, "mrpc": "duplicate", "wikiqa": 2.0, "wice": "supported"}
    for name, gold in golds.items():
        assert list(read_examples(name, "dev", folder=tmp_path)) == [Example("a", "b", gold, name)]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"premise": "a", "label": "neutral"}, "hypothesis", "it is not there; found 'premise', 'label'"),
        ({**NLI, "premise": None}, "premise", "it is None; expected text"),
        ({**NLI, "hypothesis": 3}, "hypothesis", "it is 3; expected text"),
        ({"premise": "a", "hypothesis": "b"}, "label", "it is not there"),
        ({**NLI, "label": 7}, "label", "it is 7; expected a gold label"),
        ({**NLI, "label": -2}, "label", "it is -2; expected a gold label"),
    ],
)
def test_a_row_that_is_no_labelled_pair_names_file_line_and_column(
    tmp_path: Path, row: dict[str, Any], column: str, said: str
) -> None:
    path = write_rows(tmp_path / "nli" / "snli.dev.jsonl.gz", [NLI, NLI, row])
    with pytest.raises(FileRowError, match=said) as caught:
        list(read_examples("snli", "dev", folder=tmp_path))
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 3, column)


def test_a_score_that_is_no_number_names_its_line(tmp_path: Path) -> None:
    rows = [{"sentence1": "a", "sentence2": "b", "score": "high"}]
    write_rows(tmp_path / "similarity" / "stsb.dev.jsonl.gz", rows)
    with pytest.raises(FileRowError, match=r"line 1: field 'score': it is 'high'"):
        list(read_examples("stsb", "dev", folder=tmp_path))


def test_a_line_that_is_no_object_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl.gz"
    with gzip.open(path, "wt") as lines:
        lines.write('{"a": 1}\n\n[2]\n')
    read = read_jsonl(path)
    assert next(read) == (1, {"a": 1})
    with pytest.raises(FileRowError, match=r"lines\.jsonl\.gz line 3: found a JSON list"):
        next(read)


def test_a_file_that_is_not_there_is_found_missing_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'snli': there is no .*snli\.train\.jsonl\.gz"):
        read_examples("snli", "train", folder=tmp_path)


def test_texts_and_pairs_are_not_confused(tmp_path: Path) -> None:
    write_rows(tmp_path / "tagging" / "agnews.dev.jsonl.gz", [{"text": "a", "label": "World"}])
    assert list(read_texts("agnews", "dev", folder=tmp_path)) == [("a", "World")]
    with pytest.raises(InputError, match=r"its kind is 'tagging', which are texts and no pairs.*recipe = \"tags\""):
        read_examples("agnews", "dev", folder=tmp_path)
    with pytest.raises(InputError, match="expected 'tagging'"):
        list(read_texts("snli", "dev", folder=tmp_path))


def test_an_ordinal_label_keeps_its_number_as_a_name_for_a_mixture_to_map(tmp_path: Path) -> None:
    rows = [{"premise": "a", "hypothesis": "b", "ordinal": 5, "tag": "COPA"}]
    write_rows(tmp_path / "nli" / "joci.train.jsonl.gz", rows)
    assert list(read_examples("joci", "train", folder=tmp_path)) == [Example("a", "b", "5", "joci", "COPA")]


@pytest.mark.parametrize("kind", LABELLED_TEXTS)
def test_every_kind_of_single_text_is_read_with_its_label(tmp_path: Path, kind: str) -> None:
    card = next(card for card in CARDS if card.kind == kind)
    write_rows(tmp_path / card.place("test"), [{"text": "It may rain.", "label": "hedged", "cues": ["may"]}])
    assert list(read_texts(card.name, "test", folder=tmp_path)) == [("It may rain.", "hedged")]


def test_a_hedging_set_says_hedged_or_certain_and_nothing_else(tmp_path: Path) -> None:
    rows = [{"text": text, "label": label} for text, label in (("a", "hedged"), ("b", "certain"), ("c", "vague"))]
    write_rows(tmp_path / "hedging" / "bioscope.dev.jsonl.gz", rows)
    read = read_hedges("bioscope", "dev", folder=tmp_path)
    assert [next(read), next(read)] == [("a", "hedged"), ("b", "certain")]
    with pytest.raises(FileRowError, match=r"line 3: field 'label': it is 'vague'; expected hedged or certain"):
        next(read)


def test_paragraphs_are_texts_alone(tmp_path: Path) -> None:
    write_rows(tmp_path / "text" / "enwiki_0.train.jsonl.gz", [{"text": "A long paragraph."}])
    assert list(read_paragraphs("enwiki_0", "train", folder=tmp_path)) == ["A long paragraph."]


def test_a_graded_answer_is_a_pair_with_its_best_reference(tmp_path: Path) -> None:
    row = {
        "question": "q",
        "reference": ["best", "other"],
        "answer": "a",
        "label": "contradictory",
        "dataset": "beetle",
    }
    write_rows(tmp_path / "grading" / "beetle.train.jsonl.gz", [row])
    (graded,) = read_grades("beetle", "train", folder=tmp_path)
    assert graded == GradedAnswer("q", ("best", "other"), "a", "contradictory", "beetle")
    assert graded.example() == Example("best", "a", "contradictory", "beetle")


def test_a_question_has_its_candidates_and_the_place_of_the_right_one(tmp_path: Path) -> None:
    rows = [{"context": "c", "question": "q", "candidates": ["yes", "no"], "answer": 1}]
    write_rows(tmp_path / "qa" / "boolq.train.jsonl.gz", rows)
    write_rows(tmp_path / "qa" / "nocontext" / "arc_challenge.train.jsonl.gz", [{**rows[0], "answer": 0}])
    write_rows(tmp_path / "qa" / "mlqa_en.dev.jsonl.gz", [{"context": "c", "question": "q", "answers": ["x", "y"]}])
    assert list(read_questions("boolq", "train", folder=tmp_path)) == [
        Question("c", "q", ("yes", "no"), frozenset({1}), "boolq")
    ]
    assert next(read_questions("arc_challenge", "train", folder=tmp_path)).right == {0}
    assert next(read_questions("mlqa_en", "dev", folder=tmp_path)).right == {0, 1}, "all that are listed are accepted"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": 2}, "field 'answer': it is 2; expected a place among 2 candidates"),
        ({"answer": -1}, "field 'answer': it is -1"),
        ({"candidates": []}, r"field 'candidates': it is \[\]; expected a list of texts"),
        ({"candidates": "yes"}, "field 'candidates': it is 'yes'; expected a list of texts"),
        ({"question": None}, "field 'question': it is None; expected text"),
    ],
)
def test_a_row_that_is_no_question_says_why(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    row = {"context": "c", "question": "q", "candidates": ["yes", "no"], "answer": 1}
    write_rows(tmp_path / "qa" / "boolq.train.jsonl.gz", [{**row, **change}])
    with pytest.raises(FileRowError, match=said):
        list(read_questions("boolq", "train", folder=tmp_path))


@pytest.mark.parametrize("read", [read_hedges, read_paragraphs, read_grades, read_questions])
def test_a_reader_refuses_at_once_a_set_of_another_kind_and_one_that_is_not_there(tmp_path: Path, read: Any) -> None:
    with pytest.raises(InputError, match=r"'snli'.*'nli'.*expected"):
        read("snli", "dev", folder=tmp_path)
    own = {read_hedges: "bioscope", read_paragraphs: "enwiki_0", read_grades: "beetle", read_questions: "boolq"}
    with pytest.raises(InputError, match=r"there is no .*train"):
        read(own[read], "train", folder=tmp_path)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv"])
def test_a_file_of_ones_own_may_be_of_any_kind(tmp_path: Path, ending: str) -> None:
    text = {
        "jsonl": '{"text_a": "a", "text_b": "b", "label": "neutral"}\n',
        "csv": "text_a,text_b,label\na,b,neutral\n",
        "tsv": "text_a\ttext_b\tlabel\na\tb\tneutral\n",
    }
    path = tmp_path / f"mine.{ending}"
    path.write_text(text[ending])
    assert list(read_file(path, "mine")) == [Example("a", "b", "neutral", "mine")]


# The hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A stand-in for the `datasets` library that hands out three rows, and the calls it saw."""
    calls: list[tuple[Any, ...]] = []
    rows = [
        {"premise": "a", "hypothesis": "b", "question": "q", "answer": "r", "label": label, "sentence1": "a"}
        | {"sentence2": "b", "score": 0.25, "category": "colours", "text": "t"}
        for label in (2, -1, 0)
    ]

    def load_dataset(name: str, config: str | None, *, split: str, **where: str) -> list[dict[str, Any]]:
        calls.append((name, config, split, *where.values()))
        return rows

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    return calls


def test_a_set_on_the_hub_is_asked_for_by_its_own_names_and_unlabelled_rows_are_left_out(
    hub: list[tuple[Any, ...]],
) -> None:
    assert list(read_examples("snli", "dev")) == [
        Example("a", "b", "contradiction", "snli"),
        Example("a", "b", "entailment", "snli"),
    ]
    assert next(iter(read_examples("xnli_en", "test"))).gold == "contradiction"
    assert hub == [("stanfordnlp/snli", None, "validation"), ("facebook/xnli", "en", "test")]


def test_scores_and_other_columns_come_from_where_the_card_says(hub: list[tuple[Any, ...]]) -> None:
    assert [one.gold for one in read_examples("stsb", "dev")] == [0.25] * 3
    assert next(iter(read_examples("wikiqa", "dev"))) == Example("q", "r", 2.0, "wikiqa")


def test_a_tag_and_a_branch_of_the_hub_come_from_where_the_card_says(hub: list[tuple[Any, ...]]) -> None:
    assert {one.tag for one in read_examples("breaking_nli", "test")} == {"colours"}
    assert {one.tag for one in read_examples("snli", "test")} == {""}
    read_examples("hans", "dev")
    assert hub[0] == ("pietrolesci/breaking_nli", None, "full")
    assert hub[-1] == ("jhu-cogsci/hans", None, "validation", "refs/convert/parquet")


def test_single_texts_of_the_hub_have_their_labels_by_name(hub: list[tuple[Any, ...]]) -> None:
    assert list(read_texts("tweeteval_sentiment", "dev")) == [("t", "positive"), ("t", "negative")]
    assert hub == [("cardiffnlp/tweet_eval", "sentiment", "validation")]


def test_a_set_that_is_not_on_the_hub_names_the_file_to_bring() -> None:
    with pytest.raises(InputError, match=r"not published there.*nli/snli_pieces\.train\.jsonl\.gz"):
        read_examples("snli_pieces", "train")


def test_the_hub_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"read the set 'snli' from the hub.*crossjudge\[train\]"):
        read_examples("snli", "dev")


# The same text


def test_texts_are_the_same_in_letters_and_digits_alone() -> None:
    assert normalized("It's 5 o'clock!") == normalized(" ITS 5 OCLOCK ") == "its5oclock"
    assert normalized("Ünïcode 日本語") == "ünïcode日本語"
    assert normalized("_?!") == ""


def test_of_pairs_that_are_the_same_the_first_is_kept_and_order_matters() -> None:
    pairs = [("a", "b", "x"), ("A!", "b", "y"), ("b", "a", "z")]
    kept = distinct(Example(a, b, gold, "made") for a, b, gold in pairs)
    assert [one.gold for one in kept] == ["x", "z"]
