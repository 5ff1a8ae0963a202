"""How the input of an int8 linear layer is shifted, smoothed, scaled and rounded, so that its products err little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossjudge.models.quantization.calibration import Range
from crossjudge.models.quantization.matrices import SMALLEST, matrix_scale
from crossjudge.types import FloatArray

LEVELS = 255
"""Steps between the lowest and the highest of 8 bits."""

MIDDLE = 128
"""The zero point of what goes as far below zero as above."""
ONE_SIDED = 16
"""The zero point of rows that hardly go below zero, as behind GELU."""

WORTH_A_NODE = 0.8
"""Smoothing may cost a node in the graph: it must bring the squared error down to this share."""

_COMPENSATED = 0.5
"""The share of the rounding error of weights that compensation leaves, as measured on several layers."""

_ALPHAS = (0.5, 0.65, 0.8, 0.9, 1.0)
_BEYOND = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounding:
    """How an activation x becomes uint8: (x - `shift`) * `smoothing` / scale + `zero_point`, rounded.

    `shift`, `smoothing`: float32 `(rows,)`, None for zeros and ones. `scale`: the same for all tokens; None where every
    token has its own, its largest absolute value (or, one-sided, its largest value) spread over the levels that there
    are on one side of `zero_point`, and at least `smallest_scale`.
    """

    shift: FloatArray | None
    smoothing: FloatArray | None
    scale: float | None
    zero_point: int
    smallest_scale: float = SMALLEST
    digits: int = 1

    @property
    def is_one_sided(self) -> bool:
        """Whether a token's scale follows its largest value, and not its largest absolute value."""
        return self.zero_point == ONE_SIDED and self.scale is None

    def prepared(self, activation: FloatArray) -> FloatArray:
        """Shifted and smoothed, in floats."""
        shifted = activation if self.shift is None else activation - self.shift
        return shifted if self.smoothing is None else shifted * self.smoothing

    def rounded(self, prepared: FloatArray) -> FloatArray:
        """`(tokens, rows)` as int8 arithmetic sees it, back in floats: what `prepared` becomes."""
        scale = self.row_scales(prepared) if self.scale is None else np.float32(self.scale)
        levels = np.clip(np.rint(prepared / scale) + self.zero_point, 0, LEVELS)
        back: FloatArray = ((levels - self.zero_point) * scale).astype(np.float32)
        if self.digits == 2:
            step = np.float32(self.second_scale)
            back += np.clip(np.rint((prepared - back) / step), -MIDDLE, LEVELS - MIDDLE) * step
        return back

    @property
    def second_scale(self) -> float:
        """The step of the second digit, whose zero point is `MIDDLE`."""
        return (self.scale or 0.0) / LEVELS

    def row_scales(self, prepared: FloatArray) -> FloatArray:
        """A scale for each token, `(tokens, 1)`."""
        largest = prepared.max(axis=1) if self.is_one_sided else np.abs(prepared).max(axis=1)
        scales: FloatArray = np.maximum(largest / (LEVELS - self.zero_point), self.smallest_scale)[:, None]
        return scales

    def weights_for(self, matrix: FloatArray) -> FloatArray:
        """The weights `(rows, columns)` that belong to the smoothed activation."""
        return matrix if self.smoothing is None else matrix / self.smoothing[:, None]

    def gram(self, measured: Range) -> FloatArray | None:
        """Mean products of the prepared channels, `(rows, rows)`."""
        gram = measured.gram
        if gram is not None and self.shift is not None:
            outer = np.outer(self.shift, measured.mean)
            gram = gram - outer - outer.T + np.outer(self.shift, self.shift)
        if gram is not None and self.smoothing is not None:
            gram = gram * np.outer(self.smoothing, self.smoothing)
        return gram


def static_rounding(measured: Range, matrices: Sequence[FloatArray], *, in_norm: bool = False) -> Rounding:
    """One scale for all tokens. `matrices`: what the activation is multiplied by, `(rows, columns)` each.

    Of several ways to make channels alike that differ in range (smoothing, Xiao and others 2022) the one with the least
    expected error in the products. `in_norm`: the norm before the layer can shift and smooth at no cost.
    """
    matrix = np.concatenate(list(matrices), axis=1)
    middle = (measured.lowest + measured.highest) / 2 if in_norm else np.zeros_like(measured.lowest)
    shift: FloatArray = middle.astype(np.float32)
    plain = _Trial(measured, matrix, shift, np.ones_like(shift))
    best = min(
        (_Trial(measured, matrix, shift, one) for one in _smoothings(measured, matrix, shift)),
        key=lambda one: one.error,
    )
    if not in_norm and best.error > WORTH_A_NODE * plain.error:
        return Rounding(shift=None, smoothing=None, scale=plain.scale, zero_point=plain.zero_point)
    return Rounding(
        shift=shift if in_norm else None, smoothing=best.smoothing, scale=best.scale, zero_point=best.zero_point
    )


def fine_rounding(measured: Range) -> Rounding:
    """One scale for all tokens and two digits, so that nothing needs to be made alike."""
    lowest, highest = min(0.0, float(measured.lowest.min())), max(0.0, float(measured.highest.max()))
    scale = max(highest - lowest, SMALLEST) / LEVELS
    return Rounding(shift=None, smoothing=None, scale=scale, zero_point=round(-lowest / scale), digits=2)


def row_rounding(measured: Range, matrices: Sequence[FloatArray], *, in_norm: bool = False) -> Rounding:
    """A scale of its own for every token; shifted and smoothed as for one scale where the norm does that."""
    if in_norm:
        static = static_rounding(measured, matrices, in_norm=True)
        return replace(static, scale=None, zero_point=MIDDLE)
    lowest, highest = float(measured.lowest.min()), float(measured.highest.max())
    if -lowest < highest / ONE_SIDED:
        floor = max(-lowest / ONE_SIDED, SMALLEST)
        return Rounding(shift=None, smoothing=None, scale=None, zero_point=ONE_SIDED, smallest_scale=floor)
    return Rounding(shift=None, smoothing=None, scale=None, zero_point=MIDDLE)


class _Trial:
    """One smoothing, and the squared error that it makes in all the columns of a token's product."""

    def __init__(self, measured: Range, matrix: FloatArray, shift: FloatArray, smoothing: FloatArray) -> None:
        self.smoothing = smoothing
        lowest = min(0.0, float(((measured.lowest - shift) * smoothing).min()))
        highest = max(0.0, float(((measured.highest - shift) * smoothing).max()))
        self.scale = max(highest - lowest, SMALLEST) / LEVELS
        self.zero_point = round(-lowest / self.scale)
        smoothed = matrix / smoothing[:, None]
        # Rounding to steps of a size makes an error of a twelfth of its square, in activations and in weights.
        of_activations = self.scale**2 * float(np.square(smoothed).sum())
        mean_square = measured.mean_square - 2 * shift * measured.mean + shift**2
        of_weights = float(np.square(matrix_scale(smoothed)).sum()) * float((mean_square * smoothing**2).sum())
        compensated = 1.0 if measured.gram is None else _COMPENSATED
        self.error = (of_activations + compensated * of_weights) / 12


def _smoothings(measured: Range, matrix: FloatArray, shift: FloatArray) -> Iterator[FloatArray]:
    """Factors `(rows,)` to try: channels made alike by degrees, or made smaller only where they go beyond a limit."""
    largest = np.maximum(np.maximum(measured.highest - shift, shift - measured.lowest), 1e-5)
    weights = np.maximum(np.abs(matrix).max(axis=1), 1e-5)
    for alpha in _ALPHAS:
        factor = weights ** (1 - alpha) / largest**alpha
        yield (factor / np.exp(np.log(factor).mean())).astype(np.float32)
    for share in _BEYOND:
        yield np.minimum(1.0, np.quantile(largest, 1 - share) / largest).astype(np.float32)
