"""64-bit hashes of normalised pairs: what a model was trained on and is measured on, for anyone to intersect."""

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
    first, second = sorted((normalized(text_a), normalized(text_b)))
    digest = hashlib.blake2b(f"{first}\x00{second}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def hash_pairs(pairs: Iterable[tuple[str, str]]) -> HashArray:
    """Sorted distinct hashes, uint64 `(n_distinct,)`."""
    return np.unique(np.fromiter((pair_hash(a, b) for a, b in pairs), dtype=np.uint64))


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
