"""The one-way network's graphs for ONNX Runtime, in which no bit of a pair's logits depends on its neighbours.

- `judge`: premises, and the hypotheses asked of each -> logits.
- `premise`: premises alone -> their keys and values in every layer, which do not depend on what is asked.
- `hypotheses`: keys and values of premises, and the hypotheses asked of each -> the same logits as `judge`.
- `embed`: premises alone -> token states, for sentence vectors.

int8 makes it matter: one bit can round an activation the other way, and from there on the difference grows to the size
of the rounding itself (0.15 in a logit, seen on 1,500 pairs). So every sum is added in an order that padding and
neighbours do not change: exponentials are summed by a matrix product, which adds along a row, and premise and
hypothesis are weighed apart before their sums meet.
"""

from __future__ import annotations

import numpy as np
import onnx

from crossjudge.models.graph_writer import Dims
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_parts import NetworkParts, Weights, layer_name, pieces

ANSWERED: Dims = ("n_premises", "n_hypotheses")
Outputs = dict[str, tuple[str, Dims]]
"""Name outside -> name inside and dimensions."""
PremiseParts = tuple[str, str, str]
"""Key `(n, heads, head_size, premise_len)`, value `(n, heads, premise_len, head_size)` and bias `(n, 1, 1, len)`."""


def exact_graphs(config: OneWayConfig, weights: Weights) -> dict[str, onnx.ModelProto]:
    """Graph name -> graph, float32.

    Logits are called "logits" where there is one head, and otherwise each output is called as its head. With exits,
    `judge` is there in pieces too: `judge_0` up to the first exit, `judge_2` from layer 2 on, and so forth; and
    `hypotheses` gives each exit's logits, "logits_2", beside its own.
    """
    graphs = {
        "judge": _Exact(config, weights).judge(0, config.num_layers),
        "premise": _Exact(config, weights).premise(),
        "hypotheses": _Exact(config, weights).hypotheses(),
        "embed": _Exact(config, weights).embed(),
    }
    return graphs | {f"judge_{first}": _Exact(config, weights).judge(first, stop) for first, stop in pieces(config)}


class _Exact(NetworkParts):
    """Premises: `(n_premises, premise_len, hidden_size)`; hypotheses: `(n_premises, n_hypotheses * len, hidden_size)`.

    Linear layers and norms do not care whose token it is.
    """

    def judge(self, first: int, stop: int) -> onnx.ModelProto:
        """Premises and hypotheses -> logits `(n_premises, n_hypotheses, num_labels)`.

        Layers `first` to `stop`: from ids where `first` is 0, else from states; before the end it hands states on.
        """
        premise, bias = self.premise_input(from_states=first > 0)
        hypothesis, shape, own_bias = self.hypothesis_input(from_states=first > 0)
        for depth in range(first, min(stop, self.last)):
            query, key, value = self.queries_keys_values(layer_name(depth), premise)
            parts = self.keys(key), self.by_head(value), bias
            hypothesis = self.ask(depth, hypothesis, shape, parts, own_bias)
            premise = self.finish(layer_name(depth), premise, self.attend(self.by_head(query), parts))
        if stop <= self.last:
            return self.handed_on(premise, hypothesis, shape, stop)
        key, value = self.write.split(self.linear(f"layers.{self.last}.kv", premise), 2)
        return self.verdict(hypothesis, shape, (self.keys(key), self.by_head(value), bias), own_bias)

    def premise(self) -> onnx.ModelProto:
        """Premises -> `keys_values` `(n_premises, premise_len, num_layers * 2 * hidden_size)`, layer by layer."""
        states, bias = self.premise_input()
        kept: list[str] = []
        for depth in range(self.last):
            query, key, value = self.queries_keys_values(layer_name(depth), states)
            kept += [key, value]
            parts = self.keys(key), self.by_head(value), bias
            states = self.finish(layer_name(depth), states, self.attend(self.by_head(query), parts))
        kept.append(self.linear(f"layers.{self.last}.kv", states))
        together = self.write.node("Concat", *kept, axis=-1)
        size = 2 * self.config.num_layers * self.size
        return self.write.model({"keys_values": (together, ["n_premises", "premise_len", size])})

    def hypotheses(self) -> onnx.ModelProto:
        """Keys and values of premises, and hypotheses -> logits `(n_premises, n_hypotheses, num_labels)`."""
        write = self.write
        size = 2 * self.config.num_layers * self.size
        kept = write.input("keys_values", "n_premises", "premise_len", size, floats=True)
        lens = write.input("premise_lens", "n_premises")
        bias = self.bias(write.unsqueeze(self.shorter(write.dim(kept, 1), lens), 1, 2))
        hypothesis, shape, own_bias = self.hypothesis_input()
        parts = write.split(kept, 2 * self.config.num_layers)
        early: Outputs = {}
        for depth in range(self.last):
            key, value = parts[2 * depth : 2 * depth + 2]
            hypothesis = self.ask(depth, hypothesis, shape, (self.keys(key), self.by_head(value), bias), own_bias)
            if depth + 1 in self.config.exits:
                early |= self.early_answers(self.cls_of(hypothesis, shape), ANSWERED, depth + 1)
        return self.verdict(hypothesis, shape, (self.keys(parts[-2]), self.by_head(parts[-1]), bias), own_bias, early)

    def embed(self) -> onnx.ModelProto:
        """Token states of premises, `(n_texts, seq_len, hidden_size)`."""
        write = self.write
        ids, mask = (write.input(name, "n_texts", "seq_len") for name in ("input_ids", "attention_mask"))
        states = self.embeddings(ids, segment=0)
        zero = write.constant("int_0", np.array(0, dtype=np.int64))
        bias = self.bias(write.unsqueeze(write.node("Greater", mask, zero), 1, 2))
        for layer in self.embedding_path:
            query, key, value = self.queries_keys_values(layer, states)
            attended = self.attend(self.by_head(query), (self.keys(key), self.by_head(value), bias))
            states = self.finish(layer, states, attended)
        return write.model({"token_states": (states, ["n_texts", "seq_len", self.size])})

    # -- inputs and outputs

    def premise_input(self, *, from_states: bool = False) -> tuple[str, str]:
        """Premises, embedded or further, and their bias `(n_premises, 1, 1, premise_len)`."""
        write = self.write
        given = self.given("premise", ("n_premises", "premise_len"), from_states=from_states)
        lens = write.input("premise_lens", "n_premises")
        bias = self.bias(write.unsqueeze(self.shorter(write.dim(given, 1), lens), 1, 2))
        return given if from_states else self.embeddings(given, segment=0), bias

    def hypothesis_input(self, *, from_states: bool = False) -> tuple[str, tuple[str, str], str]:
        """Hypotheses alike, their number and length, and their bias `(n_premises, 1, n_hypotheses, 1, len)`."""
        write = self.write
        given = self.given("hypothesis", ("n_premises", "n_hypotheses", "hypothesis_len"), from_states=from_states)
        lens = write.input("hypothesis_lens", "n_premises", "n_hypotheses")
        n_hypotheses, length = write.dim(given, 1), write.dim(given, 2)
        bias = self.bias(write.unsqueeze(self.shorter(length, lens), 1, 3))
        states = given if from_states else self.embeddings(write.reshape(given, -1, length), segment=1)
        rows = write.node("Mul", n_hypotheses, length)
        return write.reshape(states, -1, rows, self.size), (n_hypotheses, length), bias

    def given(self, text: str, dims: tuple[str, ...], *, from_states: bool) -> str:
        """The graph's input of "premise" or "hypothesis": its ids, or what the piece before made of them."""
        if from_states:
            return self.write.input(f"{text}_states", *dims, self.size, floats=True)
        return self.write.input(f"{text}_ids", *dims)

    def handed_on(self, premise: str, hypothesis: str, shape: tuple[str, str], depth: int) -> onnx.ModelProto:
        """A piece's end after `depth` layers: states for the next, and the logits of the exit there."""
        blocks = self.write.reshape(hypothesis, 0, *shape, self.size)
        states: Outputs = {
            "next_premise_states": (premise, ["n_premises", "premise_len", self.size]),
            "next_hypothesis_states": (blocks, [*ANSWERED, "hypothesis_len", self.size]),
        }
        return self.write.model(self.answers(self.cls_of(hypothesis, shape), ANSWERED, exit_after=depth) | states)

    def verdict(
        self, states: str, shape: tuple[str, str], premise: PremiseParts, own_bias: str, early: Outputs | None = None
    ) -> onnx.ModelProto:
        """The last layer, for each hypothesis's first row alone, and the heads; `early`: what earlier exits say."""
        cls = self.ask(self.last, states, shape, premise, own_bias)
        return self.write.model(self.answers(cls, ANSWERED) | (early or {}))

    def cls_of(self, states: str, shape: tuple[str, str]) -> str:
        """Each hypothesis's first row, `(n_premises, n_hypotheses, hidden_size)`."""
        blocks = self.write.reshape(states, 0, *shape, self.size)
        return self.write.node("Gather", blocks, self.write.constant("int_0", np.array(0, dtype=np.int64)), axis=2)

    # -- layers

    def queries_keys_values(self, layer: str, states: str) -> tuple[str, ...]:
        """Query, key and value, `(n, seq_len, hidden_size)` each.

        The last judging layer keeps its query weights apart, since there only a hypothesis's `[CLS]` asks.
        """
        if layer != layer_name(self.last):
            return self.write.split(self.linear(f"{layer}.qkv", states), 3)
        return self.linear(f"{layer}.q", states), *self.write.split(self.linear(f"{layer}.kv", states), 2)

    def keys(self, value: str) -> str:
        """`(n, seq_len, hidden_size)` -> `(n, heads, head_size, seq_len)`."""
        return self.by_head(value, perm=(0, 2, 3, 1))

    def by_head(self, value: str, perm: tuple[int, ...] = (0, 2, 1, 3)) -> str:
        """`(n, seq_len, hidden_size)` -> `(n, heads, seq_len, head_size)`."""
        heads = self.write.reshape(value, 0, 0, self.config.num_heads, self.head_size)
        return self.write.node("Transpose", heads, perm=list(perm))

    def blocks(self, value: str, n_hypotheses: str, length: str, *, transposed: bool = False) -> str:
        """-> `(n_premises, heads, n_hypotheses, length, head_size)`, or the last two swapped."""
        heads = self.write.reshape(value, 0, n_hypotheses, length, self.config.num_heads, self.head_size)
        return self.write.node("Transpose", heads, perm=[0, 3, 1, 4, 2] if transposed else [0, 3, 1, 2, 4])

    def attend(self, query: str, premise: PremiseParts) -> str:
        """Premise over itself -> `(n, seq_len, hidden_size)`."""
        write = self.write
        key, value, bias = premise
        scores = write.node("Add", write.node("MatMul", query, key), bias)
        mixed, total = self.weighed(scores, self.highest(scores), value)
        merged = write.node("Transpose", write.node("Div", mixed, total), perm=[0, 2, 1, 3])
        return write.reshape(merged, 0, 0, self.size)

    def highest(self, scores: str) -> str:
        """The largest of each row."""
        return self.write.node("ReduceMax", scores, self.write.ints(-1), keepdims=1)

    def weighed(self, scores: str, highest: str, value: str) -> tuple[str, str]:
        """Softmax before its division: exponentials times `value`, and their sum, `(..., length, 1)`.

        The sum is a matrix product because those add along a row in order, so that trailing padding, whose exponentials
        are zero, changes no bit of it. The Softmax operator's partial sums depend on the row's length.
        """
        write = self.write
        raised = write.node("Exp", write.node("Sub", scores, highest))
        one = write.constant("one_by_16", np.ones((1, 16), dtype=np.float32))
        sums = write.node("MatMul", raised, write.expand(one, write.dim(scores, -1), 16))
        total = write.node("Slice", sums, write.ints(0), write.ints(1), write.ints(-1))
        return write.node("MatMul", raised, value), total

    def ask(self, depth: int, states: str, shape: tuple[str, str], premise: PremiseParts, own_bias: str) -> str:
        """One layer of the hypotheses; in the last only each one's first row goes on, `(n, n_hypotheses, hidden)`."""
        write = self.write
        n_hypotheses, length = shape
        if depth == self.last:
            own_key, own_value = write.split(self.linear(f"layers.{depth}.kv", states), 2)
            states = self.cls_of(states, shape)
            query, query_len = self.linear(f"layers.{depth}.q", states), write.ints(1)
        else:
            query, own_key, own_value = self.queries_keys_values(layer_name(depth), states)
            query_len = length
        own = (
            self.blocks(own_key, n_hypotheses, length, transposed=True),
            self.blocks(own_value, n_hypotheses, length),
            own_bias,
        )
        return self.finish(
            layer_name(depth), states, self.attend_both(self.blocks(query, n_hypotheses, query_len), premise, own)
        )

    def attend_both(self, query: str, premise: PremiseParts, own: tuple[str, str, str]) -> str:
        """One softmax over premise and own block; -> `(n_premises, n_hypotheses * query_len, hidden_size)`.

        `own`: key, value and bias of the hypotheses, in blocks.
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
        return write.reshape(merged, 0, 0, self.size)
