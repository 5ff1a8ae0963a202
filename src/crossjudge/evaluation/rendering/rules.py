"""When a figure is good, bad or neither: the bounds of `rules.toml`, applied to rates with their intervals."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crossjudge.evaluation.results import Rate

ALONE, HELPS, WEAK, FEW = "alone", "helps", "weak", "few"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The bounds; `rules.toml` says what each means."""

    alone: float
    helps: float
    few: int
    fails: float
    holds: float
    most: float
    kept: float

    def strength(self, *shares: Rate) -> str:
        """How far a model with these shares of right answers may be trusted: `ALONE`, `HELPS` or `WEAK`.

        `FEW` where there are too few pairs to say.
        """
        if all(share.low >= self.alone for share in shares):
            return ALONE
        if any(share.n < self.few for share in shares) and all(share.high >= self.helps for share in shares):
            return FEW
        return HELPS if all(share.value >= self.helps for share in shares) else WEAK

    def is_failing(self, failure: Rate) -> bool:
        """Whether this share of wrong answers is surely too high."""
        return failure.low > self.fails

    def is_holding(self, failure: Rate) -> bool:
        """Whether this share of wrong answers is small."""
        return failure.value <= self.holds


def opposite(found: Rate) -> Rate:
    """The share of the others: kept -> lost."""
    return Rate(value=1 - found.value, low=1 - found.high, high=1 - found.low, count=found.n - found.count, n=found.n)


def overlap(one: Rate, other: Rate) -> bool:
    """Whether the intervals of two rates have a point in common."""
    return one.low <= other.high and other.low <= one.high


@cache
def rules() -> Rules:
    """The rules as shipped."""
    table = tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))
    return Rules(**table["decides"], **table["category"], **table["explorer"])
