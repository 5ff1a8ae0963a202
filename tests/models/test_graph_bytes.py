"""A graph's last layer is found and changed in the file's bytes; onnx itself agrees."""

import numpy as np
import pytest

from crossjudge import CrossEncoder
from crossjudge.errors import CorruptFileError, UnsupportedModelError
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.graph_bytes import expose, last_layer, tensor_places
from crossjudge.models.last_layer import LastLayer, pair_features, read_last_layer, write_last_layer
from crossjudge.types import Pair

onnx = pytest.importorskip("onnx")

PAIRS = [Pair("a dog sleeps", "an animal sleeps"), Pair("a dog sleeps", "it is awake"), Pair("the shop is shut", "")]


@pytest.mark.parametrize("transposed", [True, False])
def test_a_linear_layer_is_found_whichever_way_it_is_written(tmp_path, transposed):
    graph = linear_graph(tmp_path / "model.onnx", transposed=transposed)
    found = last_layer(graph, "logits")
    assert (found.features, found.transposed) == ("states", transposed)
    np.testing.assert_array_equal(found.weight.read(), WEIGHT.T if transposed else WEIGHT)
    found.bias.write(np.array([7, 8, 9], dtype=np.float32))
    onnx.checker.check_model(str(graph))
    assert session(graph).run(["logits"], {"states": np.zeros((1, 2), np.float32)})[0].tolist() == [[7, 8, 9]]


def test_what_is_exposed_can_be_asked_for(tmp_path):
    graph = linear_graph(tmp_path / "model.onnx", transposed=False)
    expose(graph, "product")
    assert [one.name for one in onnx.load(graph).graph.output] == ["logits", "product"]
    (product,) = session(graph).run(["product"], {"states": np.ones((1, 2), np.float32)})
    np.testing.assert_array_equal(product, WEIGHT.sum(axis=0, keepdims=True))


def test_a_graph_that_ends_in_something_else_is_refused(tmp_path):
    node = onnx.helper.make_node("Tanh", ["states"], ["logits"])
    with pytest.raises(UnsupportedModelError, match="Tanh"):
        last_layer(write(tmp_path / "model.onnx", [node], {}), "logits")


def test_a_damaged_graph_is_named(tmp_path):
    graph = linear_graph(tmp_path / "model.onnx", transposed=True)
    graph.write_bytes(graph.read_bytes()[:-9])
    with pytest.raises(CorruptFileError, match=r"model\.onnx"):
        tensor_places(graph)


def test_features_times_the_last_layer_are_the_logits():
    model = CrossEncoder()
    layer = read_last_layer(model)
    features = pair_features(model, PAIRS)
    np.testing.assert_allclose(features @ layer.weight + layer.bias, model.logits(PAIRS), atol=1e-4)


def test_a_layer_that_is_written_answers_from_then_on(tmp_path):
    from crossjudge.models.bundle import copy_model
    from crossjudge.models.manifest import write_manifest

    model = CrossEncoder(head="duplicate")
    folder = tmp_path / "copy"
    copy_model(model.checkpoint, folder)
    layer = read_last_layer(model)
    write_last_layer(folder, "duplicate", LastLayer(2 * layer.weight, 2 * layer.bias + 1))
    write_manifest(folder)
    changed = CrossEncoder(folder, head="duplicate")
    np.testing.assert_allclose(changed.logits(PAIRS), 2 * model.logits(PAIRS) + 1, atol=1e-4)
    assert changed.fingerprint != model.fingerprint
    np.testing.assert_array_equal(CrossEncoder(folder).logits(PAIRS), CrossEncoder(EMBEDDED).logits(PAIRS))


WEIGHT = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)


def linear_graph(path, *, transposed):
    constants = {"weight": WEIGHT.T if transposed else WEIGHT, "bias": np.zeros(3, np.float32)}
    make = onnx.helper.make_node
    if transposed:
        nodes = [make("Gemm", ["states", "weight", "bias"], ["sum"], transB=1)]
    else:
        nodes = [make("MatMul", ["states", "weight"], ["product"]), make("Add", ["product", "bias"], ["sum"])]
    return write(path, [*nodes, make("Identity", ["sum"], ["logits"])], constants)


def write(path, nodes, constants):
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "graph",
        [value("states", 1, ["n", 2])],
        [value("logits", 1, ["n", None])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(one), name) for name, one in constants.items()],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def session(graph):
    import onnxruntime

    return onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
