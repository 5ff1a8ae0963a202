"""`Encoding`s -> `Batch`es under a token budget, with little padding, each row with its place in the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from crossjudge.errors import InputError
from crossjudge.types import Attention, Batch, Encoding, IntArray, JointBatch, OneWayBatch

WASTE_LIMIT = 1.25
"""A batch is closed early when padding would make it more than this many times its useful tokens."""


def plan(
    encodings: Sequence[Encoding],
    *,
    token_budget: int,
    attention: Attention = "joint",
    batch_size: int | None = None,
    pad_token_id: int = 0,
    waste_limit: float = WASTE_LIMIT,
) -> list[Batch]:
    """Every encoding in exactly one batch, longest batches first.

    `token_budget` bounds the tokens of one batch, padding included (a single encoding longer than the budget gets a
    batch of its own); `batch_size` bounds its pairs; `waste_limit` bounds padded over useful tokens. In one-way
    attention, pairs whose premises have equal ids share one encoding of that premise.
    """
    if token_budget < 1 or (batch_size is not None and batch_size < 1):
        raise InputError(
            f"Planning batches: batch_size is {batch_size} and token_budget {token_budget}; expected positive numbers, "
            "of pairs and of tokens, or a batch_size of None."
        )
    if attention == "one_way":
        return list(_plan_one_way(encodings, token_budget, batch_size, pad_token_id, waste_limit))
    return list(_plan_joint(encodings, token_budget, batch_size, pad_token_id, waste_limit))


def pad(sequences: Sequence[IntArray], length: int, value: int) -> IntArray:
    """Sequences of differing lengths -> int64 `(n, length)`, filled with `value` on the right."""
    padded = np.full((len(sequences), length), value, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return padded


def mask_of(lengths: Sequence[int], length: int) -> IntArray:
    """1 where a token stands and 0 where padding does, int64 `(n, length)`."""
    return (np.arange(length) < np.asarray(lengths, dtype=np.int64)[:, None]).astype(np.int64)


def _plan_joint(
    encodings: Sequence[Encoding], token_budget: int, batch_size: int | None, pad_token_id: int, waste_limit: float
) -> Iterator[JointBatch]:
    order = sorted(range(len(encodings)), key=lambda row: -len(encodings[row]))
    rows: list[int] = []
    useful = 0
    for row in order:
        length = len(encodings[rows[0]]) if rows else len(encodings[row])
        padded = length * (len(rows) + 1)
        full = len(rows) == batch_size or padded > token_budget
        if rows and (full or padded > waste_limit * (useful + len(encodings[row]))):
            yield _joint_batch(encodings, rows, pad_token_id)
            rows, useful = [], 0
        rows.append(row)
        useful += len(encodings[row])
    if rows:
        yield _joint_batch(encodings, rows, pad_token_id)


def _joint_batch(encodings: Sequence[Encoding], rows: list[int], pad_token_id: int) -> JointBatch:
    chosen = [encodings[row] for row in rows]
    lengths = [len(encoding) for encoding in chosen]
    return JointBatch(
        input_ids=pad([encoding.input_ids for encoding in chosen], max(lengths), pad_token_id),
        attention_mask=mask_of(lengths, max(lengths)),
        token_type_ids=pad([encoding.type_ids for encoding in chosen], max(lengths), 0),
        rows=np.array(rows, dtype=np.int64),
    )


@dataclass(slots=True)
class _Chunk:
    """One premise and some of the hypotheses asked of it, by input row, hypotheses of similar length."""

    premise: IntArray
    rows: list[int] = field(default_factory=list)
    hypothesis_len: int = 0
    useful: int = 0

    def padded_with(self, length: int) -> int:
        return (len(self.rows) + 1) * max(self.hypothesis_len, length)

    def add(self, row: int, length: int) -> None:
        self.rows.append(row)
        self.hypothesis_len = max(self.hypothesis_len, length)
        self.useful += length

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.rows), len(self.premise), self.hypothesis_len

    @property
    def sort_key(self) -> tuple[int, int, int, int]:
        """Premises within 16 tokens of each other count as equal, so that hypotheses of one length meet."""
        n_hypotheses, premise_len, hypothesis_len = self.shape
        return n_hypotheses, -(-premise_len // 16), hypothesis_len, premise_len


@dataclass(slots=True)
class _Pile:
    """Chunks that will share a batch, with the batch's size kept up to date so that adding one costs nothing."""

    chunks: list[_Chunk] = field(default_factory=list)
    n_pairs: int = 0
    useful: int = 0
    shape: tuple[int, int, int] = (0, 0, 0)
    count: int = 0

    @property
    def padded(self) -> int:
        n_hypotheses, premise_len, hypothesis_len = self.shape
        return self.count * (premise_len + n_hypotheses * hypothesis_len)

    def with_chunk(self, chunk: _Chunk) -> _Pile:
        """The size after one more chunk, on the same list."""
        hypotheses, premise, hypothesis = self.shape
        rows, premise_len, hypothesis_len = chunk.shape
        return _Pile(
            chunks=self.chunks,
            n_pairs=self.n_pairs + rows,
            useful=self.useful + premise_len + chunk.useful,
            shape=(max(hypotheses, rows), max(premise, premise_len), max(hypothesis, hypothesis_len)),
            count=self.count + 1,
        )


def _plan_one_way(
    encodings: Sequence[Encoding], token_budget: int, batch_size: int | None, pad_token_id: int, waste_limit: float
) -> Iterator[OneWayBatch]:
    chunks = sorted(_chunks(encodings, token_budget, batch_size), key=lambda chunk: chunk.sort_key, reverse=True)
    pile = _Pile()
    for chunk in chunks:
        grown = pile.with_chunk(chunk)
        fits = grown.padded <= token_budget and (batch_size is None or grown.n_pairs <= batch_size)
        if pile.chunks and not (fits and grown.padded <= waste_limit * grown.useful):
            yield _one_way_batch(encodings, pile, pad_token_id)
            grown = _Pile().with_chunk(chunk)
        grown.chunks.append(chunk)
        pile = grown
    if pile.chunks:
        yield _one_way_batch(encodings, pile, pad_token_id)


def _chunks(encodings: Sequence[Encoding], token_budget: int, batch_size: int | None) -> Iterator[_Chunk]:
    groups: dict[bytes, list[int]] = {}
    for row, encoding in enumerate(encodings):
        groups.setdefault(encoding.input_ids[: encoding.premise_len].tobytes(), []).append(row)
    for rows in groups.values():
        first = encodings[rows[0]]
        premise = first.input_ids[: first.premise_len]
        chunk = _Chunk(premise)
        for row in sorted(rows, key=lambda row: -len(encodings[row])):
            length = len(encodings[row]) - len(premise)
            padded = chunk.padded_with(length)
            # Splitting costs one more reading of the premise, so padding up to that much is the cheaper choice.
            wasteful = padded - (chunk.useful + length) > len(premise)
            if chunk.rows and (len(premise) + padded > token_budget or len(chunk.rows) == batch_size or wasteful):
                yield chunk
                chunk = _Chunk(premise)
            chunk.add(row, length)
        yield chunk


def _one_way_batch(encodings: Sequence[Encoding], pile: _Pile, pad_token_id: int) -> OneWayBatch:
    n_hypotheses, premise_len, hypothesis_len = pile.shape
    shape = (len(pile.chunks), n_hypotheses, hypothesis_len)
    hypothesis_ids = np.full(shape, pad_token_id, dtype=np.int64)
    hypothesis_mask = np.zeros(shape, dtype=np.int64)
    slots = np.full(shape[:2], -1, dtype=np.int64)
    for place, chunk in enumerate(pile.chunks):
        for slot, row in enumerate(chunk.rows):
            hypothesis = encodings[row].input_ids[len(chunk.premise) :]
            hypothesis_ids[place, slot, : len(hypothesis)] = hypothesis
            hypothesis_mask[place, slot, : len(hypothesis)] = 1
            slots[place, slot] = row
    # An empty slot attends to its own first (padding) token, so that its softmax has something to weigh.
    hypothesis_mask[..., 0] = 1
    lengths = [len(chunk.premise) for chunk in pile.chunks]
    return OneWayBatch(
        premise_ids=pad([chunk.premise for chunk in pile.chunks], premise_len, pad_token_id),
        premise_mask=mask_of(lengths, premise_len),
        hypothesis_ids=hypothesis_ids,
        hypothesis_mask=hypothesis_mask,
        slots=slots,
    )
