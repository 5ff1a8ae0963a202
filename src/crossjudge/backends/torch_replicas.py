"""One network on several devices: a replica each, every batch to the one with the least to do, answers in order."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import nn

from crossjudge.backends.torch import TorchBackend
from crossjudge.backends.torch_devices import choose_devices
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray

IN_FLIGHT = 2
"""Batches at once on each device: while one computes, the next is prepared and sent by another thread."""


def open_torch(
    network: nn.Module,
    *,
    inputs: Sequence[str],
    device: str | Sequence[str] | None = None,
    precision: str = "fp32",
    num_threads: int | None = None,
    attention: str = "auto",
    compiled: bool = False,
) -> TorchBackend | TorchReplicas:
    """`network` on one device, or on each of several: `device="cuda:0,cuda:1"` or a list. See `TorchBackend`."""
    devices = choose_devices(device)
    networks = [network, *(copy.deepcopy(network) for _ in devices[1:])]
    replicas = [
        TorchBackend(
            one,
            inputs=inputs,
            device=str(place),
            precision=precision,
            num_threads=num_threads,
            attention=attention,
            compiled=compiled,
        )
        for one, place in zip(networks, devices, strict=True)
    ]
    return replicas[0] if len(replicas) == 1 else TorchReplicas(replicas)


class TorchReplicas:
    """Backends with the same weights, as one backend. `device`: that of the first of them."""

    name = "torch"

    def __init__(self, replicas: Sequence[TorchBackend]) -> None:
        self.replicas = tuple(replicas)
        self.precision, self.attention = replicas[0].precision, replicas[0].attention
        self.device: torch.device = replicas[0].device
        self.wishes = replicas[0].wishes
        self._tokens = [0] * len(replicas)
        self._dealing = threading.Lock()
        self._open = True

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`; the batch goes to the replica with the fewest tokens in hand."""
        with self._dealt(batch) as replica:
            return replica.forward(batch)

    def forward_all(self, batches: Iterable[Batch]) -> Iterator[FloatArray]:
        """`forward` of each batch, in order, all replicas at work."""
        at_once = IN_FLIGHT * len(self.replicas)
        answers: deque[Future[FloatArray]] = deque()
        with ThreadPoolExecutor(at_once, thread_name_prefix="crossjudge-replica") as threads:
            try:
                for batch in batches:
                    answers.append(threads.submit(self.forward, batch))
                    if len(answers) > at_once:
                        yield answers.popleft().result()
                while answers:
                    yield answers.popleft().result()
            finally:
                for answer in answers:
                    answer.cancel()

    def close(self) -> None:
        """See `Backend.close`."""
        self._open = False
        for replica in self.replicas:
            replica.close()

    @contextmanager
    def _dealt(self, batch: Batch) -> Iterator[TorchBackend]:
        """The replica with the fewest tokens in hand, which has this batch's too until the block ends."""
        if not self._open:
            raise BackendError("Running the torch backend: it was closed. Open the model again.")
        with self._dealing:
            place = min(range(len(self.replicas)), key=self._tokens.__getitem__)
            self._tokens[place] += batch.total_tokens
        try:
            yield self.replicas[place]
        finally:
            with self._dealing:
                self._tokens[place] -= batch.total_tokens
