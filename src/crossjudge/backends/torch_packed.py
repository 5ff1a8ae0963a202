"""`Batch` to packed tokens: the texts of a batch end to end with no padding, and who sees whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from crossjudge.backends.torch_attention import Kernel, Spans
from crossjudge.errors import BackendError
from crossjudge.types import Batch, IntArray, JointBatch, OneWayBatch

Sent = TypeVar("Sent")


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedJoint:
    """Pairs end to end; every token of a pair sees every other.

    `input_ids`, `position_ids`, `token_type_ids`: int64 `(total_tokens,)`, positions restarting in each pair.
    `starts`: int64 `(n_pairs,)`, where each pair begins. `pairs`: each pair sees itself.
    """

    input_ids: Tensor
    position_ids: Tensor
    token_type_ids: Tensor
    starts: Tensor
    pairs: Spans


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedOneWay:
    """All premises end to end, then all hypotheses in the order of their premises.

    `input_ids`, `position_ids`, `segments`: int64 `(total_tokens,)`; a hypothesis is segment 1. `starts`: int64
    `(n_pairs,)`, where each hypothesis begins. The first `n_premise_tokens` tokens are the premises', and the first
    `n_tokens` belong to some text.
    `blocks`: every text sees itself. `premises`: hypothesis tokens, counted from the first of them, see their premise.
    `cls_blocks`, `cls_premises`: the same for each hypothesis's first token alone.
    """

    input_ids: Tensor
    position_ids: Tensor
    segments: Tensor
    starts: Tensor
    n_premise_tokens: int
    n_tokens: int
    blocks: Spans
    premises: Spans
    cls_blocks: Spans
    cls_premises: Spans


Packed: TypeAlias = PackedJoint | PackedOneWay


RunPacked: TypeAlias = Callable[[Packed], Tensor]
"""Packed tokens -> logits `(n_pairs, num_labels)` in the order of `batch.rows`."""


@runtime_checkable
class PackingNetwork(Protocol):
    """A network that may take a batch packed as well as padded."""

    def packed_with(self, kernel: Kernel) -> RunPacked | None:
        """What runs this network on packed tokens with attention by `kernel`; None where it takes padded ones alone."""
        ...


def pack(batch: Batch, *, multiple_of: int = 1) -> Packed:
    """The tokens of `batch` without its padding, on the CPU.

    `multiple_of`: what `total_tokens` is to divide by. The tokens that this takes stand at the end as a text of their
    own, which no pair sees and nobody classifies.
    """
    if isinstance(batch, OneWayBatch):
        return _pack_one_way(batch, multiple_of)
    if isinstance(batch, JointBatch):
        return _pack_joint(batch, multiple_of)
    raise BackendError(
        f"Packing a {type(batch).__name__}: PyTorch networks take a JointBatch or a OneWayBatch. Plan batches without "
        "side_by_side."
    )


def sent(value: Sent, send: Callable[[Tensor], Tensor]) -> Sent:
    """`value`, a dataclass of this file or `Spans`, with every tensor in it replaced by what `send` makes of it."""
    changed: dict[str, Any] = {}
    for one in fields(value):  # type: ignore[arg-type]  # every caller passes a dataclass
        content = getattr(value, one.name)
        if isinstance(content, Tensor):
            changed[one.name] = send(content)
        elif isinstance(content, Spans):
            changed[one.name] = sent(content, send)
    return replace(value, **changed)  # type: ignore[type-var]


def _pack_joint(batch: JointBatch, multiple_of: int) -> PackedJoint:
    real = batch.attention_mask == 1
    lengths = real.sum(axis=1)
    fill = -int(lengths.sum()) % multiple_of
    bounds = _bounds(_with_fill(lengths, fill))
    return PackedJoint(
        input_ids=_filled(fill, batch.input_ids[real]),
        position_ids=_filled(fill, _positions(real)),
        token_type_ids=_filled(fill, batch.token_type_ids[real]),
        starts=torch.from_numpy(bounds[: len(lengths)]),
        pairs=_spans(bounds, bounds),
    )


def _pack_one_way(batch: OneWayBatch, multiple_of: int) -> PackedOneWay:
    filled = batch.slots >= 0
    premise_real, hypothesis_real = batch.premise_mask == 1, batch.hypothesis_mask[filled] == 1
    hypothesis_ids = batch.hypothesis_ids[filled]
    premise_lengths, hypothesis_lengths = premise_real.sum(axis=1), hypothesis_real.sum(axis=1)
    n_premise_tokens, n_tokens = int(premise_lengths.sum()), int(premise_lengths.sum() + hypothesis_lengths.sum())
    fill = -n_tokens % multiple_of
    block_bounds = _bounds(_with_fill(np.concatenate([premise_lengths, hypothesis_lengths]), fill))
    premise_bounds, hypothesis_bounds = _bounds(premise_lengths), _bounds(hypothesis_lengths)
    first_of_premise = _bounds(filled.sum(axis=1))
    asking = hypothesis_bounds[first_of_premise]
    asking[-1] += fill  # every token has to see something
    one_each = np.arange(len(hypothesis_bounds), dtype=np.int64)
    return PackedOneWay(
        input_ids=_filled(fill, batch.premise_ids[premise_real], hypothesis_ids[hypothesis_real]),
        position_ids=_filled(fill, _positions(premise_real), _positions(hypothesis_real)),
        segments=torch.from_numpy((np.arange(n_tokens + fill) >= n_premise_tokens).astype(np.int64)),
        starts=torch.from_numpy(n_premise_tokens + hypothesis_bounds[:-1]),
        n_premise_tokens=n_premise_tokens,
        n_tokens=n_tokens,
        blocks=_spans(block_bounds, block_bounds),
        premises=_spans(asking, premise_bounds),
        cls_blocks=_spans(one_each, hypothesis_bounds),
        cls_premises=_spans(first_of_premise, premise_bounds),
    )


def _with_fill(lengths: IntArray, fill: int) -> IntArray:
    return np.append(lengths, fill) if fill else lengths


def _filled(fill: int, *texts: IntArray) -> Tensor:
    """Tokens end to end, and `fill` zeros."""
    return torch.from_numpy(np.concatenate([*texts, np.zeros(fill, dtype=np.int64)]))


def _bounds(lengths: IntArray) -> IntArray:
    """Lengths `(n,)` -> where each begins and the last ends, `(n + 1,)`."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _positions(real: np.ndarray[Any, np.dtype[np.bool_]]) -> IntArray:
    """Positions from 0 in each row, of the tokens of a mask `(n, length)` alone."""
    positions: IntArray = np.broadcast_to(np.arange(real.shape[1], dtype=np.int64), real.shape)[real]
    return positions


def _spans(queries: IntArray, keys: IntArray) -> Spans:
    return Spans(
        queries=torch.from_numpy(queries.astype(np.int32)),
        keys=torch.from_numpy(keys.astype(np.int32)),
        longest_query=int(np.diff(queries).max(initial=0)),
        longest_key=int(np.diff(keys).max(initial=0)),
    )
