"""Names of devices to devices that are there."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from crossjudge.errors import BackendError


def choose_devices(asked: str | Sequence[str] | None) -> list[torch.device]:
    """One device or several: "cuda:0,cuda:1" and ["cuda:0", "cuda:1"] are the same; None is one device."""
    names = asked.split(",") if isinstance(asked, str) else [asked] if asked is None else list(asked)
    if not names:
        raise BackendError("Choosing devices: the list is empty; expected one or more, such as 'cuda:0,cuda:1'.")
    return [choose_device(name if name is None else name.strip()) for name in names]


def choose_device(asked: str | None) -> torch.device:
    """`asked` as a device that exists here; None and "auto" are the first CUDA device, else the CPU."""
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
