"""Float32 graphs with their linear layers made int8, in the nodes that an engine is quickest with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crossjudge.errors import InputError
from crossjudge.models.quantization.calibration import Ranges
from crossjudge.models.quantization.linears import Linear, constants_of, find_linears, find_norms
from crossjudge.models.quantization.matrices import quantize_columns
from crossjudge.models.quantization.planning import Layer, Methods, Planner
from crossjudge.models.quantization.reading import Record
from crossjudge.models.quantization.scales import LEVELS, MIDDLE

Dialect = Literal["onnx", "openvino"]
"""ONNX Runtime multiplies and scales back in one node of its own; OpenVINO joins standard nodes by itself."""

MICROSOFT = "com.microsoft"
LARGE_TABLE = 100_000
"""Numbers from which on an embedding table is worth keeping as int8."""


def quantize_graphs(
    graphs: Mapping[str, onnx.ModelProto],
    ranges: Ranges,
    *,
    dialect: Dialect = "onnx",
    methods: Methods | None = None,
    embeddings: bool = False,
) -> dict[str, onnx.ModelProto]:
    """Graph name -> float32 graph, all of one model -> the same graphs with int8 linear layers.

    Layers are known by the name of their weight, which has the same int8 numbers in every graph. `methods`: weight
    name -> method, "static" where it says nothing; a weight without a range is kept. `embeddings`: large tables of
    embeddings become int8 too, a scale for each row.
    """
    layers = Planner(graphs.values(), ranges).layers(methods or {})
    return rewrite_graphs(graphs, layers, dialect=dialect, embeddings=embeddings)


def rewrite_graphs(
    graphs: Mapping[str, onnx.ModelProto],
    layers: Mapping[str, Layer],
    *,
    dialect: Dialect = "onnx",
    embeddings: bool = False,
) -> dict[str, onnx.ModelProto]:
    """Graph name -> float32 graph -> the same graphs with those `layers` (weight name -> numbers) in int8."""
    others = sorted(name for name, one in layers.items() if one.rounding.scale is None or one.rounding.digits > 1)
    if others and dialect == "openvino":
        raise InputError(
            f"Quantising {', '.join(others[:3])} for OpenVINO with a scale per token or two digits: expected 'static' "
            "or 'keep', since OpenVINO multiplies in int8 with one scale and one digit only."
        )
    return {name: _Rewriter(graph, layers, dialect, embeddings).graph() for name, graph in graphs.items()}


class _Rewriter:
    """One graph in the making."""

    def __init__(
        self, source: onnx.ModelProto, layers: Mapping[str, Layer], dialect: Dialect, embeddings: bool
    ) -> None:
        self.source, self.layers, self.dialect, self.embeddings = source, layers, dialect, embeddings
        self.constants = constants_of(source)
        self.linears = [one for one in find_linears(source) if one.weight in layers]
        self.nodes: list[onnx.NodeProto] = []
        self.made: dict[str, NDArray[Any]] = {}
        self.rounded: dict[tuple[str, str], tuple[str, ...]] = {}
        self.norms = find_norms(source)
        self.record = Record()

    def graph(self) -> onnx.ModelProto:
        """The int8 graph."""
        at = {one.nodes[-1]: one for one in self.linears}
        gone = {place for one in self.linears for place in one.nodes}
        smoothed = {one.activation: self.layers[one.weight] for one in self.linears if self.layers[one.weight].in_norm}
        for place, node in enumerate(self.source.graph.node):
            if place in at:
                self.linear(at[place])
            elif place in gone:
                continue
            elif node.op_type == "LayerNormalization" and node.output[0] in smoothed:
                self.norm(node, smoothed[node.output[0]])
            elif not (self.embeddings and self.table(node)):
                self.nodes.append(node)
        return self.finished()

    def linear(self, linear: Linear) -> None:
        layer = self.layers[linear.weight]
        key = (linear.activation, layer.group)
        if key not in self.rounded:
            prepared = self.prepared(linear.activation, layer)
            self.rounded[key] = (
                self.by_token(prepared, layer) if layer.rounding.scale is None else self.static(prepared, layer)
            )
        bias = self.bias(linear, layer)
        self.record.layers[linear.weight] = (layer.group, linear.bias or "", linear.transposed)
        if self.dialect == "openvino":
            weights = self.node("DequantizeLinear", self.matrix(linear), self.column_scale(linear), axis=1)
            self.sum(self.node("MatMul", self.rounded[key][0], weights), bias, linear.output)
            return
        self.product(linear, layer, self.rounded[key], bias)

    def product(self, linear: Linear, layer: Layer, rounded: tuple[str, ...], bias: str) -> None:
        """ONNX Runtime's nodes, from what `by_token` or `static` made of the activation."""
        weights, columns = self.matrix(linear), self.column_scale(linear)
        digit, scale, zero, *more = rounded
        if layer.rounding.scale is None:
            product = self.node("MatMulIntegerToFloat", digit, weights, scale, columns, zero, domain=MICROSOFT)
            self.sum(self.node("Mul", product, *more), bias, linear.output)
            return
        output = None if more else linear.output
        product = self.node(
            "MatMulIntegerToFloat", digit, weights, scale, columns, zero, "", bias, domain=MICROSOFT, output=output
        )
        if more:
            digit, scale, zero = more
            second = self.node("MatMulIntegerToFloat", digit, weights, scale, columns, zero, domain=MICROSOFT)
            self.sum(product, second, linear.output)

    def static(self, prepared: str, layer: Layer) -> tuple[str, ...]:
        """-> the rounded activation, its scale and zero point, and the same of its second digit if there is one.

        For OpenVINO the activation is back in floats.
        """
        scale = self.constant(f"{layer.group}.activation_scale", np.float32(layer.rounding.scale or 1))
        zero = self.zero_point(layer.rounding.zero_point)
        rounded = self.node("QuantizeLinear", prepared, scale, zero)
        if self.dialect == "openvino":
            return (self.node("DequantizeLinear", rounded, scale, zero),)
        if layer.rounding.digits == 1:
            return rounded, scale, zero
        left = self.node("Sub", prepared, self.node("DequantizeLinear", rounded, scale, zero))
        step = self.constant(f"{layer.group}.second_scale", np.float32(layer.rounding.second_scale))
        middle = self.zero_point(MIDDLE)
        return rounded, scale, zero, self.node("QuantizeLinear", left, step, middle), step, middle

    def by_token(self, prepared: str, layer: Layer) -> tuple[str, ...]:
        """-> the rounded activation, a scale of one, its zero point, and every token's own scale."""
        rounding, unit, zero = (
            layer.rounding,
            self.constant("one", np.float32(1)),
            self.zero_point(layer.rounding.zero_point),
        )
        last = self.constant("last_axis", np.array([-1], dtype=np.int64))
        sides = prepared if rounding.is_one_sided else self.node("Abs", prepared)
        largest = self.node("ReduceMax", sides, last, keepdims=1)
        levels = LEVELS - rounding.zero_point
        share = self.node("Mul", largest, self.constant(f"per_{levels}", np.float32(1 / levels)))
        floor = self.constant(f"{layer.group}.smallest_scale", np.float32(rounding.smallest_scale))
        row_scale = self.node("Max", share, floor)
        rounded = self.node("QuantizeLinear", self.node("Div", prepared, row_scale), unit, zero)
        return rounded, unit, zero, row_scale

    def prepared(self, activation: str, layer: Layer) -> str:
        if layer.in_norm:
            return f"{activation}.smoothed"
        if layer.rounding.smoothing is None:
            return activation
        return self.node("Mul", activation, self.constant(f"{layer.group}.smoothing", layer.rounding.smoothing))

    def norm(self, node: onnx.NodeProto, layer: Layer) -> None:
        """A norm that shifts and smooths too; whoever else reads it gets its old output back."""
        found, output = self.norms[node.output[0]], node.output[0]
        shift, smoothing = layer.rounding.shift, layer.rounding.smoothing
        assert shift is not None
        assert smoothing is not None
        factor = numpy_helper.to_array(self.constants[found.factor])
        offset = 0 if found.offset is None else numpy_helper.to_array(self.constants[found.offset])
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        del changed.input[1:], changed.output[:]
        changed.input.extend(
            [
                self.constant(f"{layer.group}.norm_factor", (factor * smoothing).astype(np.float32)),
                self.constant(f"{layer.group}.norm_offset", ((offset - shift) * smoothing).astype(np.float32)),
            ]
        )
        changed.output.append(f"{output}.smoothed")
        self.nodes.append(changed)
        self.record.norms[layer.group] = (found.factor, found.offset or "")
        if self.has_other_readers(output):
            back = self.constant(f"{layer.group}.unsmoothing", (1 / smoothing).astype(np.float32))
            grown = self.node("Mul", f"{output}.smoothed", back)
            self.node("Add", grown, self.constant(f"{layer.group}.shift", shift), output=output)

    def has_other_readers(self, name: str) -> bool:
        mine = {one.nodes[0] for one in self.linears if one.activation == name and self.layers[one.weight].in_norm}
        read = any(name in node.input and place not in mine for place, node in enumerate(self.source.graph.node))
        return read or any(one.name == name for one in self.source.graph.output)

    def bias(self, linear: Linear, layer: Layer) -> str:
        name = f"{linear.weight}.bias"
        if linear.bias is None:
            return self.constant(name, layer.correction)
        return self.constant(name, numpy_helper.to_array(self.constants[linear.bias]) + layer.correction)

    def sum(self, product: str, bias: str, output: str) -> None:
        self.node("Add", product, bias, output=output)

    def zero_point(self, value: int) -> str:
        return self.constant(f"zero_point_{value}", np.uint8(value))

    def matrix(self, linear: Linear) -> str:
        return self.constant(f"{linear.weight}.int8", self.layers[linear.weight].matrix)

    def column_scale(self, linear: Linear) -> str:
        return self.constant(f"{linear.weight}.scale", self.layers[linear.weight].column_scale)

    def table(self, node: onnx.NodeProto) -> bool:
        """A Gather of rows out of a large constant table becomes one out of int8 rows, times their scales."""
        table = self.constants.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or len(table.dims) != 2 or table.data_type != TensorProto.FLOAT:
            return False
        if int(np.prod(table.dims)) < LARGE_TABLE or any(one.i != 0 for one in node.attribute if one.name == "axis"):
            return False
        rows, scale = quantize_columns(np.ascontiguousarray(numpy_helper.to_array(table).T))
        rounded = self.constant(f"{table.name}.int8", np.ascontiguousarray(rows.T))
        scales = self.constant(f"{table.name}.scale", scale[:, None])
        self.record.tables.append(table.name)
        found = self.node("Cast", self.node("Gather", rounded, node.input[1]), to=TensorProto.FLOAT)
        self.node("Mul", found, self.node("Gather", scales, node.input[1]), output=node.output[0])
        return True

    def node(self, op: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: Any) -> str:
        name = output or f"int8:{len(self.nodes)}"
        made = helper.make_node(op, inputs, [name], name=f"int8:{op}:{len(self.nodes)}", domain=domain, **attributes)
        self.nodes.append(made)
        return name

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self.made.setdefault(name, np.asarray(value))
        return name

    def finished(self) -> onnx.ModelProto:
        made = [numpy_helper.from_array(np.asarray(value, order="C"), name) for name, value in self.made.items()]
        read = {name for node in self.nodes for name in node.input}
        kept = [one for one in self.source.graph.initializer if one.name in read]
        source = self.source.graph
        graph = helper.make_graph(self.nodes, source.name, source.input, source.output, [*kept, *made])
        versions = {one.domain: one.version for one in self.source.opset_import}
        versions |= {MICROSOFT: 1} if self.dialect == "onnx" else {}
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in versions.items()],
            ir_version=self.source.ir_version,
            producer_name="crossjudge",
        )
        self.record.write(model)
        return model
