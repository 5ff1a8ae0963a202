"""Which linear layers can have one scale, and which need one for each token or float32: found by measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from crossjudge.models.quantization.calibration import Range, Ranges
from crossjudge.models.quantization.planning import Group, Method, Planner
from crossjudge.models.quantization.rewriting import Dialect, rewrite_graphs
from crossjudge.models.quantization.scales import Rounding

Graphs = Mapping[str, onnx.ModelProto]

Harm = Callable[[Graphs], float]
"""How far int8 graphs are from float32 on some texts: 0 for not at all, and sums over independent errors."""

LIGHT = 0.003
"""Share of all multiplications below which a layer is not worth rounding: heads, and layers of `[CLS]` alone."""

_MULTIPLICATIONS = 32
"""How many float32 multiplications take as long as reading and writing one number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """`methods`: weight name -> method. `harm`: what is left with them."""

    methods: dict[str, Method]
    harm: float


def select_methods(graphs: Graphs, ranges: Ranges, harm: Harm, *, limit: float, dialect: Dialect = "onnx") -> Selection:
    """The cheapest methods found with which `harm` is at most `limit`.

    All heavy layers begin with one scale; while that does too much harm, those go on to a better method whose turn
    takes away most harm for its time. What each takes away is measured once, with all others at one scale.
    """
    return _Search(graphs, ranges, harm, dialect).run(limit)


class _Search:
    def __init__(self, graphs: Graphs, ranges: Ranges, harm: Harm, dialect: Dialect) -> None:
        self.graphs, self.ranges, self.harm, self.dialect = graphs, ranges, harm, dialect
        self.planner = Planner(graphs.values(), ranges)
        self.work = {weight: _work(self.planner, weight) for weight in self.planner.matrices if weight in ranges}

    def run(self, limit: float) -> Selection:
        methods = dict(self.start())
        now = self.measured(methods)
        if now <= limit:
            return Selection(methods=methods, harm=now)
        promotions = sorted(self.promotions(methods, now), key=lambda one: one.worth, reverse=True)
        for promotion in promotions:
            if promotion.gain <= 0:
                break
            better = methods | promotion.methods
            left = self.measured(better)
            if left < now:
                methods, now = better, left
            if now <= limit:
                break
        return Selection(methods=methods, harm=now)

    def start(self) -> Iterator[tuple[str, Method]]:
        total = sum(self.work.values())
        for weight, work in self.work.items():
            yield weight, "keep" if work < LIGHT * total else "static"

    def measured(self, methods: Mapping[str, Method]) -> float:
        return self.harm(rewrite_graphs(self.graphs, self.planner.layers(methods), dialect=self.dialect))

    def promotions(self, methods: Mapping[str, Method], harm: float) -> Iterator[_Promotion]:
        for group in self.planner.groups:
            weights = [one for one in group.weights if methods.get(one) == "static"]
            if weights:
                better = self.better(group, weights)
                changed = dict.fromkeys(weights, better)
                gain = harm - self.measured({**methods, **changed})
                yield _Promotion(methods=changed, gain=gain, time=self.time(weights, better))

    def better(self, group: Group, weights: list[str]) -> Method:
        """A scale for each token where that errs much less, else float32."""
        if self.dialect == "openvino":
            return "keep"
        errors = {
            method: _rounding_error(
                self.planner.rounding(weights, method, in_norm=group.in_norm), self.planner, weights
            )
            for method in ("static", "row")
        }
        return "row" if errors["row"] < errors["static"] / 2 else "keep"

    def time(self, weights: list[str], method: Method) -> float:
        """What `method` takes longer than one scale, in numbers read and written."""
        rows = len(self.planner.matrices[weights[0]])
        columns = sum(self.planner.matrices[weight].shape[1] for weight in weights)
        by_token = 3 * rows + 2 * columns if method == "row" else rows * columns / _MULTIPLICATIONS
        return float(by_token * self.ranges[weights[0]].num_tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Promotion:
    """Better methods for a group's layers. `gain`: harm that goes away; `time`: what they take longer."""

    methods: dict[str, Method]
    gain: float
    time: float

    @property
    def worth(self) -> float:
        return self.gain / self.time


def _work(planner: Planner, weight: str) -> float:
    return float(planner.matrices[weight].size) * planner.ranges[weight].num_tokens


def _rounding_error(rounding: Rounding, planner: Planner, weights: list[str]) -> float:
    """The weighted squared error of the products that rounding the sampled activations makes."""
    measured: Range = planner.ranges[weights[0]]
    prepared = rounding.prepared(measured.sample)
    errors = rounding.rounded(prepared) - prepared
    products = [np.square(errors @ rounding.weights_for(planner.matrices[weight])).sum(axis=1) for weight in weights]
    return float(measured.weights @ sum(products))
