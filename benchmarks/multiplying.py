"""How fast this machine multiplies matrices of the model's own shapes, in each precision, by the best library here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossjudge.extras import is_installed
from crossjudge.models.one_way import OneWayConfig

Run = Callable[[], object]

CHAIN = 8
"""Products in one call of OpenVINO, so that what a call itself costs does not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One product `(rows, inner) x (inner, columns)`, measured. `tera_ops`: 1e12 operations a second, best of all."""

    precision: str
    library: str
    rows: int
    inner: int
    columns: int
    tera_ops: float


def shapes_of(config: OneWayConfig, rows: int) -> list[tuple[int, int, int]]:
    """The linear layers of one transformer layer for a batch of `rows` tokens."""
    hidden, inner = config.hidden_size, config.intermediate_size
    return [(rows, hidden, 3 * hidden), (rows, hidden, hidden), (rows, hidden, inner), (rows, inner, hidden)]


def measure_rates(shapes: list[tuple[int, int, int]], threads: int, *, seconds: float) -> Iterator[Rate]:
    """Every library and precision on every shape, each for `seconds`."""
    for shape in shapes:
        for library, precision, run, products in _ways(shape, threads):
            rows, inner, columns = shape
            best_s = _best_of(run, seconds)
            rate = products * 2 * rows * inner * columns / best_s / 1e12
            yield Rate(precision=precision, library=library, rows=rows, inner=inner, columns=columns, tera_ops=rate)


def limits(rates: list[Rate]) -> dict[str, float]:
    """Precision -> tera-operations a second over one whole layer, the best library on each shape."""
    found = {}
    for precision in dict.fromkeys(rate.precision for rate in rates):
        best: dict[tuple[int, int, int], float] = {}
        for rate in rates:
            if rate.precision == precision:
                shape = (rate.rows, rate.inner, rate.columns)
                best[shape] = max(best.get(shape, 0.0), rate.tera_ops)
        operations = {shape: float(np.prod(shape)) for shape in best}
        found[precision] = sum(operations.values()) / sum(operations[shape] / best[shape] for shape in best)
    return found


def _best_of(run: Run, seconds: float) -> float:
    """Seconds of the quickest call among as many as fit."""
    for _ in range(3):
        run()
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 5:
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _ways(shape: tuple[int, int, int], threads: int) -> Iterator[tuple[str, str, Run, int]]:
    """Library, precision, one call of it, and how many products a call computes."""
    if is_installed("torch"):
        for precision, run in _torch(shape, threads):
            yield "torch (oneDNN)", precision, run, 1
    if is_installed("openvino"):
        for precision, run in _openvino(shape, threads):
            yield "OpenVINO", precision, run, CHAIN
    yield "ONNX Runtime", "int8", _onnxruntime(shape, threads), 1


def _torch(shape: tuple[int, int, int], threads: int) -> Iterator[tuple[str, Run]]:
    import torch

    torch.set_num_threads(threads)
    rows, inner, columns = shape
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(columns, inner, dtype=dtype)
        yield precision, _no_grad(torch, lambda left=left, right=right: torch.nn.functional.linear(left, right))
    left8 = torch.randint(-100, 100, (rows, inner), dtype=torch.int8)
    right8 = torch.randint(-100, 100, (columns, inner), dtype=torch.int8).t()
    yield "int8", lambda: torch._int_mm(left8, right8)


def _no_grad(torch: Any, run: Run) -> Run:
    def without() -> object:
        with torch.inference_mode():
            return run()

    return without


def _openvino(shape: tuple[int, int, int], threads: int) -> Iterator[tuple[str, Run]]:
    """A chain of `CHAIN` products there and back, `inner` to `columns` and again to `inner`, each feeding the next.

    In int8 what goes from one product to the next is rounded to int8, as in a network.
    """
    import openvino
    from openvino import opset13 as ops

    rows, inner, columns = shape
    draw = np.random.default_rng(0)
    values = draw.normal(size=(rows, inner)).astype(np.float32)
    for precision in ("fp32", "bf16", "int8"):
        given = ops.parameter([rows, inner], np.float32)
        node = given
        for place in range(CHAIN):
            wide, narrow = (columns, inner) if place % 2 == 0 else (inner, columns)
            weights = (draw.normal(size=(wide, narrow)) / np.sqrt(narrow)).astype(np.float32)
            node = _product(ops, node, weights, rounded=precision == "int8")
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        }
        compiled = openvino.Core().compile_model(openvino.Model([node], [given]), "CPU", settings)
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(values))
        yield precision, request.infer


def _product(ops: Any, node: Any, weights: np.ndarray, *, rounded: bool) -> Any:
    """`node` times `weights` transposed; `rounded`: both in int8."""
    if not rounded:
        return ops.matmul(node, ops.constant(weights), False, True)
    low, high = ops.constant(np.float32(-4)), ops.constant(np.float32(4))
    scale = np.abs(weights).max() / 127
    small = ops.constant(np.round(weights / scale).astype(np.int8))
    constant = ops.multiply(ops.convert(small, np.float32), ops.constant(np.float32(scale)))
    return ops.matmul(ops.fake_quantize(node, low, high, low, high, 256), constant, False, True)


def _onnxruntime(shape: tuple[int, int, int], threads: int) -> Run:
    import onnxruntime
    from onnx import TensorProto, helper

    rows, inner, columns = shape
    weights = np.random.default_rng(0).integers(-63, 64, (inner, columns), dtype=np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("product", TensorProto.INT32, [rows, columns])],
        [helper.make_tensor("right", TensorProto.INT8, weights.shape, weights.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    left = np.random.default_rng(1).integers(0, 255, (rows, inner), dtype=np.uint8)
    return lambda: session.run(None, {"left": left})
