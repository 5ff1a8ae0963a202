"""Networks on PyTorch, CPU or CUDA, in fp32, bf16 or fp16; needs the `torch` extra."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crossjudge.backends.base import finished
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray, IntArray, OneWayBatch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Precisions that a network can be cast to."""


class TorchBackend:
    """A network that answers with one tensor: logits `(n_pairs, num_labels)`, logits of one-way slots `(n_premises,
    n_hypotheses, num_labels)`, or token states `(n_texts, seq_len, hidden_size)`.

    `network` is taken over: cast, moved and put in evaluation mode. `inputs`: the arrays of a batch that it takes, by
    name. `device`: "cpu", "cuda", "cuda:1" or None for CUDA where there is one. `num_threads` sets PyTorch's thread
    count for the whole process, since it has no other; None leaves it alone.
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
    ) -> None:
        self.precision = precision
        self.device = choose_device(device)
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        self._inputs = tuple(inputs)
        self._network: nn.Module | None = network.to(self.device, _dtype(precision)).eval()

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        network = self._network
        if network is None:
            raise BackendError("Running the torch backend: it was closed. Open the model again.")
        missing = [name for name in self._inputs if not hasattr(batch, name)]
        if missing:
            raise BackendError(
                f"Running the torch backend: the network wants {', '.join(missing)}, and a {type(batch).__name__} has "
                "no such array. Load the checkpoint with its own kind of attention."
            )
        answer = self._answer(network, batch)
        return finished(answer[batch.slots >= 0] if isinstance(batch, OneWayBatch) else answer, batch)

    def close(self) -> None:
        """See `Backend.close`."""
        self._network = None

    def _answer(self, network: nn.Module, batch: Batch) -> FloatArray:
        try:
            # Inference mode belongs to the thread, so it is entered in each call.
            with torch.inference_mode():
                answer: Tensor = network(**{name: self._tensor(getattr(batch, name)) for name in self._inputs})
                answered: FloatArray = answer.float().cpu().numpy()
        except (RuntimeError, IndexError) as error:
            raise BackendError(
                f"Running the torch backend on {self.device} in {self.precision}, {batch.total_tokens} tokens: PyTorch "
                f"answered {str(error).strip()}. Use a smaller token budget if memory is short, or another device or "
                "precision."
            ) from error
        return answered

    def _tensor(self, array: IntArray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def choose_device(asked: str | None) -> torch.device:
    """`asked` as a device that exists here; None is the first CUDA device, else the CPU."""
    if asked is None or asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise BackendError(f"Choosing a device: {asked!r} is none; expected 'cpu', 'cuda' or 'cuda:1'.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            f"Choosing the device {asked!r}: PyTorch {torch.__version__} sees no CUDA device here. Use device='cpu', "
            "or install a CUDA build of PyTorch and check `nvidia-smi`."
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BackendError(
            f"Choosing the device {asked!r}: there are {torch.cuda.device_count()} CUDA devices here, counted from 0."
        )
    return device


def _dtype(precision: str) -> torch.dtype:
    if precision not in DTYPES:
        raise BackendError(
            f"Opening the torch backend: precision {precision!r} is not one of {', '.join(DTYPES)}. "
            "Choose one of these, or another backend."
        )
    return DTYPES[precision]
