"""The public names, each resolved when it is first used: `import crossjudge` loads no other package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossjudge.judge import Judge
    from crossjudge.models.bi_encoder import BiEncoder
    from crossjudge.models.cross_encoder import CrossEncoder
    from crossjudge.types import Verdict

__all__ = ["BiEncoder", "CrossEncoder", "Judge", "Verdict", "__version__"]

__version__ = "0.1.0"

_HOMES = {
    "BiEncoder": "crossjudge.models.bi_encoder",
    "CrossEncoder": "crossjudge.models.cross_encoder",
    "Judge": "crossjudge.judge",
    "Verdict": "crossjudge.types",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    """Import a public name from its home, once (PEP 562)."""
    if name not in _HOMES:
        names = ", ".join(__all__)
        raise AttributeError(f"module 'crossjudge' has no attribute {name!r}; its public names are {names}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What a user may type after `crossjudge.`, resolved or not."""
    return sorted({*globals(), *__all__})
