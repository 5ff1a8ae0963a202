"""The one-way network written as an ONNX graph by hand: premise once, its keys and values read by every hypothesis.

Written by hand rather than traced because the point of the network is what it does not compute: no dense mask over
premise and hypotheses, no query, feed-forward or attention for the premise in the last layer, one query row
(`[CLS]`) per hypothesis there. Linear layers are fp32, or int8 with one scale per row of activations and one per
column of weights, so that a pair's logits do not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crossjudge.models.one_way import OneWayConfig

OPSET = 21
MICROSOFT = "com.microsoft"
MASKED = np.float32(-1e9)

GELU_LOWEST = -0.17
"""GELU's minimum is -0.16997."""

Weights = Mapping[str, NDArray[Any]]
Output = tuple[str, list[str | int]]
"""A value's name and its dimensions, named where they vary."""


@dataclass
class GraphWriter:
    """Nodes and constants of a graph in the making; every method returns the name of what it made."""

    precision: str
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, NDArray[Any] | np.generic] = field(default_factory=dict)
    _count: int = 0

    def node(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Add a node with one output (or the first of several, the rest named `NAME:1`, ...)."""
        self._count += 1
        name = f"{op}_{self._count}"
        names = [name if place == 0 else f"{name}:{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=name, domain=domain, **attributes))
        return name

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """A named constant; the same name twice is the same constant."""
        self.constants.setdefault(name, value)
        return name

    def ints(self, *values: int) -> str:
        """A constant int64 vector."""
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def reshape(self, value: str, *dims: int | str) -> str:
        """Reshape to dims, each a number (0 keeps, -1 fits) or the name of a 1-element int64 tensor."""
        if all(isinstance(dim, int) for dim in dims):
            return self.node("Reshape", value, self.ints(*(int(dim) for dim in dims)))
        parts = [self.ints(dim) if isinstance(dim, int) else dim for dim in dims]
        return self.node("Reshape", value, self.node("Concat", *parts, axis=0))

    def dim(self, value: str, axis: int) -> str:
        """Size along one axis, as a 1-element int64 tensor."""
        return self.node("Shape", value, start=axis, end=axis + 1)

    def model(self, inputs: Sequence[onnx.ValueInfoProto], outputs: Mapping[str, Output]) -> onnx.ModelProto:
        """The finished model; `outputs`: name outside -> name inside and dimensions, float32 each."""
        for name, (inside, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [inside], [name]))
        graph = helper.make_graph(
            self.nodes,
            "one_way",
            list(inputs),
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, (_, dims) in outputs.items()],
            [numpy_helper.from_array(np.asarray(value, order="C"), key) for key, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="crossjudge")


def judge_graph(config: OneWayConfig, weights: Weights, *, precision: str) -> onnx.ModelProto:
    """Graph of all heads: premise and hypothesis ids and masks -> logits `(n_premises, n_hypotheses, num_labels)`.

    The output is called "logits" where there is one head, and otherwise each is called as its head.
    """
    return _Network(config, weights, GraphWriter(precision)).judge()


def embed_graph(config: OneWayConfig, weights: Weights, *, precision: str) -> onnx.ModelProto:
    """Graph of premises alone: `input_ids`, `attention_mask` -> token states `(n_texts, seq_len, hidden_size)`."""
    return _Network(config, weights, GraphWriter(precision)).embed()


def quantize_matrix(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """As `quantize_columns`, but the sum of a column's rows 2k and 2k + 1 stays within 128 too.

    x86 without VNNI adds the products of two such rows with two activations (uint8, at most 255) in 16 bits that
    saturate without a word; 255 times 128 fits them, so the graph gives the same numbers on every machine.
    """
    even, odd = weight[0::2], np.zeros_like(weight[0::2])
    odd[: len(weight) // 2] = weight[1::2]
    # Rounding may add a half to each of the two, so before it they get one less.
    largest = np.maximum(np.abs(weight).max(axis=0), np.abs(even + odd).max(axis=0))
    scale = np.maximum(largest, 1e-8).astype(np.float32) / np.float32(127)
    return np.rint(weight / scale).astype(np.int8), scale


def quantize_columns(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """`(rows, columns)` -> int8 of the same shape and one scale per column, symmetric."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-8).astype(np.float32) / np.float32(127)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def shift_of(quantized: NDArray[np.int8], scale: NDArray[np.float32], lowest: float) -> NDArray[np.float32]:
    """What a product loses when every activation is raised by `-lowest`, float32 `(columns,)`: it moves to the bias."""
    shift: NDArray[np.float32] = np.float32(lowest) * quantized.sum(axis=0, dtype=np.int64) * scale
    return shift.astype(np.float32)


class _Network:
    """The network's parts, each a few nodes. Weights are numpy arrays under `OneWayEncoder`'s names."""

    def __init__(self, config: OneWayConfig, weights: Weights, writer: GraphWriter) -> None:
        self.config, self.weights, self.write = config, weights, writer
        self.head_size = config.hidden_size // config.num_heads

    def judge(self) -> onnx.ModelProto:
        write = self.write
        n_hypotheses, hypothesis_len = write.dim("hypothesis_ids", 1), write.dim("hypothesis_ids", 2)
        flat_ids = write.reshape("hypothesis_ids", -1, hypothesis_len)
        premise = self.embeddings("premise_ids", segment=0)
        hypothesis = self.embeddings(flat_ids, segment=1)
        premise_bias = write.node("Unsqueeze", self.bias("premise_mask"), write.ints(1, 2))
        own_bias = write.node("Unsqueeze", self.bias("hypothesis_mask"), write.ints(1, 3))  # (n, 1, hypotheses, 1, len)
        # (n_premises, n_hypotheses * hypothesis_len, hidden): linear layers and norms do not care whose token it is.
        hypothesis = write.reshape(hypothesis, write.dim("premise_ids", 0), -1, self.config.hidden_size)
        shape = (n_hypotheses, hypothesis_len)
        for depth in range(self.config.num_layers - 1):
            query, key, value = self.queries_keys_values(depth, premise)
            hypothesis = self.ask(depth, hypothesis, shape, (key, value, premise_bias), own_bias)
            premise = self.finish(depth, premise, self.attend(query, key, value, premise_bias))
        last = self.config.num_layers - 1
        asked = (*self.keys_and_values(last, premise), premise_bias)
        hypothesis = self.ask(last, hypothesis, shape, asked, own_bias)
        outputs: dict[str, Output] = {
            head: (self.head(head, hypothesis), ["n_premises", "n_hypotheses", len(labels)])
            for head, labels in self.config.heads.items()
        }
        if len(outputs) == 1:
            outputs = {"logits": next(iter(outputs.values()))}
        return write.model(_judge_inputs(), outputs)

    def embed(self) -> onnx.ModelProto:
        write = self.write
        states = self.embeddings("input_ids", segment=0)
        bias = write.node("Unsqueeze", self.bias("attention_mask"), write.ints(1, 2))
        for depth in range(self.config.num_layers):
            query, key, value = self.queries_keys_values(depth, states)
            states = self.finish(depth, states, self.attend(query, key, value, bias))
        inputs = [_ids("input_ids", "n_texts", "seq_len"), _ids("attention_mask", "n_texts", "seq_len")]
        return write.model(inputs, {"token_states": (states, ["n_texts", "seq_len", self.config.hidden_size])})

    def bias(self, mask: str) -> str:
        """1 and 0 -> 0 and a very negative number, float32, same shape."""
        write = self.write
        one, masked = write.constant("one", np.float32(1)), write.constant("masked", MASKED)
        gone = write.node("Sub", one, write.node("Cast", mask, to=TensorProto.FLOAT))
        return write.node("Mul", gone, masked)

    def embeddings(self, ids: str, *, segment: int) -> str:
        """Ids `(n, seq_len)` -> `(n, seq_len, hidden_size)`: word, position and segment, normalised."""
        write, offset = self.write, self.config.position_offset
        words = self.words(ids)
        segment_row = self.weights["embeddings.token_type_embeddings.weight"][
            min(segment, self.config.type_vocab_size - 1)
        ]
        table = self.weights["embeddings.position_embeddings.weight"][offset:] + segment_row
        positions = write.node(
            "Slice", write.constant(f"positions_{segment}", table.astype(np.float32)), write.ints(0), write.dim(ids, 1)
        )
        return self.norm("embeddings.norm", write.node("Add", words, positions))

    def words(self, ids: str) -> str:
        table = self.weights["embeddings.word_embeddings.weight"].astype(np.float32)
        write = self.write
        if write.precision == "fp32":
            return write.node("Gather", write.constant("words", table), ids)
        # One scale per word: the table is half of the file, and a row's error stays that row's own.
        quantized, scale = quantize_columns(table.T)
        rows = write.node("Gather", write.constant("words_int8", np.ascontiguousarray(quantized.T)), ids)
        scales = write.node("Gather", write.constant("words_scale", scale[:, None]), ids)
        return write.node("Mul", write.node("Cast", rows, to=TensorProto.FLOAT), scales)

    def norm(self, name: str, value: str) -> str:
        write = self.write
        gamma, beta = self.vector(f"{name}.weight"), self.vector(f"{name}.bias")
        return write.node("LayerNormalization", value, gamma, beta, axis=-1, epsilon=self.config.layer_norm_eps)

    def add_and_norm(self, name: str, value: str, residual: str) -> str:
        # Two nodes on purpose: ONNX Runtime's fused SkipLayerNormalization took eight times as long (1.31.1).
        return self.norm(name, self.write.node("Add", value, residual))

    def vector(self, name: str) -> str:
        return self.write.constant(name, self.weights[name].astype(np.float32))

    def linear(
        self, name: str, value: str, weight: NDArray[Any], bias: NDArray[Any], *, lowest: float | None = None
    ) -> str:
        """`value` `(..., rows)` times `weight` `(columns, rows)` as PyTorch keeps it, plus `bias`.

        `lowest`: a value that no activation goes below, where there is one.
        """
        write = self.write
        matrix = np.ascontiguousarray(weight.T.astype(np.float32))
        if write.precision == "fp32":
            product = write.node("MatMul", value, write.constant(f"{name}.weight", matrix))
            return write.node("Add", product, write.constant(f"{name}.bias", bias.astype(np.float32)))
        quantized, scale = quantize_matrix(matrix)
        if lowest is None:
            product = self.symmetric_int8(name, value, quantized, scale)
            return write.node("Add", product, write.constant(f"{name}.bias", bias.astype(np.float32)))
        product = self.one_sided_int8(name, value, quantized, scale, lowest)
        shifted = bias.astype(np.float32) + shift_of(quantized, scale, lowest)
        return write.node("Add", product, write.constant(f"{name}.shifted_bias", shifted))

    def symmetric_int8(self, name: str, value: str, quantized: NDArray[np.int8], scale: NDArray[np.float32]) -> str:
        """Activations as 128 + (-127 to 127) with a scale per row: a row's rounding depends on that row alone."""
        largest = self.write.node("ReduceMax", self.write.node("Abs", value), self.write.ints(-1), keepdims=1)
        return self.rounded_product(name, value, largest, (127, 128), quantized, scale)

    def one_sided_int8(
        self, name: str, value: str, quantized: NDArray[np.int8], scale: NDArray[np.float32], lowest: float
    ) -> str:
        """Activations moved up by `-lowest` as 0 to 255, twice as fine: GELU is nearly all above zero."""
        write = self.write
        raised = write.node("Sub", value, write.constant("lowest", np.float32(lowest)))
        largest = write.node("ReduceMax", raised, write.ints(-1), keepdims=1)
        return self.rounded_product(name, raised, largest, (255, 0), quantized, scale)

    def rounded_product(
        self,
        name: str,
        value: str,
        largest: str,
        levels: tuple[int, int],
        quantized: NDArray[np.int8],
        scale: NDArray[np.float32],
    ) -> str:
        """`levels`: what `largest` of each row is rounded to, and what zero is; then the product, scaled back."""
        write = self.write
        highest, zero = levels
        unit, zero_point = write.constant("unit", np.float32(1)), write.constant(f"zero_{zero}", np.uint8(zero))
        row_scale = write.node(
            "Mul",
            write.node("Max", largest, write.constant("tiny", np.float32(1e-8))),
            write.constant(f"per_{highest}", np.float32(1 / highest)),
        )
        rounded = write.node("QuantizeLinear", write.node("Div", value, row_scale), unit, zero_point)
        product = write.node(
            "MatMulIntegerToFloat",
            rounded,
            write.constant(f"{name}.int8", quantized),
            unit,
            write.constant(f"{name}.scale", scale),
            zero_point,
            domain=MICROSOFT,
        )
        return write.node("Mul", product, row_scale)

    def queries_keys_values(self, depth: int, states: str) -> tuple[str, str, str]:
        """-> query and value `(n, heads, seq_len, head_size)`, key `(n, heads, head_size, seq_len)`."""
        query, key, value = self.projections(depth, states)
        return self.by_head(query), self.by_head(key, transposed=True), self.by_head(value)

    def keys_and_values(self, depth: int, states: str) -> tuple[str, str]:
        """A premise's key and value in the last layer, shaped as by `queries_keys_values`."""
        key, value = self.split(self.kv(depth, states), 2)
        return self.by_head(key, transposed=True), self.by_head(value)

    def projections(self, depth: int, states: str) -> tuple[str, ...]:
        """Query, key and value, `(n, seq_len, hidden_size)` each.

        The last layer keeps its query weights apart, since there only a hypothesis's `[CLS]` asks.
        """
        if self.is_last(depth):
            return self.q(depth, states), *self.split(self.kv(depth, states), 2)
        return self.split(self.linear(f"layers.{depth}.qkv", states, *self.scaled_qkv(depth)), 3)

    def q(self, depth: int, states: str) -> str:
        weight, bias = (part[: self.config.hidden_size] for part in self.scaled_qkv(depth))
        return self.linear(f"layers.{depth}.q", states, weight, bias)

    def kv(self, depth: int, states: str) -> str:
        weight, bias = (part[self.config.hidden_size :] for part in self.scaled_qkv(depth))
        return self.linear(f"layers.{depth}.kv", states, weight, bias)

    def is_last(self, depth: int) -> bool:
        return depth == self.config.num_layers - 1

    def scaled_qkv(self, depth: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Stacked weights with 1/sqrt(head_size) folded into the queries."""
        weight = self.weights[f"layers.{depth}.qkv.weight"].astype(np.float32).copy()
        bias = self.weights[f"layers.{depth}.qkv.bias"].astype(np.float32).copy()
        factor = np.float32(self.head_size**-0.5)
        weight[: self.config.hidden_size] *= factor
        bias[: self.config.hidden_size] *= factor
        return weight, bias

    def split(self, value: str, parts: int) -> tuple[str, ...]:
        name = self.write.node("Split", value, axis=-1, num_outputs=parts, outputs=parts)
        return (name, *(f"{name}:{place}" for place in range(1, parts)))

    def by_head(self, value: str, *, transposed: bool = False) -> str:
        """`(n, seq_len, hidden_size)` -> `(n, heads, seq_len, head_size)`, or the last two swapped."""
        heads = self.write.reshape(value, 0, 0, self.config.num_heads, self.head_size)
        return self.write.node("Transpose", heads, perm=[0, 2, 3, 1] if transposed else [0, 2, 1, 3])

    def attend(self, query: str, key: str, value: str, bias: str) -> str:
        """Premise over itself -> `(n, seq_len, hidden_size)`."""
        write = self.write
        scores = write.node("Add", write.node("MatMul", query, key), bias)
        mixed, total = self.weighed(scores, self.highest(scores), value)
        merged = write.node("Transpose", write.node("Div", mixed, total), perm=[0, 2, 1, 3])
        return write.reshape(merged, 0, 0, self.config.hidden_size)

    def highest(self, scores: str) -> str:
        return self.write.node("ReduceMax", scores, self.write.ints(-1), keepdims=1)

    def weighed(self, scores: str, highest: str, value: str) -> tuple[str, str]:
        """Softmax before its division: exponentials times `value`, and their sum, `(..., length, 1)`.

        The sum is a matrix product because those add along a row in order, so that trailing padding, whose exponentials
        are zero, changes no bit of it. The Softmax operator's partial sums depend on the row's length, and one bit is
        enough to round an int8 activation differently.
        """
        write = self.write
        raised = write.node("Exp", write.node("Sub", scores, highest))
        length = write.node("Shape", scores, start=-1)
        one = write.constant("one_by_16", np.ones((1, 16), dtype=np.float32))
        ones = write.node("Expand", one, write.node("Concat", length, write.ints(16), axis=0))
        sums = write.node("MatMul", raised, ones)
        total = write.node("Slice", sums, write.ints(0), write.ints(1), write.ints(-1))
        return write.node("MatMul", raised, value), total

    def ask(self, depth: int, states: str, shape: tuple[str, str], premise: tuple[str, str, str], own_bias: str) -> str:
        """One layer of the hypotheses, `(n_premises, n_hypotheses * hypothesis_len, hidden_size)`.

        `shape`: n_hypotheses and hypothesis_len; `premise`: its key, value and bias. In the last layer only each
        hypothesis's first row, `[CLS]`, goes on: `(n_premises, n_hypotheses, hidden_size)`.
        """
        write = self.write
        n_hypotheses, length = shape
        if self.is_last(depth):
            own_key, own_value = self.split(self.kv(depth, states), 2)
            blocks = write.reshape(states, 0, n_hypotheses, length, self.config.hidden_size)
            states = write.node("Gather", blocks, write.constant("first", np.array(0)), axis=2)
            query, query_len = self.q(depth, states), write.ints(1)
        else:
            query, own_key, own_value = self.projections(depth, states)
            query_len = length
        query = self.blocks(query, n_hypotheses, query_len)
        own = (
            self.blocks(own_key, n_hypotheses, length, transposed=True),
            self.blocks(own_value, n_hypotheses, length),
            own_bias,
        )
        return self.finish(depth, states, self.attend_both(query, premise, own))

    def blocks(self, value: str, n_hypotheses: str, length: str, *, transposed: bool = False) -> str:
        """-> `(n_premises, heads, n_hypotheses, length, head_size)`, or the last two swapped."""
        heads = self.write.reshape(value, 0, n_hypotheses, length, self.config.num_heads, self.head_size)
        return self.write.node("Transpose", heads, perm=[0, 3, 1, 4, 2] if transposed else [0, 3, 1, 2, 4])

    def attend_both(self, query: str, premise: tuple[str, str, str], own: tuple[str, str, str]) -> str:
        """One softmax over premise and own block; -> `(n_premises, n_hypotheses * query_len, hidden_size)`.

        `premise` and `own`: key, value and bias of each.
        """
        write, heads, head_size = self.write, self.config.num_heads, self.head_size
        key, value, bias = premise
        own_key, own_value, own_bias = own
        flat_query = write.reshape(query, 0, heads, -1, head_size)
        on_premise = write.node("Add", write.node("MatMul", flat_query, key), bias)
        on_own = write.node("Add", write.node("MatMul", query, own_key), own_bias)
        own_highest = self.highest(on_own)
        highest = write.node("Max", self.highest(on_premise), write.reshape(own_highest, 0, heads, -1, 1))
        from_premise, premise_total = self.weighed(on_premise, highest, value)
        by_block = write.node("Reshape", highest, write.node("Shape", own_highest))
        from_own, own_total = self.weighed(on_own, by_block, own_value)
        mixed = write.node("Add", from_premise, write.reshape(from_own, 0, heads, -1, head_size))
        total = write.node("Add", premise_total, write.reshape(own_total, 0, heads, -1, 1))
        merged = write.node("Transpose", write.node("Div", mixed, total), perm=[0, 2, 1, 3])
        return write.reshape(merged, 0, 0, self.config.hidden_size)

    def finish(self, depth: int, states: str, attended: str) -> str:
        """Output projection, residual, norm, feed-forward, residual, norm."""
        name = f"layers.{depth}"
        projected = self.named_linear(f"{name}.attention_out", attended)
        states = self.add_and_norm(f"{name}.attention_norm", projected, states)
        inner = self.write.node("Gelu", self.named_linear(f"{name}.up", states))
        outer = self.named_linear(f"{name}.down", inner, lowest=GELU_LOWEST)
        return self.add_and_norm(f"{name}.output_norm", outer, states)

    def named_linear(self, name: str, value: str, *, lowest: float | None = None) -> str:
        return self.linear(name, value, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], lowest=lowest)

    def head(self, head: str, states: str) -> str:
        """BERT's pooler and a linear layer, in fp32: they are a thousandth of the work and all of the decision."""
        write = self.write
        for part, activation in (("dense", "Tanh"), ("out", None)):
            name = f"heads.{head}.{part}"
            matrix = write.constant(f"{name}.weight", np.ascontiguousarray(self.weights[f"{name}.weight"].T))
            states = write.node("Add", write.node("MatMul", states, matrix), self.vector(f"{name}.bias"))
            states = write.node(activation, states) if activation else states
        return states


def _judge_inputs() -> list[onnx.ValueInfoProto]:
    return [
        _ids("premise_ids", "n_premises", "premise_len"),
        _ids("premise_mask", "n_premises", "premise_len"),
        _ids("hypothesis_ids", "n_premises", "n_hypotheses", "hypothesis_len"),
        _ids("hypothesis_mask", "n_premises", "n_hypotheses", "hypothesis_len"),
    ]


def _ids(name: str, *dims: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, list(dims))
