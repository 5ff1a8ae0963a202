"""Networks on PyTorch, CPU or CUDA, in fp32, bf16 or fp16; needs the `torch` extra."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from crossjudge.backends.base import BatchWishes, finished
from crossjudge.backends.torch_attention import KERNELS, choose_kernel
from crossjudge.backends.torch_devices import choose_device
from crossjudge.backends.torch_packed import PackingNetwork, pack, sent
from crossjudge.backends.torch_precision import cast, dtype_of
from crossjudge.backends.torch_transfers import transfers_to
from crossjudge.backends.torch_trial import TOLERANCE, apart
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray, OneWayBatch

logger = logging.getLogger(__name__)

PADDED = "padded"

TOKEN_BUDGET, PACKED_TOKEN_BUDGET = 2_048, 4_096
"""Tokens of one batch on a CPU; the larger in half precision without padding, where it was 7 to 17% faster."""

ROUNDED_TO = 64
"""Half precision on a CPU makes code for each number of tokens it has not met, which takes 7 to 17% of the time where
every batch is of another size (MiniLM-L6 in bf16, batches of 2,000 tokens)."""

Network: TypeAlias = Callable[..., Tensor]


class TorchBackend:
    """A network that answers with one tensor: logits `(n_pairs, num_labels)`, logits of one-way slots `(n_premises,
    n_hypotheses, num_labels)`, or token states `(n_texts, seq_len, hidden_size)`.

    `network` is taken over: cast, moved and put in evaluation mode. `inputs`: the arrays of a batch that it takes, by
    name. `device`: "cpu", "cuda", "cuda:1" or None for CUDA where there is one. `num_threads` sets PyTorch's thread
    count for the whole process, since it has no other; None leaves it alone. `attention`: "padded", a kernel of
    `torch_attention.KERNELS` that needs no padding, "packed" for the best of those here, or "auto" for the same where
    the network takes it, it is known to pay and one small batch comes out right. `compiled`: whether `torch.compile`
    makes code for this network, for any shape, at first use.
    """

    name = "torch"

    def __init__(
        self,
        network: nn.Module,
        *,
        inputs: Sequence[str],
        device: str | None = None,
        precision: str = "fp32",
        num_threads: int | None = None,
        attention: str = "auto",
        compiled: bool = False,
    ) -> None:
        dtype = dtype_of(precision)
        self.precision = precision
        self.device = choose_device(device)
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        self._inputs = tuple(inputs)
        self._transfers = transfers_to(self.device)
        rounds = self.device.type == "cpu" and dtype != torch.float32
        self._multiple_of = ROUNDED_TO if rounds else 1
        padded: Network = cast(network, self.device, precision).eval()
        kernel = choose_kernel(attention, self.device, dtype, compiled=compiled)
        packed = None if kernel is None else _packed(network, kernel, attention)
        if packed is not None and attention == "auto" and not self._agree(packed, padded):
            packed = None
        self.attention = PADDED if kernel is None or packed is None else kernel
        """How texts of differing lengths attend: "padded", or the name of a kernel without padding."""
        self.wishes = BatchWishes(token_budget=PACKED_TOKEN_BUDGET if rounds and packed is not None else TOKEN_BUDGET)
        compile_it = partial(torch.compile, dynamic=True) if compiled else _as_it_is
        self._padded: Network | None = compile_it(padded)
        self._packed: Network | None = None if packed is None else compile_it(packed)

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        return self._begin(batch)()

    def forward_all(self, batches: Iterable[Batch]) -> Iterator[FloatArray]:
        """`forward` of each batch, in order; on CUDA the next is sent and started before the last is awaited."""
        begun: deque[Callable[[], FloatArray]] = deque()
        for batch in batches:
            begun.append(self._begin(batch))
            if len(begun) > self._transfers.ahead:
                yield begun.popleft()()
        while begun:
            yield begun.popleft()()

    def close(self) -> None:
        """See `Backend.close`."""
        self._padded = self._packed = None

    def _begin(self, batch: Batch) -> Callable[[], FloatArray]:
        """Start on `batch`; what is returned waits for its answer and checks it."""
        padded, packed = self._padded, self._packed
        if padded is None:
            raise BackendError("Running the torch backend: it was closed. Open the model again.")
        missing = [name for name in self._inputs if not hasattr(batch, name)]
        if missing:
            raise BackendError(
                f"Running the torch backend: the network wants {', '.join(missing)}, and a {type(batch).__name__} has "
                "no such array. Load the checkpoint with its own kind of attention."
            )
        wait = self._begin_padded(padded, batch) if packed is None else self._begin_packed(packed, batch)
        return partial(self._end, batch, wait)

    def _end(self, batch: Batch, wait: Callable[[], FloatArray]) -> FloatArray:
        with self._explained(batch):
            answer = wait()
        return finished(answer, batch)

    def _begin_padded(self, network: Network, batch: Batch) -> Callable[[], FloatArray]:
        with self._explained(batch), self._here(), torch.inference_mode():
            with self._transfers.upload() as send:
                arrays = {name: send(torch.from_numpy(getattr(batch, name))) for name in self._inputs}
            wait = self._transfers.download(network(**arrays))
        if not isinstance(batch, OneWayBatch):
            return wait
        return lambda: wait()[batch.slots >= 0]

    def _begin_packed(self, network: Network, batch: Batch) -> Callable[[], FloatArray]:
        tokens = pack(batch, multiple_of=self._multiple_of)
        with self._explained(batch), self._here(), torch.inference_mode():
            with self._transfers.upload() as send:
                tokens = sent(tokens, send)
            return self._transfers.download(network(tokens))

    def _here(self) -> AbstractContextManager[Any]:
        """Kernels compiled on the way start on the current CUDA device, whatever their tensors' is."""
        return torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext()

    @contextmanager
    def _explained(self, batch: Batch) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, IndexError) as error:
            raise BackendError(
                f"Running the torch backend on {self.device} in {self.precision}, {batch.total_tokens} tokens: PyTorch "
                f"answered {str(error).strip()}. Use a smaller token budget if memory is short, or another device or "
                "precision."
            ) from error

    def _agree(self, packed: Network, padded: Network) -> bool:
        """Try both on one small batch: a kernel that was chosen for the user must not be what gives wrong numbers."""
        try:
            difference, largest = apart(
                lambda batch: self._begin_packed(packed, batch)(),
                lambda batch: self._begin_padded(padded, batch)(),
                one_way="premise_ids" in self._inputs,
            )
            trouble = f"logits differ by {difference:.3g}, where the largest is {largest:.3g}"
            right = difference <= TOLERANCE[self.precision] * largest
        except BackendError as error:
            trouble, right = str(error), False
        if not right:
            logger.warning(
                "Padding batches on %s, since attention without padding went wrong: %s", self.device, trouble
            )
        return right


def _as_it_is(network: Network) -> Network:
    return network


def _packed(module: nn.Module, kernel: str, asked: str) -> Network | None:
    """What runs `module` on packed tokens; None where it cannot and nobody insists."""
    run = module.packed_with(KERNELS[kernel]) if isinstance(module, PackingNetwork) else None
    if run is None and asked != "auto":
        raise BackendError(
            f"Opening the torch backend with attention={asked!r}: this network takes padded batches alone. Leave "
            "attention out, or say 'padded'."
        )
    return run
