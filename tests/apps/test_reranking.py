"""Ranking: best first by logit, equal scores in the order given, long documents read to their end."""

from __future__ import annotations

import json

import pytest

from crossjudge import CrossEncoder, Judge, Reranker
from crossjudge.errors import InputError, ItemError, ObjectiveError

MODEL = CrossEncoder(backend="fake", head="relevance")
QUERY = "how do I keep bread fresh"
DOCUMENTS = ["The bakery opens at seven.", "Keep bread fresh in a cloth bag.", "I do keep bread fresh, and how!"]


def ranked(documents, query=QUERY, top_k=None):
    return Reranker(MODEL)(query, documents, top_k)


def test_the_score_is_the_logit_of_the_judge_and_the_highest_is_first():
    found = ranked(DOCUMENTS)
    judge = Judge(MODEL, objective="relevance")
    assert [one.score for one in found] == [judge(QUERY, one.text).score for one in found]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert [DOCUMENTS[one.index] for one in found] == [one.text for one in found]
    assert found[0].index != 0


def test_top_k_is_the_start_of_the_whole_ranking():
    assert ranked(DOCUMENTS, top_k=2) == ranked(DOCUMENTS)[:2]
    assert ranked(DOCUMENTS, top_k=9) == ranked(DOCUMENTS)


def test_equal_documents_keep_their_order():
    found = ranked([DOCUMENTS[1], DOCUMENTS[0], DOCUMENTS[1]])
    assert [one.index for one in found][:2] == [0, 2]


def test_a_documents_score_does_not_depend_on_the_others():
    (alone,) = ranked(DOCUMENTS[1:2])
    among = {one.text: one.score for one in ranked(DOCUMENTS)}
    assert among[alone.text] == alone.score


def test_batch_is_one_by_one_in_order():
    inputs = [(QUERY, DOCUMENTS), ("when does the bakery open", DOCUMENTS[:1]), (QUERY, [])]
    assert Reranker(MODEL).batch(inputs) == [ranked(documents, query) for query, documents in inputs]
    assert Reranker(MODEL).batch(inputs, 1) == [one[:1] for one in Reranker(MODEL).batch(inputs)]
    assert Reranker(MODEL).batch([]) == []


def test_no_documents_have_no_ranking():
    assert ranked([]) == []


def test_a_long_document_is_read_to_its_end_and_its_best_window_decides():
    long, short = "weather " * 2500 + f"{QUERY} " * 200, "weather " * 3000
    found = ranked([short, long])
    assert found[0].index == 1
    assert [one.tokens_dropped for one in found] == [0, 0]
    assert all(one.tokens_read >= 3000 for one in found)


def test_what_a_judge_was_told_to_cut_is_counted():
    cutting = Reranker(Judge(MODEL, objective="relevance", on_overflow="truncate"))
    assert cutting(QUERY, ["weather " * 3000])[0].tokens_dropped > 2000


def test_a_query_longer_than_the_window_is_read_in_parts():
    (found,) = ranked(DOCUMENTS[:1], query="bread " * 2000)
    assert found.tokens_dropped == 0


@pytest.mark.parametrize(
    "one",
    [("", DOCUMENTS), (None, DOCUMENTS), (QUERY, "a text"), (QUERY, ["a", " "]), (QUERY, [None]), QUERY, (QUERY,)],
)
def test_what_cannot_be_ranked_is_refused_by_its_index(one):
    with pytest.raises(ItemError) as caught:
        Reranker(MODEL).batch([(QUERY, DOCUMENTS), one])
    assert caught.value.index == 1


@pytest.mark.parametrize("top_k", [0, -1, 1.5, True, "3"])
def test_a_top_k_that_is_no_count_is_refused(top_k):
    with pytest.raises(InputError, match=r"top_k is .*from 1 on"):
        ranked(DOCUMENTS, top_k=top_k)


def test_a_model_that_judges_something_else_is_refused():
    with pytest.raises(ObjectiveError):
        Reranker(CrossEncoder(backend="fake", head="similarity"))


def test_a_result_can_be_written_as_json():
    (found,) = ranked(DOCUMENTS[:1])
    assert json.loads(json.dumps(found.to_dict()))["text"] == DOCUMENTS[0]
