"""The models that come in the box: their names and their folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossjudge.models.registry import find_card

EMBEDDED_NAME = "embedded"
"""The model that answers where none is named."""
JOINT_NAME = "embedded-joint"
"""The one that answers instead in guarding and in uses that must know of whom a text says what; it reads both texts
together."""

SMALL_NAME = "embedded-xs"
"""Half of the embedded model's layers, for who asks for it; nothing takes it unasked."""

_MODELS = Path(__file__).parent

BOXED: Mapping[str, Path] = {
    EMBEDDED_NAME: _MODELS / "embedded",
    JOINT_NAME: _MODELS / "embedded_joint",
    SMALL_NAME: _MODELS / "embedded_xs",
}
"""Name -> folder."""

EMBEDDED = BOXED[EMBEDDED_NAME]


def joint_runs(*, backend: str = "auto", precision: str | None = None, device: str | None = None) -> bool:
    """Whether `embedded-joint`, one int8 graph for ONNX Runtime, runs so; if not, the embedded one answers."""
    return backend in ("auto", "onnx", "fake") and precision in (None, "int8", "auto") and device in (None, "cpu")


def boxed_name(path: str | Path) -> str | None:
    """The model in the box that `path` names, in any case or by an alias; None for all else.

    A folder that happens to be called so is that folder.
    """
    card = None if Path(path).is_dir() else find_card(str(path))
    return card.name if card is not None and card.name in BOXED else None
