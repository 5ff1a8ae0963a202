"""What was written by hand: every block reads, labels are as the uses ask, no case of the benchmark is among it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.training import by_hand
from crossjudge.training.by_hand import Block, blocks, uses, written_pairs
from crossjudge.training.config import TrainConfig
from crossjudge.training.held_out import development_sets
from crossjudge.training.mixture import Mixture

CASES = Path(__file__).parents[2] / "benchmarks" / "cases"


def test_every_file_reads_and_says_both_yes_and_no() -> None:
    assert uses()
    for use in uses():
        marks = Counter(mark for block in blocks(use) for mark, _ in block.marked)
        assert min(marks["+"], marks["-"]) > 0.2 * marks.total(), use


def test_no_case_that_the_uses_are_measured_on_is_among_them() -> None:
    written = {normalized(text) for pair in written_pairs() for text in (pair.text_a, pair.text_b)}
    asked = [one for path in CASES.glob("*.jsonl") for one in map(json.loads, path.read_text().splitlines())]
    # A word or two ("yes", "in May") answer many questions.
    held_out = {normalized(text) for case in asked for text in _texts(case) if len(text.split()) > 2}
    assert len(held_out) > 500
    assert not written & held_out


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def test_each_use_asks_in_its_own_way() -> None:
    asked = Block("Anna came first and Ben second.", "Who came first?", (("+", "Anna"), ("-", "Ben")))
    assert list(by_hand._answers(asked)) == [
        ("Anna came first and Ben second.", "Anna came first.", {"nli": "entailment"}),
        ("Anna came first and Ben second.", "Ben came first.", {"nli": "not_entailment"}),
        ("Anna came first and Ben second. Who came first?", "The answer is Anna.", {"nli": "entailment"}),
        ("Anna came first and Ben second. Who came first?", "The answer is Ben.", {"nli": "not_entailment"}),
    ]
    few = by_hand._few_wrong(
        Block("It is May.", "When?", (("-", "June"), ("+", "May"), ("-", "July"), ("?", "Monday")))
    )
    assert [mark for mark, _ in few].count("+") == 1
    assert len(few) == 3
    assert len(by_hand._few_wrong(Block("It is May.", "Who?", (("?", "Ann"), ("?", "Ben"))))) == 1
    response = Block("Yes.", "May I?", (("+", "It is short."), ("-", "It is rude.")))
    assert [golds["nli"] for _, _, golds in by_hand._criteria(response)] == ["entailment", "not_entailment"]
    graded = [list(by_hand._graded(Block(f"Ice {n}.", "", (("-", "Fire."),)))) for n in range(50)]
    again = [one[1] for one in graded if len(one) == 2]
    assert 0 < len(again) < 25
    assert all(text.count("Fire.") > 1 and golds == {"nli": "contradiction"} for _, text, golds in again)
    alike = list(by_hand._alike(Block("It rains.", "", (("+", "Rain falls."), (">", "It may rain.")))))
    assert [golds for _, _, golds in alike] == [
        {"nli": "entailment", "duplicate": 1.0},
        {"nli": "entailment"},
        {"nli": "entailment", "duplicate": 0.0},
        {"nli": "not_entailment"},
    ]


@pytest.mark.parametrize("lines", [["+ no text"], ["T text"], ["T text", "= sign"], ["T text", "+ "]], ids=str)
def test_a_block_that_cannot_be_meant_is_shown(lines: list[str]) -> None:
    with pytest.raises(InputError, match=f"a block begins {re.escape(repr(lines[0]))}; expected one text"):
        by_hand._block("tag", lines)


def test_a_mixture_takes_some_files_of_them(tmp_path: Path) -> None:
    path = tmp_path / "mixture.toml"
    use = uses()[0]
    path.write_text(f'ships = true\n[[set]]\nname = "by_hand"\nrecipe = "by_hand"\ntags = ["{use}"]\nrepeat = 2\n')
    rows = Mixture.from_toml(path).rows()
    assert {row.tag for row in rows} == {use}
    config = TrainConfig(base="encoder", mixture=path, out=tmp_path / "run", data=tmp_path)
    assert development_sets(config) == []
    assert len(rows) == 2 * len({(normalized(row.text_a), normalized(row.text_b)) for row in rows})
