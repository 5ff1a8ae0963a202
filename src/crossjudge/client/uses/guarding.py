"""Texts held against policies, asked of `POST /v1/guard`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossjudge.apps.base import Progress, checked_text, seen
from crossjudge.apps.guarding.fitting import FittedThresholds
from crossjudge.apps.guarding.guardrail import DOING, GuardrailResult, Thresholds, checked_policies, checked_thresholds
from crossjudge.client.errands import Errand, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange
from crossjudge.errors import InputError


class Guarding:
    """Asks as `Guardrail` does. Fitted thresholds are held against the fingerprint of the model that answers."""

    def __init__(
        self,
        server: Server,
        policies: Mapping[str, str],
        *,
        thresholds: Thresholds = None,
        recognizers: str | None = "default",
        model: str | None = None,
    ) -> None:
        self.policies = checked_policies(policies)
        fitted = thresholds if isinstance(thresholds, FittedThresholds) else None
        if fitted is not None:
            fitted.check(self.policies, fingerprint=fitted.fingerprint, temperature=fitted.temperature)
        self._server = server
        self._errand: Errand[str, GuardrailResult] = Errand(
            doing=DOING,
            path="/v1/guard",
            many="texts",
            settings={
                "model": model,
                "policies": self.policies,
                "thresholds": checked_thresholds(thresholds, self.policies),
                **_stated(recognizers),
            },
            plain=lambda text, index: checked_text(text, doing=DOING, what="the text", index=index),
            pairs=lambda text: len(self.policies) * windows(text),
            result=GuardrailResult,
            fitted_for=fitted.fingerprint if fitted else None,
        )

    def batch(self, texts: Iterable[str], progress: Progress | None = None) -> Exchange[list[GuardrailResult]]:
        """How each text stands to every policy."""
        return batch(self._server, self._errand, texts, progress)


def _stated(recognizers: str | None) -> dict[str, str | None]:
    if recognizers in (None, "default"):
        return {"recognizers": recognizers}
    raise InputError(
        f"Making a guardrail: recognizers is {seen(recognizers)}; expected 'default' or None, since a server has no "
        "others. For recognizers of your own, guard here: Guardrail(policies, recognizers=...)."
    )
