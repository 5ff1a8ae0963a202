"""Thresholds from labelled texts, for a stated share of false accepts, with the confidence that it holds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossjudge.errors import CorruptFileError, FingerprintError, InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyThreshold:
    """One policy's threshold and what it did on the texts it was fitted on.

    `accepted` of `violating` texts that break the policy passed; `blocked` of `compliant` texts that keep it did not.
    """

    policy: str
    threshold: float
    violating: int
    accepted: int
    compliant: int
    blocked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedThresholds:
    """Thresholds that let pass at most `false_accept_rate` of violating texts, each with `confidence`.

    They hold for texts like those they were fitted on, for the model of that `fingerprint` (and its calibration's
    `temperature`), and for the very words of the policies.
    """

    policies: dict[str, PolicyThreshold]
    false_accept_rate: float
    confidence: float
    fingerprint: str
    temperature: float

    def check(self, policies: Mapping[str, str], *, fingerprint: str, temperature: float) -> None:
        """Raise unless these were fitted for that model and those words."""
        if (fingerprint, temperature) != (self.fingerprint, self.temperature):
            raise FingerprintError(
                f"Applying fitted thresholds: they hold for {self.fingerprint} (temperature {self.temperature:g}) and "
                f"the guardrail runs {fingerprint} (temperature {temperature:g}). Fit them on this model."
            )
        for name, fitted in self.policies.items():
            if policies.get(name) != fitted.policy:
                raise InputError(
                    f"Applying fitted thresholds: that of {name!r} was fitted for {fitted.policy!r}, and the guardrail "
                    f"has {policies.get(name)!r} there. Fit it again for these words, or restore the policy."
                )

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> FittedThresholds:
        """Read what `save` wrote."""
        try:
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            fitted = {name: PolicyThreshold(**fields) for name, fields in content["policies"].items()}
            return cls(**{**content, "policies": fitted})
        except OSError as error:
            raise InputError(
                f"Loading thresholds: {path} cannot be read ({error.strerror}). Name a file that "
                "FittedThresholds.save wrote."
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CorruptFileError(
                f"Loading thresholds from {path}: {error!r}. Expected what FittedThresholds.save writes; fit again.",
                path=path,
            ) from error


def least_threshold(scores: Sequence[float], *, false_accept_rate: float, confidence: float, policy: str) -> float:
    """The lowest threshold that violating texts of these `scores` allow: they are accepted from it on.

    With `confidence`, at most `false_accept_rate` of further such texts reach it, whatever their scores' distribution:
    a one-sided tolerance bound from an order statistic (Wilks 1941). Raises `InputError` for too few texts.
    """
    allowed = accepted_allowed(len(scores), false_accept_rate=false_accept_rate, confidence=confidence)
    if allowed is None:
        needed = math.ceil(math.log(1 - confidence) / math.log(1 - false_accept_rate))
        raise InputError(
            f"Fitting the threshold of {policy!r}: {len(scores)} texts break it; at least {needed} are needed to be "
            f"{confidence:.0%} sure that at most {false_accept_rate:.1%} of such texts pass. Label more, or allow more."
        )
    barred = sorted(scores, reverse=True)[allowed]
    if barred >= 1:
        raise InputError(
            f"Fitting the threshold of {policy!r}: texts that break it score up to {barred:.6f}, so that no threshold "
            "bars them. Word the policy otherwise, or allow more false accepts."
        )
    return math.nextafter(barred, 2.0) if barred >= 0 else 0.0


def accepted_allowed(texts: int, *, false_accept_rate: float, confidence: float) -> int | None:
    """How many of `texts` violating texts may pass so that the rate is shown with confidence; None where none may."""
    allowed, chance = None, 0.0
    for accepted in range(texts):
        # The chance of so few accepts if the rate were just above the allowed one.
        chance += math.exp(
            math.lgamma(texts + 1) - math.lgamma(accepted + 1) - math.lgamma(texts - accepted + 1)
            + accepted * math.log(false_accept_rate) + (texts - accepted) * math.log1p(-false_accept_rate)
        )  # fmt: skip
        if chance > 1 - confidence:
            break
        allowed = accepted
    return allowed
