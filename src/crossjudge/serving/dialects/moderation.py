"""Which of OpenAI's moderation categories a guardrail's checks amount to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crossjudge.apps.guarding import PolicyCheck, policy_set

POLICY_SETS = ("toxicity", "illegal")
"""The sets that the categories' policies are from."""


@dataclass(frozen=True, slots=True)
class Moderated:
    """`scores`: category -> how likely the text falls under it, 0 to 1. `applies`: category -> whether it does."""

    scores: dict[str, float]
    applies: dict[str, bool]

    @property
    def flagged(self) -> bool:
        """Whether any category applies."""
        return any(self.applies.values())


@dataclass(frozen=True, slots=True)
class Category:
    """`policies` that speak for it; `needs_all`: whether all have to be broken, and not just one."""

    policies: tuple[str, ...]
    needs_all: bool

    def score(self, checks: Mapping[str, PolicyCheck]) -> float:
        """How likely it applies: one less what the deciding policy's compliance is; 0 without policies."""
        broken = [1.0 - checks[policy].score for policy in self.policies]
        return (min if self.needs_all else max)(broken, default=0.0)

    def applies(self, checks: Mapping[str, PolicyCheck]) -> bool:
        """Whether the policies it needs are broken."""
        broken: Iterable[bool] = [not checks[policy].passed for policy in self.policies]
        return bool(self.policies) and (all if self.needs_all else any)(broken)


def policies() -> dict[str, str]:
    """Name -> statement of every policy that a category needs."""
    needed = {name for category in categories().values() for name in category.policies}
    return {name: text for name, text in policy_set(*POLICY_SETS).items() if name in needed}


def moderated(checks: Mapping[str, PolicyCheck]) -> Moderated:
    """Every category, by the checks of `policies()` on one text."""
    return Moderated(
        scores={name: category.score(checks) for name, category in categories().items()},
        applies={name: category.applies(checks) for name, category in categories().items()},
    )


@cache
def categories() -> Mapping[str, Category]:
    """OpenAI's categories, by name."""
    text = resources.files("crossjudge").joinpath("serving", "dialects", "moderation.toml").read_text(encoding="utf-8")
    return {
        name: Category(tuple(one.get("all", one.get("any", ()))), needs_all="all" in one)
        for name, one in tomllib.loads(text).items()
    }


UNBROKEN = Moderated(dict.fromkeys(categories(), 0.0), dict.fromkeys(categories(), False))
"""What a text without a word in it amounts to."""
