"""A graph gives its network's numbers at every length, is made once, and loads where there is no torch."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor

from crossjudge.backends.base import Backend
from crossjudge.backends.onnx import OnnxBackend
from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import BackendError, InputError, MissingExtraError, UnsupportedModelError
from crossjudge.models import tracing
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.export import export, exported_graph
from crossjudge.models.graph_cache import cache_folder, graph_key, keep_graph
from crossjudge.models.loading import open_backend
from crossjudge.models.networks import Network, load_network
from crossjudge.models.tracing import Vocabulary, write_graph
from crossjudge.text.batching import plan
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Batch, FloatArray, JointBatch
from tiny_checkpoints import ARCHITECTURES, make_bi_encoder, make_checkpoint, random_pairs

FAST = ("bert", "modernbert")
"""What the fast tier exports: absolute positions and segments; rotary positions and a sliding window."""

MAX_LENGTH = 96
LENGTHS = (1, 2, 3, 17, 63, MAX_LENGTH)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Path]:
    """A BERT cross-encoder and the folder it was exported to."""
    folder = tmp_path_factory.mktemp("exported")
    checkpoint = load_checkpoint(make_checkpoint(folder / "bert", "bert", id2label={0: "no", 1: "yes"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSJUDGE_CACHE_DIR", str(folder / "cache"))
        return checkpoint, export(checkpoint, folder / "out")


def only_fast(names: Sequence[str]) -> list[object]:
    return [name if name in FAST else pytest.param(name, marks=pytest.mark.full) for name in names]


def random_batches(checkpoint: Checkpoint, lengths: Sequence[int] = LENGTHS) -> list[Batch]:
    """Batches of three rows, the longest of `lengths` tokens and two shorter; special ids may stand anywhere."""
    random = np.random.default_rng(0)
    batches: list[Batch] = []
    for length in lengths:
        sizes = np.array([length, max(1, length // 2), 1])
        mask = (np.arange(length) < sizes[:, None]).astype(np.int64)
        ids = random.integers(5, checkpoint.raw["vocab_size"], (3, length)) * mask
        ids[mask == 0] = checkpoint.pad_token_id
        types = (np.arange(length) >= sizes[:, None] // 2) * mask * (checkpoint.raw.get("type_vocab_size", 0) > 1)
        batches.append(JointBatch(ids, mask, types.astype(np.int64), np.arange(3)))
    return batches


def assert_same(checkpoint: Checkpoint, batches: Sequence[Batch]) -> None:
    """The cached graph gives the numbers of the network on its default attention."""
    network = load_network(checkpoint, kind="cross_encoder" if checkpoint.pooling is None else "bi_encoder")
    reference = TorchBackend(network.module, inputs=network.inputs, device="cpu")
    graph = OnnxBackend(exported_graph(checkpoint), num_threads=1)
    for batch in batches:
        np.testing.assert_allclose(graph.forward(batch), reference.forward(batch), atol=1e-4, rtol=0)


@pytest.mark.parametrize("architecture", only_fast(ARCHITECTURES))
def test_graph_equals_network_at_every_length(
    architecture: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = load_checkpoint(make_checkpoint(tmp_path / architecture, architecture, max_length=MAX_LENGTH))
    assert checkpoint.max_length == MAX_LENGTH
    capfd.readouterr()
    assert_same(checkpoint, random_batches(checkpoint))
    assert capfd.readouterr() == ("", "")  # no progress bars, no advice from the exporter


@pytest.mark.full
@pytest.mark.parametrize("architecture", ["minilm", "roberta", "xlm-roberta", "modernbert", "electra", "distilbert"])
def test_graph_equals_network_for_bi_encoders(architecture: str, tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / architecture, architecture, layout="hf", max_length=MAX_LENGTH)
    checkpoint = load_checkpoint(folder, kind="bi_encoder")
    assert_same(checkpoint, random_batches(checkpoint))


@pytest.mark.full
def test_graph_equals_network_for_mpnet(tmp_path: Path) -> None:
    """Five well-known bi-encoders are MPNets; it counts positions from its padding id, which is 1 in all of them."""
    folder = make_bi_encoder(tmp_path / "mpnet", "roberta", layout="hf", max_length=MAX_LENGTH)
    config = transformers.MPNetConfig(
        vocab_size=json.loads((folder / "config.json").read_text())["vocab_size"],
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH + 2,
    )
    torch.manual_seed(0)
    transformers.MPNetModel(config).save_pretrained(folder)
    checkpoint = load_checkpoint(folder, kind="bi_encoder")
    assert checkpoint.architecture == "mpnet"
    assert_same(checkpoint, random_batches(checkpoint))


def test_a_graph_is_made_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint(make_checkpoint(tmp_path / "bert", "bert"))
    made: list[Path] = []
    monkeypatch.setattr(tracing, "write_graph", lambda network, path, vocabulary: made.append(path) or path.touch())
    first = exported_graph(checkpoint)
    assert exported_graph(load_checkpoint(shutil.copytree(checkpoint.folder, tmp_path / "copy"))) == first
    assert len(made) == 1
    assert first.is_relative_to(cache)
    record = json.loads(first.with_name("made_by.json").read_text())
    assert record["weights_sha256"] == checkpoint.weights_hash()
    assert record["packages"]["torch"] == torch.__version__


def test_whatever_changes_the_graph_changes_its_key(tmp_path: Path) -> None:
    def key(folder: Path, num_labels: int | None = None) -> str:
        return graph_key(load_checkpoint(folder, num_labels=num_labels), "cross_encoder")

    ours = make_checkpoint(tmp_path / "ours", "bert")
    other_weights = make_checkpoint(tmp_path / "weights", "bert", seed=1)
    other_config = shutil.copytree(ours, tmp_path / "config")
    config = json.loads((ours / "config.json").read_text())
    (other_config / "config.json").write_text(json.dumps({**config, "layer_norm_eps": 1e-3}))
    as_bi_encoder = graph_key(load_checkpoint(ours), "bi_encoder")
    assert len({key(ours), key(other_weights), key(other_config), as_bi_encoder}) == 4


def test_the_cache_is_where_the_environment_says_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("CROSSJUDGE_CACHE_DIR")
    assert cache_folder() == tmp_path / "xdg" / "crossjudge"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "crossjudge"


def test_two_makers_of_one_graph_both_get_it(cache: Path) -> None:
    def slower(path: Path) -> None:
        keep_graph("key", {"by": "faster"}, lambda other: other.write_bytes(b"faster"))
        path.write_bytes(b"slower")

    graph = keep_graph("key", {"by": "slower"}, slower)
    assert graph.read_bytes() == b"faster"
    assert [path.name for path in (cache / "graphs").iterdir()] == ["key"]


def test_a_failed_export_leaves_nothing(cache: Path) -> None:
    def failing(path: Path) -> None:
        path.write_bytes(b"half a gra")
        raise BackendError("no")

    with pytest.raises(BackendError):
        keep_graph("key", {}, failing)
    assert not list((cache / "graphs").iterdir())


def test_a_cache_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(BackendError, match="CROSSJUDGE_CACHE_DIR"):
        keep_graph("key", {}, lambda path: None)


class Drifting(torch.nn.Module):
    """A network whose graph is wrong by `by`."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by
        self.words = torch.nn.Embedding(20, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits = (self.words(input_ids) * attention_mask.unsqueeze(-1)).sum(1)
        return logits + self.by if torch.compiler.is_exporting() else logits


def test_a_graph_that_drifts_is_refused(tmp_path: Path) -> None:
    vocabulary = Vocabulary(vocab_size=20, num_types=0, pad_token_id=0, max_length=32)
    inputs = ("input_ids", "attention_mask")
    write_graph(Network(module=Drifting(1e-6).eval(), inputs=inputs), tmp_path / "good.onnx", vocabulary)
    with pytest.raises(BackendError, match=r"differs from PyTorch by 1\.\de-02"):
        write_graph(Network(module=Drifting(1e-2).eval(), inputs=inputs), tmp_path / "bad.onnx", vocabulary)


def test_without_torch_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint(make_checkpoint(tmp_path / "bert", "bert"))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'crossjudge\[torch\]'") as caught:
        exported_graph(checkpoint)
    assert caught.value.extra == "torch"


def test_random_parts_are_refused(tmp_path: Path) -> None:
    """transformers would complete these weights with random numbers, and only log it."""
    from safetensors.torch import load_file, save_file

    folder = make_checkpoint(tmp_path / "bert", "bert")
    weights = load_file(folder / "model.safetensors")
    weights.pop("bert.encoder.layer.1.output.dense.bias")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnsupportedModelError, match=r"bert\.encoder\.layer\.1\.output\.dense\.bias"):
        load_network(load_checkpoint(folder), kind="cross_encoder")


def test_weights_saved_in_half_precision_compute_in_full(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    model.to(torch.bfloat16).save_pretrained(folder)
    network = load_network(load_checkpoint(folder), kind="cross_encoder")
    assert {parameter.dtype for parameter in network.module.parameters()} == {torch.float32}


def logits_of(checkpoint: Checkpoint, backend: Backend) -> FloatArray:
    """In batch order."""
    tokenizer = PairTokenizer.from_folder(checkpoint.tokenizer_folder, max_length=checkpoint.max_length)
    batches = plan(tokenizer.encode(random_pairs(20, 3)), token_budget=512, pad_token_id=checkpoint.pad_token_id)
    return np.concatenate([backend.forward(batch) for batch in batches])


def test_an_exported_folder_loads_without_torch(
    exported: tuple[Checkpoint, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, out = exported
    expected = logits_of(original, open_backend(original, backend="torch", device="cpu"))
    for package in ("torch", "transformers", "onnx", "onnxscript"):
        monkeypatch.setitem(sys.modules, package, None)
    loaded = load_checkpoint(out)
    assert loaded.weights == ()
    assert loaded.graph == out / "onnx" / "model.onnx"
    same = ("labels", "max_length", "activation", "pad_token_id", "architecture", "labels_are_named")
    assert [getattr(loaded, name) for name in same] == [getattr(original, name) for name in same]
    np.testing.assert_allclose(logits_of(loaded, open_backend(loaded)), expected, atol=1e-4, rtol=0)
    assert not cache.exists()


def test_an_exported_graph_says_nothing_of_this_machine(exported: tuple[Checkpoint, Path]) -> None:
    _, out = exported
    graph = (out / "onnx" / "model.onnx").read_bytes()
    assert not [secret for secret in (b"site-packages", b".py", str(Path.home()).encode() + b"/") if secret in graph]


@pytest.mark.full
def test_an_exported_bi_encoder_keeps_what_follows_the_transformer(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "bi", dense=(16,), pooling="cls")
    original = load_checkpoint(folder, kind="bi_encoder")
    out = export(original, tmp_path / "out")
    loaded = load_checkpoint(out, kind="bi_encoder")
    assert original.pooling is not None
    assert loaded.pooling is not None
    assert (loaded.pooling.mode, loaded.pooling.normalize) == ("cls", True)
    assert [dense.out_features for dense in loaded.pooling.dense] == [16]
    assert not (out / "model.safetensors").exists()
    assert_same(original, random_batches(original, [17]))


def test_export_refuses_what_it_cannot_do(exported: tuple[Checkpoint, Path], tmp_path: Path) -> None:
    checkpoint, out = exported
    with pytest.raises(InputError, match="not an empty folder"):
        export(checkpoint, out)
    with pytest.raises(BackendError, match="bf16"):
        export(checkpoint, tmp_path / "new", precision="bf16")
    with pytest.raises(InputError, match="'int9'"):
        export(checkpoint, tmp_path / "new", precision="int9")
    assert not (tmp_path / "new").exists()
