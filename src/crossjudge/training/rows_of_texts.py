"""Training pairs -> rows of tokens, a premise and what is asked of it side by side, little padding between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.types import Attention, Encoding, IntArray

PADDING, PREMISE = -1, 0
"""What `TextRows.blocks` says of tokens that belong to no hypothesis."""


@dataclass(frozen=True, slots=True)
class TextRows:
    """Tokens of one training step; every linear layer of a step is then one product.

    `input_ids`, `positions`, `segments`, `blocks`: int64 `(n_rows, seq_len)`; a token's block is -1 where padding
    stands, 0 in the premise, and the number of its hypothesis from 1 on. In joint attention a row is one pair, all of
    it block 0. `cls`: int64 `(n_pairs,)`, where in the flattened row tokens each pair's `[CLS]` is. `rows`: int64
    `(n_pairs,)`, the pairs' numbers.
    """

    input_ids: IntArray
    positions: IntArray
    segments: IntArray
    blocks: IntArray
    cls: IntArray
    rows: IntArray

    @property
    def total_tokens(self) -> int:
        """Tokens the forward pass computes, padding included."""
        return int(self.input_ids.size)

    def pair_texts(self, pairs: IntArray) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]:
        """Ids and mask of the premises and of the hypotheses of one-way `pairs`, a text a line, padded alike."""
        lines = self.cls[pairs] // self.input_ids.shape[1]
        asked = self.blocks.ravel()[self.cls[pairs]]
        ids, blocks = self.input_ids[lines], self.blocks[lines]
        premises = blocks == PREMISE
        return _to_the_left(ids, premises), _to_the_left(ids, blocks == asked[:, None])

    def premises(self) -> tuple[IntArray, IntArray]:
        """Ids and mask of each row's premise, int64 `(n_rows, premise_len)`: premises stand first in their rows."""
        mask = (self.blocks == PREMISE).astype(np.int64)
        width = int(mask.sum(1).max())
        return self.input_ids[:, :width], mask[:, :width]


def _to_the_left(ids: IntArray, chosen: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """The chosen tokens of each line moved to its start, and the mask of them."""
    order = np.argsort(~chosen, axis=1, kind="stable")
    width = int(chosen.sum(1).max())
    mask = np.take_along_axis(chosen, order, 1)[:, :width].astype(np.int64)
    return np.take_along_axis(ids, order, 1)[:, :width], mask


def row_lengths(encodings: Sequence[Encoding], groups: Sequence[Sequence[int]]) -> list[int]:
    """Tokens of the row that each group of pairs makes; joint pairs have no premise apart, and make one each."""
    return [
        encodings[group[0]].premise_len + sum(len(encodings[pair]) - encodings[pair].premise_len for pair in group)
        for group in groups
    ]


def lay_out(
    encodings: Sequence[Encoding], groups: Sequence[Sequence[int]], *, attention: Attention, pad_token_id: int
) -> TextRows:
    """A row for each group of pairs, whose premises are equal (of one pair each in joint attention)."""
    shape = (len(groups), max(row_lengths(encodings, groups)))
    ids = np.full(shape, pad_token_id, dtype=np.int64)
    positions, segments = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    blocks = np.full(shape, PADDING, dtype=np.int64)
    cls: list[int] = []
    for line, group in enumerate(groups):
        at = 0
        for block, (text, types) in enumerate(_texts(encodings, group, attention)):
            here = slice(at, at + len(text))
            ids[line, here], segments[line, here], blocks[line, here] = text, types, block
            positions[line, here] = np.arange(len(text))
            if attention == "joint" or block != PREMISE:
                cls.append(line * shape[1] + at)
            at += len(text)
    rows = np.asarray([pair for group in groups for pair in group], dtype=np.int64)
    return TextRows(ids, positions, segments, blocks, np.asarray(cls, dtype=np.int64), rows)


def _texts(encodings: Sequence[Encoding], group: Sequence[int], attention: Attention) -> Iterator[tuple[IntArray, Any]]:
    """Ids and segments of what stands in the row of a group: a joint pair, or a premise and its hypotheses."""
    if attention == "joint":
        yield from ((encodings[pair].input_ids, encodings[pair].type_ids) for pair in group)
        return
    length = encodings[group[0]].premise_len
    yield encodings[group[0]].input_ids[:length], 0
    for pair in group:
        yield encodings[pair].input_ids[length:], 1
