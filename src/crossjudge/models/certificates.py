"""What an int8 export found out about its graphs, as saved data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossjudge.errors import CorruptFileError
from crossjudge.models.parity import EXACT_ENOUGH, Parity
from crossjudge.models.vector_parity import NEAR_ENOUGH, VectorParity


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """How an int8 graph compares with its float32 one, on texts that nothing was fitted to.

    `engine`: "onnx" or "openvino". `layers`: how many linear layers are "static", "row", "fine" or "keep".
    """

    engine: str
    layers: Mapping[str, int]
    parity: Parity | VectorParity

    @property
    def exact_enough(self) -> bool:
        """Whether it may be chosen unasked."""
        return self.parity.exact_enough

    def sentence(self) -> str:
        """For people."""
        one = self.parity
        if isinstance(one, VectorParity):
            short = "" if one.exact_enough else f", short of {NEAR_ENOUGH}"
            return (
                f"on {self.engine}, int8 vectors of {one.n_texts} held-out texts have a mean cosine of "
                f"{one.mean_cosine:.4f} with fp32's (lowest {one.lowest_cosine:.3f}{short}); {self._scales()}"
            )
        short = "" if one.exact_enough else f", short of {EXACT_ENOUGH:.1%}"
        return (
            f"on {self.engine}, int8 decides as fp32 in {one.agreement:.2%} of {one.n_pairs} held-out pairs (95% "
            f"interval {one.agreement_low:.1%} to {one.agreement_high:.1%}{short}); logits drift by "
            f"{one.mean_drift:.3f} on average and {one.max_drift:.2f} at most; {self._scales()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `kind` says which parity it is."""
        kind = "vectors" if isinstance(self.parity, VectorParity) else "logits"
        return {**asdict(self), "kind": kind, "exact_enough": self.exact_enough}

    def _scales(self) -> str:
        words = {
            "static": "with one scale",
            "row": "with a scale per token",
            "fine": "with two digits",
            "keep": "in float",
        }
        return "layers: " + ", ".join(f"{self.layers[one]} {words[one]}" for one in words if self.layers.get(one))


_KINDS: dict[str, type[Parity] | type[VectorParity]] = {"logits": Parity, "vectors": VectorParity}


def save_certificates(path: Path, certificates: Sequence[Certificate], *, calibration: Mapping[str, Any]) -> None:
    """Write them as JSON, with what is said of the calibration texts."""
    content = {"calibration": dict(calibration), "certificates": [one.to_dict() for one in certificates]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_certificates(path: Path) -> list[Certificate]:
    """Read what `save_certificates` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["certificates"]
        return [
            Certificate(engine=one["engine"], layers=one["layers"], parity=_KINDS[one["kind"]](**one["parity"]))
            for one in content
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(
            f"Reading the certificates {path}: {error!r}. Expected what `crossjudge export` writes; export again.",
            path=path,
        ) from error
