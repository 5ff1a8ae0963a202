"""Results as JSON: read back, they are what was written; what cannot be read is named, without its content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge import (
    AnswerPicker,
    BiEncoder,
    ClaimChecker,
    CrossEncoder,
    Deduplicator,
    Grader,
    Guardrail,
    Judge,
    Reranker,
    RubricScorer,
    Tagger,
)
from crossjudge.apps.checking.results import CheckReport, ClaimVerdict, Evidence
from crossjudge.apps.deduplication.results import DedupeReport
from crossjudge.apps.grading import GradeResult
from crossjudge.apps.guarding.guardrail import GuardrailResult
from crossjudge.apps.picking import AnswerResult
from crossjudge.apps.reranking import Ranked
from crossjudge.apps.scoring import RubricResult
from crossjudge.apps.tagging import TagResult
from crossjudge.errors import InputError
from crossjudge.plain_values import from_plain, to_plain
from crossjudge.types import Verdict

TEXT = "The ferry was late. Write to ann@example.com."


@dataclass(frozen=True)
class Leaf:
    number: float
    word: Literal["yes", "no"]


@dataclass(frozen=True)
class Tree:
    """Every kind of field that results have."""

    leaf: Leaf | None
    leaves: tuple[Leaf, ...]
    named: dict[str, Leaf]
    pairs: list[tuple[str, float]]
    flag: bool
    count: int
    after: Tree | None = None


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.builds(Leaf, NUMBERS, st.sampled_from(["yes", "no"]))


def trees(after: st.SearchStrategy[Tree | None]) -> st.SearchStrategy[Tree]:
    return st.builds(
        Tree,
        leaf=st.none() | LEAVES,
        leaves=st.lists(LEAVES, max_size=3).map(tuple),
        named=st.dictionaries(st.text(), LEAVES, max_size=3),
        pairs=st.lists(st.tuples(st.text(), NUMBERS), max_size=3),
        flag=st.booleans(),
        count=st.integers(),
        after=after,
    )


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(to_plain(value)))


@given(trees(st.none() | trees(st.none())))
def test_what_was_written_is_read_back(tree: Tree) -> None:
    assert from_plain(Tree, through_json(tree)) == tree


def results() -> list[tuple[Any, Any]]:
    """The type of each use's result, and one of them."""
    model = CrossEncoder(backend="fake")
    duplicates = CrossEncoder(head="duplicate", backend="fake")
    relevance = CrossEncoder(head="relevance", backend="fake")
    deduplicator = Deduplicator(model=duplicates, first_stage_model=BiEncoder(backend="fake"))
    return [
        (Verdict, Judge(model)(TEXT, "The ferry was late.")),
        (TagResult, Tagger(["ferry", "rain"], model=model)(TEXT)),
        (CheckReport, ClaimChecker(model=model)(TEXT, "The ferry was late. It had 40 cars.")),
        (AnswerResult, AnswerPicker(model=model)(TEXT, "What was late?", ["The ferry", "The cabin"])),
        (RubricResult, RubricScorer({"short": "The answer is short."}, model=model)("Why?", TEXT)),
        (GuardrailResult, Guardrail({"pii": "The text holds no personal data."}, model=model)(TEXT)),
        (GradeResult, Grader(TEXT, model=model)("The ferry was late.")),
        (list[Ranked], Reranker(relevance)("late?", [TEXT, "Sunny."])),
        (DedupeReport, deduplicator.report([TEXT, TEXT.upper(), "Sunny."])),
    ]


RESULTS = results()


@pytest.mark.parametrize(("kind", "result"), RESULTS, ids=[str(kind) for kind, _ in RESULTS])
def test_every_result_survives_json(kind: Any, result: Any) -> None:
    assert from_plain(kind, through_json(result)) == result


def test_results_within_results_are_read_to_their_depth() -> None:
    evidence = Evidence(0, 0, 5, "Rain.", Evidence(1, 2, 7, "Snow."))
    claim = ClaimVerdict("It snows.", 0, 9, "supported", {"entailment": 1.0}, evidence, None, [])
    assert from_plain(ClaimVerdict, through_json(claim)) == claim


def test_what_a_newer_version_adds_is_left_out() -> None:
    assert from_plain(Leaf, {"number": 1, "word": "yes", "colour": "green"}) == Leaf(1.0, "yes")


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Leaf, {"number": 1.0}, r"at its top: got the fields number; expected the field 'word' of Leaf"),
        (list[Leaf], [{"number": "secret", "word": "no"}], r"at \[0\]\.number: got str; expected float"),
        (Leaf, {"number": 1.0, "word": "secret"}, r"at word: got str; expected one of \('yes', 'no'\)"),
        (Leaf, {"number": True, "word": "no"}, r"at number: got bool; expected float"),
        (dict[str, Leaf], {"a": 7}, r"at \['a'\]: got int; expected dict"),
        (tuple[str, float], ["secret"], r"got 1; expected 2 values"),
        (Leaf, "secret", r"got str; expected dict"),
        (int, None, r"got NoneType; expected int"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_plain(kind, value)
    assert "secret" not in str(caught.value)
