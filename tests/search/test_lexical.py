"""BM25: the numbers of a reference implementation, however the documents fell into parts."""

from __future__ import annotations

import random

import numpy as np
import pytest

from crossjudge.search.lexical import K1, B, bm25, count_words, joined, kept, words_of

WORDS = [f"word{n}" for n in range(40)]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, weights=range(1, 41), k=rng.randint(1, 30))) for _ in range(count)]


QUERIES = ["word0 word3 word39", "word7 word7", "nothing", "word1"]


@pytest.mark.parametrize("query", QUERIES)
def test_scores_are_those_of_bm25s(query):
    bm25s = pytest.importorskip("bm25s")
    documents = texts(60)
    reference = bm25s.BM25(method="lucene", k1=K1, b=B)
    reference.index([words_of(text) for text in documents], show_progress=False)
    expected = reference.get_scores(words_of(query))
    np.testing.assert_allclose(bm25(query, [count_words(documents)]), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("query", QUERIES)
def test_parts_score_as_the_whole_does(query):
    documents = texts(60)
    whole = bm25(query, [count_words(documents)])
    parts = [count_words(documents[:7]), count_words(documents[7:50]), count_words(documents[50:])]
    np.testing.assert_allclose(bm25(query, parts), whole, rtol=1e-12)
    one = joined(joined(parts[0], parts[1]), parts[2])
    np.testing.assert_array_equal(bm25(query, [one]), whole)


def test_joined_and_kept_are_what_counting_anew_gives():
    documents = texts(30, seed=1)
    keep = np.array([place % 3 != 1 for place in range(30)])
    fresh = count_words([text for text, stays in zip(documents, keep, strict=True) if stays])
    for found in (
        kept(count_words(documents), keep),
        kept(joined(*map(count_words, (documents[:9], documents[9:]))), keep),
    ):
        assert found.words == fresh.words
        for name in ("starts", "places", "counts", "lengths"):
            np.testing.assert_array_equal(getattr(found, name), getattr(fresh, name))


def test_words_are_compared_without_case_and_in_any_script():
    assert words_of("Straße, CAFÉ-Bar: 3.5 \u041c\u0438\u0440!") == [
        "strasse",
        "café",
        "bar",
        "3",
        "5",
        "\u043c\u0438\u0440",
    ]
    assert words_of(" ... ") == []


def test_documents_that_share_no_word_score_nothing_and_a_rare_word_more_than_a_common_one():
    scores = bm25("rare common", [count_words(["common word", "common rare", "common thing", "other"])])
    assert scores[3] == 0
    assert scores.argmax() == 1
