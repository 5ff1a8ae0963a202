"""Where pairs come from: suites, files, known sets and pairs at hand all become the same labelled pairs and gold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crossjudge.errors import FileRowError, InputError
from crossjudge.evaluation.gold import UNKNOWN
from crossjudge.evaluation.source import find_source, survey
from crossjudge.evaluation.suite import Suite, SuitePair, load_suite, pair_line
from crossjudge.objectives.nli import NLI
from tiny_sets import write_rows

PAIRS = (
    SuitePair("1", "negation", "It rains.", "It does not rain.", "contradiction", "contradiction", False),
    SuitePair("2", "positive_control", "It rains.", "Rain is falling.", "entailment", "entailment", True),
    SuitePair("3", "negative_control", "It rains.", "Prices rose.", "neutral", "neutral", False),
    SuitePair("4", "open", "It rains.", "It pours."),
)


def nli_folder(folder: Path, name: str, *rows: dict[str, str]) -> Path:
    write_rows(folder / "nli" / f"{name}.test.jsonl.gz", rows)
    return folder


def row(label: str, **more: str) -> dict[str, str]:
    return {"premise": "It rains.", "hypothesis": "It is wet.", "label": label, **more}


# Suites


def test_a_file_a_suite_and_pairs_at_hand_are_the_same_source(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(f"{pair_line(pair)}\n" for pair in PAIRS), encoding="utf-8")
    facts = [survey(find_source(one))[0] for one in (path, load_suite(path), PAIRS)]
    assert len({one.sha256 for one in facts}) == 1
    assert facts[0].sha256 == load_suite(path).sha256
    assert [one.name for one in facts] == ["mine", "mine", "pairs"]
    assert facts[0].categories == facts[2].categories


def test_a_source_is_read_anew_each_time_and_its_limit_counts() -> None:
    source = find_source(Suite("few", "", "", "", "", PAIRS), limit=2)
    assert list(source.pairs()) == list(source.pairs()) == list(PAIRS[:2])
    with pytest.raises(InputError, match="limit is 0"):
        find_source(PAIRS, limit=0)


def test_categories_have_roles() -> None:
    facts, gold = survey(find_source([*PAIRS, SuitePair("5", "open", "a", "b", duplicate=True)]))
    assert {one.name: (one.n, one.role) for one in facts.categories} == {
        "negation": (1, "adversarial"),
        "positive_control": (1, "positive_control"),
        "negative_control": (1, "negative_control"),
        "open": (2, "duplicates"),
    }
    mixed = survey(find_source([SuitePair(str(n), "x", "a", "b", duplicate=bool(n)) for n in (0, 1)]))[0]
    unknown = survey(find_source(PAIRS[3:]))[0]
    assert (mixed.categories[0].role, unknown.categories[0].role) == ("mixed", "unlabelled")
    assert gold.duplicate.tolist() == [0, 1, 0, UNKNOWN, 1]
    assert [NLI.labels[code] for code in gold.forward[:3]] == ["contradiction", "entailment", "neutral"]
    assert gold.backward[3] == UNKNOWN
    assert gold.adversarial.tolist() == [True, False, False, False, False]


def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(InputError, match=r"'stres': no suite has this name.*'stress'"):
        find_source("stres")
    with pytest.raises(InputError, match="place 0 holds 'a'; expected a SuitePair"):
        find_source(["a"])
    with pytest.raises(InputError, match="'pairs': it holds no pairs"):
        survey(find_source([]))


# Known sets


def test_a_known_set_is_a_suite_by_its_tags_or_else_its_labels(tmp_path: Path) -> None:
    folder = nli_folder(tmp_path, "snli", row("entailment"), row("contradiction", tag="hard"), row("neutral"))
    pairs = list(find_source("snli.test", folder=folder).pairs())
    assert [(pair.id, pair.category, pair.nli_forward) for pair in pairs] == [
        ("snli-1", "entailment", "entailment"),
        ("snli-2", "hard", "contradiction"),
        ("snli-3", "neutral", "neutral"),
    ]
    assert {pair.nli_backward for pair in pairs} == {None}


def test_what_is_not_entailed_is_no_duplicate_and_what_is_may_be_one(tmp_path: Path) -> None:
    folder = nli_folder(tmp_path, "mnli", row("entailment"), row("contradiction"), row("neutral"))
    assert [pair.duplicate for pair in find_source("mnli.test", folder=folder).pairs()] == [None, False, False]


def test_a_two_way_set_says_so(tmp_path: Path) -> None:
    folder = nli_folder(tmp_path, "hans", row("entailment"), row("not_entailment", tag="subsequence"))
    facts, gold = survey(find_source("hans.test", folder=folder))
    assert facts.two_way
    assert gold.two_way
    assert facts.licence
    assert [one.name for one in facts.categories] == ["entailment", "subsequence"]


def test_duplicates_and_graded_similarity_keep_their_gold(tmp_path: Path) -> None:
    both = {"sentence1": "a", "sentence2": "b"}
    write_rows(tmp_path / "duplicate" / "qqp.dev.jsonl.gz", [{**both, "label": 1}, {**both, "label": 0}])
    write_rows(tmp_path / "similarity" / "stsb.test.jsonl.gz", [{**both, "score": score} for score in (1.0, 0.7, 0.1)])
    write_rows(tmp_path / "similarity" / "sick.test.jsonl.gz", [{**both, "score": 1.0}])
    duplicates = list(find_source("qqp.dev", folder=tmp_path).pairs())
    assert [(pair.category, pair.duplicate) for pair in duplicates] == [("duplicate", True), ("not_duplicate", False)]
    facts, gold = survey(find_source("stsb.test", folder=tmp_path))
    assert [one.name for one in facts.categories] == ["gold 0.8 to 1.0", "gold 0.6 to 0.8", "gold 0.0 to 0.2"]
    assert gold.duplicate.tolist() == [1, UNKNOWN, 0]
    assert gold.graded == pytest.approx(np.array([1.0, 0.7, 0.1], dtype=np.float32))
    related = survey(find_source("sick_similarity.test", folder=tmp_path))[1]
    assert related.duplicate.tolist() == [UNKNOWN], "related is not the same"


def test_a_known_set_without_its_split_or_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"its split is ''; expected one of train, dev, test.*'snli\.test'"):
        find_source("snli")
    with pytest.raises(InputError, match=r"there is no .*snli\.test\.jsonl\.gz"):
        survey(find_source("snli.test", folder=tmp_path))
    bad = nli_folder(tmp_path, "sick", {"premise": "a"})
    with pytest.raises(FileRowError, match="line 1"):
        survey(find_source("sick.test", folder=bad))
