"""Rankings with blank texts among them: the others as `Reranker` has them, the blank ones last, none lost."""

from __future__ import annotations

import pytest
from faked import QUERY, RERANKER, TEXTS

from crossjudge.errors import ItemError
from crossjudge.integrations.ranking import Place, ranked


def test_texts_are_ranked_as_the_reranker_ranks_them():
    full = [text for text in TEXTS if text.strip()]
    assert ranked(RERANKER, QUERY, full) == [Place(one.index, one.score) for one in RERANKER(QUERY, full)]


def test_blank_texts_come_last_without_a_score_and_none_is_lost():
    places = ranked(RERANKER, QUERY, ["", *TEXTS, None])
    assert sorted(one.index for one in places) == list(range(len(TEXTS) + 2))
    assert [(one.index, one.score) for one in places[3:]] == [(0, None), (2, None), (5, None)]
    assert [one.score for one in places[:3]] == [one.score for one in ranked(RERANKER, QUERY, TEXTS)[:3]]


def test_the_best_few_are_the_start_of_the_whole():
    assert ranked(RERANKER, QUERY, TEXTS, most=2) == ranked(RERANKER, QUERY, TEXTS)[:2]


def test_nothing_is_asked_where_nothing_says_anything():
    assert ranked(RERANKER, QUERY, []) == []
    assert ranked(RERANKER, QUERY, ["", " "]) == [Place(0, None), Place(1, None)]


def test_a_blank_query_is_refused():
    with pytest.raises(ItemError, match="query"):
        ranked(RERANKER, " ", TEXTS)
