"""int8 graphs: near float32, each row's numbers its own, readable back, and no layer rounded more than it may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from crossjudge.errors import InputError
from crossjudge.models.quantization import (
    Dialect,
    Method,
    Methods,
    collect_ranges,
    joined_ranges,
    quantize_graphs,
    read_constants,
    select_methods,
    selection,
)
from crossjudge.models.quantization.matrices import compensated_matrix, quantize_matrix
from crossjudge.models.quantization.sessions import open_graph
from crossjudge.types import FloatArray, IntArray

WORDS, SIZE, WIDE, LABELS, LENGTH = 4_000, 32, 64, 3, 12

METHODS: dict[Method, float] = {"static": 0.06, "row": 0.06, "fine": 0.03}
"""Method -> how far logits may be from float32's on average, as a share of their spread."""

LINEARS = ("up.weight", "gate.weight", "down.weight", "mix.weight")
"""The network's linear layers, but for its head; `up` and `gate` read the same norm."""


def network(seed: int = 0) -> onnx.ModelProto:
    """Words, a norm with two huge channels, a gated layer around which its output is carried, and a head.

    The head reads the first token. `mix` has no bias, and `head` lies transposed in a Gemm, as PyTorch writes it.
    """
    random = np.random.default_rng(seed)

    def wide(*shape: int) -> FloatArray:
        return (random.standard_normal(shape) * 1.6 / shape[0] ** 0.5).astype(np.float32)

    factor = (1 + 0.1 * random.standard_normal(SIZE)).astype(np.float32)
    factor[[3, 17]] *= 12
    constants = {
        "words": random.standard_normal((WORDS, SIZE)).astype(np.float32),
        "norm.weight": factor,
        "norm.bias": 0.3 * wide(SIZE),
        "up.weight": wide(SIZE, WIDE), "up.bias": 0.1 * wide(WIDE),
        "gate.weight": wide(SIZE, WIDE), "gate.bias": 0.1 * wide(WIDE),
        "down.weight": wide(WIDE, SIZE), "down.bias": 0.1 * wide(SIZE),
        "mix.weight": wide(SIZE, SIZE),
        "head.weight": wide(SIZE, LABELS).T.copy(), "head.bias": wide(LABELS),
        "first": np.array(0, dtype=np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["embedded"]),
        helper.make_node("LayerNormalization", ["embedded", "norm.weight", "norm.bias"], ["normed"], axis=-1),
        helper.make_node("MatMul", ["normed", "up.weight"], ["up.product"]),
        helper.make_node("Add", ["up.product", "up.bias"], ["up"]),
        helper.make_node("MatMul", ["normed", "gate.weight"], ["gate.product"]),
        helper.make_node("Add", ["gate.bias", "gate.product"], ["gate.sum"]),
        helper.make_node("Sigmoid", ["gate.sum"], ["gate"]),
        helper.make_node("Mul", ["up", "gate"], ["gated"]),
        helper.make_node("MatMul", ["gated", "down.weight"], ["down.product"]),
        helper.make_node("Add", ["down.product", "down.bias"], ["down"]),
        helper.make_node("Add", ["normed", "down"], ["carried"]),
        helper.make_node("MatMul", ["carried", "mix.weight"], ["mixed"]),
        helper.make_node("Tanh", ["mixed"], ["states"]),
        helper.make_node("Gather", ["states", "first"], ["pooled"], axis=1),
        helper.make_node("Gemm", ["pooled", "head.weight", "head.bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["pairs", "length"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["pairs", LABELS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def some_ids(count: int, *, seed: int = 0, length: int = LENGTH) -> IntArray:
    return np.random.default_rng(seed).integers(0, WORDS, (count, length))


def logits_of(graph: onnx.ModelProto, ids: IntArray) -> FloatArray:
    with open_graph(graph) as session:
        return session.run(["logits"], {"input_ids": ids})[0]


def distance(first: FloatArray, second: FloatArray) -> float:
    """Mean difference, as a share of the spread of `first`."""
    return float(np.abs(first - second).mean() / first.std())


FP32 = network()
RANGES = collect_ranges(FP32, ({"input_ids": ids[None]} for ids in some_ids(300, seed=1)))
"""Measured on other texts than any test looks at."""


def quantized(
    method: Method = "static", *, dialect: Dialect = "onnx", embeddings: bool = False, **more: Method
) -> onnx.ModelProto:
    """The network with all linear layers in `method`, but for those of `more` and for its head."""
    methods = {**dict.fromkeys(LINEARS, method), "head.weight": "keep"}
    methods |= {f"{name}.weight": other for name, other in more.items()}
    return quantize_graphs({"it": FP32}, RANGES, dialect=dialect, methods=methods, embeddings=embeddings)["it"]


# What int8 graphs compute


@pytest.mark.parametrize("method", METHODS)
def test_an_int8_graph_is_near_float32(method: Method) -> None:
    ids = some_ids(200)
    assert 0 < distance(logits_of(FP32, ids), logits_of(quantized(method), ids)) < METHODS[method]


def test_both_dialects_have_the_same_numbers() -> None:
    """Standard nodes for OpenVINO, ONNX Runtime's own for itself: what they add up is the same."""
    ids = some_ids(50)
    first, second = (logits_of(quantized(dialect=one), ids) for one in ("onnx", "openvino"))
    np.testing.assert_allclose(first, second, atol=0.05 * float(first.std()))


def test_tables_of_words_become_a_quarter() -> None:
    small, large = quantized(embeddings=True), quantized()
    assert small.ByteSize() < 0.4 * large.ByteSize()
    ids = some_ids(100)
    assert distance(logits_of(large, ids), logits_of(small, ids)) < 0.06


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_one_length_are_each_their_own(method: Method) -> None:
    """To the last bit: alone, in two batches, in any order."""
    ids, random = some_ids(9, seed=2), np.random.default_rng(0)
    with open_graph(quantized(method)) as session:

        def run(rows: IntArray) -> FloatArray:
            return session.run(["logits"], {"input_ids": rows})[0]

        alone = np.concatenate([run(row[None]) for row in ids])
        for cut in range(1, len(ids)):
            order = random.permutation(len(ids))
            np.testing.assert_array_equal(run(ids[order]), alone[order])
            np.testing.assert_array_equal(np.concatenate([run(ids[:cut]), run(ids[cut:])]), alone)


def test_a_layer_that_was_not_measured_is_kept() -> None:
    ranges = {name: one for name, one in RANGES.items() if name == "down.weight"}
    made = quantize_graphs({"it": FP32}, ranges)["it"]
    held = {one.name for one in made.graph.initializer}
    assert {"up.weight", "gate.weight", "mix.weight", "head.weight", "down.weight.int8"} <= held
    assert "down.weight" not in held


def test_every_graph_of_a_model_holds_the_same_numbers() -> None:
    """What one graph leaves out, another may have; a layer that both have is the same in both."""
    shorter = onnx.ModelProto()
    shorter.CopyFrom(FP32)
    del shorter.graph.node[6:], shorter.graph.output[:]
    shorter.graph.output.append(helper.make_tensor_value_info("up", TensorProto.FLOAT, None))
    made = quantize_graphs({"whole": FP32, "shorter": shorter}, RANGES)
    whole, part = ({one.name: one.raw_data for one in made[name].graph.initializer} for name in ("whole", "shorter"))
    shared = [name for name in part if name.startswith(("up.weight.", "gate.weight."))]
    assert len(shared) >= 6
    assert [part[name] for name in shared] == [whole[name] for name in shared]


def test_one_norm_shifts_and_smooths_in_one_way() -> None:
    with pytest.raises(InputError, match=r"up\.weight, gate\.weight: both 'static' and 'row'.*the same of the two"):
        quantized("static", gate="row")
    ids = some_ids(100)
    for other in ("keep", "fine"):
        assert distance(logits_of(FP32, ids), logits_of(quantized("static", gate=other), ids)) < METHODS["static"]


@pytest.mark.parametrize("method", ["row", "fine"])
def test_openvino_has_one_scale_and_one_digit(method: Method) -> None:
    with pytest.raises(InputError, match=r"down\.weight for OpenVINO.*expected 'static' or 'keep'"):
        quantized("static", dialect="openvino", down=method)


# Reading back


def original() -> dict[str, FloatArray]:
    return {one.name: numpy_helper.to_array(one) for one in FP32.graph.initializer}


def test_a_float32_graph_is_read_as_it_is() -> None:
    read = read_constants(FP32)
    assert read.keys() == original().keys()
    for name, value in original().items():
        np.testing.assert_array_equal(read[name], value)


GROUPS = {
    "up.weight": "up.weight",
    "gate.weight": "up.weight",
    "down.weight": "down.weight",
    "mix.weight": "mix.weight",
}
"""Weight -> the first of those that read the same activation, after which its constants are called."""


def steps(constants: Mapping[str, Any], weight: str) -> FloatArray:
    """By how much each weight `(rows, columns)` changes if its int8 number changes by one."""
    group = GROUPS[weight]
    smoothing = constants.get(f"{group}.smoothing", np.ones(1, dtype=np.float32))
    if f"{group}.unsmoothing" in constants:
        smoothing = 1 / constants[f"{group}.unsmoothing"]
    return np.abs(constants[f"{weight}.scale"] * smoothing[:, None])


CASES = [("static", "onnx"), ("row", "onnx"), ("fine", "onnx"), ("static", "openvino")]


@pytest.mark.parametrize(("method", "dialect"), CASES)
def test_constants_are_read_back_within_half_a_step(method: Method, dialect: Dialect) -> None:
    """Without the products of channels there is nothing to make up for, and each weight goes to the nearest number."""
    ranges = {name: replace(one, gram=None) for name, one in RANGES.items()}
    methods: Methods = {**dict.fromkeys(LINEARS, method), "head.weight": "keep"}
    made = quantize_graphs({"it": FP32}, ranges, dialect=dialect, methods=methods, embeddings=True)["it"]
    held = {one.name: numpy_helper.to_array(one) for one in made.graph.initializer}
    read = read_constants(made)
    for name in LINEARS:
        assert (np.abs(read[name] - original()[name]) <= steps(held, name) * 0.5001).all()
    for name in ("norm.weight", "norm.bias", "head.weight", "head.bias"):
        np.testing.assert_allclose(read[name], original()[name], rtol=1e-4, atol=1e-5)
    largest = np.abs(original()["words"]).max(axis=1, keepdims=True)
    assert (np.abs(read["words"] - original()["words"]) <= largest / 254 * 1.001).all()


@pytest.mark.parametrize(("method", "near"), [("static", 0.06), ("row", 0.06), ("fine", 0.003)])
def test_what_is_read_back_computes_what_the_int8_graph_does(method: Method, near: float) -> None:
    """All but the rounding of activations, of which two digits leave next to nothing."""
    made, ids = quantized(method), some_ids(200)
    read = onnx.ModelProto()
    read.CopyFrom(FP32)
    constants = read_constants(made)
    del read.graph.initializer[:]
    read.graph.initializer.extend(numpy_helper.from_array(constants[name], name) for name in original())
    assert distance(logits_of(made, ids), logits_of(read, ids)) < near


def test_a_transposed_weight_comes_back_transposed() -> None:
    made = quantize_graphs({"it": FP32}, RANGES, methods=dict.fromkeys(LINEARS, "keep"))["it"]
    assert json.loads(made.metadata_props[0].value)["layers"].keys() == {"head.weight"}
    np.testing.assert_allclose(read_constants(made)["head.weight"], original()["head.weight"], atol=0.05)


def test_a_norm_that_only_int8_layers_read_cannot_be_read_back() -> None:
    alone = onnx.ModelProto()
    alone.CopyFrom(FP32)
    (carried,) = (node for node in alone.graph.node if node.output[0] == "carried")
    carried.input[0] = "down"
    made = quantize_graphs({"it": alone}, collect_ranges(alone, [{"input_ids": some_ids(50)}]))["it"]
    with pytest.raises(InputError, match=r"norm before up\.weight is read by int8 layers alone.*float32 weights"):
        read_constants(made)


# Rounding weights


def correlated(seed: int) -> FloatArray:
    """Inputs `(tokens, rows)` whose channels go together, as those of real layers do."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((400, 8)) @ random.standard_normal((8, SIZE))).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_compensation_makes_products_err_less_than_the_nearest_numbers_do(seed: int) -> None:
    inputs, weight = correlated(seed), np.random.default_rng(seed).standard_normal((SIZE, 16)).astype(np.float32)
    errors = [
        float(np.square(inputs @ (rounded * scale - weight)).mean())
        for rounded, scale in (
            compensated_matrix(weight, inputs.T @ inputs / len(inputs)),
            quantize_matrix(weight),
        )
    ]
    assert errors[0] < 0.7 * errors[1]


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.sampled_from([0.0, 1e-20, 1.0, 1e6]))
def test_compensated_weights_keep_two_neighbouring_products_within_sixteen_bits(
    seed: int, rows: int, size: float
) -> None:
    random = np.random.default_rng(seed)
    weight = (size * random.choice([0.01, 1.0], (rows, 4)) * random.standard_normal((rows, 4))).astype(np.float32)
    inputs = random.standard_normal((20, rows)).astype(np.float32)
    rounded, scale = compensated_matrix(weight, inputs.T @ inputs)
    assert np.isfinite(scale).all()
    wide = np.concatenate([rounded, np.zeros((rows % 2, 4), dtype=np.int8)]).astype(np.int64)
    assert np.abs(wide).max(initial=0) <= 127
    assert np.abs(wide[0::2] + wide[1::2]).max(initial=0) <= 128


# Ranges


def test_padding_is_not_measured() -> None:
    """A graph with a mask is fed padded batches; what they hold besides is as if it were not there."""
    masked = onnx.ModelProto()
    masked.CopyFrom(FP32)
    masked.graph.input.append(helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["pairs", "length"]))
    texts = [some_ids(1, seed=length, length=length)[0] for length in (3, 12, 7, 1)]
    ids, mask = np.full((4, 12), WORDS - 1), np.zeros((4, 12), dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    padded = collect_ranges(masked, [{"input_ids": ids, "attention_mask": mask}])
    alone = collect_ranges(FP32, ({"input_ids": text[None]} for text in texts))
    for name in ("up.weight", "down.weight"):
        assert padded[name].num_tokens == alone[name].num_tokens == 23
        for what in ("lowest", "highest", "mean", "gram"):
            np.testing.assert_allclose(getattr(padded[name], what), getattr(alone[name], what), rtol=1e-4, atol=1e-5)


def test_ranges_of_two_halves_join_to_those_of_the_whole() -> None:
    first, second = some_ids(150, seed=3), some_ids(200, seed=4)
    whole, one, two = (
        collect_ranges(FP32, [{"input_ids": ids}])["down.weight"]
        for ids in (np.concatenate([first, second]), first, second)
    )
    both = joined_ranges([{"it": one}, {"it": two}])["it"]
    assert both.num_tokens == whole.num_tokens
    np.testing.assert_array_equal(both.lowest, whole.lowest)
    np.testing.assert_array_equal(both.highest, whole.highest)
    # How much a token counts depends on the sizes of those that it was counted with.
    np.testing.assert_allclose(both.mean, whole.mean, atol=0.02)
    np.testing.assert_allclose(both.gram, whole.gram, atol=0.02)


def test_nothing_to_calibrate_on_is_an_error() -> None:
    with pytest.raises(InputError, match="no batch, or no linear layer"):
        collect_ranges(FP32, [])


def test_only_so_many_tokens_are_kept_whole() -> None:
    ranges = collect_ranges(FP32, ({"input_ids": ids} for ids in some_ids(4_000, seed=5).reshape(40, 100, LENGTH)))
    assert ranges["up.weight"].num_tokens == 4_000 * LENGTH
    assert 256 <= len(ranges["up.weight"].sample) <= 2_048


# Choosing methods


def harm_of(weights: Mapping[str, float]) -> Callable[[Mapping[str, onnx.ModelProto]], float]:
    """Made-up harm: so much for each linear layer with one scale, nothing for any other."""

    def harm(graphs: Mapping[str, onnx.ModelProto]) -> float:
        held = {one.name for one in graphs["it"].graph.initializer}
        return sum(
            size
            for name, size in weights.items()
            if f"{GROUPS[name]}.activation_scale" in held and f"{GROUPS[name]}.second_scale" not in held
        )

    return harm


harms = st.fixed_dictionaries({name: st.floats(0.1, 10.0) for name in ("up.weight", "down.weight", "mix.weight")})


@given(harms, st.floats(0, 30))
@settings(max_examples=15)
def test_where_time_is_no_object_the_limit_is_kept_and_nothing_is_finer_than_need_be(
    harms: dict[str, float], limit: float
) -> None:
    harm = harm_of(harms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "BUDGET", float("inf"))
        found = select_methods({"it": FP32}, RANGES, harm, limit=limit)
    assert found.harm <= limit
    assert harm({"it": rewritten(found.methods)}) == pytest.approx(found.harm)
    finer = [name for name in harms if found.methods[name] != "static"]
    for name in finer:
        assert found.harm + harms[name] > limit, "this layer could have gone back to one scale"


def rewritten(methods: Methods) -> onnx.ModelProto:
    return quantize_graphs({"it": FP32}, RANGES, methods=methods)["it"]


def test_within_a_budget_of_time_the_layer_that_harms_most_for_its_time_goes_first() -> None:
    harms = {"up.weight": 0.1, "down.weight": 9.0, "mix.weight": 0.1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "BUDGET", 0.0)
        patch.setitem(selection.MULTIPLICATIONS, "keep", 1)
        nothing = select_methods({"it": FP32}, RANGES, harm_of(harms), limit=0.0)
    assert {nothing.methods[name] for name in harms} == {"static"}
    assert nothing.harm == pytest.approx(9.2)
    enough = select_methods({"it": FP32}, RANGES, harm_of(harms), limit=0.5)
    assert enough.harm == pytest.approx(0.2)
    assert enough.methods["down.weight"] != "static"
    assert enough.methods["up.weight"] == enough.methods["mix.weight"] == "static"


def test_small_layers_stay_float_and_where_there_is_no_harm_all_others_have_one_scale() -> None:
    found = select_methods({"it": FP32}, RANGES, lambda _: 0.0, limit=0.0)
    assert found.methods == {**dict.fromkeys(LINEARS, "static"), "head.weight": "keep"}
    assert found.layers.keys() == set(LINEARS)


def test_real_harm_comes_down_to_its_limit() -> None:
    ids = some_ids(60, seed=6)
    reference = logits_of(FP32, ids)

    def harm(graphs: Mapping[str, onnx.ModelProto]) -> float:
        return float(np.square(logits_of(graphs["it"], ids) - reference).mean())

    static = harm({"it": quantized("static")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "BUDGET", float("inf"))
        found = select_methods({"it": FP32}, RANGES, harm, limit=static / 2)
    assert found.harm <= static / 2
    assert harm({"it": rewritten(found.methods)}) == pytest.approx(found.harm)


def test_for_openvino_what_is_finer_than_one_scale_is_float() -> None:
    harms = {"up.weight": 0.1, "down.weight": 9.0, "mix.weight": 0.1}
    found = select_methods({"it": FP32}, RANGES, harm_of(harms), limit=0.5).static_only()
    assert set(found.methods.values()) == {"static", "keep"}
    assert found.layers.keys() == {name for name, method in found.methods.items() if method == "static"}
    assert "down.weight" not in found.layers
