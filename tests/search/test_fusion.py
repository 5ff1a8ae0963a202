"""Fusion: what both rankings have near the top comes first, ties by place."""

from __future__ import annotations

from crossjudge.search.fusion import RRF, fused


def test_a_score_is_the_sum_of_reciprocal_ranks():
    assert dict(fused([[4, 7], [7, 9]])) == {4: 1 / (RRF + 1), 7: 1 / (RRF + 2) + 1 / (RRF + 1), 9: 1 / (RRF + 2)}


def test_what_both_have_is_first_and_ties_go_by_place():
    assert [place for place, _ in fused([[3, 1, 2], [3, 2, 1]])] == [3, 1, 2]
    assert [place for place, _ in fused([[5], [2]])] == [2, 5]


def test_one_ranking_keeps_its_order_and_none_gives_none():
    assert [place for place, _ in fused([[3, 1, 2]])] == [3, 1, 2]
    assert fused([[], []]) == []
