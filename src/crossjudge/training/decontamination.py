"""64-bit hashes of normalised pairs and texts: what a model was trained on and is measured on, for anyone to intersect.

A pair and a text never have the same hash but by chance, so hashes of both may lie in one file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossjudge.datasets import normalized

HashArray = NDArray[np.uint64]


def pair_hash(text_a: str, text_b: str) -> int:
    """The hash of a pair: 8 bytes of BLAKE2b over both normalised texts, sorted, so order and casing do not matter."""
    return _hash("\x00".join(sorted((normalized(text_a), normalized(text_b)))))


def text_hash(text: str) -> int:
    """The hash of one text that is held out, or labelled, by itself."""
    return _hash(normalized(text))


def row_hashes(text_a: str, text_b: str) -> frozenset[int]:
    """The hashes under which a training pair may be held out: as a pair, or because one of its texts is."""
    first, second = normalized(text_a), normalized(text_b)
    return frozenset(map(_hash, ("\x00".join(sorted((first, second))), first, second)))


def _hash(content: str) -> int:
    return int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest(), "little")


def hash_pairs(pairs: Iterable[tuple[str, str]]) -> HashArray:
    """Sorted distinct hashes, uint64 `(n_distinct,)`."""
    return np.unique(np.fromiter((pair_hash(a, b) for a, b in pairs), dtype=np.uint64))


def hash_texts(texts: Iterable[str]) -> HashArray:
    """Sorted distinct hashes, uint64 `(n_distinct,)`, of texts that are more than signs and blanks.

    An empty text stands beside many a single one; it holds nothing that could be known in advance.
    """
    return np.unique(np.fromiter((text_hash(text) for text in texts if normalized(text)), dtype=np.uint64))


def save_hashes(hashes: HashArray, path: Path) -> None:
    """Write hashes as little-endian uint64 in a `.npy` file."""
    np.save(path, hashes.astype("<u8"), allow_pickle=False)


def load_hashes(path: Path) -> HashArray:
    """Read what `save_hashes` wrote."""
    hashes: HashArray = np.load(path, allow_pickle=False).astype(np.uint64)
    return hashes


def leaked(train: HashArray, evaluation: HashArray) -> HashArray:
    """Hashes that stand in both; a model may ship only if this is empty."""
    return np.intersect1d(train, evaluation)
