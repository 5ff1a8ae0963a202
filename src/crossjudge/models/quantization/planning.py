"""Which linear layers become int8, and with which numbers: the same layer the same in every graph of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from crossjudge.errors import InputError
from crossjudge.models.quantization.calibration import Range, Ranges
from crossjudge.models.quantization.linears import constants_of, find_linears, find_norms, matrix_of
from crossjudge.models.quantization.matrices import compensated_matrix, quantize_matrix
from crossjudge.models.quantization.scales import Rounding, fine_rounding, row_rounding, static_rounding
from crossjudge.types import FloatArray

Method = Literal["static", "row", "fine", "keep"]
"""One scale for all tokens, measured beforehand; a scale for each token, found as it comes; one scale and two digits,
which takes two products; float32."""

_INT8: tuple[Method, ...] = ("static", "row", "fine")

Methods = Mapping[str, Method]
"""Weight name -> method; "static" for a name that is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A linear layer in int8. `matrix`: int8 `(rows, columns)`; `column_scale`, `correction`: float32 `(columns,)`.

    `correction` is what to add to the bias so that the mean product is right. `group`: layers of the same group read
    the same rounded activation. `in_norm`: the norm before it shifts and smooths.
    """

    rounding: Rounding
    matrix: NDArray[np.int8]
    column_scale: FloatArray
    correction: FloatArray
    group: str
    in_norm: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Linear layers that read the same activation, by the names of their weights; `in_norm`: always from a norm."""

    weights: tuple[str, ...]
    in_norm: bool

    @property
    def name(self) -> str:
        """The first of its weights."""
        return self.weights[0]


def find_groups(graphs: Iterable[onnx.ModelProto]) -> list[Group]:
    """The groups of all linear layers of one model's graphs, in the order they are met."""
    first: dict[str, str] = {}

    def root(weight: str) -> str:
        while first.setdefault(weight, weight) != weight:
            weight = first[weight]
        return weight

    in_norm: dict[str, bool] = {}
    for graph in graphs:
        norms = find_norms(graph)
        readers: dict[str, str] = {}
        for linear in find_linears(graph):
            first[root(linear.weight)] = root(readers.setdefault(linear.activation, linear.weight))
            in_norm[linear.weight] = in_norm.get(linear.weight, True) and linear.activation in norms
    members: dict[str, list[str]] = {}
    for weight in first:
        members.setdefault(root(weight), []).append(weight)
    return [
        Group(weights=tuple(weights), in_norm=all(in_norm[weight] for weight in weights))
        for weights in members.values()
    ]


class Planner:
    """The int8 numbers of a model's linear layers, each worked out when it is first asked for."""

    def __init__(self, graphs: Iterable[onnx.ModelProto], ranges: Ranges) -> None:
        graphs = list(graphs)
        self.ranges = ranges
        self.groups = find_groups(graphs)
        self.matrices: dict[str, FloatArray] = {}
        for graph in graphs:
            constants = constants_of(graph)
            for linear in find_linears(graph):
                if linear.weight not in self.matrices:
                    self.matrices[linear.weight] = matrix_of(constants, linear)
        self._planned: dict[tuple[tuple[str, ...], Method], dict[str, Layer]] = {}

    def layers(self, methods: Methods) -> dict[str, Layer]:
        """Weight name -> its int8 numbers, for all linear layers that are measured and not kept."""
        layers: dict[str, Layer] = {}
        for group in self.groups:
            asked = {one: methods.get(one, "static") for one in group.weights if one in self.ranges}
            if group.in_norm:
                _check_one_norm(asked)
            # Layers of a group share a rounding where they share a method.
            for method in _INT8:
                weights = tuple(weight for weight, its in asked.items() if its == method)
                layers |= self._plan(weights, method, in_norm=group.in_norm) if weights else {}
        return layers

    def measured(self, weights: Sequence[str]) -> Range:
        """What layers that read the same activation were given: as the one knows that read it for most tokens."""
        return max((self.ranges[weight] for weight in weights), key=lambda one: one.num_tokens)

    def rounding(self, weights: Sequence[str], method: Method, *, in_norm: bool) -> Rounding:
        """How the activation that `weights` share becomes uint8."""
        if method == "fine":
            return fine_rounding(self.measured(weights))
        matrices = [self.matrices[weight] for weight in weights]
        rounding = row_rounding if method == "row" else static_rounding
        return rounding(self.measured(weights), matrices, in_norm=in_norm)

    def _plan(self, weights: tuple[str, ...], method: Method, *, in_norm: bool) -> dict[str, Layer]:
        if (weights, method) not in self._planned:
            measured = self.measured(weights)
            in_norm = in_norm and method != "fine"
            rounding = self.rounding(weights, method, in_norm=in_norm)
            gram = rounding.gram(measured)
            self._planned[weights, method] = {
                weight: _layer(self.matrices[weight], measured, rounding, gram, group=weights[0], in_norm=in_norm)
                for weight in weights
            }
        return self._planned[weights, method]


def _check_one_norm(asked: Methods) -> None:
    """Refuse two ways to shift and smooth in one norm."""
    if {"static", "row"} <= set(asked.values()):
        raise InputError(
            f"Quantising {', '.join(asked)}: both 'static' and 'row' were asked for, and the norm before them shifts "
            "and smooths in one way only. Give them the same of the two, or 'fine' or 'keep' to some."
        )


def _layer(
    matrix: FloatArray, measured: Range, rounding: Rounding, gram: FloatArray | None, *, group: str, in_norm: bool
) -> Layer:
    weights = rounding.weights_for(matrix)
    quantized, scale = quantize_matrix(weights) if gram is None else compensated_matrix(weights, gram)
    prepared = rounding.prepared(measured.sample)
    errors = prepared @ weights - rounding.rounded(prepared) @ (quantized * scale)
    correction = (measured.weights / measured.weights.sum()) @ errors
    if rounding.shift is not None:
        # What the shift takes from every activation.
        correction = correction + rounding.shift @ matrix
    return Layer(
        rounding=rounding,
        matrix=quantized,
        column_scale=scale,
        correction=correction.astype(np.float32),
        group=group,
        in_norm=in_norm,
    )
