"""The one-way network's parts as ONNX nodes, from which each engine's graphs are put together.

Written by hand for what the network does not compute: no query and no feed-forward layer for a premise in the last
layer, and there only one row, `[CLS]`, for a hypothesis. Graphs are float32; `quantization` makes int8 of their linear
layers. All graphs of a model share their constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.models.graph_writer import Dims, GraphWriter
from crossjudge.models.one_way import OneWayConfig

MASKED = np.float32(-1e9)

Weights = Mapping[str, NDArray[Any]]
"""Arrays under `OneWayEncoder`'s names."""

_ROWS = {"qkv": (0, 3), "q": (0, 1), "k": (1, 2), "v": (2, 3), "kv": (1, 3)}
"""Which thirds of the stacked query, key and value weights a linear layer takes."""


def pieces(config: OneWayConfig) -> list[tuple[int, int]]:
    """First layer, and layer to stop before, of each piece that early exits make of the network; none without them."""
    return list(pairwise([0, *config.exits, config.num_layers])) if config.exits else []


def layer_name(depth: int) -> str:
    """What the weights of a judging layer are called, counted from 0."""
    return f"layers.{depth}"


class NetworkParts:
    """The network's parts, each a few nodes of one graph in the making."""

    def __init__(self, config: OneWayConfig, weights: Weights) -> None:
        self.config, self.weights, self.write = config, weights, GraphWriter()
        self.size, self.head_size = config.hidden_size, config.hidden_size // config.num_heads
        self.last = config.num_layers - 1

    @property
    def embedding_path(self) -> list[str]:
        """Names of the layers that make sentence vectors: those that judge, but for the last that have a stand-in."""
        shared = self.config.num_layers - self.config.embedding_layers
        own = [f"embedding_layers.{place}" for place in range(self.config.embedding_layers)]
        return [*map(layer_name, range(shared)), *own]

    def embeddings(self, ids: str, *, segment: int) -> str:
        """Ids `(..., seq_len)` of one segment -> states `(..., seq_len, hidden_size)`."""
        write = self.write
        table = write.constant("places", np.concatenate([self.position_table(0), self.position_table(1)]))
        length = write.dim(ids, -1) if segment == 0 else write.node("Add", write.dim(ids, -1), write.ints(self.limit))
        places = write.node("Slice", table, write.ints(self.limit * segment), length, write.ints(0))
        return self.norm("embeddings.norm", write.node("Add", self.words(ids), places))

    @property
    def limit(self) -> int:
        """Positions a segment has."""
        return self.config.max_positions

    def position_table(self, segment: int) -> NDArray[np.float32]:
        """Positions with the segment's row added, `(max_positions, hidden_size)`."""
        segments = self.weights["embeddings.token_type_embeddings.weight"]
        positions = self.weights["embeddings.position_embeddings.weight"][self.config.position_offset :]
        table: NDArray[np.float32] = (positions + segments[min(segment, len(segments) - 1)]).astype(np.float32)
        return table

    def words(self, ids: str) -> str:
        """Ids of any shape -> word embeddings, one axis more."""
        table = self.weights["embeddings.word_embeddings.weight"].astype(np.float32)
        return self.write.node("Gather", self.write.constant("words", table), ids)

    def norm(self, name: str, value: str) -> str:
        """Layer normalisation over the last axis."""
        gamma, beta = self.vector(f"{name}.weight"), self.vector(f"{name}.bias")
        return self.write.node("LayerNormalization", value, gamma, beta, axis=-1, epsilon=self.config.layer_norm_eps)

    def vector(self, name: str) -> str:
        """A weight as a constant."""
        return self.write.constant(name, self.weights[name].astype(np.float32))

    def linear(self, name: str, value: str) -> str:
        """`value` `(..., rows)` times the named weight, plus its bias."""
        weight, bias = self.weight_and_bias(name)
        matrix = np.ascontiguousarray(weight.T.astype(np.float32))
        product = self.write.node("MatMul", value, self.write.constant(f"{name}.weight", matrix))
        return self.write.node("Add", product, self.write.constant(f"{name}.bias", bias.astype(np.float32)))

    def weight_and_bias(self, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """As PyTorch keeps them; 1/sqrt(head_size) is folded into the queries."""
        layer, _, part = name.rpartition(".")
        if part not in _ROWS:
            return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        factor = np.float32(self.head_size**-0.5)
        scale = np.repeat([factor, np.float32(1)], [self.size, 2 * self.size]).astype(np.float32)
        weight, bias = self.weights[f"{layer}.qkv.weight"] * scale[:, None], self.weights[f"{layer}.qkv.bias"] * scale
        first, last = (place * self.size for place in _ROWS[part])
        return weight[first:last], bias[first:last]

    def finish(self, name: str, states: str, attended: str) -> str:
        """The rest of the layer called `name`: output projection, residual, norm, feed-forward, residual, norm."""
        write = self.write
        # Addition and norm are two nodes on purpose: ONNX Runtime's fused one took eight times as long (1.31.1).
        states = self.norm(
            f"{name}.attention_norm", write.node("Add", self.linear(f"{name}.attention_out", attended), states)
        )
        inner = write.node("Gelu", self.linear(f"{name}.up", states))
        return self.norm(f"{name}.output_norm", write.node("Add", self.linear(f"{name}.down", inner), states))

    def bias(self, seen: str) -> str:
        """True and False -> 0 and a very negative number, float32, same shape."""
        write = self.write
        return write.node("Where", seen, write.constant("zero", np.float32(0)), write.constant("masked", MASKED))

    def shorter(self, size: str, lens: str) -> str:
        """`lens` `(..., n)` -> whether each of `size` places lies within, `(..., n, size)`."""
        write = self.write
        return write.node("Less", write.count_to(size), write.unsqueeze(lens, -1))

    def answers(self, cls: str, dims: Dims, exit_after: int | None = None) -> dict[str, tuple[str, Dims]]:
        """Every head's logits of `[CLS]` states `(..., hidden_size)`: name outside -> name inside and dimensions."""
        outputs: dict[str, tuple[str, Dims]] = {}
        for head, labels in self.config.heads.items():
            name = "logits" if len(self.config.heads) == 1 else head
            logits = self.head(f"heads.{head}" if exit_after is None else f"exits.{exit_after}.{head}", cls)
            if len(dims) == 1:
                logits = self.write.reshape(logits, -1, len(labels))
            outputs[name] = (logits, [*dims, len(labels)])
        return outputs

    def early_answers(self, cls: str, dims: Dims, depth: int) -> dict[str, tuple[str, Dims]]:
        """`answers` of the exit after `depth` layers, called "logits_2" and such; nothing where there is no exit."""
        if depth not in self.config.exits:
            return {}
        return {f"{name}_{depth}": answer for name, answer in self.answers(cls, dims, exit_after=depth).items()}

    def head(self, name: str, states: str) -> str:
        """BERT's pooler, if any, and a linear layer: they are a thousandth of the work and all of the decision."""
        if self.config.pooled:
            states = self.write.node("Tanh", self.linear(f"{name}.dense", states))
        return self.linear(f"{name}.out", states)
