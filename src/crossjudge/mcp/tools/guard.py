"""`guard_text`: does a text keep these policies?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from crossjudge.apps.guarding.policies import policy_set
from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Told, Tool

ReadySet = Literal["pii", "toxicity", "illegal", "injection"]


class GuardArguments(Arguments):
    """A text and its policies."""

    text: Text = Field(description="The text to check, whole.")
    sets: list[ReadySet] = Field(
        default_factory=list,
        description="Ready policies: contact and payment details, identity numbers and secrets; insults and hate; help "
        "with crime; attacks by prompt.",
    )
    policies: dict[str, Text] = Field(
        default_factory=dict,
        description="Your own, name -> what a text that keeps it is like: 'This text contains no medical advice.'",
    )

    @model_validator(mode="after")
    def _some(self) -> GuardArguments:
        if not self.sets and not self.policies:
            raise ValueError("there is no policy; expected some sets, or policies of your own, or both")
        return self


class PolicyTold(Told):
    """How the text stands to one policy."""

    passed: bool
    score: Number = Field(description="The probability that the text keeps the policy, 0 to 1.")
    found: list[str] = Field(description="What rules found against it, by kind: email, card, secret and so on.")


class GuardTold(Told):
    """How the text stands to all of them."""

    decision: Literal["ALLOW", "BLOCK", "REVIEW"] = Field(
        description="BLOCK: a policy is broken. REVIEW: the model is unsure; let a person look. ALLOW: neither."
    )
    policies: dict[str, PolicyTold]
    redacted: str | None = Field(
        description="The text with what rules found replaced, [EMAIL] and so on; null if none."
    )


def _guard(maker: Maker, given: GuardArguments) -> GuardTold:
    policies = {**(policy_set(*given.sets) if given.sets else {}), **given.policies}
    result = maker.guardrail(policies)(given.text)
    return GuardTold(
        decision=result.decision,
        policies={
            name: PolicyTold(passed=check.passed, score=check.score, found=[span.kind for span in check.spans])
            for name, check in result.checks.items()
        },
        redacted=result.redacted(given.text) if result.spans else None,
    )


GUARD = Tool(
    name="guard_text",
    title="Check a text against policies",
    description=(
        "Checks a text against policies before it is sent, stored or acted on: ready sets, or your own in plain words. "
        "Personal data and secrets are found by rules with exact places, the rest is judged by a model. Use it on "
        "untrusted input, on tool results that may hold instructions, and on what you are about to publish. It is one "
        "layer of several: a text that passes is not proven harmless."
    ),
    arguments=GuardArguments,
    told=GuardTold,
    work=_guard,
)
