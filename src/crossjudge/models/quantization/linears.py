"""Where a graph multiplies an activation by a constant matrix: its linear layers, found by shape and not by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear:
    """One multiplication: `activation` `(..., rows)` times the initializer `weight` `(rows, columns)`, plus `bias`.

    `bias`: an initializer `(columns,)`, None where nothing is added. `output`: the name of the sum. `nodes`: the places
    in the graph's list of nodes of the product and, where that is a node of its own, of the sum. `transposed`: the
    initializer is `(columns, rows)`.
    """

    weight: str
    bias: str | None
    activation: str
    output: str
    nodes: tuple[int, ...]
    transposed: bool


def constants_of(graph: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Initializer name -> initializer."""
    return {one.name: one for one in graph.graph.initializer}


def matrix_of(constants: Mapping[str, onnx.TensorProto], linear: Linear) -> NDArray[np.float32]:
    """The weight as `(rows, columns)`."""
    weight: NDArray[np.float32] = numpy_helper.to_array(constants[linear.weight])
    return np.ascontiguousarray(weight.T) if linear.transposed else weight


def find_linears(model: onnx.ModelProto) -> list[Linear]:
    """Every product of a computed value with a constant float32 matrix, in the order of the nodes."""
    return list(_Finder(model).linears())


@dataclass(frozen=True, kw_only=True, slots=True)
class Norm:
    """A LayerNormalization whose factor (and offset, where it has one) is constant; `node`: its place in the graph."""

    node: int
    factor: str
    offset: str | None


def find_norms(model: onnx.ModelProto) -> dict[str, Norm]:
    """Output name -> the norm it comes from."""
    constants = constants_of(model)
    found: dict[str, Norm] = {}
    for place, node in enumerate(model.graph.node):
        named = [name for name in node.input[1:] if name]
        last_axis = _attributes(node).get("axis", -1) == -1
        if node.op_type == "LayerNormalization" and last_axis and all(name in constants for name in named):
            found[node.output[0]] = Norm(node=place, factor=named[0], offset=named[1] if len(named) > 1 else None)
    return found


class _Finder:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self.constants = constants_of(model)
        self.readers: dict[str, list[int]] = {}
        for place, node in enumerate(self.nodes):
            for name in node.input:
                self.readers.setdefault(name, []).append(place)
        self.outputs = {one.name for one in model.graph.output}

    def linears(self) -> Iterator[Linear]:
        for place, node in enumerate(self.nodes):
            if node.op_type == "MatMul" and self.is_matrix(node.input[1]) and node.input[0] not in self.constants:
                yield self.product(place, node)
            elif node.op_type == "Gemm" and self.is_matrix(node.input[1]) and _is_plain(node):
                bias = node.input[2] if len(node.input) > 2 and node.input[2] else None
                if bias is None or bias in self.constants:
                    yield Linear(
                        weight=node.input[1],
                        bias=bias,
                        activation=node.input[0],
                        output=node.output[0],
                        nodes=(place,),
                        transposed=bool(_attributes(node).get("transB", 0)),
                    )

    def is_matrix(self, name: str) -> bool:
        found = self.constants.get(name)
        return found is not None and len(found.dims) == 2 and found.data_type == onnx.TensorProto.FLOAT

    def product(self, place: int, node: onnx.NodeProto) -> Linear:
        bias, added = self.bias(node.output[0], columns=self.constants[node.input[1]].dims[1])
        return Linear(
            weight=node.input[1],
            bias=bias,
            activation=node.input[0],
            output=node.output[0] if added is None else self.nodes[added].output[0],
            nodes=(place,) if added is None else (place, added),
            transposed=False,
        )

    def bias(self, product: str, *, columns: int) -> tuple[str | None, int | None]:
        """The constant vector that is added to `product` and to nothing else, and the place of that addition."""
        readers = self.readers.get(product, [])
        if len(readers) != 1 or product in self.outputs or self.nodes[readers[0]].op_type != "Add":
            return None, None
        for name in self.nodes[readers[0]].input:
            if name in self.constants and list(self.constants[name].dims) == [columns]:
                return name, readers[0]
        return None, None


def _is_plain(node: onnx.NodeProto) -> bool:
    """Whether a Gemm is a product and a sum, with nothing scaled and the activation as it is."""
    found = _attributes(node)
    return found.get("alpha", 1.0) == found.get("beta", 1.0) == 1.0 and not found.get("transA", 0)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
