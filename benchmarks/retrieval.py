"""A plain first stage (BM25 beside sentence vectors) and the measures of a ranking; small, to be read and trusted."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

K1, B = 1.2, 0.75
"""BM25's usual constants."""
RRF = 60
"""Reciprocal rank fusion's usual constant (Cormack et al. 2009)."""


class Bm25:
    """Robertson's BM25 over a small corpus held in memory."""

    def __init__(self, documents: Sequence[str]) -> None:
        counts = [Counter(words_of(text)) for text in documents]
        self._lengths = np.array([sum(one.values()) for one in counts], dtype=np.float64)
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, one in enumerate(counts):
            for word, count in one.items():
                self._postings[word].append((place, count))

    def scores(self, query: str) -> np.ndarray:
        """One score a document, `(n_documents,)`."""
        n = len(self._lengths)
        scores = np.zeros(n)
        for word in words_of(query):
            postings = self._postings.get(word, [])
            idf = math.log(1 + (n - len(postings) + 0.5) / (len(postings) + 0.5))
            for place, count in postings:
                norm = K1 * (1 - B + B * self._lengths[place] / self._lengths.mean())
                scores[place] += idf * count * (K1 + 1) / (count + norm)
        return scores


def words_of(text: str) -> list[str]:
    """Lower-case words of letters and digits."""
    return re.findall(r"[a-z0-9]+", text.lower())


def fused(rankings: Sequence[np.ndarray], top: int) -> list[int]:
    """Several scorings of the same documents as one order, by reciprocal rank, its first `top` places."""
    total = np.zeros(len(rankings[0]))
    for scores in rankings:
        order = np.argsort(-scores, kind="stable")
        total[order] += 1 / (RRF + 1 + np.arange(len(order)))
    return [int(place) for place in np.argsort(-total, kind="stable")[:top]]


def ndcg(grades: Sequence[float], all_grades: Sequence[float], k: int = 10) -> float:
    """nDCG@k of documents in ranked order; `all_grades`: of every judged document of the query, for the ideal."""
    best = _gain(sorted(all_grades, reverse=True)[:k])
    return _gain(grades[:k]) / best if best else 0.0


def _gain(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def average_precision(relevant: Sequence[bool]) -> float:
    """Average precision of documents in ranked order, all relevant ones among them."""
    hits, total = 0, 0.0
    for place, is_relevant in enumerate(relevant, start=1):
        if is_relevant:
            hits += 1
            total += hits / place
    return total / hits if hits else 0.0


def by_query(rows: Sequence[tuple[str, str, float]], scores: np.ndarray) -> Mapping[str, list[tuple[float, float]]]:
    """(query, document, grade) rows and their scores -> query -> (score, grade), best first, ties as they came."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for (query, _, grade), score in zip(rows, scores, strict=True):
        found[query].append((float(score), grade))
    return {query: sorted(pairs, key=lambda pair: -pair[0]) for query, pairs in found.items()}
