"""What a sample of rows took: the tokens of each, and how fast they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """`tokens`: of each usable row of the sample, 0 where it repeats another; `seconds`: for all of them.

    `pairs_to_compare`, `more_seconds`: of a whole deduplication, the second for what it does beside reading tokens.
    """

    tokens: Sequence[float]
    seconds: float
    distinct_share: float
    pairs_to_compare: float | None = None
    more_seconds: float = 0.0

    @property
    def tokens_per_s(self) -> float:
        """Of one core."""
        return sum(self.tokens) / self.seconds if self.seconds else 0.0


def shared_out(tokens: float, items: Sequence[Any], *, repeats: int) -> list[float]:
    """The tokens of all items, shared out by the characters of each; what repeats another costs nothing."""
    lengths = np.array([len(str(item)) for item in items], dtype=np.float64)
    return [*(lengths * tokens / lengths.sum()).tolist(), *[0.0] * repeats]
