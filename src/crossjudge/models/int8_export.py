"""A checkpoint's float32 graph becomes int8 on the user's own texts, with a certificate for each engine.

Calibration pairs are halved: scales are measured on one half, and the certificate on the other. Which layers take which
kind of scale is a ladder, from the quickest to the most exact; the first rung that decides as fp32 does is taken.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from crossjudge.backends.base import Backend, forward_each
from crossjudge.backends.onnx import OnnxBackend
from crossjudge.errors import InputError
from crossjudge.extras import is_installed
from crossjudge.models.certificates import Certificate
from crossjudge.models.parity import Parity, compare_logits
from crossjudge.models.quantization import Method, Ranges, collect_ranges, quantize_graphs
from crossjudge.text.batching import plan
from crossjudge.types import Encoding, FloatArray, JointBatch, Pair

logger = logging.getLogger(__name__)

LEAST_PAIRS = 64
"""Fewer say nothing about ranges, and nothing about agreement."""
MOST_PAIRS = 1_024
"""More change the scales no further; a seeded sample of them is taken."""
SEED = 20

Engine = Callable[[Path], Backend]
Rung = Callable[[str, tuple[int, int]], Method]
"""Weight name and its shape `(rows, columns)` -> method."""

LADDER: dict[str, dict[str, Rung]] = {
    "onnx": {
        "one scale for all rows": lambda name, shape: "static",
        "a scale per row where a layer narrows": lambda name, shape: "row" if shape[0] > shape[1] else "static",
        "a scale per row everywhere": lambda name, shape: "row",
    },
    "openvino": {
        "one scale for all rows": lambda name, shape: "static",
        "float where a layer narrows": lambda name, shape: "keep" if shape[0] > shape[1] else "static",
    },
}
"""Engine -> what is tried in this order. What narrows is a feed-forward layer's second half, whose inputs have rare
huge values that one scale for all serves badly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Encodings of both halves, and what is said of the texts they came from."""

    measured: tuple[Encoding, ...]
    held_out: tuple[Encoding, ...]
    pairs: int
    sha256: str


def calibrate(pairs: Sequence[Pair], encode: Callable[[Sequence[Pair]], list[Encoding]]) -> Calibration:
    """Two halves of (a seeded sample of) `pairs`. Raises `InputError` where there are fewer than `LEAST_PAIRS`."""
    if len(pairs) < LEAST_PAIRS:
        raise InputError(
            f"Calibrating int8: {len(pairs)} pairs; expected at least {LEAST_PAIRS}, better some hundred, of the kind "
            "that the model will see. Name a larger file, or leave --calibration out for hand-written pairs of our own."
        )
    order = np.random.default_rng(SEED).permutation(len(pairs))[:MOST_PAIRS]
    chosen = [pairs[place] for place in order]
    encodings = encode(chosen)
    digest = hashlib.sha256("".join(f"{one.text_a}\0{one.text_b}\0" for one in chosen).encode()).hexdigest()
    return Calibration(
        measured=tuple(encodings[::2]), held_out=tuple(encodings[1::2]), pairs=len(chosen), sha256=digest
    )


def write_int8(graph: Path, out: Mapping[str, Path], calibration: Calibration, num_outputs: int) -> list[Certificate]:
    """Write the int8 twin of the float32 `graph` for each engine of `out` (name -> file), and certify it where it runs.

    `num_outputs`: numbers a pair, 0 for token states, whose mean over tokens is then compared by cosine with fp32's.
    """
    model = onnx.load(str(graph))
    names = [one.name for one in model.graph.input]
    ranges = collect_ranges(model, _feeds(calibration.measured, names))
    shapes = {one.name: tuple(one.dims) for one in model.graph.initializer}
    reference = _answers(OnnxBackend(graph), calibration.held_out, num_outputs)
    return [
        _climb(model, engine, path, ranges, shapes, reference, calibration, num_outputs)
        for engine, path in out.items()
        if engine == "onnx" or is_installed("openvino")
    ]


def _climb(
    model: onnx.ModelProto,
    engine: str,
    path: Path,
    ranges: Ranges,
    shapes: Mapping[str, tuple[int, ...]],
    reference: FloatArray,
    calibration: Calibration,
    num_outputs: int,
) -> Certificate:
    """The first rung of the ladder that is exact enough, else the most exact one, written to `path`."""
    tried: list[tuple[Certificate, onnx.ModelProto]] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    for scales, rung in LADDER[engine].items():
        methods = {name: _method(name, shapes, rung, num_outputs) for name in ranges}
        dialect: Any = engine
        made = quantize_graphs({"model": model}, ranges, dialect=dialect, methods=methods, embeddings=engine == "onnx")
        onnx.save(made["model"], str(path))
        seen = _answers(_open(engine, path), calibration.held_out, num_outputs)
        certificate = Certificate(engine=engine, scales=scales, parity=_compared(reference, seen, num_outputs))
        if certificate.parity.exact_enough:
            return certificate
        tried.append((certificate, made["model"]))
    best, graph = max(tried, key=lambda one: one[0].parity.agreement)
    onnx.save(graph, str(path))
    logger.warning("No int8 graph for %s decides as fp32 often enough: %s.", engine, best.sentence())
    return best


def _method(name: str, shapes: Mapping[str, tuple[int, ...]], rung: Rung, num_outputs: int) -> Method:
    """Float for the last layer, whose output is the answer: no work, and all of the decision."""
    rows, columns = shapes[name]
    return "keep" if num_outputs in (rows, columns) else rung(name, (rows, columns))


def _open(engine: str, path: Path) -> Backend:
    if engine == "onnx":
        return OnnxBackend(path, precision="int8")
    from crossjudge.backends.openvino import OpenvinoBackend

    return OpenvinoBackend(path, precision="int8")


def _feeds(encodings: Sequence[Encoding], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A sequence a batch, so that no padding is measured."""
    for encoding in encodings:
        (batch,) = plan([encoding], token_budget=len(encoding))
        yield {name: getattr(batch, name) for name in names}


def _answers(backend: Backend, encodings: Sequence[Encoding], num_outputs: int) -> FloatArray:
    """Logits `(n_pairs, num_labels)`, or mean token states `(n_texts, hidden_size)`."""
    batches = plan(encodings, token_budget=2_048)
    rows: dict[int, FloatArray] = {}
    for batch, answer in zip(batches, forward_each(backend, batches), strict=True):
        assert isinstance(batch, JointBatch)
        if not num_outputs:
            answer = answer.sum(axis=1) / batch.attention_mask.sum(axis=1, keepdims=True)
        rows |= dict(zip(batch.rows.tolist(), answer, strict=True))
    backend.close()
    return np.array([rows[row] for row in range(len(encodings))], dtype=np.float32)


def _compared(reference: FloatArray, seen: FloatArray, num_outputs: int) -> Parity:
    if num_outputs:
        return compare_logits(reference, seen)
    # Vectors decide nothing by themselves: compared are the cosines of neighbours, close or not.
    return compare_logits(_cosines(reference), _cosines(seen), threshold=float(np.median(_cosines(reference))))


def _cosines(vectors: FloatArray) -> FloatArray:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines: FloatArray = (unit * np.roll(unit, 1, axis=0)).sum(axis=1, keepdims=True).astype(np.float32)
    return cosines
