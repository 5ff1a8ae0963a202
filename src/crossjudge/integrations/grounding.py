"""How far an answer stands on its sources, as a score and in words, where answer and sources may also be blank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossjudge.apps.checking.results import CONTRADICTED, SUPPORTED, UNREAD, CheckReport, ClaimVerdict
from crossjudge.integrations.uses import Checks

NO_ANSWER = "The answer is blank."
NO_SOURCES = "There are no sources that could support the answer."

_SAID = {CONTRADICTED: "contradicted", UNREAD: "not read to its end"}


@dataclass(frozen=True, slots=True)
class Grounding:
    """`score`: the share of claims that the sources support, 0 to 1. `report`: None where there was nothing to check.

    `feedback`: the same in words, for people and for the language model that wrote the answer.
    """

    score: float
    report: CheckReport | None
    feedback: str


def groundings(checks: Checks, inputs: Sequence[tuple[Sequence[str | None], str | None]]) -> list[Grounding]:
    """One for each (sources, answer), in order, all checked together.

    Blank sources are left out. Where nothing is left, or the answer is blank, nothing is supported.
    """
    read = [([text for text in sources if text and text.strip()], (answer or "").strip()) for sources, answer in inputs]
    reports = iter(checks.batch([(sources, answer) for sources, answer in read if sources and answer]))
    return [
        _of_report(next(reports)) if sources and answer else Grounding(0.0, None, NO_SOURCES if answer else NO_ANSWER)
        for sources, answer in read
    ]


def _of_report(report: CheckReport) -> Grounding:
    supported = sum(claim.outcome == SUPPORTED for claim in report.claims)
    head = f"{supported} of {len(report.claims)} claims supported by the sources."
    return Grounding(report.supported, report, "\n".join([head, *_doubts(report)]))


def _doubts(report: CheckReport) -> Iterator[str]:
    """A line on each claim that is not supported, with what the sources say against it."""
    for claim in report.claims:
        if claim.outcome != SUPPORTED:
            yield f"{_SAID.get(claim.outcome, 'not mentioned')}: {claim.claim}{_against(claim)}"


def _against(claim: ClaimVerdict) -> str:
    counter = claim.counter_evidence
    return "" if counter is None else f" (the sources say: {counter.premise})"
