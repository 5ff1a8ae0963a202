"""An int8 graph's constants as the float32 ones that it computes with, under the names they had before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from crossjudge.errors import InputError

RECORD = "crossjudge.int8"
"""The graph's metadata property that says what was made of what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What became int8. `layers`: weight -> its group, its bias or "", and whether it lay transposed. `norms`: group ->
    factor, and offset or "", of the norm that shifts and smooths for it. `tables`: embedding tables.
    """

    layers: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    norms: dict[str, tuple[str, str]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)

    def write(self, model: onnx.ModelProto) -> None:
        """Note it in `model`."""
        content = {"layers": self.layers, "norms": self.norms, "tables": self.tables}
        onnx.helper.set_model_props(model, {RECORD: json.dumps(content)})


def read_constants(
    model: onnx.ModelProto, *, beside: Mapping[str, NDArray[Any]] | None = None
) -> dict[str, NDArray[Any]]:
    """Name -> array, as in the graph that was quantised, int8 weights multiplied out and norms undone.

    A float32 network with these constants computes what the int8 graph does but for the rounding of activations.
    `beside`: `initializers` of graphs that were quantised together with it, and share its constants. Raises
    `InputError` where a norm is read by int8 layers alone in all of them: nothing then tells what it was.
    """
    constants = initializers(model)
    record = _record(model)
    if record is None:
        return constants
    read = dict(constants)
    constants = {**(beside or {}), **constants}
    smoothings = {group: _smoothing(constants, group, in_norm=group in record.norms) for group in _groups(record)}
    for weight, (group, bias, transposed) in record.layers.items():
        matrix = constants[f"{weight}.int8"].astype(np.float32) * constants[f"{weight}.scale"] * smoothings[group]
        read[weight] = np.ascontiguousarray(matrix.T) if transposed else matrix
        if bias:
            moved = constants[f"{group}.shift"] @ matrix if group in record.norms else np.float32(0)
            read[bias] = constants[f"{weight}.bias"] - moved
    for group, (factor, offset) in record.norms.items():
        read[factor] = constants[f"{group}.norm_factor"] / smoothings[group][:, 0]
        if offset:
            read[offset] = constants[f"{group}.norm_offset"] / smoothings[group][:, 0] + constants[f"{group}.shift"]
    for table in record.tables:
        read[table] = constants[f"{table}.int8"].astype(np.float32) * constants[f"{table}.scale"]
    return read


def read_modules(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """As `read_constants`, weights that the graph knows by a number alone under the name of the module with their bias.

    They come as a module has them, `(outputs, inputs)`; the graph multiplies by their transpose.
    """
    read, record = read_constants(model), _record(model)
    rounded = {} if record is None else record.layers
    biases = {weight: bias for weight, (_, bias, transposed) in rounded.items() if bias and not transposed}
    for weight, bias in (biases | _added(model, read)).items():
        read[f"{bias.removesuffix('bias')}weight"] = np.ascontiguousarray(read.pop(weight).T)
    return read


def _added(model: onnx.ModelProto, constants: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Weight -> the bias that is added behind it, of matrices that are float32 in the graph and multiplied by."""
    products: dict[str, str] = {node.output[0]: node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    sums = (node.input for node in model.graph.node if node.op_type == "Add")
    named = (
        (products.get(one, ""), other) for first, second in sums for one, other in ((first, second), (second, first))
    )
    return {
        weight: bias for weight, bias in named if weight in constants and bias in constants and bias.endswith(".bias")
    }


def initializers(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Name -> array, as it stands in the graph."""
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def _record(model: onnx.ModelProto) -> Record | None:
    content = next((json.loads(one.value) for one in model.metadata_props if one.key == RECORD), None)
    return None if content is None else Record(**content)


def _groups(record: Record) -> set[str]:
    return {group for group, _, _ in record.layers.values()}


def _smoothing(constants: Mapping[str, NDArray[Any]], group: str, *, in_norm: bool) -> NDArray[np.float32]:
    """What the weights were divided by, `(rows, 1)` or `(1, 1)`."""
    if in_norm and f"{group}.unsmoothing" not in constants:
        raise InputError(
            f"Reading an int8 graph back: the norm before {group} is read by int8 layers alone, so its own factor and "
            "offset are not in the graph. Expected a graph with residual connections behind its norms; read the "
            "float32 weights instead."
        )
    if in_norm:
        undone: NDArray[np.float32] = (1 / constants[f"{group}.unsmoothing"])[:, None].astype(np.float32)
        return undone
    return constants.get(f"{group}.smoothing", np.ones(1, dtype=np.float32))[:, None]
