"""The one-way cross-encoder: a hypothesis's logits are its own, in PyTorch and in the graphs of every engine."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

import onnx
import torch
import transformers
from safetensors.torch import load_file, save_file

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.backends.base import Backend
from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import (
    CorruptFileError,
    InputError,
    MissingFileError,
    UnsupportedModelError,
)
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.loading import open_backend
from crossjudge.models.manifest import verify_manifest
from crossjudge.models.networks import ONE_WAY_INPUTS, HeadNetwork
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder, mean_pool
from crossjudge.models.one_way_export import WEIGHTS, export_one_way, read_config, read_weights
from crossjudge.models.quantization.matrices import quantize_columns, quantize_matrix
from crossjudge.text.batching import mask_of, pad
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Encoding, FloatArray, OneWayBatch, Pair
from tiny_checkpoints import TEXTS, edit_json, make_bi_encoder

ARCHITECTURES = ("bert", "electra", "roberta")
HEADS = {"nli": ("contradiction", "entailment", "neutral")}
FP32, INT8 = 1e-4, 0.02
LABEL_MARGIN = 0.04
N_HYPOTHESES = 50
GRAPHS = ("judge", "premise", "hypotheses", "embed")
ENGINES = [("torch", FP32), ("fp32", FP32), ("int8", INT8), ("openvino", FP32)]
"""See `Model.backend`, and how far a pair's logits may move with its neighbours."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One encoder's one-way model: the network, and the folders of its export in each precision."""

    base: Path
    encoder: OneWayEncoder
    trained: Path
    folders: dict[str, Path]
    tokenizer: PairTokenizer

    def backend(self, engine: str) -> Backend:
        """ "torch" is the network itself; "fp32", "int8" and "openvino" run an exported folder."""
        if engine == "torch":
            return TorchBackend(HeadNetwork(self.encoder, "nli"), inputs=ONE_WAY_INPUTS, device="cpu")
        name, precision = ("openvino", "fp32") if engine == "openvino" else ("onnx", engine)
        return open_backend(load_checkpoint(self.folders[precision]), backend=name, num_threads=1)

    def encodings(self, premise: str, hypotheses: Sequence[str]) -> list[Encoding]:
        return self.tokenizer.encode([Pair(premise, hypothesis) for hypothesis in hypotheses])


def make_base(folder: Path, architecture: str) -> Path:
    """A tiny encoder with a tokenizer; ELECTRA's here has no projection after its embeddings, as its large one."""
    make_bi_encoder(folder, "bert" if architecture == "electra" else architecture, layout="hf")
    if architecture == "electra":
        raw = json.loads((folder / "config.json").read_text())
        shapes = {
            key: raw[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers", "max_position_embeddings")
        }
        config = transformers.ElectraConfig(
            **shapes, embedding_size=raw["hidden_size"], num_attention_heads=4, intermediate_size=64
        )
        model = transformers.ElectraModel(config)
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.2 * torch.randn(weight.shape, generator=generator))
        model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where graphs for OpenVINO are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp(request.param)
    base = make_base(folder / "base", request.param)
    torch.manual_seed(1)
    raw = json.loads((base / "config.json").read_text())
    encoder = OneWayEncoder.from_encoder(raw, [base / "model.safetensors"], HEADS).eval()
    trained = save_trained(encoder, base, folder / "trained")
    folders = {one: export_one_way(trained, folder / one, precision=one) for one in ("fp32", "int8")}
    tokenizer = PairTokenizer.from_folder(
        base, max_length=encoder.config.max_positions, attention="one_way", pad_token_id=encoder.config.pad_token_id
    )
    return Model(base=base, encoder=encoder, trained=trained, folders=folders, tokenizer=tokenizer)


def save_trained(encoder: OneWayEncoder, base: Path, folder: Path) -> Path:
    folder.mkdir()
    encoder.save(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "one_way", **encoder.config.to_dict()}))
    shutil.copy(base / "tokenizer.json", folder / "tokenizer.json")
    return folder


def texts(n: int, seed: int, *, most_words: int) -> list[str]:
    rng = random.Random(seed)
    words = [word for text in TEXTS for word in text.split()]
    return [" ".join(rng.choices(words, k=rng.randint(1, most_words))) for _ in range(n)]


def packed(groups: Sequence[Sequence[Encoding]], pad_token_id: int) -> OneWayBatch:
    """Each group (pairs of one premise) as one row of a single batch, whatever padding that takes."""
    premises = [group[0].input_ids[: group[0].premise_len] for group in groups]
    hypotheses = [[one.input_ids[one.premise_len :] for one in group] for group in groups]
    shape = (len(groups), max(map(len, groups)), max(len(one) for group in hypotheses for one in group))
    ids, mask = np.full(shape, pad_token_id), np.zeros(shape, dtype=np.int64)
    mask[..., 0] = 1
    slots, row = np.full(shape[:2], -1), 0
    for place, group in enumerate(hypotheses):
        for slot, one in enumerate(group):
            ids[place, slot, : len(one)], mask[place, slot, : len(one)], slots[place, slot] = one, 1, row
            row += 1
    longest = max(map(len, premises))
    return OneWayBatch(
        pad(premises, longest, pad_token_id), mask_of([len(one) for one in premises], longest), ids, mask, slots
    )


def judged(backend: Backend, groups: Sequence[Sequence[Encoding]], pad_token_id: int) -> FloatArray:
    return backend.forward(packed(groups, pad_token_id))


def assert_same(one: FloatArray, other: FloatArray, tolerance: float) -> None:
    """The law: close in every logit, and the same label wherever the two best logits are not themselves close."""
    assert np.abs(one - other).max() <= tolerance
    ranked = np.sort(one, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > LABEL_MARGIN
    assert (one.argmax(axis=1) == other.argmax(axis=1))[clear].all()


# The law


@pytest.mark.parametrize(("engine", "tolerance"), ENGINES)
def test_logits_are_the_same_alone_in_company_and_in_any_order(model: Model, engine: str, tolerance: float) -> None:
    backend, padding = model.backend(engine), model.encoder.config.pad_token_id
    (premise,) = texts(1, 5, most_words=12)
    encodings = model.encodings(premise, texts(N_HYPOTHESES, 6, most_words=6))
    alone = np.concatenate([judged(backend, [[one]], padding) for one in encodings])
    assert len(np.unique(alone.round(3), axis=0)) > N_HYPOTHESES // 2, "the hypotheses are told apart"
    assert_same(judged(backend, [encodings], padding), alone, tolerance)
    order = np.random.default_rng(0).permutation(N_HYPOTHESES)
    assert_same(judged(backend, [[encodings[row] for row in order]], padding), alone[order], tolerance)


@pytest.mark.parametrize(("engine", "tolerance"), ENGINES)
def test_other_premises_in_the_batch_change_nothing(model: Model, engine: str, tolerance: float) -> None:
    backend, padding = model.backend(engine), model.encoder.config.pad_token_id
    groups = [
        model.encodings(premise, texts(n, n, most_words=8))
        for premise, n in zip(("a", *texts(2, 8, most_words=14)), (1, 3, 9), strict=True)
    ]
    together = judged(backend, groups, padding)
    assert_same(together, np.concatenate([judged(backend, [group], padding) for group in groups]), tolerance)


def test_what_is_asked_never_reaches_the_premise_and_what_is_read_reaches_every_answer(model: Model) -> None:
    backend, padding = model.backend("torch"), model.encoder.config.pad_token_id
    first, second = model.encodings("It rains.", ["It snows."]), model.encodings("It rains", ["It snows."])
    assert np.abs(judged(backend, [first], padding) - judged(backend, [second], padding)).max() > 1e-3


def test_the_embedded_model_keeps_the_law() -> None:
    engine = CrossEncoder()
    premise = " ".join(TEXTS[:6])
    hypotheses = texts(N_HYPOTHESES, 7, most_words=14)
    encodings = engine.tokenizer.encode([Pair(premise, hypothesis) for hypothesis in hypotheses])
    backend = open_backend(engine.checkpoint, backend="onnx", num_threads=1)
    alone = np.concatenate([judged(backend, [[one]], 0) for one in encodings])
    # The first time all are read with their premise; from the second on the premise is kept, and then at hand.
    for _ in range(3):
        assert_same(judged(backend, [encodings], 0), alone, INT8)
        assert_same(judged(backend, [encodings[::-1]], 0)[::-1], alone, INT8)
    # As a caller meets it: grouped, packed and sorted by the engine itself, among other pairs.
    others = [(hypothesis, premise) for hypothesis in hypotheses[:5]]
    assert_same(engine.logits([*others, *((premise, one) for one in hypotheses)])[5:], alone, INT8)


# The same numbers as the encoder it starts from


def reference(model: Model) -> Any:
    return transformers.AutoModel.from_pretrained(str(model.base)).eval()


def test_premise_states_are_those_of_the_encoder(model: Model) -> None:
    encodings = model.tokenizer.encode_single(texts(6, 9, most_words=20))
    longest = max(map(len, encodings))
    ids = torch.from_numpy(pad([one.input_ids for one in encodings], longest, model.encoder.config.pad_token_id))
    mask = torch.from_numpy(mask_of([len(one) for one in encodings], longest))
    with torch.no_grad():
        ours = model.encoder.premise_states(ids, mask)
        theirs = reference(model)(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids))
    there = mask.bool()
    assert (ours - theirs.last_hidden_state)[there].abs().max() < 1e-5


def test_hypothesis_states_are_those_of_the_encoder_under_a_block_mask(model: Model) -> None:
    """One sequence of a premise and three hypotheses, positions restarting: each sees the premise and itself."""
    encodings = model.encodings(*texts(1, 10, most_words=12), texts(3, 11, most_words=8))
    parts = [encodings[0].input_ids[: encodings[0].premise_len]]
    parts += [one.input_ids[one.premise_len :] for one in encodings]
    owner = np.concatenate([np.full(len(part), place) for place, part in enumerate(parts)])
    sees = (owner[:, None] == owner[None, :]) | (owner[None, :] == 0)
    offset = model.encoder.config.position_offset
    positions = np.concatenate([np.arange(len(part)) + offset for part in parts])
    types = np.minimum(owner, 1) if model.encoder.config.type_vocab_size > 1 else np.zeros_like(owner)
    batch = packed([encodings], model.encoder.config.pad_token_id)
    arrays = {name: torch.from_numpy(getattr(batch, name)) for name in ONE_WAY_INPUTS}
    with torch.no_grad():
        theirs = reference(model)(
            input_ids=torch.from_numpy(np.concatenate(parts))[None],
            attention_mask=torch.where(torch.from_numpy(sees), 0.0, torch.finfo(torch.float32).min)[None, None],
            position_ids=torch.from_numpy(positions)[None],
            token_type_ids=torch.from_numpy(types)[None],
        ).last_hidden_state[0]
        ours, premise = model.encoder.hypothesis_states(**arrays, with_premise=True)
    starts = np.cumsum([len(part) for part in parts])[:-1]
    assert premise is not None
    assert (ours[0] - theirs[starts]).abs().max() < 1e-5
    assert (premise[0] - theirs[: len(parts[0])]).abs().max() < 1e-5


# Exported folders


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_weights_read_back_compute_what_the_graph_computes(model: Model, precision: str) -> None:
    folder = model.folders[precision]
    again = OneWayEncoder(read_config(folder / "config.json"))
    again.load_state_dict({name: torch.from_numpy(one) for name, one in read_weights(folder).items()})
    groups = [model.encodings(*texts(1, 12, most_words=12), texts(20, 13, most_words=8))]
    padding = model.encoder.config.pad_token_id
    backend = TorchBackend(HeadNetwork(again, "nli"), inputs=ONE_WAY_INPUTS, device="cpu")
    ours, graph = judged(backend, groups, padding), judged(model.backend(precision), groups, padding)
    if precision == "fp32":
        assert np.abs(ours - judged(model.backend("torch"), groups, padding)).max() < 1e-5
        assert np.abs(ours - graph).max() < FP32
    else:
        # The graph rounds activations too; what remains is their noise.
        assert np.corrcoef(ours.ravel(), graph.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("backend", ["onnx", "openvino", "torch"])
def test_a_folder_runs_on_every_backend_with_the_same_numbers(model: Model, backend: str) -> None:
    pairs = [(a, b) for a in texts(2, 14, most_words=8) for b in texts(4, 15, most_words=6)]
    encodings = model.tokenizer.encode([Pair(*pair) for pair in pairs])
    expected = judged(model.backend("torch"), [[one] for one in encodings], model.encoder.config.pad_token_id)
    engine = CrossEncoder(model.folders["fp32"], backend=backend, device="cpu")
    assert (engine.labels, engine.attention, engine.precision) == (HEADS["nli"], "one_way", "fp32")
    for batch_size in (None, 1, 3):
        assert np.abs(engine.logits(pairs, batch_size=batch_size) - expected).max() < FP32


@pytest.mark.parametrize(
    ("precision", "backend"), [("fp32", "onnx"), ("fp32", "torch"), ("fp32", "openvino"), ("int8", "onnx")]
)
def test_the_embedding_graph_gives_the_pooled_premise_states(model: Model, precision: str, backend: str) -> None:
    single = texts(6, 16, most_words=12)
    vectors = BiEncoder(model.folders[precision], backend=backend, device="cpu").encode(single)
    for text, vector in zip(single, vectors, strict=True):
        ids = torch.from_numpy(model.tokenizer.encode_single([text])[0].input_ids)[None]
        with torch.no_grad():
            expected = mean_pool(model.encoder.premise_states(ids, torch.ones_like(ids)), torch.ones_like(ids))
        if precision == "fp32":
            assert np.abs(vector - expected[0].numpy()).max() < 1e-5
        else:
            assert float(vector @ expected[0].numpy()) > 0.98


@pytest.mark.parametrize(
    ("precision", "shared"), [("fp32", "layers.0.qkv.weight"), ("int8", "layers.0.qkv.weight.int8")]
)
def test_all_graphs_lie_over_one_file_of_weights(model: Model, precision: str, shared: str) -> None:
    folder = model.folders[precision]
    assert {path.name for path in folder.glob("*.onnx")} == {f"{name}.onnx" for name in GRAPHS}
    places: dict[str, set[tuple[str, ...]]] = {}
    for name in GRAPHS:
        tensors = onnx.load(folder / f"{name}.onnx", load_external_data=False).graph.initializer
        for one in tensors:
            if one.external_data:
                places.setdefault(one.name, set()).add(tuple(entry.value for entry in one.external_data))
        assert shared in {one.name for one in tensors}
    assert {len(place) for place in places.values()} == {1}, "each constant lies in one place, whoever uses it"
    assert {location for place in places.values() for location, *_ in place} == {WEIGHTS}


@pytest.mark.parametrize("name", [WEIGHTS, "judge.onnx", "tokenizer.json", "config.json"])
def test_one_changed_byte_anywhere_is_found(model: Model, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(model.folders["int8"], tmp_path / "copy"))
    verify_manifest(folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CorruptFileError, match=name):
        verify_manifest(folder)


def test_the_same_network_exports_to_the_same_bytes(model: Model, tmp_path: Path) -> None:
    again = export_one_way(model.trained, tmp_path / "again", precision="int8")
    for path in model.folders["int8"].iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


# What cannot be exported or built


def test_exporting_says_what_is_missing_or_wrong(model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="precision 'bf16'; expected int8 or fp32"):
        export_one_way(model.trained, tmp_path, precision="bf16")
    with pytest.raises(InputError, match=r"max_length=9999; expected 1 to \d+"):
        export_one_way(model.trained, tmp_path, max_length=9_999)
    with pytest.raises(MissingFileError, match="there is no"):
        export_one_way(tmp_path / "nowhere", tmp_path)
    with pytest.raises(UnsupportedModelError, match="expected 'one_way' with its heads"):
        export_one_way(model.base, tmp_path)
    with pytest.raises(MissingFileError, match="one that was exported holds graphs already"):
        export_one_way(model.folders["fp32"], tmp_path)
    bare = Path(shutil.copytree(model.trained, tmp_path / "bare"))
    (bare / "tokenizer.json").unlink()
    with pytest.raises(MissingFileError, match=r"no tokenizer\.json"):
        export_one_way(bare, tmp_path / "out")
    edit_json(bare / "config.json", hidden_size=None)
    with pytest.raises(CorruptFileError, match="hidden_size"):
        export_one_way(bare, tmp_path / "out")


BERT = {
    "model_type": "bert",
    "vocab_size": 90,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 34,
}


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "deberta-v2"},
        {"model_type": None},
        {"position_embedding_type": "relative_key"},
        {"hidden_act": "relu"},
        {"embedding_size": 8},
    ],
    ids=str,
)
def test_encoders_that_the_network_is_not_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedModelError, match=r"Building a one-way model.*Choose"):
        OneWayConfig.from_bert({**BERT, **changes}, HEADS)


def test_old_configs_leave_out_what_was_always_so() -> None:
    config = OneWayConfig.from_bert(BERT, HEADS)
    assert (config.type_vocab_size, config.layer_norm_eps, config.pad_token_id) == (2, 1e-12, 0)
    roberta = OneWayConfig.from_bert({**BERT, "model_type": "roberta"}, HEADS)
    assert (roberta.pad_token_id, roberta.position_offset, roberta.max_positions) == (1, 2, 32)


@pytest.fixture
def bert_weights(tmp_path: Path) -> dict[str, torch.Tensor]:
    make_bi_encoder(tmp_path / "bert", "bert", layout="hf")
    return load_file(tmp_path / "bert" / "model.safetensors")


def load(weights: dict[str, torch.Tensor], folder: Path) -> OneWayEncoder:
    save_file(weights, folder / "weights.safetensors")
    raw = json.loads((folder / "bert" / "config.json").read_text())
    return OneWayEncoder.from_encoder(raw, [folder / "weights.safetensors"], HEADS)


def test_the_oldest_names_of_norms_and_any_prefix_are_understood(
    bert_weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    def old(name: str) -> str:
        return "bert." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    renamed = load({old(name): tensor for name, tensor in bert_weights.items()}, tmp_path).state_dict()
    for name, tensor in load(bert_weights, tmp_path).state_dict().items():
        assert name.startswith("heads.") or torch.equal(renamed[name], tensor), name


def test_weights_in_half_precision_are_taken(bert_weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    half = load({name: tensor.half() for name, tensor in bert_weights.items()}, tmp_path)
    assert {weight.dtype for weight in half.parameters()} == {torch.float32}


def test_weights_that_are_not_the_configs_say_which(bert_weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match=r"hold no 'embeddings\.word_embeddings\.weight'"):
        load({"something.else": torch.zeros(1)}, tmp_path)
    lacking = {name: one for name, one in bert_weights.items() if "layer.1.output.dense" not in name}
    with pytest.raises(UnsupportedModelError, match=r"lack 'encoder\.layer\.1\.output\.dense\.weight'"):
        load(lacking, tmp_path)
    narrow = {**bert_weights, "embeddings.position_embeddings.weight": torch.zeros(3, 32)}
    with pytest.raises(UnsupportedModelError, match=r"position_embeddings\.weight is \(3, 32\)"):
        load(narrow, tmp_path)


# Rounding to int8

matrices = st.tuples(st.integers(1, 9), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-4, 4, width=32))
)


@given(matrices)
def test_rounded_weights_are_within_half_a_step(weight: np.ndarray) -> None:
    for quantize in (quantize_columns, quantize_matrix):
        rounded, scale = quantize(weight)
        assert np.abs(rounded * scale - weight).max() <= scale.max() * 0.5001


@given(matrices, st.integers(0, 2**32 - 1))
def test_two_neighbouring_products_fit_sixteen_bits_whatever_the_activations(weight: np.ndarray, seed: int) -> None:
    """What x86 without VNNI adds before it widens; beyond 16 bits it would saturate and the answer be another."""
    rounded = quantize_matrix(weight)[0].astype(np.int64)
    rounded = np.concatenate([rounded, np.zeros((len(rounded) % 2, rounded.shape[1]), dtype=np.int64)])
    activations = np.random.default_rng(seed).choice([0, 1, 128, 254, 255], size=(50, len(rounded), 1))
    sums = (activations * rounded[None]).reshape(50, -1, 2, rounded.shape[1]).sum(axis=2)
    assert sums.max(initial=0) <= 2**15 - 1
    assert sums.min(initial=0) >= -(2**15)
