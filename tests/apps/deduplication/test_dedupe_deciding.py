"""Who decides: a head for duplicates asked in both orders, or entailment both ways; never a model of relevance."""

from __future__ import annotations

import pytest
from scripted_duplicates import ScriptedJudge

from crossjudge import CrossEncoder, Judge
from crossjudge.apps.deduplication.deciding import decider
from crossjudge.errors import ObjectiveError

GENERAL, SPECIAL = "A bird sings.", "A thrush sings."


def test_a_head_for_duplicates_gives_the_mean_of_the_logits_of_both_orders():
    model = CrossEncoder(backend="fake", head="duplicate")
    (verdict,) = decider(model)([(GENERAL, SPECIAL)])
    both = model.logits([(GENERAL, SPECIAL), (SPECIAL, GENERAL)])[:, 0]
    assert verdict.logits["duplicate"] == pytest.approx(both.mean(), abs=1e-6)
    assert decider(model)([(SPECIAL, GENERAL)]) == [verdict]


def test_with_a_model_for_nli_each_text_must_entail_the_other():
    says = {(SPECIAL, GENERAL): 0.95, (GENERAL, SPECIAL): 0.3}
    (verdict,) = decider(ScriptedJudge(lambda a, b: says[a, b], objective="nli"))([(SPECIAL, GENERAL)])
    assert (verdict.label, verdict.score) == ("not_duplicate", 0.3)
    assert verdict.probabilities == {"duplicate": 0.3, "not_duplicate": pytest.approx(0.7)}
    (sure,) = decider(ScriptedJudge(lambda a, b: 0.9, objective="nli"))([(SPECIAL, GENERAL)])
    assert (sure.label, sure.score) == ("duplicate", 0.9)


def test_a_cross_encoder_is_used_for_what_it_was_opened_for():
    assert decider(CrossEncoder(backend="fake")).judge.objective.name == "nli"
    assert decider(CrossEncoder(backend="fake", head="similarity")).labels == ("similar", "not_similar")
    assert decider(None).judge.objective.name == "duplicate"


def test_relevance_is_refused():
    model = CrossEncoder(backend="fake", head="relevance")
    for given in (model, Judge(model, objective="relevance")):
        with pytest.raises(ObjectiveError, match=r"^Finding duplicates: .*relevance"):
            decider(given)
