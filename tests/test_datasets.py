"""Named sets: cards that are whole, rows that are labelled pairs, and errors that name file, line and column."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossjudge.datasets import (
    COLUMNS,
    GRADED,
    DatasetCard,
    Example,
    dataset_cards,
    distinct,
    find_set,
    normalized,
    read_examples,
    read_file,
    read_jsonl,
    read_texts,
)
from crossjudge.errors import FileRowError, InputError, MissingExtraError
from tiny_sets import write_rows

NLI = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment"}
CARDS = dataset_cards().values()


# Cards


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_states_what_it_is_and_what_may_be_done_with_it(card: DatasetCard) -> None:
    assert card.kind in {*COLUMNS, "tagging"}
    assert card.original
    assert card.licence
    assert isinstance(card.may_ship, bool)
    assert not (card.may_ship and "-NC" in card.licence), "what is for non-commercial use reaches no shipped weights"
    if card.labels is not None:
        assert len(set(card.labels)) == len(card.labels) > 1
        assert card.kind not in GRADED
    if card.hub is None:
        assert (card.hub_config, card.hub_revision, card.hub_splits, card.columns) == (None, None, {}, None)
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
        | {"sentence2": "b", "score": 0.25, "category": "colours"}
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
