"""The network over `TextRows` in training: one stream of tokens, bfloat16 throughout, weights kept in float32.

Computes what `OneWayEncoder.forward` computes, to rounding. It exists for speed: on a CPU, casts and small products of
the ordinary way take longer than the products that count (about four times as many pairs a second, 2.13 on AMX).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossjudge.models.one_way import Layer, OneWayEncoder
from crossjudge.training.rows_of_texts import PREMISE, TextRows

UNSEEN = -1e4
"""Added to the scores of what a token may not see; small enough for every float type."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What a forward pass gives after some number of layers.

    `cls`: `(n_pairs, hidden_size)`, normalised states of the pairs' `[CLS]`. `states`: token states `(n_rows, seq_len,
    hidden_size)`, or None after the last layer where nobody asked for them.
    """

    number: int
    cls: Tensor
    states: Tensor | None


def forward_depths(
    model: OneWayEncoder, batch: TextRows, *, depths: tuple[int, ...], dtype: torch.dtype, with_states: bool
) -> Iterator[Depth]:
    """The pass after each of `depths` layers, rising, the last one all of them; `dtype` of the activations."""
    device = model.embeddings.word_embeddings.weight.device
    blocks = torch.from_numpy(batch.blocks).to(device)
    cls = torch.from_numpy(batch.cls).to(device)
    bias = _bias(blocks, dtype)
    states = _embedded(model, batch, device).to(dtype)
    size = states.shape[-1]
    for number, layer in enumerate(model.stack(), start=1):
        attended = _attended(layer, states, bias, dtype)
        if number == model.config.num_layers and not with_states:
            # The last layer's other states are read by nobody.
            chosen = _finished(layer, states.view(-1, size)[cls], attended.view(-1, size)[cls], dtype)
            yield Depth(number, chosen, None)
            return
        states = _finished(layer, states, attended, dtype)
        if number in depths:
            yield Depth(number, states.view(-1, size)[cls], states)


def premise_mask(batch: TextRows, device: torch.device) -> Tensor:
    """1 where a premise's token stands, int64 `(n_rows, seq_len)`."""
    return torch.from_numpy(batch.blocks == PREMISE).to(device)


def _embedded(model: OneWayEncoder, batch: TextRows, device: torch.device) -> Tensor:
    arrays = (batch.input_ids, batch.positions, batch.segments)
    return model.embeddings.at(*(torch.from_numpy(array).to(device) for array in arrays))


def _bias(blocks: Tensor, dtype: torch.dtype) -> Tensor:
    """`(n_rows, seq_len)` -> `(n_rows, 1, seq_len, seq_len)`: all see the premise, and each block itself."""
    key, query = blocks[:, None, :], blocks[:, :, None]
    seen = (key == PREMISE) | (key == query)
    return torch.where(seen, 0.0, UNSEEN).to(dtype)[:, None]


def _attended(layer: Layer, states: Tensor, bias: Tensor, dtype: torch.dtype) -> Tensor:
    n, length, size = states.shape
    heads = layer.num_heads
    split = _linear(layer.qkv, states, dtype).view(n, length, 3, heads, size // heads).permute(2, 0, 3, 1, 4)
    query, key, value = split.contiguous().unbind(0)
    scores = (query * (size // heads) ** -0.5) @ key.transpose(-1, -2) + bias
    attended: Tensor = scores.softmax(-1) @ value
    return attended.transpose(1, 2).reshape(n, length, size)


def _finished(layer: Layer, states: Tensor, attended: Tensor, dtype: torch.dtype) -> Tensor:
    states = _norm(layer.attention_norm, states + _linear(layer.attention_out, attended, dtype))
    inner = functional.gelu(_linear(layer.up, states, dtype))
    return _norm(layer.output_norm, states + _linear(layer.down, inner, dtype))


def _linear(layer: nn.Linear, value: Tensor, dtype: torch.dtype) -> Tensor:
    product: Tensor = functional.linear(value, layer.weight.to(dtype), layer.bias.to(dtype))
    return product


def _norm(norm: nn.LayerNorm, value: Tensor) -> Tensor:
    # A CPU norms bfloat16 by float32 weights in one pass; other devices want one type.
    dtype = norm.weight.dtype if value.device.type == "cpu" else value.dtype
    return functional.layer_norm(value, norm.normalized_shape, norm.weight.to(dtype), norm.bias.to(dtype), norm.eps)
