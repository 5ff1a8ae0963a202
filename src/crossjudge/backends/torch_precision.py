"""A network in half precision, with the part that makes the logits kept in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from crossjudge.errors import BackendError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Precisions that a network can be cast to."""


@runtime_checkable
class HeadedNetwork(Protocol):
    """A network that knows which of its modules make logits of an encoder's states."""

    def head_modules(self) -> Sequence[nn.Module]:
        """The modules that are outside the encoder."""
        ...


def cast(network: nn.Module, device: torch.device, precision: str) -> nn.Module:
    """`network` on `device`, its encoder in `precision` and its head in fp32, so that logits are not rounded to 8 bits.

    Neighbouring bf16 numbers are 0.03 apart at 4 to 8, where logits are.
    """
    dtype = dtype_of(precision)
    network = network.to(device, dtype)
    if dtype != torch.float32 and isinstance(network, HeadedNetwork):
        for head in network.head_modules():
            for module in head.float().modules():
                # Only where there are weights to multiply by, so that what a head leaves out is not converted either.
                if next(module.parameters(recurse=False), None) is not None:
                    module.register_forward_pre_hook(_in_full)
    return network


def dtype_of(precision: str) -> torch.dtype:
    """What PyTorch calls `precision`."""
    if precision not in DTYPES:
        raise BackendError(
            f"Opening the torch backend: precision {precision!r} is not one of {', '.join(DTYPES)}. "
            "Choose one of these, or another backend."
        )
    return DTYPES[precision]


def _in_full(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Runs before a module of the head: half precision tensors among its inputs become float32."""
    half = (torch.float16, torch.bfloat16)
    return tuple(one.float() if isinstance(one, Tensor) and one.dtype in half else one for one in inputs)
