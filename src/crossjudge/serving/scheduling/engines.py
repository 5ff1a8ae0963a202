"""What a scheduler can run: something that makes encodings of pairs, and numbers of encodings of many requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crossjudge.errors import InputError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Encoding, FloatArray, Pair

BATCHES_A_ROUND = 8
"""Batches that one call of an engine gets where there is enough to do: with fewer, cores wait for the last one."""


class Engine(Protocol):
    """One model, as the scheduler sees it. Any thread may call `encode` and `costs`; only its own calls `compute`."""

    @property
    def name(self) -> str:
        """What errors call it."""
        ...

    @property
    def width(self) -> int:
        """Numbers a row: labels of a cross-encoder, dimensions of a bi-encoder."""
        ...

    @property
    def round_tokens(self) -> int:
        """Tokens that keep it busy in one call, beyond which a larger call is no quicker."""
        ...

    def encode(self, pairs: Sequence[Pair]) -> list[Encoding]:
        """Pairs in order."""
        ...

    def costs(self, encodings: Sequence[Encoding]) -> list[int]:
        """Tokens that each adds to a forward pass, its neighbours from the same request considered."""
        ...

    def compute(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Float32 `(n_encodings, width)`, in order; raises where any one of them cannot be computed."""
        ...


class PairEngine:
    """A cross-encoder, which must be one with a tokenizer of its own (no cascade)."""

    def __init__(self, model: CrossEncoder) -> None:
        self.model = model
        self.name, self.width = model.name, model.num_labels
        self.round_tokens = BATCHES_A_ROUND * model._loaded.wishes.token_budget

    def encode(self, pairs: Sequence[Pair]) -> list[Encoding]:
        """See `Engine.encode`; over-long pairs are cut as the reference cuts them."""
        return self.model.tokenizer.encode([self.model.prepared(pair) for pair in pairs])

    def costs(self, encodings: Sequence[Encoding]) -> list[int]:
        """See `Engine.costs`; a premise counts where it is met first."""
        met: set[bytes] = set()
        costs = []
        for one in encodings:
            premise = one.input_ids[: one.premise_len].tobytes()
            costs.append(len(one) - one.premise_len if premise in met else len(one))
            if premise:
                met.add(premise)
        return costs

    def compute(self, encodings: Sequence[Encoding]) -> FloatArray:
        """See `Engine.compute`."""
        return self.model.logits_of(encodings)

    def close(self) -> None:
        """Let go of the weights."""
        self.model._loaded.backend.close()


class TextEngine:
    """A bi-encoder, whose rows are unit vectors of single texts."""

    def __init__(self, model: BiEncoder) -> None:
        self.model = model
        self.name, self.width = model.name, model.dim
        self.round_tokens = BATCHES_A_ROUND * model._loaded.wishes.token_budget

    def encode(self, pairs: Sequence[Pair]) -> list[Encoding]:
        """Raises `InputError`: it reads single texts, which come as encodings."""
        raise InputError(
            f"Reading {len(pairs)} pair(s) with {self.name!r}: a bi-encoder reads single texts. Use pool.bi_encoder."
        )

    def costs(self, encodings: Sequence[Encoding]) -> list[int]:
        """See `Engine.costs`."""
        return [len(one) for one in encodings]

    def compute(self, encodings: Sequence[Encoding]) -> FloatArray:
        """See `Engine.compute`."""
        return self.model.vectors_of(encodings)

    def close(self) -> None:
        """Let go of the weights."""
        self.model._loaded.backend.close()
