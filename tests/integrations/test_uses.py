"""What parts take as their model: a model, or any object that already does the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from faked import CHECKER, JUDGE, QUERY, RERANKER, TEXTS, TRUE

from crossjudge import ClaimChecker, CrossEncoder, Grader, Judge, Reranker, Tagger
from crossjudge.errors import InputError, ObjectiveError, UnknownModelError
from crossjudge.integrations.uses import checks, grader_maker, is_model, name_of, ranks, saved_name, tags


class ClientOfOurs:
    """Like a client of a server: it makes the uses."""

    def reranker(self):
        return RERANKER

    def claim_checker(self, *, threshold):
        return ClaimChecker(model=JUDGE, threshold=threshold)

    def tagger(self, labels, **options):
        return Tagger(labels, model=JUDGE, **options)

    def grader(self, reference, *, question):
        return Grader(reference, question=question, model=JUDGE)


MODELS = [None, "a/name", Path("a"), CrossEncoder(backend="fake"), JUDGE]


class Elsewhere:
    """Like a client of a server: it does what a `Reranker` does, and is none."""

    def batch(self, inputs, top_k=None, /):
        return RERANKER.batch(inputs, top_k)


@pytest.mark.parametrize("model", MODELS)
def test_models_and_their_names_are_models(model):
    assert is_model(model)


def test_a_model_becomes_the_use_it_is_needed_for():
    assert isinstance(ranks(CrossEncoder(backend="fake", head="relevance")), Reranker)
    assert isinstance(checks(JUDGE, threshold=0.7), ClaimChecker)
    assert checks(JUDGE, threshold=0.7).threshold == 0.7
    assert tags(JUDGE, labels=["a", "b"], threshold=None, multi_label=False).labels == ("a", "b")


def test_what_already_does_the_work_is_taken_as_it_is():
    elsewhere = Elsewhere()
    assert ranks(elsewhere) is elsewhere
    assert ranks(elsewhere).batch([(QUERY, TEXTS[:1])]) == RERANKER.batch([(QUERY, TEXTS[:1])])
    assert checks(CHECKER, threshold=0.9) is CHECKER


def test_a_client_makes_the_uses_with_its_own_model():
    client = ClientOfOurs()
    assert ranks(client) is RERANKER
    assert checks(client, threshold=0.7).threshold == 0.7
    assert tags(client, ["a", "b"], threshold=0.9, multi_label=None).labels == ("a", "b")
    assert grader_maker(client)([TRUE], "When?")(TRUE) == grader_maker(JUDGE)([TRUE], "When?")(TRUE)


def test_what_does_not_do_the_work_is_refused_with_what_would():
    with pytest.raises(InputError, match=r"int 3; expected None, a folder or hub name, .* the `batch` of Reranker"):
        ranks(3)
    with pytest.raises(InputError, match="int 3"):
        grader_maker(3)
    with pytest.raises(InputError, match=r"Pass crossjudge\.Client\(address\)"):
        ranks("http://localhost:8080")
    with pytest.raises(ObjectiveError):
        ranks(JUDGE)
    with pytest.raises(UnknownModelError):
        checks("./nowhere", threshold=0.5)


def test_a_tagger_has_its_own_labels_and_a_model_needs_some():
    tagger = Tagger(["a"], model=JUDGE)
    assert tags(tagger, labels=None) is tagger
    with pytest.raises(InputError, match="labels"):
        tags(JUDGE, labels=None)
    with pytest.raises(InputError, match="threshold"):
        tags(tagger, labels=None, threshold=0.9)


def test_names_can_be_saved_and_objects_cannot():
    assert [saved_name(one, of="part") for one in (None, "a/name", Path("a"))] == [None, "a/name", "a"]
    with pytest.raises(InputError, match="Saving a part: its model is a Judge"):
        saved_name(JUDGE, of="part")


def test_traces_call_a_model_by_its_name():
    assert [name_of(one) for one in (None, "a/name", Judge(CrossEncoder(backend="fake")))] == [
        "embedded",
        "a/name",
        "Judge",
    ]
