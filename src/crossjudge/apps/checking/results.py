"""What checking an answer gives: a verdict on each claim, where its evidence stands, and what caught the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.apps.base import Result

SUPPORTED, CONTRADICTED, NOT_MENTIONED, UNREAD = "supported", "contradicted", "not_mentioned", "unread"

OUTCOMES = (CONTRADICTED, UNREAD, NOT_MENTIONED, SUPPORTED)
"""Every outcome of a claim, gravest first: an answer is as good as its worst claim."""

NUMBER, DATE, NAME, OVERSTATED = "number", "date", "name", "overstated"


@dataclass(frozen=True, slots=True)
class Evidence(Result):
    """Characters `start` to `end` of one source, and `text`, which is what stands there.

    `joined_with`: a second place, further on in this source or in a later one, without which the first is not enough.
    """

    source_index: int
    start: int
    end: int
    text: str
    joined_with: Evidence | None = None

    @property
    def premise(self) -> str:
        """What the claim was judged by."""
        return " ".join(part.text for part in self.parts)

    @property
    def parts(self) -> tuple[Evidence, ...]:
        """This place, and those it is joined with."""
        return (self, *(self.joined_with.parts if self.joined_with else ()))


@dataclass(frozen=True, slots=True)
class Flag(Result):
    """Characters `start` to `end` of a claim that deserve a second look; it never changes an outcome.

    `kind`: "number" or "date": it stands nowhere in the evidence; "name": it stands nowhere in the sources that the
    evidence is from; any of the three, where there is no evidence: it stands in no source at all; "overstated": the
    whole claim is definite where its source hedges, and `text` is the word of the source that does.
    """

    kind: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ClaimVerdict(Result):
    """One claim, characters `start` to `end` of the answer.

    `probabilities`: of entailment, contradiction and neutral, by the passage that decided. `evidence` is the least that
    supports the claim, `counter_evidence` the least that contradicts it; None where nothing reaches the threshold.
    """

    claim: str
    start: int
    end: int
    outcome: str
    probabilities: dict[str, float]
    evidence: Evidence | None
    counter_evidence: Evidence | None
    flags: list[Flag]


@dataclass(frozen=True, slots=True)
class CheckReport(Result):
    """Verdicts on all claims in order. `supported`: their share, 0 to 1. `decision`: the gravest outcome among them."""

    claims: list[ClaimVerdict]
    supported: float
    decision: str


def report_of(claims: Sequence[ClaimVerdict]) -> CheckReport:
    """At least one claim -> the report on their answer."""
    found = [claim.outcome for claim in claims]
    return CheckReport(
        claims=list(claims),
        supported=found.count(SUPPORTED) / len(found),
        decision=min(found, key=OUTCOMES.index),
    )
