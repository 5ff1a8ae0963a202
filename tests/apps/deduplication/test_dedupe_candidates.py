"""Candidates: blocks find what a double loop finds, an index nearly all of it; each text brings its nearest."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge.apps.deduplication import candidates as room
from crossjudge.apps.deduplication.candidates import candidates, search_for
from crossjudge.errors import MissingExtraError


def unit_vectors(count, seed=0, dim=8):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def near(vectors, *, least_cosine=0.5, neighbours=1000, search="exact"):
    return candidates(
        vectors, least_cosine=least_cosine, neighbours=neighbours, search=search, advance=lambda done: None
    )


def by_double_loop(vectors, least_cosine, neighbours):
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    pairs = set()
    for row, values in enumerate(cosines):
        nearest = sorted(range(len(values)), key=lambda place: (-values[place], place))[:neighbours]
        pairs |= {tuple(sorted((row, place))) for place in nearest if values[place] >= least_cosine}
    return sorted(pairs)


@pytest.mark.parametrize("neighbours", [1, 3, 1000])
def test_blocks_find_what_a_double_loop_finds(monkeypatch, neighbours):
    monkeypatch.setattr(room, "_ROWS", 16)
    monkeypatch.setattr(room, "_COLUMNS", 24)
    vectors = unit_vectors(90)
    found = near(vectors, neighbours=neighbours)
    assert [tuple(pair) for pair in found.pairs.tolist()] == by_double_loop(vectors, 0.5, neighbours)
    assert found.search == "exact"
    counts = ((vectors @ vectors.T) >= 0.5).sum(axis=1) - 1
    assert found.at_limit == int((counts > neighbours).sum())


def test_advance_hears_every_text():
    heard = []
    candidates(unit_vectors(30), least_cosine=0.5, neighbours=5, search="exact", advance=heard.append)
    assert heard[-1] == 30


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_pair(count):
    assert near(unit_vectors(count)).pairs.shape == (0, 2)


def test_an_index_finds_nearly_all_and_nothing_else():
    pytest.importorskip("usearch")
    vectors = unit_vectors(400)
    exact, approximate = (
        {*map(tuple, near(vectors, search=one, neighbours=10).pairs.tolist())} for one in room.SEARCHES[1:]
    )
    assert len(exact & approximate) >= 0.95 * len(exact)
    assert all(vectors[one] @ vectors[other] >= 0.499 for one, other in approximate)
    again = near(vectors, search="approximate", neighbours=10).pairs.tolist()
    assert {*map(tuple, again)} == approximate


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_index_of_few(count):
    pytest.importorskip("usearch")
    assert len(near(np.ones((count, 4), dtype=np.float32) / 2, search="approximate").pairs) == count * (count - 1) // 2


def test_auto_is_exact_for_few_and_wherever_no_index_is_installed(monkeypatch):
    assert search_for(room.EXACT_UP_TO, "auto") == "exact"
    assert search_for(3, "approximate") == "approximate"
    monkeypatch.setattr(room, "is_installed", lambda package: False)
    assert search_for(room.EXACT_UP_TO + 1, "auto") == "exact"
    monkeypatch.setattr(room, "is_installed", lambda package: True)
    assert search_for(room.EXACT_UP_TO + 1, "auto") == "approximate"


def test_a_missing_index_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "usearch", None)
    monkeypatch.setitem(__import__("sys").modules, "usearch.index", None)
    with pytest.raises(MissingExtraError, match=r"crossjudge\[search\]"):
        near(unit_vectors(5), search="approximate")
