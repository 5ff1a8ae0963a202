"""The dense stage: nothing is cut, no neighbour is missed, and a document stands for its best passage."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge import BiEncoder
from crossjudge.search.dense import PASSAGE_TOKENS, encoded, halved, nearest

ENCODER = BiEncoder(backend="fake")

pytest.importorskip("usearch")


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_nearest_are_those_of_looking_at_every_one():
    random = np.random.default_rng(0)
    vectors, query = unit(random.standard_normal((300, 16))), unit(random.standard_normal((1, 16)))[0]
    owners = np.arange(300, dtype=np.int32)
    stored = vectors.astype(np.float16)
    found = nearest(query, stored, owners, 10)
    cosines = stored.astype(np.float32) @ query
    assert [place for place, _ in found] == np.argsort(-cosines, kind="stable")[:10].tolist()
    np.testing.assert_allclose([cosine for _, cosine in found], np.sort(cosines)[::-1][:10], rtol=1e-6)


def test_a_document_of_many_near_passages_takes_one_place_only():
    random = np.random.default_rng(0)
    query = unit(random.standard_normal((1, 16)))[0]
    near = unit(query + 0.01 * random.standard_normal((50, 16)))
    vectors = np.concatenate([near, unit(random.standard_normal((5, 16)))]).astype(np.float16)
    owners = np.array([0] * 50 + [1, 2, 3, 4, 5], dtype=np.int32)
    found = nearest(query, vectors, owners, 4)
    assert len(found) == 4
    assert found[0][0] == 0


def test_equal_documents_are_ordered_by_place():
    vectors = np.tile(unit(np.ones((1, 8))), (6, 1)).astype(np.float16)
    found = nearest(unit(np.ones((1, 8)))[0], vectors, np.arange(6, dtype=np.int32), 6)
    assert [place for place, _ in found] == [0, 1, 2, 3, 4, 5]


def test_parts_hold_all_words_and_fit():
    text = " ".join(f"Sentence {n} has some words." for n in range(60))
    parts = halved(text, lambda part: len(part) <= 200)
    assert " ".join(parts).split() == text.split()
    assert all(len(part) <= 200 and part.endswith(".") for part in parts)
    assert "".join(halved("x" * 1000, lambda part: len(part) <= 64)) == "x" * 1000


def test_long_texts_have_several_vectors_and_nothing_is_cut():
    texts = ["short", "word " * 900, "also short"]
    before = ENCODER.truncated_texts
    vectors, owners = encoded(ENCODER, texts)
    assert ENCODER.truncated_texts == before
    assert owners.tolist() == sorted(owners.tolist())
    assert (owners == 1).sum() >= 900 / PASSAGE_TOKENS
    assert (owners != 1).sum() == 2
    np.testing.assert_array_equal(vectors[0], ENCODER.encode("short"))
