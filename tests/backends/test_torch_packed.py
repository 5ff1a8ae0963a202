"""Batches without padding: packed equals padded equals alone, for every architecture that packs."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from crossjudge.backends import torch_attention
from crossjudge.backends.torch import TorchBackend
from crossjudge.backends.torch_packed import PackedJoint, PackedOneWay, pack
from crossjudge.backends.torch_trial import trial_batch
from crossjudge.errors import BackendError, NonFiniteLogitsError
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.networks import ONE_WAY_INPUTS, HeadNetwork, load_network
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.text.batching import plan
from crossjudge.types import Batch, Encoding, FloatArray, JointBatch, OneWayBatch
from tiny_checkpoints import make_bi_encoder, make_checkpoint

PACKING = ("bert", "minilm", "electra", "roberta", "xlm-roberta", "distilbert", "modernbert", "one_way")
PADDING = ("deberta-v2", "deberta-v3")
KERNELS = ("plain", "grouped")
TOLERANCE = 2e-5
"""In float32, on logits of up to about 4."""
HALF = {"bf16": 0.08, "fp16": 0.01}
"""The same in half precision, where what was rounded is rounded in another order."""
FIRST_WORD, LAST_WORD, NUM_LABELS = 6, 80, 3


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network and what its batches look like."""

    network: torch.nn.Module
    inputs: tuple[str, ...]
    attention: str = "joint"
    pad_token_id: int = 0
    segments: int = 2

    def backend(self, attention: str, **options: object) -> TorchBackend:
        return TorchBackend(
            copy.deepcopy(self.network), inputs=self.inputs, device="cpu", attention=attention, **options
        )

    def logits(self, backend: TorchBackend, encodings: Sequence[Encoding], *, token_budget: int) -> FloatArray:
        """In the order of `encodings`, batches as wasteful as they come."""
        logits = np.full((len(encodings), NUM_LABELS), np.nan, dtype=np.float32)
        for batch in self.batches(encodings, token_budget):
            logits[batch.rows] = backend.forward(batch)
        return logits

    def batches(self, encodings: Sequence[Encoding], token_budget: int) -> list[Batch]:
        return plan(
            encodings,
            token_budget=token_budget,
            attention=self.attention,
            pad_token_id=self.pad_token_id,
            waste_limit=1_000,
        )

    def encodings(self, n: int = 18, seed: int = 0) -> list[Encoding]:
        """Of very different lengths; several share a premise."""
        random = np.random.default_rng(seed)
        premises = [words(random, int(random.integers(1, 30))) for _ in range(n // 3)]
        return [self.encoding(premises[row % len(premises)], words(random, 1 + row % 13)) for row in range(n)]

    def encoding(self, premise: list[int], hypothesis: list[int]) -> Encoding:
        one_way = self.attention == "one_way"
        first, second = [2, *premise, 3], [*([2] if one_way else []), *hypothesis, 3]
        return Encoding(
            input_ids=np.array(first + second, dtype=np.int64),
            type_ids=np.array([0] * len(first) + [self.segments - 1] * len(second), dtype=np.int64),
            premise_len=len(first) if one_way else 0,
            kept_a=len(premise),
            dropped_a=0,
            kept_b=len(hypothesis),
        )


def words(random: np.random.Generator, length: int) -> list[int]:
    return random.integers(FIRST_WORD, LAST_WORD, length).tolist()


@pytest.fixture(scope="module")
def subject_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Subject]:
    made: dict[str, Subject] = {}

    def subject(name: str) -> Subject:
        if name not in made:
            made[name] = one_way() if name == "one_way" else joint(name, tmp_path_factory.mktemp(name))
        return made[name]

    return subject


def joint(architecture: str, folder: Path) -> Subject:
    checkpoint = load_checkpoint(make_checkpoint(folder / architecture, architecture))
    network = load_network(checkpoint, kind="cross_encoder")
    segments = getattr(network.module.model.config, "type_vocab_size", 1)
    return Subject(
        network=network.module, inputs=network.inputs, pad_token_id=checkpoint.pad_token_id, segments=segments
    )


def one_way() -> Subject:
    torch.manual_seed(0)
    shapes = {"vocab_size": 90, "hidden_size": 32, "num_layers": 3, "num_heads": 4, "intermediate_size": 64}
    encoder = OneWayEncoder(OneWayConfig(**shapes, max_positions=64, heads={"nli": tuple("abc")}))
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return Subject(network=HeadNetwork(encoder.eval(), "nli"), inputs=ONE_WAY_INPUTS, attention="one_way")


# The law


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", PACKING)
def test_packed_equals_padded_equals_alone(name: str, kernel: str, subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of(name)
    encodings = subject.encodings()
    padded, packed = subject.backend("padded"), subject.backend(kernel)
    assert (padded.attention, packed.attention) == ("padded", kernel)
    expected = subject.logits(padded, encodings, token_budget=100_000)
    assert len(np.unique(expected.round(3), axis=0)) == len(encodings), "the pairs are told apart"
    together = subject.logits(packed, encodings, token_budget=100_000)
    alone = np.concatenate([subject.logits(packed, [one], token_budget=100_000) for one in encodings])
    np.testing.assert_allclose(together, expected, atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(alone, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("precision", HALF)
@pytest.mark.parametrize("name", ["bert", "roberta", "modernbert", "one_way"])
def test_in_half_precision_too_with_logits_that_are_not_rounded(
    name: str, precision: str, subject_of: Callable[[str], Subject]
) -> None:
    subject = subject_of(name)
    encodings = subject.encodings()
    full = subject.logits(subject.backend("padded"), encodings, token_budget=400)
    for attention in ("padded", "grouped"):
        backend = subject.backend(attention, precision=precision)
        logits = subject.logits(backend, encodings, token_budget=400)
        assert 0 < np.abs(logits - full).max() < HALF[precision] * np.abs(full).max()
        rounded = torch.from_numpy(logits).to(torch.bfloat16 if precision == "bf16" else torch.float16).float().numpy()
        assert (rounded != logits).mean() > 0.5


def test_what_makes_the_logits_stays_in_full_precision(subject_of: Callable[[str], Subject]) -> None:
    for name in ("bert", "deberta-v3", "distilbert", "modernbert", "one_way"):
        subject = subject_of(name)
        network = copy.deepcopy(subject.network)
        backend = TorchBackend(network, inputs=subject.inputs, device="cpu", precision="bf16")
        head = {id(weight) for module in network.head_modules() for weight in module.parameters()}
        assert head, name
        for weight in network.parameters():
            assert (weight.dtype == torch.float32) == (id(weight) in head), name
        assert backend.forward(trial_batch(one_way=name == "one_way")).dtype == np.float32


def test_deberta_stays_padded(subject_of: Callable[[str], Subject]) -> None:
    for name in PADDING:
        assert subject_of(name).backend("auto").attention == "padded"
        with pytest.raises(BackendError, match=r"attention='packed': this network takes padded batches alone"):
            subject_of(name).backend("packed")


def test_token_states_stay_padded(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(make_bi_encoder(tmp_path / "bert", layout="hf"), kind="bi_encoder")
    network = load_network(checkpoint, kind="bi_encoder")
    backend = TorchBackend(network.module, inputs=network.inputs, device="cpu", precision="bf16")
    assert backend.attention == "padded"
    assert {weight.dtype for weight in network.module.parameters()} == {torch.bfloat16}


def test_a_relative_position_or_another_attention_stays_padded(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(make_checkpoint(tmp_path / "bert", "bert"))
    eager = load_network(checkpoint, kind="cross_encoder", attention_kernel="eager")
    assert TorchBackend(eager.module, inputs=eager.inputs, device="cpu").attention == "padded"
    relative = load_network(checkpoint, kind="cross_encoder")
    relative.module.model.config.position_embedding_type = "relative_key"
    assert TorchBackend(relative.module, inputs=relative.inputs, device="cpu").attention == "padded"


def test_nan_names_its_pair_and_no_other(subject_of: Callable[[str], Subject]) -> None:
    for name in ("bert", "one_way"):
        subject = subject_of(name)
        backend = subject.backend("auto")
        assert backend.attention == "grouped"
        network = copy.deepcopy(subject.network)
        embedding = next(module for module in network.modules() if isinstance(module, torch.nn.Embedding))
        with torch.no_grad():
            embedding.weight[LAST_WORD] = torch.nan
        broken = TorchBackend(network, inputs=subject.inputs, device="cpu")
        encodings = subject.encodings()
        subject.logits(broken, encodings, token_budget=10_000)
        encodings[13] = subject.encoding([20, LAST_WORD], [21])
        with pytest.raises(NonFiniteLogitsError) as caught:
            subject.logits(broken, encodings, token_budget=10_000)
        assert caught.value.index == 13


# What is packed


def test_every_token_lies_once_in_its_place_and_padding_nowhere(subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of("bert")
    encodings = subject.encodings()
    (batch,) = subject.batches(encodings, 100_000)
    packed = pack(batch)
    assert isinstance(packed, PackedJoint)
    in_order = [encodings[row] for row in batch.rows]
    assert packed.input_ids.tolist() == np.concatenate([one.input_ids for one in in_order]).tolist()
    assert packed.token_type_ids.tolist() == np.concatenate([one.type_ids for one in in_order]).tolist()
    assert packed.position_ids.tolist() == [place for one in in_order for place in range(len(one))]
    assert packed.pairs.queries.diff().tolist() == [len(one) for one in in_order]
    assert packed.pairs.longest_query == max(map(len, encodings))
    assert set(packed.input_ids[packed.starts].tolist()) == {2}


def test_a_shared_premise_lies_once_and_all_that_is_asked_of_it_sees_it(subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of("one_way")
    encodings = [subject.encoding([10, 11], [20, 21]), subject.encoding([10, 11], [22]), subject.encoding([12], [23])]
    (batch,) = subject.batches(encodings, 100_000)
    packed = pack(batch)
    assert isinstance(packed, PackedOneWay)
    assert packed.input_ids.tolist() == [2, 10, 11, 3, 2, 12, 3, 2, 20, 21, 3, 2, 22, 3, 2, 23, 3]
    assert packed.position_ids.tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 0, 1, 2]
    assert packed.segments.tolist() == [0] * 7 + [1] * 10
    assert packed.n_premise_tokens == 7
    assert packed.starts.tolist() == [7, 11, 14]
    assert packed.blocks.keys.tolist() == [0, 4, 7, 11, 14, 17]
    assert (packed.premises.queries.tolist(), packed.premises.keys.tolist()) == ([0, 7, 10], [0, 4, 7])
    assert (packed.cls_blocks.queries.tolist(), packed.cls_blocks.keys.tolist()) == ([0, 1, 2, 3], [0, 4, 7, 10])
    assert (packed.cls_premises.queries.tolist(), packed.cls_premises.keys.tolist()) == ([0, 2, 3], [0, 4, 7])


@pytest.mark.parametrize("name", PACKING)
def test_tokens_that_fill_a_batch_up_are_seen_by_nobody(name: str, subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of(name)
    (batch,) = subject.batches(subject.encodings(), 100_000)
    for kernel in KERNELS:
        run = copy.deepcopy(subject.network).packed_with(torch_attention.KERNELS[kernel])
        with torch.inference_mode():
            expected = run(pack(batch))
            for multiple in (64, 300):
                filled = pack(batch, multiple_of=multiple)
                assert len(filled.input_ids) % multiple == 0
                seen = run(filled)
                assert seen.shape == expected.shape
                np.testing.assert_allclose(seen, expected, atol=TOLERANCE, rtol=0)


def test_slots_that_nobody_asked_are_not_packed(subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of("one_way")
    batch = trial_batch(one_way=True)
    assert isinstance(batch, OneWayBatch)
    slots = np.array([[5, -1], [7, 3]])
    partly = OneWayBatch(batch.premise_ids, batch.premise_mask, batch.hypothesis_ids, batch.hypothesis_mask, slots)
    whole = subject.backend("grouped").forward(batch)
    np.testing.assert_allclose(subject.backend("grouped").forward(partly), whole[[0, 2, 3]], atol=TOLERANCE, rtol=0)


# Running


def test_many_batches_answer_as_each_does_in_order_and_no_sooner_than_asked(
    subject_of: Callable[[str], Subject],
) -> None:
    subject = subject_of("bert")
    backend, taken = subject.backend("auto"), []
    batches = subject.batches(subject.encodings(), 120)
    assert len(batches) > 3

    def watched() -> object:
        for batch in batches:
            taken.append(batch)
            yield batch

    answers = backend.forward_all(watched())
    first = next(answers)
    assert len(taken) <= 2
    for one, batch in zip([first, *answers], batches, strict=True):
        np.testing.assert_array_equal(one, backend.forward(batch))


def test_half_precision_without_padding_wishes_for_larger_batches(subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of("bert")
    budgets = {
        (attention, precision): subject.backend(attention, precision=precision).wishes.token_budget
        for attention in ("auto", "padded")
        for precision in ("fp32", "bf16")
    }
    assert {key for key, budget in budgets.items() if budget == max(budgets.values())} == {("auto", "bf16")}


def test_a_kernel_that_is_wrong_or_fails_is_not_used_and_said_so(
    subject_of: Callable[[str], Subject], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subject = subject_of("bert")
    right = torch_attention.plain

    def wrong(query, key, value, spans, **options):  # type: ignore[no-untyped-def]
        whole = torch.tensor([0, len(query)], dtype=torch.int32)
        return right(query, key, value, torch_attention.Spans(whole, whole, len(query), len(query)), **options)

    def failing(*arrays: object, **options: object) -> None:
        raise RuntimeError("no kernel image is available")

    for broken, message in ((wrong, "logits differ by"), (failing, "no kernel image is available")):
        caplog.clear()
        monkeypatch.setitem(torch_attention.KERNELS, "grouped", broken)
        with caplog.at_level(logging.WARNING):
            backend = subject.backend("auto")
        assert backend.attention == "padded"
        assert message in caplog.text
        # Whoever asks for a kernel by name is told when it fails, and is not given another.
        assert subject.backend("grouped").attention == "grouped"
    with pytest.raises(BackendError, match="no kernel image is available"):
        subject.backend("grouped").forward(trial_batch(one_way=False))


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_compiled_equals_plain_for_any_shape(subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of("bert")
    backend = subject.backend("auto", compiled=True)
    assert backend.attention == "padded"
    encodings = subject.encodings()
    expected = subject.logits(subject.backend("padded"), encodings, token_budget=200)
    np.testing.assert_allclose(subject.logits(backend, encodings, token_budget=200), expected, atol=TOLERANCE, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("name", PACKING)
def test_cuda_equals_cpu(name: str, precision: str, subject_of: Callable[[str], Subject]) -> None:
    subject = subject_of(name)
    batches = subject.batches(subject.encodings(), 300)
    expected = list(subject.backend("padded").forward_all(batches))
    for attention in ("padded", "auto"):
        cuda = TorchBackend(
            copy.deepcopy(subject.network),
            inputs=subject.inputs,
            device="cuda",
            precision=precision,
            attention=attention,
        )
        for seen, one in zip(cuda.forward_all(batches), expected, strict=True):
            largest = max(1.0, float(np.abs(one).max()))
            assert np.abs(seen - one).max() < {"fp32": 1e-3, **HALF}[precision] * largest


def test_a_trial_batch_is_one_of_each_kind() -> None:
    joint_batch, one_way_batch = trial_batch(one_way=False), trial_batch(one_way=True)
    assert isinstance(joint_batch, JointBatch)
    assert joint_batch.attention_mask.sum(axis=1).tolist() == [3, 9]
    assert isinstance(one_way_batch, OneWayBatch)
    assert one_way_batch.hypothesis_mask.sum(axis=2).tolist() == [[7, 4], [4, 7]]
