"""`Encoding`s -> `Batch`es under a token budget, with little padding, each row with its place in the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from crossjudge.errors import InputError
from crossjudge.types import Attention, Batch, Encoding, IntArray, JointBatch, OneWayBatch, PairBatch

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
    length_step: int = 1,
    side_by_side: bool = False,
    at_hand: Callable[[IntArray], bool] | None = None,
) -> list[Batch]:
    """Every encoding in exactly one batch, longest batches first.

    `token_budget` bounds the tokens of one batch, padding included (a single encoding longer than the budget gets a
    batch of its own); `batch_size` bounds its pairs; `waste_limit` bounds padded over useful tokens. In one-way
    attention, pairs whose premises have equal ids share one encoding of that premise; with `side_by_side`, those that
    share nothing become `PairBatch`es, unless their premise is `at_hand` from earlier. `length_step`: rows are padded
    to a multiple of so many tokens.
    """
    if token_budget < 1 or (batch_size is not None and batch_size < 1):
        raise InputError(
            f"Planning batches: batch_size is {batch_size} and token_budget {token_budget}; expected positive numbers, "
            "of pairs and of tokens, or a batch_size of None."
        )
    limits = _Limits(token_budget, batch_size, waste_limit, length_step)
    if attention == "one_way":
        groups = _by_premise(encodings)
        alone = [group for group in groups if not _shares(encodings, group, at_hand)] if side_by_side else []
        pairs = _full_rows(encodings, [row for group in alone for row in group], limits)
        apart = {group[0] for group in alone}
        sharing = [group for group in groups if group[0] not in apart]
        return [
            *(_pair_batch(encodings, *full, pad_token_id) for full in pairs),
            *_plan_one_way(encodings, sharing, limits, pad_token_id),
        ]
    rows = range(len(encodings))
    return [_joint_batch(encodings, *full, pad_token_id) for full in _full_rows(encodings, rows, limits)]


@dataclass(frozen=True, slots=True)
class _Limits:
    """What bounds a batch; see `plan`."""

    token_budget: int
    batch_size: int | None
    waste_limit: float
    length_step: int

    def padded(self, length: int) -> int:
        """`length` tokens rounded up to the step."""
        return -(-length // self.length_step) * self.length_step


def pad(sequences: Sequence[IntArray], length: int, value: int) -> IntArray:
    """Sequences of differing lengths -> int64 `(n, length)`, filled with `value` on the right."""
    padded = np.full((len(sequences), length), value, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return padded


def mask_of(lengths: Sequence[int], length: int) -> IntArray:
    """1 where a token stands and 0 where padding does, int64 `(n, length)`."""
    return (np.arange(length) < np.asarray(lengths, dtype=np.int64)[:, None]).astype(np.int64)


def _full_rows(encodings: Sequence[Encoding], rows: Iterable[int], limits: _Limits) -> Iterator[tuple[list[int], int]]:
    """Input rows that fill one batch, longest first, and the length they are padded to."""
    chosen: list[int] = []
    length = useful = 0
    for row in sorted(rows, key=lambda row: -len(encodings[row])):
        own = limits.padded(len(encodings[row]))
        padded = length * (len(chosen) + 1)
        full = len(chosen) == limits.batch_size or padded > limits.token_budget
        # Tokens that the step adds are no waste that another batch would save.
        if chosen and (full or padded > limits.waste_limit * (useful + own)):
            yield chosen, length
            chosen, useful = [], 0
        length = length if chosen else own
        chosen.append(row)
        useful += own
    if chosen:
        yield chosen, length


def _joint_batch(encodings: Sequence[Encoding], rows: list[int], length: int, pad_token_id: int) -> JointBatch:
    chosen = [encodings[row] for row in rows]
    return JointBatch(
        input_ids=pad([encoding.input_ids for encoding in chosen], length, pad_token_id),
        attention_mask=mask_of([len(encoding) for encoding in chosen], length),
        token_type_ids=pad([encoding.type_ids for encoding in chosen], length, 0),
        rows=np.array(rows, dtype=np.int64),
    )


def _pair_batch(encodings: Sequence[Encoding], rows: list[int], length: int, pad_token_id: int) -> PairBatch:
    chosen = [encodings[row] for row in rows]
    return PairBatch(
        input_ids=pad([encoding.input_ids for encoding in chosen], length, pad_token_id),
        premise_lens=np.array([encoding.premise_len for encoding in chosen], dtype=np.int64),
        lengths=np.array([len(encoding) for encoding in chosen], dtype=np.int64),
        rows=np.array(rows, dtype=np.int64),
    )


@dataclass(slots=True)
class _Chunk:
    """One premise and some of the hypotheses asked of it, by input row, hypotheses of similar length.

    `premise_len`: what the premise is padded to.
    """

    premise: IntArray
    premise_len: int
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
        return len(self.rows), self.premise_len, self.hypothesis_len

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


SHARING_PAYS = 16
"""Tokens of a premise that must be spared before its pairs are worth a batch of their own kind."""


def _shares(encodings: Sequence[Encoding], group: list[int], at_hand: Callable[[IntArray], bool] | None) -> bool:
    """Whether the pairs of one premise are computed against its keys and values rather than side by side with it."""
    premise_len = encodings[group[0]].premise_len
    if (len(group) - 1) * premise_len >= SHARING_PAYS:
        return True
    return at_hand is not None and premise_len >= SHARING_PAYS and at_hand(encodings[group[0]].input_ids[:premise_len])


def _plan_one_way(
    encodings: Sequence[Encoding], groups: Iterable[list[int]], limits: _Limits, pad_token_id: int
) -> Iterator[OneWayBatch]:
    chunks = sorted(_chunks(encodings, groups, limits), key=lambda chunk: chunk.sort_key, reverse=True)
    pile = _Pile()
    for chunk in chunks:
        grown = pile.with_chunk(chunk)
        fits = grown.padded <= limits.token_budget and (limits.batch_size or grown.n_pairs) >= grown.n_pairs
        if pile.chunks and not (fits and grown.padded <= limits.waste_limit * grown.useful):
            yield _one_way_batch(encodings, pile, pad_token_id)
            grown = _Pile().with_chunk(chunk)
        grown.chunks.append(chunk)
        pile = grown
    if pile.chunks:
        yield _one_way_batch(encodings, pile, pad_token_id)


def _by_premise(encodings: Sequence[Encoding]) -> list[list[int]]:
    """Input rows of each distinct premise."""
    groups: dict[bytes, list[int]] = {}
    for row, encoding in enumerate(encodings):
        groups.setdefault(encoding.input_ids[: encoding.premise_len].tobytes(), []).append(row)
    return list(groups.values())


def _chunks(encodings: Sequence[Encoding], groups: Iterable[list[int]], limits: _Limits) -> Iterator[_Chunk]:
    for rows in groups:
        first = encodings[rows[0]]
        premise = first.input_ids[: first.premise_len]
        premise_len = limits.padded(len(premise))
        chunk = _Chunk(premise, premise_len)
        for row in sorted(rows, key=lambda row: -len(encodings[row])):
            length = len(encodings[row]) - len(premise)
            padded = chunk.padded_with(length)
            # Splitting costs one more reading of the premise, so padding up to that much is the cheaper choice.
            wasteful = padded - (chunk.useful + length) > len(premise)
            full = premise_len + padded > limits.token_budget or len(chunk.rows) == limits.batch_size
            if chunk.rows and (full or wasteful):
                yield chunk
                chunk = _Chunk(premise, premise_len)
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
