"""Which sentences of the sources speak of a claim: the nearest to it by words, and the nearest by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from crossjudge.apps.checking.about import About
from crossjudge.apps.checking.passages import Sources
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.types import FloatArray

BY_WORDS = 2
BY_MEANING = 1
ALL_OF = BY_WORDS + BY_MEANING
"""Of so few sentences every one is near."""


class Nearest:
    """Finds them. `encoder` gives the bi-encoder, which is not asked for unless sources are long enough to choose."""

    def __init__(self, encoder: Callable[[], BiEncoder]) -> None:
        self._encoder = encoder

    def __call__(self, asked: Sequence[tuple[Sources, str, About]]) -> list[list[int]]:
        """For each claim on its sources the places of the nearest sentences, in the order of the sources."""
        long = [(sources, claim) for sources, claim, _ in asked if len(sources.sentences) > ALL_OF]
        vectors = self._vectors(long)
        return [
            list(range(len(sources.sentences)))
            if len(sources.sentences) <= ALL_OF
            else _chosen(sources, about, vectors[claim])
            for sources, claim, about in asked
        ]

    def _vectors(self, asked: Sequence[tuple[Sources, str]]) -> dict[str, FloatArray]:
        """A vector for each claim; sources without vectors of their sentences get them. All are encoded together."""
        claims = list(dict.fromkeys(claim for _, claim in asked))
        unread = list({id(sources): sources for sources, _ in asked if sources.vectors is None}.values())
        texts = list(dict.fromkeys([*claims, *(one.text for sources in unread for one in sources.sentences)]))
        if not texts:
            return {}
        encoder = self._encoder()
        # Encodings, since a sentence too long for the encoder is ranked by its beginning, and judged whole.
        found = dict(zip(texts, encoder.vectors_of(encoder.tokenizer.encode_single(texts)), strict=True))
        for sources in unread:
            sources.vectors = np.stack([found[one.text] for one in sources.sentences])
        return {claim: found[claim] for claim in claims}


def _chosen(sources: Sources, about: About, vector: FloatArray) -> list[int]:
    """Up to `BY_WORDS` places by words; by meaning `BY_MEANING`, or as many more as words found fewer."""
    by_words = nearest_by_words(sources, about)
    assert sources.vectors is not None
    by_meaning = np.argsort(-(sources.vectors @ vector), kind="stable").tolist()
    return sorted({*by_words, *by_meaning[: max(BY_MEANING, BY_WORDS - len(by_words))]})


def nearest_by_words(sources: Sources, about: About) -> list[int]:
    """Places of up to `BY_WORDS` sentences with most of what a claim is about, best first; of equals, the first."""
    weights = [about.weight(words) for words in sources.words]
    best = sorted(range(len(weights)), key=lambda place: (-weights[place], place))[:BY_WORDS]
    return [place for place in best if weights[place]]
