"""ONNX graphs written by hand: nodes and constants that know their names, and the few shapes of nodes we repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 23
"""The first with Attention."""
MICROSOFT = "com.microsoft"

Dims = Sequence[str | int]
"""A value's dimensions, named where they vary."""


@dataclass
class GraphWriter:
    """Nodes and constants of a graph in the making; every method returns the name of what it made."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    constants: dict[str, NDArray[Any] | np.generic] = field(default_factory=dict)
    _count: int = 0

    def input(self, name: str, *dims: str | int, floats: bool = False) -> str:
        """An input of the graph: int64, or float32."""
        kind = TensorProto.FLOAT if floats else TensorProto.INT64
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(dims)))
        return name

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
        return self.node("Reshape", value, self.shape(*dims))

    def expand(self, value: str, *dims: int | str) -> str:
        """Repeat along axes of size one; dims as in `reshape`, 1 for those that stay."""
        return self.node("Expand", value, self.shape(*dims))

    def shape(self, *dims: int | str) -> str:
        """Numbers and names of 1-element int64 tensors -> one int64 vector."""
        parts = [self.ints(dim) if isinstance(dim, int) else dim for dim in dims]
        return self.node("Concat", *parts, axis=0)

    def dim(self, value: str, axis: int) -> str:
        """Size along one axis (-1: the last), as a 1-element int64 tensor."""
        return (
            self.node("Shape", value, start=axis) if axis == -1 else self.node("Shape", value, start=axis, end=axis + 1)
        )

    def count_to(self, size: str) -> str:
        """0, 1, ... below a 1-element int64 tensor's value."""
        zero, one = (self.constant(f"int_{value}", np.array(value, dtype=np.int64)) for value in (0, 1))
        return self.node("Range", zero, self.node("Squeeze", size), one)

    def unsqueeze(self, value: str, *axes: int) -> str:
        """New axes of size one."""
        return self.node("Unsqueeze", value, self.ints(*axes))

    def split(self, value: str, parts: int) -> tuple[str, ...]:
        """Equal parts of the last axis."""
        name = self.node("Split", value, axis=-1, num_outputs=parts, outputs=parts)
        return (name, *(f"{name}:{place}" for place in range(1, parts)))

    def model(self, outputs: Mapping[str, tuple[str, Dims]]) -> onnx.ModelProto:
        """The finished model; `outputs`: name outside -> name inside and dimensions, float32 each."""
        for name, (inside, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [inside], [name]))
        graph = helper.make_graph(
            self.nodes,
            "one_way",
            self.inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(dims)) for name, (_, dims) in outputs.items()],
            [numpy_helper.from_array(np.asarray(value, order="C"), key) for key, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="crossjudge")
