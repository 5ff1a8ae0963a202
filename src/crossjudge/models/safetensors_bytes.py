"""One tensor of a safetensors file, rewritten where it lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import UnsupportedModelError
from crossjudge.models.foreign import HEADS


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightPlace:
    """Where a tensor's bytes lie; `kind`: safetensors' name of its type."""

    file: Path
    offset: int
    shape: tuple[int, ...]
    kind: str

    def write(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put `values` in their place, and give what is there now: half precision rounds them."""
        assert values.shape == self.shape
        raw, rounded = _encoded(values, self.kind)
        with self.file.open("r+b") as stream:
            stream.seek(self.offset)
            stream.write(raw)
        return rounded


def find_head_tensors(files: Sequence[Path]) -> tuple[WeightPlace, WeightPlace]:
    """Weight `(num_labels, hidden_size)` and bias `(num_labels,)` of a checkpoint's classification head."""
    places = {name: place for file in files for name, place in _places(file).items()}
    for name in HEADS:
        weight, bias = places.get(name), places.get(name.removesuffix("weight") + "bias")
        if weight is not None and bias is not None and {weight.kind, bias.kind} <= _KINDS:
            return weight, bias
    raise UnsupportedModelError(
        f"Looking for the classification head in {files[0].parent}: expected one of {', '.join(HEADS)} with its bias, "
        f"in {', '.join(sorted(_KINDS))}. Choose a checkpoint with an ordinary linear head.",
        path=files[0],
    )


_KINDS = {"F32", "F16", "BF16"}


def _places(file: Path) -> dict[str, WeightPlace]:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return {
        name: WeightPlace(
            file=file, offset=8 + length + one["data_offsets"][0], shape=tuple(one["shape"]), kind=one["dtype"]
        )
        for name, one in header.items()
    }


def _encoded(values: NDArray[np.float32], kind: str) -> tuple[bytes, NDArray[np.float32]]:
    """The bytes of `values` in a type of `_KINDS`, and the numbers that they stand for."""
    if kind == "BF16":
        # The upper half of a float32, rounded to the nearest.
        upper = ((np.ascontiguousarray(values, "<f4").view("<u4") + 0x8000) >> 16).astype("<u2")
        return upper.tobytes(), (upper.astype("<u4") << 16).view("<f4").astype(np.float32)
    stored = values.astype("<f4" if kind == "F32" else "<f2")
    return stored.tobytes(), stored.astype(np.float32)
