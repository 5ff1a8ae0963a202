"""Guarding: policies that a text keeps or breaks, and recognisers for what patterns see better than a model."""

from __future__ import annotations

from crossjudge.apps.guarding.fitting import FittedThresholds, PolicyThreshold
from crossjudge.apps.guarding.guardrail import Guardrail, GuardrailResult, PolicyCheck
from crossjudge.apps.guarding.phone_library import phone_recognizer
from crossjudge.apps.guarding.policies import policy_set, policy_set_names
from crossjudge.apps.guarding.recognizers import Found, Recognizer, default_recognizers, recognize
from crossjudge.apps.guarding.redaction import redact

__all__ = [
    "FittedThresholds",
    "Found",
    "Guardrail",
    "GuardrailResult",
    "PolicyCheck",
    "PolicyThreshold",
    "Recognizer",
    "default_recognizers",
    "phone_recognizer",
    "policy_set",
    "policy_set_names",
    "recognize",
    "redact",
]
