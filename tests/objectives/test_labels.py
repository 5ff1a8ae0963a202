"""Which logit means what: by name, in any order, or not at all."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from crossjudge.errors import LabelError, ObjectiveError
from crossjudge.objectives import OBJECTIVES, get_objective
from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.objectives.nli import NLI
from crossjudge.objectives.relevance import RELEVANCE
from crossjudge.objectives.similarity import SIMILARITY


@pytest.mark.parametrize("names", list(permutations(NLI.labels)))
def test_every_order_of_names_gives_the_same_arrangement(names: tuple[str, ...]) -> None:
    value_of = {"entailment": 3.0, "contradiction": 2.0, "neutral": 1.0}
    logits = np.array([[value_of[name] for name in names]], dtype=np.float32)
    assert NLI.arranged(logits, NLI.order(names)).tolist() == [[3.0, 2.0, 1.0]]


def test_spelling_and_known_synonyms_do_not_matter() -> None:
    assert NLI.order(["REFUTES", "Not enough info", " Supports "]) == (2, 0, 1)
    assert DUPLICATE.order(["not-duplicate", "Is Duplicate"]) == (1, 0)
    assert RELEVANCE.order(["not_entailment", "entailment"]) == (1, 0)


@pytest.mark.parametrize(
    "names",
    [
        ("yes", "no", "maybe"),
        ("entailment", "contradiction"),
        ("entailment", "not_entailment"),
        ("entailment", "entails", "neutral"),
        ("entailment", "contradiction", "neutral", "other"),
    ],
)
def test_names_that_are_not_the_objectives_are_refused_with_what_they_should_be(names: tuple[str, ...]) -> None:
    with pytest.raises(LabelError, match=r"Expected entailment, contradiction, neutral in any order.*labels="):
        NLI.order(names)


def test_one_score_is_no_inference_and_stating_an_order_would_not_help() -> None:
    with pytest.raises(
        LabelError, match=r"one score .* Expected entailment, contradiction, neutral.* predict"
    ) as caught:
        NLI.order(("LABEL_0",))
    assert "labels=" not in str(caught.value)


@pytest.mark.parametrize("objective", [SIMILARITY, DUPLICATE, RELEVANCE], ids=lambda one: one.name)
def test_a_single_logit_needs_no_name_and_is_the_log_odds_of_yes(objective) -> None:
    order = objective.order(["LABEL_0"])
    assert objective.arranged(np.array([[1.5], [-2.0]], dtype=np.float32), order).tolist() == [[1.5, 0.0], [-2.0, 0.0]]


def test_every_objective_is_found_by_its_name_and_an_unknown_one_lists_them() -> None:
    assert {get_objective(name).name for name in OBJECTIVES} == set(OBJECTIVES)
    with pytest.raises(ObjectiveError, match=r"'nil' is not known; expected one of nli, similarity, duplicate, relev"):
        get_objective("nil")


def test_relevance_is_ranked_by_its_logit_and_the_others_by_a_probability() -> None:
    logits, probabilities = np.array([9.0, -1.0], np.float32), np.array([0.9, 0.1], np.float32)
    assert RELEVANCE.score(logits, probabilities) == 10.0
    assert DUPLICATE.score(logits, probabilities) == pytest.approx(0.9)
