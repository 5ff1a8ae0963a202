"""One network on several devices, tried as several replicas on the CPU: the same numbers, in order, shared fairly."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from crossjudge.backends.torch import TorchBackend
from crossjudge.backends.torch_devices import choose_devices
from crossjudge.backends.torch_replicas import TorchReplicas, open_torch
from crossjudge.errors import BackendError, NonFiniteLogitsError
from crossjudge.types import FloatArray, JointBatch


class Sum(torch.nn.Module):
    """Logits that say which pair they are of: the sum of its ids, and their number."""

    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(()))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Int64 `(n_pairs, seq_len)` each -> `(n_pairs, 2)`."""
        if (input_ids == 13).any():
            return torch.full((len(input_ids), 2), torch.nan)
        return torch.stack([(input_ids * attention_mask).sum(1), attention_mask.sum(1)], dim=1) * self.one


def batch_of(n_pairs: int, length: int, first: int) -> JointBatch:
    ids = np.full((n_pairs, length), 20, dtype=np.int64) + np.arange(first, first + n_pairs)[:, None]
    return JointBatch(ids, np.ones_like(ids), np.zeros_like(ids), rows=np.arange(first, first + n_pairs))


BATCHES = [batch_of(1 + number % 4, 2 + number % 7, 10 * number) for number in range(23)]
INPUTS = ("input_ids", "attention_mask")


@pytest.fixture
def replicas() -> Iterator[TorchReplicas]:
    opened = open_torch(Sum(), inputs=INPUTS, device=["cpu", "cpu", "cpu"])
    assert isinstance(opened, TorchReplicas)
    yield opened
    opened.close()


def expected() -> list[FloatArray]:
    one = open_torch(Sum(), inputs=INPUTS, device="cpu")
    assert isinstance(one, TorchBackend)
    return list(one.forward_all(BATCHES))


def test_several_devices_answer_as_one_does_in_order(replicas: TorchReplicas) -> None:
    assert (replicas.name, replicas.precision, str(replicas.device)) == ("torch", "fp32", "cpu")
    for answers in (list(replicas.forward_all(BATCHES)), [replicas.forward(batch) for batch in BATCHES]):
        for answer, alone in zip(answers, expected(), strict=True):
            np.testing.assert_array_equal(answer, alone)
    assert list(replicas.forward_all([])) == []


def test_a_batch_goes_to_whoever_has_the_fewest_tokens_in_hand(
    replicas: TorchReplicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first replica is held up by a large batch; all the small ones are dealt to the others."""
    done: list[int] = []
    release = threading.Event()

    def watch(number: int, replica: TorchBackend) -> None:
        forward = replica.forward

        def watched(batch: JointBatch) -> FloatArray:
            if batch.total_tokens > 1_000:
                assert release.wait(60)
            done.append(number)
            return forward(batch)

        monkeypatch.setattr(replica, "forward", watched)

    for number, replica in enumerate(replicas.replicas):
        watch(number, replica)
    held = threading.Thread(target=replicas.forward, args=(batch_of(4, 512, 0),))
    held.start()
    while not any(replicas._tokens):
        pass
    for batch in BATCHES:
        replicas.forward(batch)
    release.set()
    held.join(60)
    assert done[:-1] == [1] * len(BATCHES), "one caller at a time: the first of those with nothing in hand"
    assert done[-1] == 0
    assert replicas._tokens == [0, 0, 0]


def test_all_of_them_work_at_once(replicas: TorchReplicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batch of each replica waits for those of the others; later ones pass, or the last could wait alone."""
    together = threading.Barrier(len(replicas.replicas), timeout=60)

    def watch(replica: TorchBackend) -> None:
        forward, turns = replica.forward, itertools.count()

        def watched(batch: JointBatch) -> FloatArray:
            if next(turns) == 0:
                together.wait()
            return forward(batch)

        monkeypatch.setattr(replica, "forward", watched)

    for replica in replicas.replicas:
        watch(replica)
    batches = [batch_of(2, 8, 10 * number) for number in range(12)]
    assert len(list(replicas.forward_all(batches))) == 12


def test_an_error_in_one_reaches_the_caller_in_its_place(replicas: TorchReplicas) -> None:
    broken = [*BATCHES[:9], batch_of(1, 3, -7), *BATCHES[9:]]
    answers = replicas.forward_all(broken)
    assert len([next(answers) for _ in range(9)]) == 9
    with pytest.raises(NonFiniteLogitsError):
        next(answers)
    assert len(list(replicas.forward_all(BATCHES))) == len(BATCHES), "and the others go on"


def test_closed_replicas_say_so(replicas: TorchReplicas) -> None:
    replicas.close()
    replicas.close()
    with pytest.raises(BackendError, match="closed"):
        replicas.forward(BATCHES[0])
    with pytest.raises(BackendError, match="closed"):
        list(replicas.forward_all(BATCHES))


def test_each_replica_has_weights_of_its_own() -> None:
    network = Sum()
    opened = open_torch(network, inputs=INPUTS, device="cpu,cpu")
    assert isinstance(opened, TorchReplicas)
    before = opened.replicas[1].forward(BATCHES[0])
    with torch.no_grad():
        network.one.zero_()
    assert not opened.replicas[0].forward(BATCHES[0]).any()
    np.testing.assert_array_equal(opened.replicas[1].forward(BATCHES[0]), before)


def test_devices_are_named_in_a_list_or_in_one_text() -> None:
    cpu = torch.device("cpu")
    assert choose_devices("cpu, cpu") == choose_devices(["cpu", "cpu"]) == [cpu, cpu]
    assert len(choose_devices(None)) == len(choose_devices("auto")) == 1
    with pytest.raises(BackendError, match="the list is empty"):
        choose_devices([])
    with pytest.raises(BackendError, match=r"Choosing a device: 'gpu' is none"):
        choose_devices("cpu,gpu")
    with pytest.raises(BackendError, match="CUDA"):
        choose_devices(f"cpu,cuda:{torch.cuda.device_count()}")


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="fewer than two CUDA devices")
def test_two_cuda_devices_answer_as_one_does() -> None:
    opened = open_torch(copy.deepcopy(Sum()), inputs=INPUTS, device="cuda:0,cuda:1")
    for answer, alone in zip(opened.forward_all(BATCHES), expected(), strict=True):
        np.testing.assert_allclose(answer, alone, rtol=1e-6)
