"""`check_answer`: is what an answer says supported by its sources?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crossjudge.apps.checking.results import ClaimVerdict, Evidence
from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Texts, Told, Tool

Outcome = Literal["supported", "contradicted", "not_mentioned", "unread"]


class CheckArguments(Arguments):
    """An answer and what it should stand on."""

    sources: Texts = Field(
        description="The texts that the answer must stand on, each a passage or a document, word for word."
    )
    answer: Text = Field(description="The answer to check. Each of its sentences is checked as one claim.")


class Passage(Told):
    """A place in the sources."""

    source: int = Field(description="Which of the sources, counted from 0.")
    text: str = Field(description="What stands there.")


class Claim(Told):
    """One sentence of the answer."""

    claim: str
    outcome: Outcome
    probabilities: dict[str, Number] = Field(description="Of entailment, contradiction and neutral; they sum to 1.")
    evidence: list[Passage] = Field(description="The least of the sources that supports the claim; empty if nothing.")
    counter_evidence: list[Passage] = Field(description="The least of them that contradicts it; empty if nothing.")
    look_again: list[str] = Field(
        description="Numbers, dates and names of the claim that are not in the evidence, and doubt that it leaves out."
    )


class CheckTold(Told):
    """The answer, claim by claim."""

    decision: Outcome = Field(description="The gravest outcome of any claim.")
    supported: Number = Field(description="The share of claims that are supported, 0 to 1.")
    claims: list[Claim]


def _check(maker: Maker, given: CheckArguments) -> CheckTold:
    report = maker.claim_checker()(given.sources, given.answer)
    return CheckTold.model_validate(
        {
            "decision": report.decision,
            "supported": report.supported,
            "claims": [_claim(one) for one in report.claims],
        }
    )


def _claim(found: ClaimVerdict) -> dict[str, object]:
    return {
        "claim": found.claim,
        "outcome": found.outcome,
        "probabilities": found.probabilities,
        "evidence": _passages(found.evidence),
        "counter_evidence": _passages(found.counter_evidence),
        "look_again": [f"{flag.kind}: {flag.text}" for flag in found.flags],
    }


def _passages(evidence: Evidence | None) -> list[Passage]:
    if evidence is None:
        return []
    return [Passage(source=evidence.source_index, text=evidence.text), *_passages(evidence.joined_with)]


CHECK = Tool(
    name="check_answer",
    title="Check an answer against its sources",
    description=(
        "Checks whether each sentence of an answer is supported by the sources it should stand on. Use it before you "
        "give an answer that cites documents, tool results or retrieved passages, and to verify what somebody else "
        "wrote. For each claim: supported (a passage of the sources entails it), contradicted (a passage says "
        "otherwise; it is in counter_evidence), or not_mentioned (the sources leave it open, which is not the same as "
        "false). Rewrite or drop claims that are not supported. Write claims so that they can be read alone: pronouns "
        "are not resolved, and arithmetic is not done. It knows nothing but the sources."
    ),
    arguments=CheckArguments,
    told=CheckTold,
    work=_check,
)
