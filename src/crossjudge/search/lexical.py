"""The lexical first stage: which documents hold which words, and BM25 (Robertson et al.) of a query's words."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1, B = 1.5, 0.75
"""BM25's usual constants: how soon further occurrences stop counting, and how much a document's length counts."""

Places = NDArray[np.int32]
Scores = NDArray[np.float64]

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Runs of letters and digits, without regard to case; nothing is stemmed or left out."""
    return _WORD.findall(text.casefold())


@dataclass(frozen=True)
class Postings:
    """For each word the documents that hold it.

    `words`: sorted. The postings of word i are `starts[i]:starts[i + 1]` (int64, `(n_words + 1,)`) of `places` (which
    document, ascending) and `counts` (how often), both int32 `(n_postings,)`. `lengths`: each document's words,
    int32 `(n_documents,)`.
    """

    words: tuple[str, ...]
    starts: NDArray[np.int64]
    places: Places
    counts: Places
    lengths: Places

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word -> its place in `words`."""
        return {word: number for number, word in enumerate(self.words)}

    def of(self, word: str) -> tuple[Places, Places]:
        """Documents that hold a word, and how often; both `(n,)`."""
        number = self.numbers.get(word)
        span = slice(0, 0) if number is None else slice(*self.starts[number : number + 2])
        return self.places[span], self.counts[span]

    @property
    def word_numbers(self) -> NDArray[np.int64]:
        """Each posting's word, `(n_postings,)`."""
        return np.repeat(np.arange(len(self.words)), np.diff(self.starts))


def count_words(texts: Iterable[str]) -> Postings:
    """The postings of these texts."""
    numbers: dict[str, int] = {}
    columns = [array("i") for _ in range(4)]
    words, places, counts, lengths = columns
    for place, text in enumerate(texts):
        counted = Counter(words_of(text))
        words.extend(numbers.setdefault(word, len(numbers)) for word in counted)
        places.extend([place] * len(counted))
        counts.extend(counted.values())
        lengths.append(sum(counted.values()))
    return _arranged(list(numbers), *(np.array(column, dtype=np.int32) for column in columns))


def joined(first: Postings, second: Postings) -> Postings:
    """The postings of the first's documents and, after them, of the second's."""
    words = list(dict.fromkeys((*first.words, *second.words)))
    number = {word: place for place, word in enumerate(words)}
    of_second = np.array([number[word] for word in second.words], dtype=np.int64)[second.word_numbers]
    return _arranged(
        words,
        np.concatenate([first.word_numbers, of_second]),
        np.concatenate([first.places, second.places + np.int32(len(first.lengths))]),
        np.concatenate([first.counts, second.counts]),
        np.concatenate([first.lengths, second.lengths]),
    )


def kept(postings: Postings, keep: NDArray[np.bool_]) -> Postings:
    """The postings of the documents in `keep` `(n_documents,)`, counted anew from 0."""
    new_places = np.cumsum(keep, dtype=np.int32) - np.int32(1)
    rows = keep[postings.places]
    return _arranged(
        postings.words,
        postings.word_numbers[rows],
        new_places[postings.places[rows]],
        postings.counts[rows],
        postings.lengths[keep],
    )


def _arranged(words: Sequence[str], numbers: NDArray[Any], places: Places, counts: Places, lengths: Places) -> Postings:
    """Postings in any order of words, but documents ascending in each, as `Postings` has them; unused words go."""
    used = np.unique(numbers)
    order = sorted(used.tolist(), key=words.__getitem__)
    rank = np.zeros(len(words), dtype=np.int64)
    rank[order] = np.arange(len(order))
    by_word = np.argsort(rank[numbers], kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rank[numbers], minlength=len(order)))]).astype(np.int64)
    return Postings(tuple(words[number] for number in order), starts, places[by_word], counts[by_word], lengths)


def bm25(query: str, parts: Sequence[Postings]) -> Scores:
    """One score a document of all `parts`, float64 `(n_documents,)`; 0 for those that share no word with the query.

    What is rare or common is counted over all parts, so that scores do not depend on how documents fell into them.
    """
    offsets = np.cumsum([0, *(len(part.lengths) for part in parts)])
    n_documents = int(offsets[-1])
    scores = np.zeros(n_documents)
    mean_length = sum(int(part.lengths.sum()) for part in parts) / max(n_documents, 1)
    for word, times in Counter(words_of(query)).items():
        found = [part.of(word) for part in parts]
        n_holding = sum(len(places) for places, _ in found)
        rarity = np.log1p((n_documents - n_holding + 0.5) / (n_holding + 0.5))
        for part, offset, (places, counts) in zip(parts, offsets, found, strict=False):
            evened = K1 * (1 - B + B * part.lengths[places] / max(mean_length, 1))
            scores[offset + places] += times * rarity * counts / (counts + evened)
    return scores
