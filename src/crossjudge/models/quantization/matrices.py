"""Weights as int8: one scale per column, bounded so that every processor multiplies them alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1e-8
"""No scale is smaller, so that a column of zeros has one."""

LARGEST = 127
PAIR = 128
"""How far from zero a column's rows 2k and 2k + 1 may add up to; see `quantize_matrix`."""

_DAMPING = 0.01
_BLOCK = 64


def quantize_matrix(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """As `quantize_columns`, but the sum of a column's rows 2k and 2k + 1 stays within 128 too.

    x86 without VNNI adds the products of two such rows with two activations (uint8, at most 255) in 16 bits that
    saturate without a word; 255 times 128 fits them, so the graph gives the same numbers on every machine.
    """
    scale = matrix_scale(weight)
    return np.rint(weight / scale).astype(np.int8), scale


def matrix_scale(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scale of each column, `(columns,)`, at which neither a weight nor a pair of weights is too large."""
    even, odd = weight[0::2], np.zeros_like(weight[0::2])
    odd[: len(weight) // 2] = weight[1::2]
    # Rounding may add a half to each of the two, so before it they get one less than they may be.
    largest = np.maximum(np.abs(weight).max(axis=0), np.abs(even + odd).max(axis=0))
    scale: NDArray[np.float32] = np.maximum(largest, SMALLEST).astype(np.float32) / np.float32(PAIR - 1)
    return scale


def quantize_columns(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """`(rows, columns)` -> int8 of the same shape and one scale per column, symmetric."""
    scale = np.maximum(np.abs(weight).max(axis=0), SMALLEST).astype(np.float32) / np.float32(LARGEST)
    return np.clip(np.rint(weight / scale), -LARGEST, LARGEST).astype(np.int8), scale


def compensated_matrix(
    weight: NDArray[np.float32], gram: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """As `quantize_matrix`, each row's rounding error made up for by the rows after it (GPTQ, Frantar and others 2022).

    `gram`: float32 `(rows, rows)`, the mean product of each input channel with each. What is made small is the error of
    the products with such inputs, about half of what rounding each weight to the nearest leaves.
    """
    scale = matrix_scale(weight)
    steps = _steps(gram)
    left = weight.copy()
    rounded = np.zeros(weight.shape, dtype=np.float32)
    for start in range(0, len(weight), _BLOCK):
        stop = min(start + _BLOCK, len(weight))
        errors = np.empty((stop - start, weight.shape[1]), dtype=np.float32)
        for row in range(start, stop):
            lowest, highest = np.float32(-LARGEST), np.float32(LARGEST)
            if row % 2:
                lowest = np.maximum(lowest, -PAIR - rounded[row - 1])
                highest = np.minimum(highest, PAIR - rounded[row - 1])
            rounded[row] = np.clip(np.rint(left[row] / scale), lowest, highest)
            errors[row - start] = (left[row] - rounded[row] * scale) / steps[row, row]
            left[row + 1 : stop] -= np.outer(steps[row, row + 1 : stop], errors[row - start])
        left[stop:] -= steps[start:stop, stop:].T @ errors
    return rounded.astype(np.int8), scale


def _steps(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """The upper Cholesky factor of the inverse of `gram`, which says how an error is shared among later rows."""
    damped = gram.astype(np.float64)
    damped[np.diag_indices_from(damped)] += _DAMPING * max(float(np.trace(damped)) / len(damped), SMALLEST)
    factor: NDArray[np.float32] = np.linalg.cholesky(np.linalg.inv(damped)).T.astype(np.float32)
    return factor
