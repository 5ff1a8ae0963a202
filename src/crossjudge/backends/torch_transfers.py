"""Arrays to a device and answers back: on CUDA beside the computation of other batches, elsewhere at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from crossjudge.types import FloatArray

Send: TypeAlias = Callable[[Tensor], Tensor]
"""A CPU tensor -> the same on the device."""


class Transfers(Protocol):
    """The way to one device and back."""

    @property
    def ahead(self) -> int:
        """Batches worth starting before the answer to the first of them is awaited."""
        ...

    def upload(self) -> AbstractContextManager[Send]:
        """`with transfers.upload() as send:` what is sent inside is there for whatever is computed after the block."""
        ...

    def download(self, answer: Tensor) -> Callable[[], FloatArray]:
        """Begin to bring `answer` back; what is returned waits for it, and gives it as float32 of the same shape."""
        ...


def transfers_to(device: torch.device) -> Transfers:
    """The way to `device`."""
    return PinnedTransfers(device) if device.type == "cuda" else PlainTransfers(device)


@dataclass(frozen=True)
class PlainTransfers:
    """Everything is done when the call returns."""

    device: torch.device
    ahead: int = 0

    @contextmanager
    def upload(self) -> Iterator[Send]:
        """See `Transfers`."""
        yield lambda tensor: tensor.to(self.device)

    def download(self, answer: Tensor) -> Callable[[], FloatArray]:
        """See `Transfers`."""
        fetched: FloatArray = answer.float().cpu().numpy()
        return lambda: fetched


class PinnedTransfers:
    """Pinned host memory both ways, and a stream of its own for sending, so that copies run beside computation."""

    ahead = 1

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._sending: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    @contextmanager
    def upload(self) -> Iterator[Send]:
        """See `Transfers`."""
        computing = torch.cuda.current_stream(self._device)

        def send(tensor: Tensor) -> Tensor:
            there = tensor.pin_memory().to(self._device, non_blocking=True)
            # Its memory belongs to the sending stream, and must not be given out again while the other still reads it.
            there.record_stream(computing)
            return there

        with torch.cuda.stream(self._sending):
            yield send
        computing.wait_stream(self._sending)

    def download(self, answer: Tensor) -> Callable[[], FloatArray]:
        """See `Transfers`."""
        host = torch.empty(answer.shape, dtype=torch.float32, pin_memory=True)
        host.copy_(answer, non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record(torch.cuda.current_stream(self._device))

        def wait() -> FloatArray:
            arrived.synchronize()
            # A copy, so that the pinned memory goes back to its pool.
            fetched: FloatArray = host.numpy().copy()
            return fetched

        return wait
