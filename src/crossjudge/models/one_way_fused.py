"""The one-way network's graphs for engines that fuse attention by themselves: OpenVINO.

- `pairs`: a premise and its one hypothesis side by side in a row, with a mask that keeps the premise to itself.
- `premise`: premises alone -> their keys and values in every layer, which do not depend on what is asked.
- `hypotheses`: keys and values of premises, and any number of hypotheses asked of each, in groups.
- `embed`: premises alone -> token states, for sentence vectors.
"""

from __future__ import annotations

import numpy as np
import onnx

from crossjudge.models.graph_writer import Dims
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_parts import NetworkParts, Weights, layer_name, pieces


def fused_graphs(config: OneWayConfig, weights: Weights) -> dict[str, onnx.ModelProto]:
    """Graph name -> graph, float32.

    Logits are called "logits" where there is one head, and otherwise each output is called as its head. With exits,
    `pairs` is there in pieces too: `pairs_0` up to the first exit, `pairs_2` from layer 2 on, and so forth; and
    `hypotheses` gives each exit's logits, "logits_2", beside its own.
    """
    graphs = {
        "pairs": _Fused(config, weights).pairs(0, config.num_layers),
        "premise": _Fused(config, weights).premise(),
        "hypotheses": _Fused(config, weights).hypotheses(),
        "embed": _Fused(config, weights).embed(),
    }
    return graphs | {f"pairs_{first}": _Fused(config, weights).pairs(first, stop) for first, stop in pieces(config)}


class _Fused(NetworkParts):
    """Attention in the plain parts that OpenVINO recognises and computes in one go, keys transposed, heads split."""

    def pairs(self, first: int, last: int) -> onnx.ModelProto:
        """Layers `first` to `last` of pairs side by side; from ids where `first` is 0, else from states."""
        write = self.write
        if first == 0:
            ids, places = (write.input(name, "n_pairs", "seq_len") for name in ("input_ids", "place_ids"))
            states = self.side_by_side(ids, places)
        else:
            states = write.input("states", "n_pairs", "seq_len", self.size, floats=True)
        premise_lens, lengths = (write.input(name, "n_pairs") for name in ("premise_lens", "lengths"))
        columns = write.unsqueeze(write.count_to(write.dim(states, 1)), 0)  # (1, seq_len)
        there = write.node("Less", columns, write.unsqueeze(lengths, 1))  # (n_pairs, seq_len)
        premise = write.node("Less", columns, write.unsqueeze(premise_lens, 1))
        asking = write.unsqueeze(write.node("Not", premise), 2)
        seen = write.node(
            "Or", write.unsqueeze(premise, 1), write.node("And", asking, write.unsqueeze(there, 1))
        )  # (n_pairs, seq_len, seq_len): all see the premise, and what is not premise sees all there is
        bias, cls_bias = self.bias(write.unsqueeze(seen, 1)), self.bias(write.unsqueeze(there, 1, 2))
        for depth in range(first, min(last, self.config.num_layers - 1)):
            query, key, value = self.queries_keys_values(layer_name(depth), states)
            states = self.finish(layer_name(depth), states, self.attend(query, key, value, bias))
        cls = write.unsqueeze(
            write.node("GatherND", states, write.unsqueeze(premise_lens, 1), batch_dims=1), 1
        )  # (n_pairs, 1, hidden_size)
        if last < self.config.num_layers:
            outputs: dict[str, tuple[str, Dims]] = {"next_states": (states, ["n_pairs", "seq_len", self.size])}
            return write.model(outputs | self.answers(cls, ["n_pairs"], exit_after=last))
        depth = last - 1
        key, value = write.split(self.linear(f"layers.{depth}.kv", states), 2)
        query = self.linear(f"layers.{depth}.q", cls)
        cls = self.finish(layer_name(depth), cls, self.attend(query, key, value, cls_bias))
        return write.model(self.answers(cls, ["n_pairs"]))

    def premise(self) -> onnx.ModelProto:
        """Premises -> `keys_values` `(n_premises, premise_len, num_layers * 2 * hidden_size)`, layer by layer."""
        write = self.write
        ids = write.input("premise_ids", "n_premises", "premise_len")
        lens = write.input("premise_lens", "n_premises")
        states = self.embeddings(ids, segment=0)
        bias = self.bias(write.unsqueeze(self.shorter(write.dim(ids, 1), lens), 1, 2))
        kept: list[str] = []
        for depth in range(self.config.num_layers - 1):
            query, key, value = self.queries_keys_values(layer_name(depth), states)
            kept += [key, value]
            states = self.finish(layer_name(depth), states, self.attend(query, key, value, bias))
        kept.append(self.linear(f"layers.{self.config.num_layers - 1}.kv", states))
        together = write.node("Concat", *kept, axis=-1)
        size = 2 * self.config.num_layers * self.size
        return write.model({"keys_values": (together, ["n_premises", "premise_len", size])})

    def hypotheses(self) -> onnx.ModelProto:
        """Hypotheses of each premise in groups -> logits `(n_premises, n_groups, group_size, num_labels)`.

        A group's hypotheses lie side by side in one row, each seeing the premise and itself: the premise's keys and
        values are laid out once for each group, and the mask is as small as a group.
        """
        write = self.write
        size = 2 * self.config.num_layers * self.size
        kept = write.input("keys_values", "n_premises", "premise_len", size, floats=True)
        premise_lens = write.input("premise_lens", "n_premises")
        ids = write.input("hypothesis_ids", "n_premises", "n_groups", "group_size", "hypothesis_len")
        lens = write.input("hypothesis_lens", "n_premises", "n_groups", "group_size")
        n_groups, group_size, length = (write.dim(ids, axis) for axis in (1, 2, 3))
        first = write.constant("int_0", np.array(0, dtype=np.int64))
        shape: Dims = ["n_premises", "n_groups", "group_size"]

        def cls_of(states: str) -> str:
            """Each hypothesis's first row, `(n_premises * n_groups, group_size, hidden_size)`."""
            return write.node("Gather", write.reshape(states, 0, group_size, length, self.size), first, axis=2)

        def by_group(cls: str) -> str:
            return write.reshape(cls, -1, n_groups, group_size, self.size)

        states = self.embeddings(write.node("Reshape", ids, write.shape(-1, group_size, length)), segment=1)
        states = write.reshape(states, -1, write.node("Mul", group_size, length), self.size)
        bias = self.group_bias(write.dim(kept, 1), premise_lens, lens, (n_groups, group_size, length))
        parts = write.split(kept, 2 * self.config.num_layers)
        outputs: dict[str, tuple[str, Dims]] = {}
        for depth in range(self.config.num_layers - 1):
            query, key, value = self.queries_keys_values(layer_name(depth), states)
            key, value = (
                self.after_premise(premise, own, n_groups)
                for premise, own in zip(parts[2 * depth : 2 * depth + 2], (key, value), strict=True)
            )
            states = self.finish(layer_name(depth), states, self.attend(query, key, value, bias))
            if depth + 1 in self.config.exits:
                outputs |= self.early_answers(by_group(cls_of(states)), shape, depth + 1)
        depth = self.config.num_layers - 1
        own_key, own_value = write.split(self.linear(f"layers.{depth}.kv", states), 2)
        key, value = (
            self.after_premise(parts[-2], own_key, n_groups),
            self.after_premise(parts[-1], own_value, n_groups),
        )
        cls = cls_of(states)
        cls_bias = write.node("Gather", write.reshape(bias, 0, 1, group_size, length, -1), first, axis=3)
        cls = self.finish(
            layer_name(depth), cls, self.attend(self.linear(f"layers.{depth}.q", cls), key, value, cls_bias)
        )
        return write.model(self.answers(by_group(cls), shape) | outputs)

    def embed(self) -> onnx.ModelProto:
        """Token states of premises, `(n_texts, seq_len, hidden_size)`."""
        write = self.write
        ids, mask = (write.input(name, "n_texts", "seq_len") for name in ("input_ids", "attention_mask"))
        states = self.embeddings(ids, segment=0)
        zero = write.constant("int_0", np.array(0, dtype=np.int64))
        bias = self.bias(write.unsqueeze(write.node("Greater", mask, zero), 1, 2))
        for layer in self.embedding_path:
            query, key, value = self.queries_keys_values(layer, states)
            states = self.finish(layer, states, self.attend(query, key, value, bias))
        return write.model({"token_states": (states, ["n_texts", "seq_len", self.size])})

    def group_bias(self, premise_len: str, premise_lens: str, lens: str, shape: tuple[str, str, str]) -> str:
        """`(n_premises * n_groups, 1, group_size * hypothesis_len, premise_len + group_size * hypothesis_len)`."""
        write = self.write
        n_groups, group_size, length = shape
        rows = write.node("Mul", group_size, length)
        premise = write.unsqueeze(self.shorter(premise_len, premise_lens), 1, 2)  # (n_premises, 1, 1, premise_len)
        premise = write.expand(premise, 1, n_groups, rows, 1)
        premise = write.node("Reshape", premise, write.shape(-1, 1, rows, premise_len))
        there = write.reshape(self.shorter(length, lens), -1, 1, 1, rows)  # (n_premises * n_groups, 1, 1, rows)
        block = write.node("Div", write.count_to(rows), length)
        same = write.node("Equal", write.unsqueeze(block, 0), write.unsqueeze(block, 1))  # (rows, rows)
        own = write.node("And", write.unsqueeze(same, 0, 1), there)
        return self.bias(write.node("Concat", premise, own, axis=-1))

    def after_premise(self, premise: str, own: str, n_groups: str) -> str:
        """A premise's keys or values, once for each of its groups, and the group's own behind them."""
        write = self.write
        repeated = write.expand(write.unsqueeze(premise, 1), 1, n_groups, 1, 1)
        repeated = write.reshape(repeated, -1, write.dim(premise, 1), self.size)
        return write.node("Concat", repeated, own, axis=1)

    def side_by_side(self, ids: str, places: str) -> str:
        """Ids and places `(n, seq_len)` -> states; a place counts on from `max_positions` for hypotheses."""
        write = self.write
        table = write.constant("places", np.concatenate([self.position_table(0), self.position_table(1)]))
        return self.norm("embeddings.norm", write.node("Add", self.words(ids), write.node("Gather", table, places)))

    def queries_keys_values(self, layer: str, states: str) -> tuple[str, ...]:
        """Query, key and value, `(n, seq_len, hidden_size)` each.

        The last judging layer keeps its query weights apart, since there only a hypothesis's `[CLS]` asks.
        """
        if layer == layer_name(self.last):
            return self.linear(f"{layer}.q", states), *self.write.split(self.linear(f"{layer}.kv", states), 2)
        # Three products cost less than one and taking it apart.
        return tuple(self.linear(f"{layer}.{part}", states) for part in "qkv")

    def attend(self, query: str, key: str, value: str, bias: str) -> str:
        """`(n, query_len, hidden_size)`, keys and values `(n, key_len, hidden_size)` -> `(n, query_len, hidden_size)`.

        `bias`: `(n, 1, 1 or query_len, key_len)`.
        """
        write, heads = self.write, self.config.num_heads
        query, key, value = (
            write.node("Transpose", write.reshape(part, 0, 0, heads, self.head_size), perm=perm)
            for part, perm in ((query, [0, 2, 1, 3]), (key, [0, 2, 3, 1]), (value, [0, 2, 1, 3]))
        )
        scores = write.node("Add", write.node("MatMul", query, key), bias)
        mixed = write.node("MatMul", write.node("Softmax", scores, axis=-1), value)
        return write.reshape(write.node("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, self.size)
