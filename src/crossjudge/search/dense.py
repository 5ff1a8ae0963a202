"""The dense first stage: texts as unit vectors of their passages, and the documents nearest to a query's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.apps.base import Progress
from crossjudge.extras import require
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.text.sentences import sentences
from crossjudge.types import FloatArray

PASSAGE_TOKENS = 256
"""Longer texts are embedded in parts: sentence encoders are trained on short texts, and one vector says little of a
long one."""

_ROOM_FOR_SPECIAL = 2

Vectors = NDArray[np.float16]
Owners = NDArray[np.int32]


def encoded(encoder: BiEncoder, texts: Sequence[str], *, progress: Progress | None = None) -> tuple[FloatArray, Owners]:
    """Vectors of all passages, `(n_passages, dim)`, and for each the place of its text, `(n_passages,)`."""
    most = min(PASSAGE_TOKENS, encoder.max_length - _ROOM_FOR_SPECIAL)

    def fits(piece: str) -> bool:
        return encoder.tokenizer.count(piece) <= most

    lengths = encoder.tokenizer.token_ids(texts)
    passages = [[text] if len(lengths[text]) <= most else halved(text, fits) for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), [len(some) for some in passages])
    return encoder.encode([one for some in passages for one in some], progress=progress), owners


def halved(text: str, fits: Callable[[str], bool]) -> list[str]:
    """`text` cut in two, and each half again, until every part fits: between sentences, else between words."""
    if len(text) < 2 or fits(text):
        return [text]
    middle = len(text) // 2
    borders = [one.end for one in sentences(text)[:-1]] or [place for place, one in enumerate(text) if one.isspace()]
    cut = min((place for place in borders if 0 < place < len(text)), key=lambda end: abs(end - middle), default=middle)
    return [part for half in (text[:cut], text[cut:]) if half.strip() for part in halved(half.strip(), fits)]


def nearest(query: FloatArray, vectors: Vectors, owners: Owners, most: int) -> list[tuple[int, float]]:
    """(place, cosine) of the `most` documents nearest to `query` `(dim,)`, each by its nearest passage.

    Every vector is looked at, so none is missed. `vectors`: `(n_passages, dim)`; `owners`: `(n_passages,)`.
    """
    wanted = most
    rows = _nearest_rows(query, vectors, wanted)
    # Several passages of one document take each other's places: look further until there are enough documents.
    while len(np.unique(owners[rows])) < most and wanted < len(vectors):
        wanted *= 4
        rows = _nearest_rows(query, vectors, wanted)
    cosines = np.clip(vectors[rows].astype(np.float32) @ query, -1, 1)
    best: dict[int, float] = {}
    for row, cosine in zip(rows, cosines, strict=True):
        place = int(owners[row])
        best[place] = max(best.get(place, -1.0), float(cosine))
    return sorted(best.items(), key=lambda one: (-one[1], one[0]))[:most]


def _nearest_rows(query: FloatArray, vectors: Vectors, count: int) -> NDArray[np.int64]:
    if not len(vectors):
        return np.zeros(0, dtype=np.int64)
    usearch: Any = require("usearch.index", to="search by meaning")
    found = usearch.search(
        vectors, query.astype(vectors.dtype), min(count, len(vectors)), usearch.MetricKind.Cos, exact=True
    )
    return np.asarray(found.keys, dtype=np.int64).reshape(-1)
