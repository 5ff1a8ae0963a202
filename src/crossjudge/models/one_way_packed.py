"""The one-way network over packed tokens: no padding, and a premise's keys and values read where they lie."""

from __future__ import annotations

import torch
from torch import Tensor

from crossjudge.backends.torch_attention import Attended, Kernel, merged
from crossjudge.backends.torch_packed import PackedOneWay
from crossjudge.models.one_way import Layer, OneWayEncoder


def packed_cls(model: OneWayEncoder, tokens: PackedOneWay, kernel: Kernel) -> Tensor:
    """`[CLS]` states of the hypotheses, `(n_pairs, hidden_size)`."""
    states = model.embeddings.at(tokens.input_ids, tokens.position_ids, tokens.segments)
    *earlier, last = model.stack()
    for layer in earlier:
        query, key, value = _by_token(layer, states)
        states = layer.finish(states, _attended(query, key, value, tokens, kernel).flatten(1))
    query, key, value = _by_token(last, states)
    attended = _attended_by_cls(query[tokens.starts], key, value, tokens, kernel)
    return last.finish(states[tokens.starts], attended.flatten(1))


def _by_token(layer: Layer, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`(total_tokens, hidden_size)` -> query, key, value, each `(total_tokens, num_heads, head_size)`."""
    query, key, value = layer.qkv(states).unflatten(-1, (3, layer.num_heads, -1)).unbind(1)
    return query, key, value


def _attended(query: Tensor, key: Tensor, value: Tensor, tokens: PackedOneWay, kernel: Kernel) -> Tensor:
    """Every text sees itself, and hypotheses their premise too: in two calls, since no span may have two keys."""
    n = tokens.n_premise_tokens
    within, weighed = kernel(query, key, value, tokens.blocks)
    own: Attended = within[n:], weighed[n:]
    hypotheses = merged(own, kernel(query[n:], key[:n], value[:n], tokens.premises))
    return torch.cat([within[:n], hypotheses])


def _attended_by_cls(query: Tensor, key: Tensor, value: Tensor, tokens: PackedOneWay, kernel: Kernel) -> Tensor:
    """The same for the first token of each hypothesis alone, `query` `(n_pairs, num_heads, head_size)`."""
    n, end = tokens.n_premise_tokens, tokens.n_tokens
    own = kernel(query, key[n:end], value[n:end], tokens.cls_blocks)
    return merged(own, kernel(query, key[:n], value[:n], tokens.cls_premises))
