"""Which recognisers act on a policy: by its name, or because its text denies what they find."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crossjudge.apps.guarding.recognizers import Recognizer


@dataclass(frozen=True, slots=True)
class Tie:
    """Policies of these names, or whose text denies one of these phrases, are failed by a hit of these kinds."""

    kinds: frozenset[str]
    names: frozenset[str]
    phrases: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Wording:
    """How a policy denies: before a phrase (`denials`) or after it (`absences`), and of what it denies the doing."""

    denials: re.Pattern[str]
    absences: re.Pattern[str]
    containing: re.Pattern[str]
    otherwise: re.Pattern[str]

    def denies(self, policy: str, phrase: re.Match[str]) -> bool:
        """Whether the policy says that the text has no `phrase` in it."""
        after = re.split("[,.;]", policy[phrase.end() :])[0]
        if self.absences.search(after):
            return True
        before = re.split("[.;]", policy[: phrase.start()])[-1]
        denial = _last(self.denials, before)
        if denial is None:
            return False
        said = before[denial.end() :]
        contains, does = _last(self.containing, said), _last(self.otherwise, said)
        return does is None or (contains is not None and contains.start() > does.start())


def tied_kinds(name: str, policy: str, recognizers: Iterable[Recognizer]) -> frozenset[str]:
    """The kinds of `recognizers` whose hits fail the policy; a kind without a tie is tied by its own name."""
    kinds = {recognizer.kind for recognizer in recognizers}
    ties = [*_ties(), *(_own_tie(kind) for kind in kinds - _known_kinds())]
    called = _plain(name)
    tied = [tie.kinds for tie in ties if called in tie.names or _denied(policy, tie.phrases)]
    return frozenset().union(*tied) & kinds


def _denied(policy: str, phrases: re.Pattern[str]) -> bool:
    return any(_wording().denies(policy, match) for match in phrases.finditer(policy))


def _own_tie(kind: str) -> Tie:
    spoken = _plain(kind)
    return Tie(frozenset({kind}), frozenset({spoken, f"no {spoken}"}), _any_of([spoken]))


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold()))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    spelled = [r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", phrase))) for phrase in phrases]
    return re.compile(rf"\b(?:{'|'.join(spelled)})(?:e?s)?\b", re.IGNORECASE)


@cache
def _data() -> dict[str, Any]:
    text = resources.files("crossjudge").joinpath("apps", "guarding", "ties.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _ties() -> tuple[Tie, ...]:
    return tuple(
        Tie(frozenset(one["kinds"]), frozenset(map(_plain, one["names"])), _any_of(one["phrases"]))
        for one in _data()["tie"]
    )


def _known_kinds() -> frozenset[str]:
    return frozenset().union(*(tie.kinds for tie in _ties()))


@cache
def _wording() -> Wording:
    names = ("denials", "absences", "containing", "otherwise")
    return Wording(**{name: re.compile(_data()[name], re.IGNORECASE) for name in names})
