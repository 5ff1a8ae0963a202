"""OpenVINO graphs compute in the precision that was asked for, and say what is wrong with a file, a batch or a name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from crossjudge.backends import openvino
from crossjudge.backends.lanes import Open
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.backends.onnx import open_onnx
from crossjudge.backends.openvino import HINTS, OpenvinoBackend, capabilities, opener
from crossjudge.errors import BackendError, CorruptFileError
from crossjudge.models.one_way_fused import fused_graphs
from crossjudge.text.batching import plan
from crossjudge.types import JointBatch
from tiny_one_way import MAX_POSITIONS, one_way_encoder, one_way_encoding, words, write_one_way

OPEN: dict[str, Open] = {"onnx": open_onnx, "openvino": opener("fp32")}


def write_graph(path: Path, outputs: Sequence[str] = ("logits",), size: int | str = 3) -> Path:
    """A graph that answers each pair with its number of tokens, under each of these names."""
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("times", TensorProto.INT64, [2], [1, 3]),
    ]
    nodes = [
        helper.make_node("ReduceSum", ["attention_mask", "axis"], ["count"], keepdims=1),
        helper.make_node("Cast", ["count"], ["number"], to=TensorProto.FLOAT),
        *(helper.make_node("Tile", ["number", "times"], [name]) for name in outputs),
    ]
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["n_pairs", "seq_len"])
    answers = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_pairs", size]) for name in outputs]
    graph = helper.make_graph(nodes, "count", [mask], answers, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path


def batch_of(lengths: Sequence[int]) -> JointBatch:
    ids = np.ones((len(lengths), max(lengths)), dtype=np.int64)
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    return JointBatch(ids, mask, np.zeros_like(ids), np.arange(len(lengths)))


def test_a_graph_answers_batches_of_any_shape_one_after_another(tmp_path: Path) -> None:
    backend = OpenvinoBackend(write_graph(tmp_path / "model.onnx"), num_threads=1)
    for lengths in ([3, 1], [7], [7, 7, 2], [1], [3, 1]):
        assert backend.forward(batch_of(lengths)).tolist() == [[length] * 3 for length in lengths]


def test_an_answer_is_the_callers_and_stays_as_it_was(tmp_path: Path) -> None:
    """The engine's own buffer is written again by the next batch."""
    backend = OpenvinoBackend(write_graph(tmp_path / "model.onnx"), num_threads=1)
    first = backend.forward(batch_of([5, 4]))
    backend.forward(batch_of([2, 1]))
    assert first.tolist() == [[5] * 3, [4] * 3]


@pytest.mark.parametrize("engine", OPEN)
def test_the_output_is_found_by_its_name_or_asked_for(engine: str, tmp_path: Path) -> None:
    known = write_graph(tmp_path / "known.onnx", ["hidden", "logits", "other"])
    for output in (None, "other"):
        graph = OPEN[engine](known, lanes=1, num_threads=1, output=output)
        assert (tuple(graph.inputs), graph.answer_size) == (("attention_mask",), 3)
        assert graph.run({"attention_mask": np.ones((2, 4), dtype=np.int64)}).tolist() == [[4] * 3] * 2
    unknown = OPEN[engine](write_graph(tmp_path / "unknown.onnx", ["scores"]), lanes=1, num_threads=1, output=None)
    assert unknown.run({"attention_mask": np.ones((1, 2), dtype=np.int64)}).tolist() == [[2] * 3]
    with pytest.raises(BackendError, match=r"known\.onnx: no output 'duplicate'; the graph has hidden, logits, other"):
        OPEN[engine](known, lanes=1, num_threads=1, output="duplicate")


def test_bf16_is_near_fp32_and_not_the_same(tmp_path: Path) -> None:
    if "BF16" not in capabilities():
        pytest.skip("this processor has no bf16 instructions")
    random = np.random.default_rng(0)
    encodings = [one_way_encoding(words(random, 20), words(random, length)) for length in range(1, 30)]
    files = write_one_way(one_way_encoder(), tmp_path, fused_graphs)
    answers = {}
    for precision in ("fp32", "bf16"):
        backend = OneWayBackend(
            "openvino", opener(precision), files, max_positions=MAX_POSITIONS, precision=precision, num_threads=1
        )
        (batch,) = plan(encodings, token_budget=10_000, attention="one_way", side_by_side=True, waste_limit=9)
        answers[precision] = backend.forward(batch)
    assert 1e-4 < np.abs(answers["bf16"] - answers["fp32"]).max() < 0.2
    assert np.corrcoef(answers["bf16"].ravel(), answers["fp32"].ravel())[0, 1] > 0.99


# What cannot be


def test_a_precision_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(BackendError, match=rf"precision 'int9' is not one of {', '.join(HINTS)}"):
        opener("int9")


@pytest.mark.parametrize("content", [b"\x08\x07", b"no graph at all", b""])
def test_a_file_that_is_no_graph_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"model\.onnx: OpenVINO .* answered") as caught:
        OpenvinoBackend(tmp_path / "model.onnx")
    assert caught.value.path == tmp_path / "model.onnx"


def test_what_the_engine_cannot_compute_says_on_which_shapes(tmp_path: Path) -> None:
    backend = OpenvinoBackend(write_graph(tmp_path / "model.onnx"), num_threads=1)
    flat = np.ones(3, dtype=np.int64)
    with pytest.raises(BackendError, match=r"inputs of shapes \[\[3\]\]: OpenVINO answered"):
        backend.forward(JointBatch(flat, flat, flat, np.arange(3)))
    assert backend.forward(batch_of([2])).tolist() == [[2] * 3], "it runs on"


def test_no_core_is_opened_before_a_graph_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading the plugin takes a tenth of a second, which naming a precision must not cost."""
    monkeypatch.setattr(openvino.openvino, "Core", None)
    monkeypatch.setattr(openvino, "_core", None)
    opener("bf16")


FIRST_TWO = """
import sys, threading
import openvino
from crossjudge.backends.openvino import capabilities
sys.setswitchinterval(1e-6)
capabilities()
together = threading.Barrier(2)
threads = [threading.Thread(target=lambda: (together.wait(), openvino.Type.f32.to_dtype())) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("attempt", range(3))
def test_the_first_two_threads_of_a_process_do_not_wait_for_each_other_for_ever(attempt: int) -> None:
    """As they did in six of eight processes: each inference names the types of its tensors."""
    subprocess.run([sys.executable, "-c", FIRST_TWO], check=True, timeout=60)
