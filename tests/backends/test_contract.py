"""The laws every backend keeps: a row's numbers are its own, wherever it stands, and in any thread."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import pytest
import torch

from crossjudge.backends.base import Backend, forward_each, wishes_of
from crossjudge.backends.fake import FakeBackend
from crossjudge.backends.onnx import OnnxBackend
from crossjudge.backends.openvino import OpenvinoBackend
from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import BackendError, NonFiniteLogitsError
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.export import exported_graph
from crossjudge.models.networks import ONE_WAY_INPUTS, HeadNetwork, load_network
from crossjudge.text.batching import plan
from crossjudge.types import Batch, Encoding, FloatArray, JointBatch
from tiny_checkpoints import make_bi_encoder, make_checkpoint
from tiny_one_way import (
    CLS,
    FIRST_WORD,
    PAD,
    POISON,
    SEP,
    VOCAB_SIZE,
    one_way_backend,
    one_way_encoder,
    one_way_encoding,
    words,
)

NUM_LABELS = 3
TOLERANCE = 1e-5
ATTENTIONS = ("joint", "one_way")
GRAPH_BACKENDS = {"onnx": OnnxBackend, "openvino": OpenvinoBackend}
NAMES = ("fake", "onnx", "openvino", "torch")
SUBJECTS = [f"{name}-{attention}" for name in NAMES for attention in ATTENTIONS]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A backend under test. `poisoned()` opens another with the same weights, on which `POISON` brings NaN."""

    name: str
    attention: str
    open: Callable[[], Backend]
    poisoned: Callable[[], Backend]

    def batches(self, backend: Backend, encodings: Sequence[Encoding], token_budget: int = 256) -> list[Batch]:
        """As the backend wishes for them, within another budget."""
        wishes = wishes_of(backend)
        return plan(
            encodings,
            token_budget=token_budget,
            attention=self.attention,
            pad_token_id=PAD,
            length_step=wishes.length_step,
            side_by_side=wishes.side_by_side,
        )

    def logits(self, backend: Backend, encodings: Sequence[Encoding], token_budget: int = 256) -> FloatArray:
        """In the order of `encodings`."""
        logits = np.full((len(encodings), NUM_LABELS), np.nan, dtype=np.float32)
        for batch in self.batches(backend, encodings, token_budget):
            logits[batch.rows] = backend.forward(batch)
        return logits


def encodings_of(attention: str, n: int = 24, seed: int = 0) -> list[Encoding]:
    """Pairs of very different lengths; most share a premise, and a few have their own."""
    random = np.random.default_rng(seed)
    premises = [words(random, int(random.integers(1, 40))) for _ in range(n // 4)]
    shared = [encoding(attention, premises[row % len(premises)], words(random, 1 + row % 17)) for row in range(n - 4)]
    return [
        *shared,
        *(encoding(attention, words(random, 9 * length), words(random, length)) for length in (1, 2, 3, 4)),
    ]


def encoding(attention: str, premise: list[int], hypothesis: list[int]) -> Encoding:
    if attention == "one_way":
        return one_way_encoding(premise, hypothesis)
    first, second = [CLS, *premise, SEP], [*hypothesis, SEP]
    return Encoding(
        input_ids=np.array(first + second, dtype=np.int64),
        type_ids=np.array([0] * len(first) + [1] * len(second), dtype=np.int64),
        premise_len=0,
        kept_a=len(premise),
        dropped_a=0,
        kept_b=len(hypothesis),
    )


def fake(attention: str, folder: Path) -> Subject:
    return Subject(
        name="fake",
        attention=attention,
        open=lambda: FakeBackend(num_labels=NUM_LABELS),
        poisoned=lambda: FakeBackend(num_labels=NUM_LABELS, poison={POISON}),
    )


def torch_subject(attention: str, folder: Path) -> Subject:
    network, inputs = one_way_network() if attention == "one_way" else joint_network(folder)

    def opened(module: torch.nn.Module) -> Backend:
        return TorchBackend(module, inputs=inputs, device="cpu")

    return Subject(
        name="torch",
        attention=attention,
        open=lambda: opened(copy.deepcopy(network)),
        poisoned=lambda: opened(poison_network(copy.deepcopy(network))),
    )


def joint_folder(folder: Path) -> Path:
    return folder / "bert" if (folder / "bert").is_dir() else make_checkpoint(folder / "bert", "bert")


def joint_network(folder: Path) -> tuple[torch.nn.Module, tuple[str, ...]]:
    network = load_network(load_checkpoint(joint_folder(folder)), kind="cross_encoder")
    return network.module, network.inputs


def one_way_network() -> tuple[torch.nn.Module, tuple[str, ...]]:
    return HeadNetwork(one_way_encoder(), "nli").eval(), ONE_WAY_INPUTS


Module = TypeVar("Module", bound=torch.nn.Module)


def poison_network(network: Module) -> Module:
    embedding = next(module for module in network.modules() if isinstance(module, torch.nn.Embedding))
    with torch.no_grad():
        embedding.weight[POISON] = torch.nan
    return network


def graph_subject(name: str, attention: str, folder: Path) -> Subject:
    """On two cores, so that many batches are dealt to two callers."""
    if attention == "one_way":
        poison = poison_network(one_way_encoder())
        return Subject(
            name=name,
            attention=attention,
            open=lambda: one_way_backend(name, one_way_encoder(), folder / name, num_threads=2),
            poisoned=lambda: one_way_backend(name, poison, folder / f"{name}-poisoned", num_threads=2),
        )
    graph = exported_graph(load_checkpoint(joint_folder(folder)))
    return Subject(
        name=name,
        attention=attention,
        open=lambda: GRAPH_BACKENDS[name](graph, num_threads=2),
        poisoned=lambda: GRAPH_BACKENDS[name](poison_graph(graph), num_threads=2),
    )


def poison_graph(graph: Path) -> Path:
    """A copy whose word embeddings, the largest table, hold NaN at `POISON`."""
    model = onnx.load(str(graph))
    table = max(model.graph.initializer, key=lambda one: one.dims[0] if len(one.dims) == 2 else 0)
    values = onnx.numpy_helper.to_array(table).copy()
    values[POISON] = np.nan
    table.CopyFrom(onnx.numpy_helper.from_array(values, table.name))
    path = graph.with_name("poisoned.onnx")
    onnx.save(model, str(path))
    return path


MAKERS = {
    "fake": fake,
    "torch": torch_subject,
    **{name: partial(graph_subject, name) for name in GRAPH_BACKENDS},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all subjects, and the cache inside, so that each graph is exported once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest, folder: Path) -> Subject:
    name, attention = request.param.split("-")
    return MAKERS[name](attention, folder)


@pytest.fixture
def backend(subject: Subject) -> Iterator[Backend]:
    opened = subject.open()
    yield opened
    opened.close()


class TestEveryBackend:
    def test_gives_one_float32_row_of_logits_for_each_pair(self, subject: Subject, backend: Backend) -> None:
        batches = subject.batches(backend, encodings_of(subject.attention))
        assert len(batches) > 1
        for batch in batches:
            logits = backend.forward(batch)
            assert logits.shape == (len(batch.rows), NUM_LABELS)
            assert logits.dtype == np.float32

    def test_says_what_it_is(self, subject: Subject, backend: Backend) -> None:
        assert (backend.name, backend.precision) == (subject.name, "fp32")

    def test_tells_pairs_apart(self, subject: Subject, backend: Backend) -> None:
        logits = subject.logits(backend, encodings_of(subject.attention))
        assert len(np.unique(logits.round(4), axis=0)) == len(logits)

    def test_rows_keep_their_order(self, subject: Subject, backend: Backend) -> None:
        encodings = encodings_of(subject.attention)
        order = np.random.default_rng(1).permutation(len(encodings))
        shuffled = subject.logits(backend, [encodings[row] for row in order])
        np.testing.assert_allclose(shuffled, subject.logits(backend, encodings)[order], atol=TOLERANCE, rtol=0)

    def test_batched_equals_one_by_one(self, subject: Subject, backend: Backend) -> None:
        encodings = encodings_of(subject.attention)
        alone = np.concatenate([subject.logits(backend, [one]) for one in encodings])
        together = subject.logits(backend, encodings, token_budget=100_000)
        np.testing.assert_allclose(together, alone, atol=TOLERANCE, rtol=0)

    def test_a_row_does_not_see_its_neighbours(self, subject: Subject, backend: Backend) -> None:
        """The batch keeps its shape; only what stands in the other rows changes."""
        ours, *others = encodings_of(subject.attention)
        random = np.random.default_rng(2)
        changed = [with_other_words(one, random) for one in others]
        first, second = (subject.logits(backend, [ours, *rest], token_budget=100_000) for rest in (others, changed))
        assert np.abs(first[1:] - second[1:]).max() > 0.01
        np.testing.assert_allclose(first[0], second[0], atol=TOLERANCE, rtol=0)

    def test_many_batches_at_once_equal_one_by_one_in_their_order(self, subject: Subject, backend: Backend) -> None:
        batches = subject.batches(backend, encodings_of(subject.attention, n=60), token_budget=100)
        assert len(batches) > 8
        expected = [backend.forward(batch) for batch in batches]
        for few in (0, 1, 3, len(batches)):
            answers = list(forward_each(backend, iter(batches[:few])))
            for answer, right in zip(answers, expected[:few], strict=True):
                np.testing.assert_allclose(answer, right, atol=TOLERANCE, rtol=0)

    def test_threads_get_the_same_numbers(self, subject: Subject, backend: Backend) -> None:
        encodings = encodings_of(subject.attention)
        expected = subject.logits(backend, encodings)
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: subject.logits(backend, encodings), range(8)))
        for answer in answers:
            np.testing.assert_allclose(answer, expected, atol=TOLERANCE, rtol=0)

    def test_nan_is_an_error_that_names_the_pair(self, subject: Subject) -> None:
        backend = subject.poisoned()
        encodings = encodings_of(subject.attention)
        subject.logits(backend, encodings)
        encodings[9:13] = [encoding(subject.attention, [20] * 12, [25] * length) for length in (1, 2, 3, 4)]
        for bad in (([20, POISON, 21], [22, 23]), ([20] * 12, [22, POISON])):  # alone, and asked of others' premise
            encodings[13] = encoding(subject.attention, *bad)
            for compute in (subject.logits, partial(at_once, subject)):
                with pytest.raises(NonFiniteLogitsError, match="input 13") as caught:
                    compute(backend, encodings)
                assert caught.value.index == 13
        encodings[13] = encodings[12]
        assert np.isfinite(subject.logits(backend, encodings)).all()
        backend.close()

    def test_a_closed_backend_says_so(self, subject: Subject) -> None:
        backend = subject.open()
        backend.close()
        backend.close()
        with pytest.raises(BackendError, match="closed"):
            subject.logits(backend, encodings_of(subject.attention, n=4))


def at_once(subject: Subject, backend: Backend, encodings: Sequence[Encoding]) -> None:
    """All batches, in one call."""
    list(forward_each(backend, subject.batches(backend, encodings, token_budget=100)))


def with_other_words(original: Encoding, random: np.random.Generator) -> Encoding:
    ids = original.input_ids.copy()
    spots = ids >= FIRST_WORD
    ids[spots] = random.integers(FIRST_WORD, VOCAB_SIZE, int(spots.sum()))
    return dataclasses.replace(original, input_ids=ids)


@pytest.mark.parametrize("name", ["onnx", "openvino", "torch"])
def test_a_batch_of_the_other_attention_is_refused(name: str, folder: Path) -> None:
    batches = {
        attention: plan(encodings_of(attention, n=8), token_budget=256, attention=attention) for attention in ATTENTIONS
    }
    for ours, theirs, array in (("one_way", "joint", "premise_ids"), ("joint", "one_way", "attention_mask")):
        with pytest.raises(BackendError, match=rf"wants .*{array}.*its own kind of attention"):
            MAKERS[name](ours, folder).open().forward(batches[theirs][0])


HIDDEN_SIZE = 48


@pytest.fixture(scope="module", params=NAMES)
def encoder(request: pytest.FixtureRequest, folder: Path) -> Backend:
    """A bi-encoder's backend, which gives token states `(n_texts, seq_len, HIDDEN_SIZE)`."""
    if request.param == "fake":
        return FakeBackend(hidden_size=HIDDEN_SIZE)
    there = (folder / "minilm").is_dir()
    made = folder / "minilm" if there else make_bi_encoder(folder / "minilm", layout="hf")
    checkpoint = load_checkpoint(made, kind="bi_encoder")
    if request.param == "torch":
        network = load_network(checkpoint, kind="bi_encoder")
        return TorchBackend(network.module, inputs=network.inputs, device="cpu")
    return GRAPH_BACKENDS[request.param](exported_graph(checkpoint), num_threads=2)


class TestTokenStates:
    def test_states_are_a_texts_own_and_zero_where_it_is_padded(self, encoder: Backend) -> None:
        encodings = encodings_of("joint")
        for batch in plan(encodings, token_budget=2_000):
            assert isinstance(batch, JointBatch)
            states = encoder.forward(batch)
            assert states.shape == (*batch.input_ids.shape, HIDDEN_SIZE)
            assert states.dtype == np.float32
            assert not states[batch.attention_mask == 0].any()
            for place, row in enumerate(batch.rows):
                alone = encoder.forward(plan([encodings[row]], token_budget=256)[0])[0]
                np.testing.assert_allclose(states[place, : len(alone)], alone, atol=TOLERANCE, rtol=0)


class TestFake:
    def test_one_label_grows_with_overlap(self) -> None:
        same, half, none = ([10, 11, 12, 13], [10, 11, 22, 23], [20, 21, 22, 23])
        encodings = [encoding("joint", [10, 11, 12, 13], hypothesis) for hypothesis in (same, half, none)]
        for num_labels in (1, 2, 3):
            logits = FakeBackend(num_labels=num_labels).forward(plan(encodings, token_budget=256)[0])
            favoured = logits[:, min(1, num_labels - 1)]
            assert favoured[0] > favoured[1] > favoured[2]

    def test_numbers_are_the_same_on_every_machine(self) -> None:
        batch = plan([encoding("joint", [10, 11], [10, 12])], token_budget=256)[0]
        expected = np.array([[-0.2636681, 0.0027764, 0.4129746]], dtype=np.float32)
        np.testing.assert_allclose(FakeBackend().forward(batch), expected, atol=1e-7, rtol=0)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return one_way_network()[0]


class TestTorch:
    @pytest.mark.parametrize("precision", ["bf16", "fp16"])
    def test_half_precision_is_close_to_full(self, network: torch.nn.Module, precision: str) -> None:
        batches = plan(encodings_of("one_way"), token_budget=256, attention="one_way")
        full, half = (
            TorchBackend(copy.deepcopy(network), inputs=ONE_WAY_INPUTS, device="cpu", precision=one)
            for one in ("fp32", precision)
        )
        assert half.precision == precision
        for batch in batches:
            expected, seen = full.forward(batch), half.forward(batch)
            assert seen.dtype == np.float32
            assert 0 < np.abs(seen - expected).max() < 0.1

    def test_what_is_not_there_is_refused(self, network: torch.nn.Module) -> None:
        with pytest.raises(BackendError, match="'int8' is not one of fp32, bf16, fp16"):
            TorchBackend(network, inputs=ONE_WAY_INPUTS, device="cpu", precision="int8")
        with pytest.raises(BackendError, match="'gpu'"):
            TorchBackend(network, inputs=ONE_WAY_INPUTS, device="gpu")
        with pytest.raises(BackendError, match="CUDA"):
            TorchBackend(network, inputs=ONE_WAY_INPUTS, device=f"cuda:{torch.cuda.device_count()}")

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    def test_cuda_equals_cpu(self, network: torch.nn.Module) -> None:
        cpu, cuda = (
            TorchBackend(copy.deepcopy(network), inputs=ONE_WAY_INPUTS, device=device) for device in ("cpu", None)
        )
        assert cuda.device.type == "cuda"
        for batch in plan(encodings_of("one_way"), token_budget=256, attention="one_way"):
            np.testing.assert_allclose(cuda.forward(batch), cpu.forward(batch), atol=1e-4, rtol=0)
