"""A suite's rows come back in order and complete; a row that is no labelled pair says where and why."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.errors import FileRowError, InputError
from crossjudge.evaluation import suite
from crossjudge.evaluation.suite import (
    SuiteCard,
    SuitePair,
    check_suite,
    find_suite,
    iter_suite,
    load_suite,
    pair_line,
    sha256_of,
)
from crossjudge.evaluation.suite_checks import RULES

ROW = {
    "id": "negation-001",
    "category": "negation",
    "text_a": "It rains.",
    "text_b": "It does not rain.",
    "nli_forward": "contradiction",
    "nli_backward": "contradiction",
    "duplicate": False,
    "note": "not",
    "domain": "everyday",
}
LEAST = {"category": "mine", "text_a": "It rains.", "text_b": "Wet day."}


def write(path: Path, rows: Sequence[Mapping[str, Any] | str]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def numbered(n: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {**LEAST, "text_a": f"It is {index} o'clock.", "text_b": f"Clock: {index}", **changes} for index in range(n)
    ]


def problems(path: Path) -> list[tuple[int, str, bool]]:
    return [(problem.line, problem.field, problem.is_error) for problem in check_suite(path)]


# Reading


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_the_rows_of_a_file_come_back_in_order(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"mine.{ending}", [ROW, {**LEAST, "id": 7}])
    assert list(iter_suite(path)) == [SuitePair(**ROW), SuitePair("7", **LEAST)]
    assert list(iter_suite(str(path))) == list(load_suite(path).pairs)


def test_what_nobody_knows_is_none_and_a_row_without_an_id_gets_its_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", ["", LEAST, {**dict.fromkeys(ROW), **LEAST, "text_b": "x"}])
    first, second = load_suite(path).pairs
    assert first == SuitePair("line-2", **LEAST)
    assert (second.id, second.nli_forward, second.nli_backward, second.duplicate) == ("line-3", None, None, None)
    assert (second.note, second.domain) == ("", "")


def test_a_suite_of_ones_own_is_named_after_its_file(tmp_path: Path) -> None:
    loaded = load_suite(write(tmp_path / "my.own.jsonl.gz", [ROW, LEAST]))
    assert (loaded.name, loaded.source, loaded.licence) == ("my.own", "my.own.jsonl.gz", "not stated")
    assert loaded.categories == ("negation", "mine")


def test_the_hash_is_of_the_pairs_whatever_file_they_came_from(tmp_path: Path) -> None:
    backwards = dict(reversed(ROW.items()))
    plain = load_suite(write(tmp_path / "a.jsonl", [ROW]))
    packed = load_suite(write(tmp_path / "b.jsonl.gz", ["", {**backwards, "more": 1}]))
    assert plain.sha256 == packed.sha256 == sha256_of([SuitePair(**ROW)])
    assert plain.sha256 == hashlib.sha256((tmp_path / "a.jsonl").read_bytes()).hexdigest()
    assert sha256_of([]) != plain.sha256


@given(st.builds(SuitePair, st.text(), st.text(), st.text(), st.text(), note=st.text()))
def test_a_pairs_line_is_the_pair(pair: SuitePair) -> None:
    assert "\n" not in pair_line(pair)
    assert SuitePair(**json.loads(pair_line(pair).encode("utf-8"))) == pair


def test_every_field_has_a_rule_and_no_other() -> None:
    assert tuple(RULES) == tuple(field.name for field in fields(SuitePair))


def test_rows_stream(tmp_path: Path) -> None:
    """Reading ten times the rows takes no more memory."""

    def peak(n: int) -> int:
        path = write(tmp_path / f"{n}.jsonl", numbered(n))
        tracemalloc.start()
        assert sum(1 for _ in iter_suite(path)) == n
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(5000) < 1.5 * peak(500)


def test_unknown_fields_are_told_of_once_and_cost_no_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "mine.jsonl", numbered(3, split="dev", by="Ana"))
    with caplog.at_level(logging.WARNING):
        assert len(list(iter_suite(path))) == 3
    assert [record.getMessage().partition("line ")[2] for record in caplog.records] == [
        "1: unknown field 'split', which is not read.",
        "1: unknown field 'by', which is not read.",
    ]


# Names


def test_an_unknown_name_is_told_the_near_ones() -> None:
    with pytest.raises(InputError, match=r"'stres': no suite has this name.*Did you mean 'stress'"):
        iter_suite("stres")
    with pytest.raises(InputError, match=r"does not end in \.jsonl.*Known: stress, "):
        load_suite("pairs.csv")


def test_a_file_that_is_not_there_is_found_missing_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.jsonl: there is no such file"):
        iter_suite(tmp_path / "mine.jsonl")


def test_a_generated_suite_is_made_with_its_seed_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    card = SuiteCard(name="made", generator=f"{__name__}:generate", seed=3, n_pairs=2)
    monkeypatch.setattr(suite, "find_suite", lambda name: card)
    assert [pair.text_b for pair in iter_suite("made")] == ["3", "3"]
    assert load_suite("made").pairs == tuple(generate(3, 2))
    assert check_suite("made") == []


def generate(seed: int, n_pairs: int) -> Iterator[SuitePair]:
    return (SuitePair(f"made-{number}", f"kind {number}", f"{number} of", str(seed)) for number in range(n_pairs))


# Faults


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"text_a": ""}, "text_a", '""; expected text'),
        ({"text_b": None}, "text_b", "null; expected text"),
        ({"text_b": 3}, "text_b", "3; expected text"),
        ({"category": " "}, "category", "expected the name of a category"),
        (
            {"nli_forward": "maybe"},
            "nli_forward",
            '"maybe"; expected one of entailment, neutral, contradiction, or null',
        ),
        ({"nli_backward": 1}, "nli_backward", "1; expected one of"),
        ({"duplicate": 1}, "duplicate", "1; expected true, false or null"),
        ({"note": ["x"]}, "note", r'\["x"\]; expected text or null'),
        ({"id": True}, "id", "true; expected text or a whole number"),
        ({"category": "positive_control", "duplicate": False}, "duplicate", "false; expected true or null, since"),
        ({"category": "negative_control", "duplicate": True}, "duplicate", "true; expected false or null, since"),
    ],
)
def test_a_bad_field_names_file_line_and_field(tmp_path: Path, change: dict[str, Any], field: str, said: str) -> None:
    path = write(tmp_path / "mine.jsonl", [LEAST, {**ROW, **change}])
    assert problems(path) == [(2, field, True)]
    for read in (load_suite, lambda place: list(iter_suite(place))):
        with pytest.raises(
            FileRowError, match=rf"mine\.jsonl: 1 row cannot(.|\n)*line 2, field '{field}': .*{said}"
        ) as caught:
            read(path)
        assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 2, field)


def test_a_missing_text_says_what_was_there_instead(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", [{"category": "c", "premise": "a", "hypothesis": "b"}])
    with pytest.raises(
        FileRowError, match="'text_a': not there, found 'category', 'premise', 'hypothesis'; expected text"
    ):
        load_suite(path)


@pytest.mark.parametrize("line", ["[1]", "{", '"text"', "nan"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "mine.jsonl", [LEAST, line])
    assert problems(path) == [(2, "", True)]
    with pytest.raises(FileRowError, match=r"line 2: .*; expected one JSON object a line"):
        load_suite(path)


def test_all_bad_rows_are_named_at_once_and_beyond_ten_they_are_counted(tmp_path: Path) -> None:
    bad = {**LEAST, "duplicate": "no"}
    path = write(tmp_path / "mine.jsonl", [LEAST, bad, LEAST, "{", bad])
    with pytest.raises(FileRowError) as caught:
        list(iter_suite(path))
    named = [line.strip().partition(":")[0] for line in str(caught.value).splitlines()[1:-1]]
    assert named == ["line 2, field 'duplicate'", "line 4", "line 5, field 'duplicate'"]
    assert str(caught.value).endswith("Correct these rows, or leave them out.")

    path = write(tmp_path / "many.jsonl", [LEAST, *[bad] * 25])
    with pytest.raises(FileRowError, match="25 rows cannot be used; the first 10") as caught:
        list(iter_suite(path))
    assert len(str(caught.value).splitlines()) == 12


def test_the_good_rows_before_a_bad_one_are_not_lost(tmp_path: Path) -> None:
    rows = iter_suite(write(tmp_path / "mine.jsonl", [ROW, LEAST, "{"]))
    assert [next(rows).id, next(rows).id] == ["negation-001", "line-2"]
    with pytest.raises(FileRowError):
        next(rows)


def test_a_repeated_id_names_the_line_that_had_it(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", [{**LEAST, "id": "a"}, ROW, {**LEAST, "id": "a", "category": "other"}])
    with pytest.raises(FileRowError, match="line 3, field 'id': 'a', as on line 1; expected an id of its own"):
        load_suite(path)
    clash = write(tmp_path / "clash.jsonl", [LEAST, {**ROW, "id": "line-1"}, {**ROW, "category": "x", "id": 0}])
    assert problems(clash) == [(2, "id", True)]


def test_a_pair_stands_once_in_a_category_in_either_order(tmp_path: Path) -> None:
    turned = {**LEAST, "text_a": LEAST["text_b"], "text_b": LEAST["text_a"]}
    path = write(tmp_path / "mine.jsonl", [LEAST, {**LEAST, "category": "other"}, turned])
    assert problems(path) == [(3, "text_a", True)]
    with pytest.raises(FileRowError, match="the pair of line 1 again"):
        load_suite(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text_a": LEAST["text_a"]}, "text_a"),
        ({"text_b": LEAST["text_b"]}, "text_b"),
        ({"split": "dev"}, "split"),
        ({"duplicate": True, "nli_forward": "contradiction"}, "duplicate"),
        ({"nli_forward": "contradiction", "nli_backward": "entailment"}, "nli_backward"),
    ],
)
def test_what_is_odd_is_warned_of_and_read(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    other = {"category": "mine", "text_a": "The sun shines.", "text_b": "Dry day."}
    path = write(tmp_path / "mine.jsonl", [LEAST, {**other, **change}])
    assert problems(path) == [(2, field, False)]
    assert len(load_suite(path).pairs) == 2


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", [{**LEAST, "duplicate": "yes"}])
    assert [str(problem) for problem in check_suite(path)] == [
        f"{path} line 1, field 'duplicate': \"yes\"; expected true, false or null"
    ]


def test_a_path_is_a_path_even_if_a_suite_has_its_name(tmp_path: Path) -> None:
    assert find_suite(tmp_path / "stress.jsonl").path == tmp_path / "stress.jsonl"
    assert find_suite("stress").licence == "Apache-2.0"
