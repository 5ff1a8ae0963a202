"""What goes into each linear layer on real texts: its range in every input channel, measured batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from crossjudge.errors import InputError
from crossjudge.models.quantization.linears import constants_of, find_linears, matrix_of
from crossjudge.models.quantization.sessions import open_graph
from crossjudge.types import FloatArray

Feeds = Mapping[str, NDArray[Any]]
"""Graph input name -> array, one batch."""

SAMPLE = 512
"""Tokens of which a layer's whole input is kept; of twice as many, every other one goes."""
_COUNTED_AT_ONCE = 1024
_SAMPLED_AT_ONCE = 64

LARGEST_GRAM = 2048
"""Input channels up to which the products of channels with each other are kept: they take memory with the square."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """What one linear layer was given, over `num_tokens` tokens.

    `lowest`, `highest`, `mean`, `mean_square`: float32 `(rows,)`, one number per input channel. `gram`: float32
    `(rows, rows)`, the mean product of each channel with each, None for very wide layers. `sample`: float32
    `(n_tokens, rows)`, some of the tokens whole; `weights`: float32 `(n_tokens,)`, how much each counts.

    In means and weights a token counts by the inverse square of the layer's output for it, since the norm that follows
    divides by its size: an error of a tenth is as bad in a small row as in one a hundred times larger.
    """

    lowest: FloatArray
    highest: FloatArray
    mean: FloatArray
    mean_square: FloatArray
    gram: FloatArray | None
    sample: FloatArray
    weights: FloatArray
    total_weight: float
    num_tokens: int

    def joined(self, other: Range) -> Range:
        """The range of both together."""
        total = self.total_weight + other.total_weight
        share = np.float32(self.total_weight / total)
        sample, weights = (np.concatenate(two) for two in ((self.sample, other.sample), (self.weights, other.weights)))
        every = 2 if len(sample) > 2 * SAMPLE else 1
        gram = None if self.gram is None or other.gram is None else share * self.gram + (1 - share) * other.gram
        return Range(
            lowest=np.minimum(self.lowest, other.lowest),
            highest=np.maximum(self.highest, other.highest),
            mean=share * self.mean + (1 - share) * other.mean,
            mean_square=share * self.mean_square + (1 - share) * other.mean_square,
            gram=gram,
            sample=sample[::every],
            weights=weights[::every],
            total_weight=total,
            num_tokens=self.num_tokens + other.num_tokens,
        )


Ranges = Mapping[str, Range]
"""Weight name -> what its linear layer was given."""


def collect_ranges(graph: onnx.ModelProto, feeds: Iterable[Feeds]) -> dict[str, Range]:
    """Run the float32 `graph` on every batch of `feeds`; memory holds one batch's activations.

    Tokens that a mask leaves out do not count: an input whose name ends in "mask", of ones and zeros, and whose shape
    is that of the activation's tokens. A graph without such an input must be fed batches without padding.
    """
    linears, constants = find_linears(graph), constants_of(graph)
    inside = list(dict.fromkeys(one.activation for one in linears))
    matrices = {one.weight: matrix_of(constants, one) for one in linears}
    waiting = {weight: _Waiting(matrix) for weight, matrix in matrices.items()}
    with open_graph(graph, outputs=inside) as session:
        for batch in feeds:
            values = dict(zip(inside, session.run(inside, dict(batch)), strict=True))
            tokens = {name: _tokens(value, batch) for name, value in values.items()}
            for one in linears:
                waiting[one.weight].add(tokens[one.activation])
    ranges = {weight: found for weight, one in waiting.items() if (found := one.finished()) is not None}
    if not ranges:
        raise InputError(
            "Calibrating a graph: there was no batch, or no linear layer in it. Expected at least one batch of texts, "
            "and a float32 graph with constant matrices."
        )
    return ranges


def joined_ranges(measured: Iterable[Ranges]) -> dict[str, Range]:
    """Ranges of several graphs of one model as one."""
    joined: dict[str, Range] = {}
    for ranges in measured:
        for weight, found in ranges.items():
            joined[weight] = joined[weight].joined(found) if weight in joined else found
    return joined


class _Waiting:
    """A layer's tokens, until there are enough to be worth counting at once."""

    def __init__(self, matrix: FloatArray) -> None:
        self.matrix = matrix
        self.tokens: list[FloatArray] = []
        self.num_tokens = 0
        self.range: Range | None = None

    def add(self, tokens: FloatArray) -> None:
        self.tokens.append(tokens)
        self.num_tokens += len(tokens)
        if self.num_tokens >= _COUNTED_AT_ONCE:
            self.count()

    def count(self) -> None:
        found = _range_of(np.concatenate(self.tokens), self.matrix)
        self.range = found if self.range is None else self.range.joined(found)
        self.tokens, self.num_tokens = [], 0

    def finished(self) -> Range | None:
        if self.tokens:
            self.count()
        return self.range


def _tokens(value: FloatArray, batch: Feeds) -> FloatArray:
    """An activation `(..., rows)` -> `(n_tokens, rows)` without padding."""
    for name, mask in batch.items():
        if name.endswith("mask") and mask.shape == value.shape[:-1]:
            kept: FloatArray = value[mask == 1]
            return kept
    return value.reshape(-1, value.shape[-1])


def _range_of(tokens: FloatArray, matrix: FloatArray) -> Range:
    size = np.square(tokens @ matrix).sum(axis=1)
    weights = (1 / np.maximum(size, np.median(size) / 10 + 1e-12)).astype(np.float32)
    share = weights / weights.sum()
    kept = np.unique(np.linspace(0, len(tokens) - 1, _SAMPLED_AT_ONCE).astype(np.int64))
    return Range(
        lowest=tokens.min(axis=0),
        highest=tokens.max(axis=0),
        mean=share @ tokens,
        mean_square=share @ np.square(tokens),
        gram=(tokens * share[:, None]).T @ tokens if tokens.shape[1] <= LARGEST_GRAM else None,
        sample=tokens[kept],
        weights=weights[kept],
        total_weight=float(weights.sum()),
        num_tokens=len(tokens),
    )
