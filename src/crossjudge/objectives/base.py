"""What every objective states: its labels, the scale of its score, its symmetry, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from crossjudge.errors import LabelError
from crossjudge.types import FloatArray

Merge: TypeAlias = Callable[[FloatArray], FloatArray]
"""Logits of a pair's windows `(n_protected, n_read, num_labels)` -> the logits that decide, `(num_labels,)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """A meaning for logits.

    `labels`: names a verdict may carry; with one logit, the first is its positive side and the second its negation.
    `aliases`: how checkpoints spell them, lower case. `scale`: the score in words. `read_side`: which text is read in
    windows when a pair is too long ("a" or "b"); the other is protected. `merge`: how windows become one answer,
    stated in `merge_rule`.
    """

    name: str
    labels: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]]
    single_logit: bool
    symmetric: bool
    scale: str
    read_side: str
    merge: Merge
    merge_rule: str
    score_is_logit: bool = False

    def order(self, names: Sequence[str]) -> tuple[int, ...]:
        """For each of our labels, the id a checkpoint gives it; `()` where it has the one logit that needs no name.

        Raises `LabelError` when the names are not this objective's.
        """
        if self.single_logit and len(names) == 1:
            return ()
        spelled = [name.strip().lower().replace("-", "_").replace(" ", "_") for name in names]
        found = []
        for label in self.labels:
            ids = [place for place, name in enumerate(spelled) if name == label or name in self.aliases.get(label, ())]
            if len(ids) != 1:
                raise LabelError(self._unknown(names, label))
            found.append(ids[0])
        if len(spelled) != len(found):
            raise LabelError(self._unknown(names, self.labels[0]))
        return tuple(found)

    def _unknown(self, names: Sequence[str], label: str) -> str:
        also = " (or a single score)" if self.single_logit else ""
        if len(names) == 1:
            return (
                f"Reading the labels of a model for objective {self.name!r}: it gives one score ({names[0]}). "
                f"Expected {', '.join(self.labels)}. Use predict() for the score itself, or a model that was trained "
                "for this objective: `crossjudge models` lists them."
            )
        return (
            f"Reading the labels of a model for objective {self.name!r}: it names {', '.join(names) or 'none'}, and "
            f"exactly one of them must mean {label!r}. Expected {', '.join(self.labels)}{also} in any order. State the "
            f"order yourself: Judge(model, labels=({', '.join(map(repr, self.labels))}))."
        )

    def arranged(self, logits: FloatArray, order: tuple[int, ...]) -> FloatArray:
        """A checkpoint's logits `(n_pairs, num_labels)` -> ours, `(n_pairs, len(self.labels))`, in our label order.

        One logit z becomes (z, 0): its softmax is the sigmoid of z.
        """
        if order:
            return logits[:, list(order)]
        return np.concatenate([logits, np.zeros_like(logits)], axis=1)

    def score(self, logits: FloatArray, probabilities: FloatArray) -> float:
        """The number this objective ranks by, from one pair's arranged logits and probabilities `(num_labels,)`."""
        if self.score_is_logit:
            return float(logits[0] - logits[1])
        return float(probabilities[0])
