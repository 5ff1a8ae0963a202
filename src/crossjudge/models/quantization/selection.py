"""Which linear layers can have one scale, and which need one for each token or float32: found by measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from crossjudge.models.quantization.calibration import Ranges
from crossjudge.models.quantization.planning import Group, Layer, Method, Methods, Planner
from crossjudge.models.quantization.rewriting import rewrite_graphs

Graphs = Mapping[str, onnx.ModelProto]

Harm = Callable[[Graphs], float]
"""How far int8 graphs are from float32 on some texts: 0 for not at all, and sums over independent errors."""

LIGHT = 0.003
"""Share of all multiplications below which a layer is not worth rounding: heads, and layers of `[CLS]` alone."""

MULTIPLICATIONS: dict[Method, int] = {"static": 160, "row": 160, "fine": 160, "keep": 32}
"""How many multiplications take as long as reading and writing one number; measured on AVX-512 with AMX."""

BUDGET = 0.6
"""How much longer, as a share, all layers together may take than with one scale each."""

MUCH_LESS = 2.0
"""By how much a slower method's squared rounding error must be smaller to be worth a trial."""

_BETTER: tuple[Method, ...] = ("row", "fine")


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """`methods`: weight name -> method, for all that was measured; `layers`: the numbers of those that become int8;
    `harm`: what is left with them.
    """

    methods: dict[str, Method]
    layers: dict[str, Layer]
    harm: float

    def static_only(self) -> Selection:
        """Float32 where this is not simply static; `harm` is then less than stated."""
        methods: dict[str, Method] = {
            name: "static" if method == "static" else "keep" for name, method in self.methods.items()
        }
        layers = {name: layer for name, layer in self.layers.items() if methods[name] != "keep"}
        return Selection(methods=methods, layers=layers, harm=self.harm)


def select_methods(graphs: Graphs, ranges: Ranges, harm: Harm, *, limit: float, embeddings: bool = False) -> Selection:
    """The quickest methods found with which `harm` is at most `limit`, or, where `BUDGET` forbids, little more.

    All heavy layers begin with one scale. While that does too much harm, those go on to a better method that take away
    most harm for their time; what each takes away is measured once, with all others at one scale. Those that turn out
    not to be needed go back. `embeddings`: tables become int8 too, as for `quantize_graphs`.
    """
    return _Search(graphs, ranges, harm, embeddings).run(limit)


class _Search:
    def __init__(self, graphs: Graphs, ranges: Ranges, harm: Harm, embeddings: bool) -> None:
        self.graphs, self.ranges, self.harm, self.embeddings = graphs, ranges, harm, embeddings
        self.planner = Planner(graphs.values(), ranges)
        self.work = {weight: _work(self.planner, weight) for weight in self.planner.matrices if weight in ranges}
        self.groups = [one for one in self.planner.groups if all(weight in ranges for weight in one.weights)]

    def run(self, limit: float) -> Selection:
        start = dict(self.start())
        now = self.measured(start)
        made: list[_Promotion] = []
        if now > limit:
            left = BUDGET * sum(self.time(one.weights, "static") for one in self.groups)
            for one in sorted(self.promotions(start, now), key=lambda one: one.worth, reverse=True):
                if now <= limit or one.gain <= 0:
                    break
                if one.time <= left:
                    made.append(one)
                    left -= one.time
                    now = self.measured(_with(start, made))
        for one in sorted(made, key=lambda one: one.time, reverse=True):
            without = [other for other in made if other is not one]
            if now <= limit and (harm := self.measured(_with(start, without))) <= limit:
                made, now = without, harm
        methods = _with(start, made)
        return Selection(methods=methods, layers=self.planner.layers(methods), harm=now)

    def start(self) -> Iterator[tuple[str, Method]]:
        total = sum(self.work.values())
        for weight, work in self.work.items():
            yield weight, "keep" if work < LIGHT * total else "static"

    def measured(self, methods: Methods) -> float:
        layers = self.planner.layers(methods)
        return self.harm(rewrite_graphs(self.graphs, layers, embeddings=self.embeddings))

    def promotions(self, methods: Methods, harm: float) -> Iterator[_Promotion]:
        for group in self.groups:
            weights = [one for one in group.weights if methods.get(one) == "static"]
            if weights:
                better = self.better(group, weights)
                changed = dict.fromkeys(weights, better)
                gain = harm - self.measured({**methods, **changed})
                time = self.time(weights, better) - self.time(weights, "static")
                yield _Promotion(methods=changed, gain=gain, time=time)

    def better(self, group: Group, weights: list[str]) -> Method:
        """The quickest method that errs much less than one scale does."""
        limit = self.rounding_error("static", weights, in_norm=group.in_norm) / MUCH_LESS
        precise: list[Method] = [
            one for one in _BETTER if self.rounding_error(one, weights, in_norm=group.in_norm) < limit
        ]
        return min([*precise, "keep"], key=lambda method: self.time(weights, method))

    def rounding_error(self, method: Method, weights: list[str], *, in_norm: bool) -> float:
        """The weighted squared error of the products that rounding the sampled activations makes."""
        measured = self.planner.measured(weights)
        rounding = self.planner.rounding(weights, method, in_norm=in_norm)
        prepared = rounding.prepared(measured.sample)
        errors = rounding.rounded(prepared) - prepared
        products = [errors @ rounding.weights_for(self.planner.matrices[weight]) for weight in weights]
        size = np.square(np.concatenate(products, axis=1)).sum(axis=1)
        return float(np.dot(measured.weights, size))

    def time(self, weights: Sequence[str], method: Method) -> float:
        """What a group's layers take, in numbers read and written."""
        rows = len(self.planner.matrices[weights[0]])
        columns = sum(self.planner.matrices[weight].shape[1] for weight in weights)
        product = rows * columns / MULTIPLICATIONS[method] + columns
        by_token = {
            "static": product + 2 * rows,
            "row": product + 5 * rows + 2 * columns,
            "fine": 2 * product + 5 * rows + columns,
            "keep": product,
        }
        return float(by_token[method] * self.ranges[weights[0]].num_tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Promotion:
    """Better methods for a group's layers. `gain`: harm that goes away; `time`: what they take longer, if at all."""

    methods: dict[str, Method]
    gain: float
    time: float

    @property
    def worth(self) -> float:
        # Small layers are quicker in float32: what takes no longer comes first.
        return self.gain / max(self.time, 1.0)


def _with(start: Methods, promotions: Iterable[_Promotion]) -> dict[str, Method]:
    methods = dict(start)
    for one in promotions:
        methods |= one.methods
    return methods


def _work(planner: Planner, weight: str) -> float:
    return float(planner.matrices[weight].size) * planner.ranges[weight].num_tokens
