"""`Guardrail`: does a text keep a set of policies, to be allowed, blocked or looked at by a person?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from crossjudge.apps.base import (
    Model,
    Progress,
    Question,
    Result,
    as_judge,
    ask,
    checked_mapping,
    checked_probability,
    checked_text,
    refuse_one_text,
    seen,
)
from crossjudge.apps.guarding.fitting import FittedThresholds, PolicyThreshold, least_threshold
from crossjudge.apps.guarding.policies import policy_set_names
from crossjudge.apps.guarding.recognizers import Found, Recognizer, default_recognizers, recognize
from crossjudge.apps.guarding.redaction import redact
from crossjudge.apps.guarding.ties import tied_kinds
from crossjudge.apps.pieces import pieces
from crossjudge.errors import InputError
from crossjudge.models.boxed import JOINT_NAME
from crossjudge.types import Verdict

DOING = "Guarding a text"
_MAKING = "Making a guardrail"
DEFAULT_THRESHOLD = 0.5
_SPECIAL_TOKENS = 8
"""Kept free beside text and policy; no template has more."""

Decision: TypeAlias = Literal["ALLOW", "BLOCK", "REVIEW"]

Thresholds: TypeAlias = float | Mapping[str, float] | FittedThresholds | None


@dataclass(frozen=True, slots=True)
class PolicyCheck(Result):
    """How a text stands to one policy.

    `score`: the probability that the text keeps it, 0 to 1; of a text in several pieces, the piece's that keeps it
    least. `passed`: the score reaches the threshold, and no recogniser tied to the policy found anything. `spans`: what
    those found. `abstained`: the judge does not stand by its verdict. `tokens_dropped`: tokens that were not read.
    """

    score: float
    passed: bool
    spans: tuple[Found, ...] = ()
    abstained: bool = False
    tokens_dropped: int = 0


@dataclass(frozen=True, slots=True)
class GuardrailResult(Result):
    """`checks` by policy; `overall`: the mean of their scores.

    `decision`: BLOCK if any policy is failed, else REVIEW if any verdict was abstained from or a part of the text was
    not read, else ALLOW.
    """

    checks: dict[str, PolicyCheck]
    overall: float
    decision: Decision

    @property
    def spans(self) -> tuple[Found, ...]:
        """Everything the recognisers found against any policy, in the order of the text."""
        found = {span for check in self.checks.values() for span in check.spans}
        return tuple(sorted(found, key=lambda span: (span.start, span.end, span.kind)))

    def redacted(self, text: str) -> str:
        """`text`, which must be the one that was checked, with `[EMAIL]`, `[CARD]` and so on in place of `spans`."""
        return redact(text, self.spans)


class Guardrail:
    """Checks texts against policies; each policy states what a text that keeps it is like.

    `policies`: name -> statement ("This text contains no insults."). `thresholds`: the score from which a policy is
    passed, 0.5 by default: one number, one by name, or what `fit_thresholds` gave. `recognizers`: "default", a list of
    your own, or None; a hit fails the policies that forbid it (`ties.toml` says which those are). `model`: a name, a
    `CrossEncoder`, a `Judge`, or None for `unnamed_model`.

    A text too long for the model is read in overlapping pieces, and the piece that keeps a policy least decides.
    """

    unnamed_model: ClassVar[str] = JOINT_NAME

    def __init__(
        self,
        policies: Mapping[str, str],
        *,
        thresholds: Thresholds = None,
        model: Model = None,
        recognizers: str | Sequence[Recognizer] | None = "default",
    ) -> None:
        self.policies = checked_policies(policies)
        self.recognizers = _recognizers(recognizers)
        self.kinds = {name: tied_kinds(name, text, self.recognizers) for name, text in self.policies.items()}
        self.judge = as_judge(model, unnamed=self.unnamed_model)
        self._room = self._room_for_text()
        if isinstance(thresholds, FittedThresholds):
            thresholds.check(self.policies, fingerprint=self.judge.model.fingerprint, temperature=self._temperature)
        self.thresholds = checked_thresholds(thresholds, self.policies)

    def __call__(self, text: str) -> GuardrailResult:
        """How one text stands to every policy."""
        return self.batch([text])[0]

    def batch(self, texts: Iterable[str], *, progress: Progress | None = None) -> list[GuardrailResult]:
        """The same for many, in their order."""
        refuse_one_text(texts, doing=DOING, what="texts", itself="guardrail")
        given = [checked_text(text, doing=DOING, what="the text", index=n) for n, text in enumerate(texts)]
        answers = ask(self.judge, [self._questions(text) for text in given], progress=progress)
        return [self._result(text, verdicts) for text, verdicts in zip(given, answers, strict=True)]

    def fit_thresholds(
        self,
        examples: Iterable[tuple[str, Mapping[str, bool]]],
        *,
        false_accept_rate: float = 0.05,
        confidence: float = 0.95,
        progress: Progress | None = None,
    ) -> FittedThresholds:
        """The lowest threshold of each policy that lets pass at most this rate of violating texts, with confidence.

        `examples`: texts, each with what is known of it: policy -> whether the text keeps it. Policies that no text is
        labelled for keep their thresholds. Raises `InputError` where too few texts break a policy: 59 are needed for 5%
        with 95% confidence.
        """
        labelled = [self._checked_example(example, n) for n, example in enumerate(examples)]
        for value, what in ((false_accept_rate, "the false-accept rate"), (confidence, "the confidence")):
            if not 0 < checked_probability(value, doing="Fitting thresholds", what=what) < 1:
                raise InputError(f"Fitting thresholds: {what} is {value}; expected a number between 0 and 1.")
        results = self.batch([text for text, _ in labelled], progress=progress)
        fitted = {}
        for name, policy in self.policies.items():
            kept = {True: list[float](), False: list[float]()}
            for (_, labels), result in zip(labelled, results, strict=True):
                if name in labels:
                    # What a recogniser catches never passes, whatever the threshold.
                    check = result.checks[name]
                    kept[labels[name]].append(-1.0 if check.spans else check.score)
            if kept[True] or kept[False]:
                threshold = least_threshold(
                    kept[False], false_accept_rate=false_accept_rate, confidence=confidence, policy=name
                )
                fitted[name] = _fitted(policy, threshold, violating=kept[False], compliant=kept[True])
        return FittedThresholds(
            policies=fitted,
            false_accept_rate=false_accept_rate,
            confidence=confidence,
            fingerprint=self.judge.model.fingerprint,
            temperature=self._temperature,
        )

    @property
    def _temperature(self) -> float:
        return self.judge.calibration.temperature if self.judge.calibration else 1.0

    def _questions(self, text: str) -> list[Question]:
        """Every piece with every policy, piece by piece."""
        found = pieces(text, room=self._room, count=self.judge.model.tokenizer.count)
        return [(piece, policy) for piece in found for policy in self.policies.values()]

    def _room_for_text(self) -> int:
        """Tokens of text that can be read beside the longest policy."""
        longest = max(map(self.judge.model.tokenizer.count, self.policies.values()))
        return max(1, self.judge.model.max_length - longest - _SPECIAL_TOKENS)

    def _result(self, text: str, verdicts: Sequence[Verdict]) -> GuardrailResult:
        found = recognize(text, self.recognizers)
        step = len(self.policies)
        checks = {name: self._check(name, verdicts[place::step], found) for place, name in enumerate(self.policies)}
        overall = sum(check.score for check in checks.values()) / len(checks)
        return GuardrailResult(checks, overall, _decision(checks.values()))

    def _check(self, name: str, verdicts: Sequence[Verdict], found: Sequence[Found]) -> PolicyCheck:
        """`verdicts`: of each piece of the text."""
        score = min(verdict.probabilities["entailment"] for verdict in verdicts)
        spans = tuple(span for span in found if span.kind in self.kinds[name])
        return PolicyCheck(
            score=score,
            passed=score >= self.thresholds[name] and not spans,
            spans=spans,
            abstained=any(verdict.abstained for verdict in verdicts),
            tokens_dropped=sum(verdict.tokens_dropped for verdict in verdicts),
        )

    def _checked_example(self, example: Any, index: int) -> tuple[str, Mapping[str, bool]]:
        if isinstance(example, str) or not isinstance(example, Sequence) or len(example) != 2:
            raise InputError(
                f"Fitting thresholds: example {index} is {seen(example)}; expected a text and a mapping from policies "
                "to whether the text keeps them. Pair them up."
            )
        text, labels = example
        if isinstance(labels, Mapping) and all(
            name in self.policies and isinstance(keeps, (bool, np.bool_)) for name, keeps in labels.items()
        ):
            return text, {name: bool(keeps) for name, keeps in labels.items()}
        raise InputError(
            f"Fitting thresholds: example {index} is labelled {seen(labels)}; expected a mapping from some of the "
            f"policies ({', '.join(self.policies)}) to True, where the text keeps them, or False. Correct it."
        )


def checked_policies(policies: Any) -> dict[str, str]:
    """Name -> statement; raises `InputError`."""
    if isinstance(policies, str) and policies in policy_set_names():
        raise InputError(
            f"{_MAKING}: got {policies!r}, the name of a ready set; expected policies. Pass policy_set({policies!r}), "
            "which is in crossjudge.apps.guarding."
        )
    checked = checked_mapping(policies, doing=_MAKING, what="policy", meaning="statement")
    if not checked:
        raise InputError(f"{_MAKING}: got no policy; expected at least one. State what a text must be like.")
    return checked


def checked_thresholds(given: Thresholds, policies: Mapping[str, str]) -> dict[str, float]:
    """The threshold of every policy; raises `InputError`. Whose model fitted ones are of is for the caller to check."""
    if isinstance(given, FittedThresholds):
        given = {name: one.threshold for name, one in given.policies.items()}
    if given is None or not isinstance(given, Mapping):
        given = dict.fromkeys(policies, DEFAULT_THRESHOLD if given is None else given)
    unknown = [name for name in given if name not in policies]
    if unknown:
        raise InputError(
            f"{_MAKING}: a threshold is stated for {unknown[0]!r}; the policies are {', '.join(policies)}. Name one of "
            "them."
        )
    return {
        name: checked_probability(given.get(name, DEFAULT_THRESHOLD), doing=_MAKING, what=f"the threshold of {name!r}")
        for name in policies
    }


def _decision(checks: Iterable[PolicyCheck]) -> Decision:
    checked = list(checks)
    if not all(check.passed for check in checked):
        return "BLOCK"
    # What was not read may hold anything: it is never called safe.
    return "REVIEW" if any(check.abstained or check.tokens_dropped for check in checked) else "ALLOW"


def _recognizers(given: str | Sequence[Recognizer] | None) -> tuple[Recognizer, ...]:
    if given is None:
        return ()
    if given == "default":
        return default_recognizers()
    if isinstance(given, str) or not all(isinstance(one, Recognizer) for one in given):
        raise InputError(
            f"Making a guardrail: recognizers is {seen(given)}; expected 'default', None or a list of Recognizer. "
            "Choose one."
        )
    return tuple(given)


def _fitted(
    policy: str, threshold: float, *, violating: Sequence[float], compliant: Sequence[float]
) -> PolicyThreshold:
    return PolicyThreshold(
        policy=policy,
        threshold=threshold,
        violating=len(violating),
        accepted=sum(score >= threshold for score in violating),
        compliant=len(compliant),
        blocked=sum(score < threshold for score in compliant),
    )
