"""Which engine a checkpoint gets, and what is refused before anything runs."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from crossjudge.backends.base import wishes_of
from crossjudge.backends.fake import FakeBackend
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.backends.premise_cache import BUDGET_BYTES
from crossjudge.errors import (
    BackendError,
    CorruptFileError,
    InputError,
    MissingExtraError,
    MissingFileError,
    UnsupportedModelError,
)
from crossjudge.models import loading
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.graph_cache import cache_folder
from crossjudge.models.loading import BACKENDS, open_backend
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.models.one_way_export import export_one_way
from crossjudge.text.batching import plan
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Pair
from tiny_checkpoints import make_bi_encoder, make_checkpoint

PAIRS = [Pair("A man rides a horse.", "A man is riding."), Pair("Two dogs.", "Nobody was seen near the river.")]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def weights_only(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(make_checkpoint(tmp_path_factory.mktemp("weights") / "bert", "bert"))


@pytest.fixture
def with_graph(tmp_path: Path) -> Checkpoint:
    """A checkpoint whose graph answers each pair with its number of tokens, three times."""
    folder = make_checkpoint(tmp_path / "bert", "bert")
    write_counting_graph(folder / "model.onnx", num_labels=3)
    return load_checkpoint(folder)


def write_counting_graph(path: Path, *, num_labels: int) -> None:
    nodes = [
        helper.make_node("ReduceSum", ["attention_mask", "axis"], ["count"], keepdims=1),
        helper.make_node("Cast", ["count"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Tile", ["number", "times"], ["logits"]),
    ]
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("times", TensorProto.INT64, [2], [1, num_labels]),
    ]
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["n_pairs", "seq_len"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n_pairs", num_labels])
    graph = helper.make_graph(nodes, "count", [mask], [logits], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))


def logits_of(checkpoint: Checkpoint, **options: object) -> np.ndarray:
    tokenizer = PairTokenizer.from_folder(
        checkpoint.tokenizer_folder, max_length=checkpoint.max_length, attention=checkpoint.attention
    )
    backend = open_backend(checkpoint, **options)
    wishes = wishes_of(backend)
    batches = plan(
        tokenizer.encode(PAIRS),
        token_budget=4_096,
        attention=checkpoint.attention,
        length_step=wishes.length_step,
        side_by_side=wishes.side_by_side,
    )
    order = np.argsort(np.concatenate([batch.rows for batch in batches]))
    return np.concatenate([backend.forward(batch) for batch in batches])[order]


def test_a_graph_that_came_along_is_run_as_it_is(with_graph: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert open_backend(with_graph).name == "onnx"
    tokenizer = PairTokenizer.from_folder(with_graph.tokenizer_folder, max_length=with_graph.max_length)
    for backend in ("auto", "onnx", "openvino"):
        logits = logits_of(with_graph, backend=backend)
        assert logits.tolist() == [[len(encoding)] * 3 for encoding in tokenizer.encode(PAIRS)]


@pytest.mark.parametrize("asked", [{"precision": "bf16"}, {"precision": "fp16"}, {"backend": "torch"}])
def test_what_only_torch_can_do_gets_torch(weights_only: Checkpoint, asked: dict[str, str]) -> None:
    backend = open_backend(weights_only, **asked)
    assert (backend.name, backend.precision) == ("torch", asked.get("precision", "fp32"))


@pytest.mark.parametrize("precision", [None, "auto", "fp32", "bf16"])
def test_openvino_runs_in_the_precision_that_was_asked_for(with_graph: Checkpoint, precision: str | None) -> None:
    backend = open_backend(with_graph, backend="openvino", precision=precision)
    wanted = precision if precision in ("fp32", "bf16") else "fp32"
    assert (backend.name, backend.precision) == ("openvino", wanted)


def test_without_openvino_the_error_says_how_to_get_it(with_graph: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'crossjudge\[openvino\]'") as caught:
        open_backend(with_graph, backend="openvino")
    assert caught.value.extra == "openvino"
    assert open_backend(with_graph).name == "onnx"


def test_fake_answers_in_the_checkpoints_shape(tmp_path: Path, weights_only: Checkpoint) -> None:
    assert logits_of(weights_only, backend="fake").shape == (2, 3)
    assert logits_of(weights_only, backend="fake", num_labels=5).shape == (2, 5)
    bi_encoder = load_checkpoint(make_bi_encoder(tmp_path / "bi", layout="hf"), kind="bi_encoder")
    opened = open_backend(bi_encoder, backend="fake")
    assert isinstance(opened, FakeBackend)
    assert opened.hidden_size == bi_encoder.raw["hidden_size"]


def test_auto_falls_back_to_torch_where_there_can_be_no_graph(
    weights_only: Checkpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(checkpoint: Checkpoint) -> Path:
        raise BackendError("no such operator")

    monkeypatch.setattr(loading, "exported_graph", fails)
    with caplog.at_level(logging.WARNING, logger="crossjudge"):
        assert open_backend(weights_only).name == "torch"
    assert "no such operator" in caplog.text
    with pytest.raises(BackendError, match="no such operator"):
        open_backend(weights_only, backend="onnx")


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"backend": "openvinyl"}, InputError, "no backend 'openvinyl'; there are auto, onnx, openvino, torch, fake"),
        ({"precision": "int9"}, InputError, "no precision 'int9'; there are auto, fp32, bf16, fp16, int8"),
        ({"head": "nli"}, InputError, "no head 'nli'"),
        ({"backend": "onnx", "precision": "int8"}, BackendError, "precision 'int8'.*graph is fp32"),
        ({"backend": "onnx", "device": "cuda"}, BackendError, "device 'cuda'.*backend='torch'"),
        ({"backend": "openvino", "device": "cuda"}, BackendError, "OpenVINO: device 'cuda'.*backend='torch'"),
        ({"backend": "torch", "precision": "int8"}, BackendError, "precision 'int8'"),
        ({"num_threads": 0}, InputError, "num_threads=0"),
    ],
)
def test_what_cannot_be_is_refused(
    with_graph: Checkpoint, asked: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_backend(with_graph, **asked)


def test_a_graph_of_another_size_is_refused(with_graph: Checkpoint) -> None:
    write_counting_graph(with_graph.folder / "model.onnx", num_labels=2)
    with pytest.raises(UnsupportedModelError, match="gives 2 numbers a pair, and its config names 3 labels"):
        open_backend(load_checkpoint(with_graph.folder))


def test_a_graph_that_is_no_graph_is_refused(with_graph: Checkpoint) -> None:
    """Well-formed protobuf, so that only ONNX Runtime can tell."""
    (with_graph.folder / "model.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(CorruptFileError, match=r"model\.onnx"):
        open_backend(load_checkpoint(with_graph.folder))


def test_torch_needs_weights_and_torch(with_graph: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    (with_graph.folder / "model.safetensors").unlink()
    with pytest.raises(MissingFileError, match="backend='onnx'"):
        open_backend(load_checkpoint(with_graph.folder), backend="torch")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"crossjudge\[torch\]"):
        open_backend(with_graph, backend="torch")


def test_every_backend_is_where_the_table_says(with_graph: Checkpoint) -> None:
    for name in BACKENDS:
        opened = open_backend(with_graph, backend=name)
        assert (type(opened), opened.name) == (loading._class_of(name), name)


@pytest.fixture
def two_heads(tmp_path: Path) -> Checkpoint:
    """A one-way model of two heads, exported, with the trained weights beside the graphs."""
    trained = make_checkpoint(tmp_path / "trained", "bert")
    vocab_size = json.loads((trained / "config.json").read_text())["vocab_size"]
    shapes = {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "intermediate_size": 64, "max_positions": 64}
    heads = {"relevance": ("relevance",), "nli": ("contradiction", "entailment", "neutral")}
    torch.manual_seed(0)
    encoder = OneWayEncoder(OneWayConfig(vocab_size=vocab_size, **shapes, heads=heads))
    encoder.save(trained / "model.safetensors")
    (trained / "config.json").write_text(json.dumps({"model_type": "one_way", **encoder.config.to_dict()}))
    out = export_one_way(trained, tmp_path / "out", precision="fp32")
    save_file(encoder.state_dict(), out / "model.safetensors")
    return load_checkpoint(out)


@pytest.mark.parametrize(("head", "num_labels"), [(None, 3), ("nli", 3), ("relevance", 1)])
def test_a_head_is_read_by_name_on_every_backend(two_heads: Checkpoint, head: str | None, num_labels: int) -> None:
    by_graph = logits_of(two_heads, backend="onnx", head=head)
    assert by_graph.shape == (2, num_labels)
    for backend in ("torch", "openvino"):
        np.testing.assert_allclose(logits_of(two_heads, backend=backend, head=head), by_graph, atol=1e-4, rtol=0)


def test_graphs_for_openvino_are_made_once_and_kept(two_heads: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    first = logits_of(two_heads, backend="openvino")
    (kept,) = (cache_folder() / "graphs").iterdir()
    assert {path.name for path in kept.glob("*.onnx")} == {
        "pairs.onnx", "premise.onnx", "hypotheses.onnx", "embed.onnx",
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, "onnx", None)
    np.testing.assert_array_equal(logits_of(two_heads, backend="openvino"), first)


def test_making_graphs_for_openvino_needs_onnx(two_heads: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"write .* for OpenVINO.*crossjudge\[torch\]"):
        open_backend(two_heads, backend="openvino")


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_how_many_bytes_of_premises_are_kept_is_the_callers(two_heads: Checkpoint, backend: str) -> None:
    opened = open_backend(two_heads, backend=backend, premise_cache_bytes=12_345)
    assert isinstance(opened, OneWayBackend)
    assert opened.cache.budget_bytes == 12_345
    default = open_backend(two_heads, backend=backend)
    assert isinstance(default, OneWayBackend)
    assert default.cache.budget_bytes == BUDGET_BYTES
