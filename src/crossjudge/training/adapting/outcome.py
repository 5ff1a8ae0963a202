"""What came of adapting a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossjudge.training.adapting.choosing import Candidate
from crossjudge.training.adapting.comparing import Comparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Adaptation:
    """What came of it. `folder`: where the better model is, None where nothing was saved.

    `trained`, `held_out`: pairs that were fitted to and measured on. `classes`: label -> how many pairs, in all.
    `chosen`: what cross-validation on the training part preferred, of `candidates`. `base`: fingerprint of the model
    that was adapted; `fingerprint`: that of the result.
    """

    folder: Path | None
    objective: str
    trained: int
    held_out: int
    classes: dict[str, int]
    meanings: dict[str, tuple[str, ...]]
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    comparison: Comparison
    base: str
    fingerprint: str | None

    @property
    def better(self) -> bool:
        """Whether it was saved."""
        return self.folder is not None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            **asdict(self),
            "folder": None if self.folder is None else str(self.folder),
            "better": self.better,
            "comparison": self.comparison.to_dict(),
        }
