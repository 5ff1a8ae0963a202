"""What an int8 export found out about its graphs, as saved data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from crossjudge.errors import CorruptFileError
from crossjudge.models.parity import EXACT_ENOUGH, Parity


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """How an int8 graph compares with its float32 one. `scales`: the rung that was taken."""

    engine: str
    scales: str
    parity: Parity

    def sentence(self) -> str:
        """For people."""
        one = self.parity
        verdict = "" if one.exact_enough else f", short of {EXACT_ENOUGH:.1%}"
        return (
            f"on {self.engine}, int8 decides as fp32 in {one.agreement:.2%} of {one.n_pairs} held-out pairs (95% "
            f"interval {one.agreement_low:.1%} to {one.agreement_high:.1%}{verdict}); logits drift by "
            f"{one.mean_drift:.3f} on average"
        )


def save_certificates(path: Path, certificates: Sequence[Certificate], *, pairs: int, sha256: str) -> None:
    """Write them as JSON. `pairs`, `sha256`: number and digest of the calibration texts."""
    content = {"pairs": pairs, "sha256_of_texts": sha256, "certificates": [asdict(one) for one in certificates]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_certificates(path: Path) -> list[Certificate]:
    """Read what `save_certificates` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["certificates"]
        return [Certificate(**{**one, "parity": Parity(**one["parity"])}) for one in content]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(
            f"Reading the certificates {path}: {error!r}. Expected what `crossjudge export` writes; export again.",
            path=path,
        ) from error
