"""Pairs to logits through one head, tokenized once: cut as the client says, and what was read is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from starlette.requests import Request

from crossjudge.errors import ObjectiveError
from crossjudge.models.activation_functions import sigmoid
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving.context import meter_of, state_of
from crossjudge.serving.dialects.model_names import served_name
from crossjudge.serving.faults import Fault, Refused
from crossjudge.serving.scheduling import ModelPool
from crossjudge.text.tokenization import PairTokenizer, longest_first
from crossjudge.types import Encoding, FloatArray, IntArray, Pair

RELEVANCE = "relevance"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cutting:
    """How texts are made to fit, in tokens.

    `first`, `second`: what is kept of each text beforehand; None for all of it. `whole`: what a pair may have, special
    tokens included; None for what the model reads. `allowed`: whether a pair may be cut to that, or is refused. `side`:
    the end that is cut off; None for the one that the checkpoint states.
    """

    first: int | None = None
    second: int | None = None
    whole: int | None = None
    allowed: bool = True
    side: Literal["left", "right"] | None = None

    def encode(self, tokenizer: PairTokenizer, first: IntArray, second: IntArray, *, index: int) -> Encoding:
        """One pair's encoding. `first`, `second`: int64 `(n_tokens,)`. Raises `Refused` (413) if it may not be cut."""
        side = self.side or tokenizer.truncation_side
        first, second = _kept(first, self.first, side), _kept(second, self.second, side)
        special = tokenizer.max_length - tokenizer.pair_room
        room = max(0, min(tokenizer.max_length, self.whole or tokenizer.max_length) - special)
        if not self.allowed and len(first) + len(second) > room:
            raise Refused(_too_long(index, seen=len(first) + len(second) + special, allowed=room + special))
        keep_first, keep_second = longest_first(len(first), len(second), room)
        return tokenizer.assemble(_kept(first, keep_first, side), _kept(second, keep_second, side))


AS_THE_MODEL = Cutting()
"""What is too long is cut to what the model reads, the longer text first."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`logits`: float32 `(n_pairs, num_labels)`, in the order of the pairs. `tokens`: read, special tokens included."""

    model: str
    labels: tuple[str, ...]
    logits: FloatArray
    tokens: int

    def relevance(self, *, raw: bool = False) -> list[float]:
        """One score a pair: its logit, or the sigmoid of it, 0 to 1."""
        scores = self.logits[:, 0] if raw else sigmoid(self.logits[:, 0])
        return [float(score) for score in scores]

    def best_first(self) -> list[int]:
        """Places of the pairs by logit, which tells apart what a sigmoid makes equal; ties keep their order."""
        return [int(place) for place in np.argsort(-self.logits[:, 0], kind="stable")]


def score(
    request: Request,
    pairs: Sequence[tuple[str, str]],
    *,
    model: str | None,
    head: str | None = None,
    cutting: Cutting = AS_THE_MODEL,
) -> Scored:
    """The logits of `pairs`, in their order. Blocking: for a request's thread.

    `head`: None for the model as it is; else one that gives one score, or a model of a single head that does. Raises
    `ObjectiveError` for a model that gives several.
    """
    state = state_of(request)
    state.limits.at_most("pairs", len(pairs))
    encoder = opened(state.pool, served_name(model, state.pool.names()), head)
    encodings = encode(encoder, pairs, cutting)
    tokens = sum(len(one) for one in encodings)
    state.limits.at_most("tokens", tokens)
    meter = meter_of(request)
    meter.pairs += len(pairs)
    meter.tokens += tokens
    return Scored(encoder.name, encoder.labels, encoder.logits_of(encodings), tokens)


def opened(pool: ModelPool, name: str | None, head: str | None) -> CrossEncoder:
    """A model of the pool; see `score` for `head`."""
    encoder = pool.encoder(name)
    if head is None or encoder.head == head:
        return encoder
    if head in encoder.checkpoint.heads:
        return pool.encoder(name, head)
    if encoder.num_labels != 1:
        raise ObjectiveError(
            f"Scoring pairs: {encoder.name} has the labels {', '.join(encoder.labels)}; expected a model with one "
            f"score, for {head}. Name another, or ask /predict."
        )
    return encoder


def encode(encoder: CrossEncoder, pairs: Sequence[tuple[str, str]], cutting: Cutting) -> list[Encoding]:
    """Pairs in order, with the checkpoint's prompt, cut as `cutting` has it."""
    tokenizer = encoder.tokenizer
    ready = [encoder.prepared(Pair(first, second)) for first, second in pairs]
    ids = tokenizer.token_ids(text for pair in ready for text in (pair.text_a, pair.text_b))
    return [
        cutting.encode(tokenizer, ids[pair.text_a], ids[pair.text_b], index=index) for index, pair in enumerate(ready)
    ]


def _kept(ids: IntArray, keep: int | None, side: str) -> IntArray:
    if keep is None or keep >= len(ids):
        return ids
    return ids[len(ids) - keep :] if side == "left" else ids[:keep]


def _too_long(index: int, *, seen: int, allowed: int) -> Fault:
    return Fault(
        status=413,
        type="too_large",
        message=f"Input validation error: `inputs` must have at most {allowed} tokens; pair {index} has {seen}. "
        "Shorten it, or ask for it to be truncated.",
        details={"index": index, "limit": "max_length", "allowed": allowed, "seen": seen, "over_by": seen - allowed},
    )
