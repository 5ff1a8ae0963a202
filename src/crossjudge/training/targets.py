"""The gold of training pairs as tensors, every head's side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crossjudge.training.heads import Gold, gold_values
from crossjudge.types import IntArray


@dataclass(frozen=True, slots=True)
class Targets:
    """Gold of pairs for every head.

    `slices`: head -> its columns of `values`. `values`: float32 `(n_pairs, labels of all heads)`, for labels that
    exclude each other 1 where the gold allows one, else a degree from 0 to 1; NaN where nothing is known. `weights`:
    float32 `(n_pairs,)`, how much a pair counts.
    """

    slices: Mapping[str, slice]
    values: Tensor
    weights: Tensor

    def of(self, rows: IntArray, device: str) -> Targets:
        """The gold of the pairs numbered in `rows`, on `device`."""
        chosen = torch.from_numpy(np.asarray(rows))
        return Targets(self.slices, self.values[chosen].to(device), self.weights[chosen].to(device))

    def known(self, head: str) -> Tensor:
        """Numbers of the pairs that have gold for `head`, int64."""
        return (~self.values[:, self.slices[head]].isnan()).any(-1).nonzero()[:, 0]


def make_targets(
    golds: Sequence[Mapping[str, Gold]], heads: Mapping[str, tuple[str, ...]], weights: Sequence[float]
) -> Targets:
    """Each pair's head -> gold, as numbers. Raises `LabelError` for gold that its head does not know."""
    slices: dict[str, slice] = {}
    for name, labels in heads.items():
        start = max((one.stop for one in slices.values()), default=0)
        slices[name] = slice(start, start + len(labels))
    values = np.full((len(golds), sum(map(len, heads.values()))), np.nan, dtype=np.float32)
    known: dict[tuple[str, Gold], list[float]] = {}
    for row, gold in enumerate(golds):
        for one in gold.items():
            if one not in known:
                known[one] = gold_values(*one, heads)
            values[row, slices[one[0]]] = known[one]
    return Targets(slices, torch.from_numpy(values), torch.tensor(weights, dtype=torch.float32))
