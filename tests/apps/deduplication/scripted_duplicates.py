"""A judge and a bi-encoder whose answers a test states: what deduplication makes of them is then known exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossjudge import BiEncoder, Deduplicator, Judge, Verdict
from crossjudge.objectives import get_objective

Scores = Mapping[tuple[str, str], float] | Callable[[str, str], float]


class ScriptedJudge(Judge):
    """Scores pairs by `says`, in either order where it is a mapping; pairs that a mapping lacks get 0.05.

    `asked` holds all pairs. `dropped`: how many tokens of each pair were not read.
    """

    def __init__(self, says: Scores, *, objective: str = "duplicate", dropped: int = 0, abstains: bool = False) -> None:
        self.objective = get_objective(objective)
        self.model: Any = SimpleNamespace(fingerprint="scripted")
        self.asked: list[tuple[str, str]] = []
        self._says = says if callable(says) else lambda a, b: says.get((a, b), says.get((b, a), 0.05))
        self._dropped, self._abstains = dropped, abstains

    def batch(self, pairs: Any, *, progress: Callable[[int, int], None] | None = None) -> list[Verdict]:
        self.asked += pairs
        return [self._verdict(self._says(*pair)) for pair in pairs]

    def _verdict(self, share: float) -> Verdict:
        first, *others = self.objective.labels
        probabilities = {first: share, **{label: (1 - share) / len(others) for label in others}}
        logits = {label: float(np.log(max(one, 1e-9))) for label, one in probabilities.items()}
        label = max(probabilities, key=probabilities.__getitem__)
        return Verdict(label, share, probabilities, logits, self._abstains, 9, self._dropped, "scripted")


class ScriptedVectors(BiEncoder):
    """Every text has the same vector, so that all pairs are candidates; or the vectors that `says` maps them to."""

    fingerprint = "vectors"

    def __init__(self, says: Mapping[str, tuple[float, ...]] | None = None) -> None:
        self._says = says

    def encode(self, texts: Any, batch_size: Any = None, *, progress: Any = None) -> Any:
        rows = [(1.0, 0.0) if self._says is None else self._says[text] for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, len(rows[0]) if rows else 2)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def deduplicator(says: Scores, **settings: Any) -> Deduplicator:
    """Decides by `says` about every pair of texts."""
    return Deduplicator(**{"model": ScriptedJudge(says), "first_stage_model": ScriptedVectors(), **settings})
