"""What the passages say of a claim, one by one -> the outcome, and the least evidence for it and against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossjudge.apps.checking.results import CONTRADICTED, NOT_MENTIONED, SUPPORTED, UNREAD, Evidence
from crossjudge.types import Verdict

FOR, AGAINST = "entailment", "contradiction"


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage, the verdict on a claim by it, and whether it is about enough of the claim to contradict it."""

    passage: Evidence
    verdict: Verdict
    may_contradict: bool = True

    def reaches(self, label: str, threshold: float) -> bool:
        """Whether it is evidence for a claim, or against it."""
        return self.verdict.probabilities[label] >= threshold and (label == FOR or self.may_contradict)

    def margin(self, label: str) -> float:
        """How far one label is above the better of the others, in logits, which do not saturate."""
        logits = self.verdict.logits
        return logits[label] - max(value for other, value in logits.items() if other != label)


@dataclass(frozen=True, slots=True)
class Found:
    """A decision on one claim. `probabilities`: of the passage that decided, or that came nearest to deciding."""

    outcome: str
    probabilities: dict[str, float]
    evidence: Evidence | None
    counter_evidence: Evidence | None


def decide(groups: Sequence[Sequence[Judged]], threshold: float) -> Found:
    """`groups`: all that a claim was judged by, smallest passages first; at least one passage.

    The stronger of support and contradiction decides, contradiction if both are equal. A passage of which something was
    not read, and one that the judge abstains on, decides nothing.
    """
    read = [[one for one in group if not (one.verdict.tokens_dropped or one.verdict.abstained)] for group in groups]
    support, counter = _strongest(read, FOR, threshold), _strongest(read, AGAINST, threshold)
    everything = [one for group in groups for one in group]
    evidence, counter_evidence = _least(read, FOR, threshold), _least(read, AGAINST, threshold)
    if support and evidence and (counter is None or support.margin(FOR) > counter.margin(AGAINST)):
        outcome, decisive = SUPPORTED, evidence
    elif counter_evidence:
        outcome, decisive = CONTRADICTED, counter_evidence
    else:
        unread = any(one.verdict.tokens_dropped for one in everything)
        outcome = UNREAD if unread else NOT_MENTIONED
        decisive = max(everything, key=lambda one: max(one.margin(FOR), one.margin(AGAINST)))
    return Found(
        outcome=outcome,
        probabilities=decisive.verdict.probabilities,
        evidence=evidence.passage if evidence else None,
        counter_evidence=counter_evidence.passage if counter_evidence else None,
    )


def is_supported(groups: Sequence[Sequence[Judged]], threshold: float) -> bool:
    """Whether further passages need not be asked."""
    return decide(groups, threshold).outcome == SUPPORTED


def most_supporting(judged: Sequence[Judged], count: int) -> list[int]:
    """Places of the passages that support a claim most, best first; of equals, the first."""
    return sorted(range(len(judged)), key=lambda place: (-judged[place].margin(FOR), place))[:count]


def _strongest(groups: Sequence[Sequence[Judged]], label: str, threshold: float) -> Judged | None:
    return _best((one for group in groups for one in group), label, threshold)


def _least(groups: Sequence[Sequence[Judged]], label: str, threshold: float) -> Judged | None:
    """The best of the first group that has one."""
    return next((best for group in groups if (best := _best(group, label, threshold))), None)


def _best(judged: Iterable[Judged], label: str, threshold: float) -> Judged | None:
    fit = (one for one in judged if one.reaches(label, threshold))
    return max(fit, key=lambda one: one.margin(label), default=None)
