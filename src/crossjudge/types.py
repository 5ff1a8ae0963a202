"""The row in each of its states: `Pair` -> `Encoding` -> `Batch` -> logits -> `Verdict`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float32]

Attention: TypeAlias = str
"""`"joint"`: every token sees every token. `"one_way"`: the premise never sees the hypothesis."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts to be judged, and the name their row had where it came from."""

    text_a: str
    text_b: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` (inclusive) to `end` (exclusive) of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Encoding:
    """One pair (or one single text) as token ids, with an account of what was cut.

    `input_ids`, `type_ids`: int64 `(seq_len,)`, special tokens included. `premise_len` is the number of leading
    tokens that belong to the first segment in one-way attention, and 0 in joint attention. `kept_*` and `dropped_*`
    count the tokens of each text without special tokens.
    """

    input_ids: IntArray
    type_ids: IntArray
    premise_len: int
    kept_a: int
    dropped_a: int
    kept_b: int = 0
    dropped_b: int = 0

    def __len__(self) -> int:
        """The number of tokens, special tokens included."""
        return len(self.input_ids)

    @property
    def tokens_read(self) -> int:
        """Tokens of both texts that the model sees."""
        return self.kept_a + self.kept_b

    @property
    def tokens_dropped(self) -> int:
        """Tokens of both texts that were cut."""
        return self.dropped_a + self.dropped_b


@dataclass(frozen=True, slots=True)
class JointBatch:
    """Padded sequences for joint attention (or single texts for a bi-encoder).

    `input_ids`, `attention_mask`, `token_type_ids`: int64 `(n_pairs, seq_len)`. `rows`: int64 `(n_pairs,)`, where
    each sequence stood in the input.
    """

    input_ids: IntArray
    attention_mask: IntArray
    token_type_ids: IntArray
    rows: IntArray

    @property
    def total_tokens(self) -> int:
        """Tokens the forward pass computes, padding included."""
        return int(self.input_ids.size)


@dataclass(frozen=True, slots=True)
class OneWayBatch:
    """Premises, each with the hypotheses asked of it, for one-way attention.

    `premise_ids`, `premise_mask`: int64 `(n_premises, premise_len)`. `hypothesis_ids`, `hypothesis_mask`: int64
    `(n_premises, n_hypotheses, hypothesis_len)`. `slots`: int64 `(n_premises, n_hypotheses)`, the input row that
    each hypothesis came from, or -1 where a slot is padding.
    """

    premise_ids: IntArray
    premise_mask: IntArray
    hypothesis_ids: IntArray
    hypothesis_mask: IntArray
    slots: IntArray

    @property
    def rows(self) -> IntArray:
        """Input rows of the filled slots, in slot order; `forward` returns logits in this order."""
        filled: IntArray = self.slots[self.slots >= 0]
        return filled

    @property
    def total_tokens(self) -> int:
        """Tokens the forward pass computes, padding included."""
        return int(self.premise_ids.size + self.hypothesis_ids.size)


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Premise and hypothesis side by side in each row, for one-way attention where no premise is shared.

    `input_ids`: int64 `(n_pairs, seq_len)`, padding at the end. `premise_lens`, `lengths`: int64 `(n_pairs,)`, tokens
    of the premise and of both. `rows`: int64 `(n_pairs,)`, where each pair stood in the input.
    """

    input_ids: IntArray
    premise_lens: IntArray
    lengths: IntArray
    rows: IntArray

    @property
    def total_tokens(self) -> int:
        """Tokens the forward pass computes, padding included."""
        return int(self.input_ids.size)


Batch: TypeAlias = JointBatch | OneWayBatch | PairBatch


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one pair.

    `score` is the number the objective ranks by, on the objective's stated scale; `probabilities` and `logits` are
    keyed by label. `abstained`: the winning probability is below the judge's threshold, or a text cannot be read.
    `tokens_read` and `tokens_dropped` count the texts' own tokens; `fingerprint` names weights, tokenizer, backend and
    precision.
    """

    label: str
    score: float
    probabilities: dict[str, float]
    logits: dict[str, float]
    abstained: bool
    tokens_read: int
    tokens_dropped: int
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
