"""The word lists of flags.toml: words of doubt, numbers, the calendar, and words whose capital makes no name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class WordLists:
    """All in lower case. `hedges`: of words and phrases; `calendar`: name -> "month 5"; the rest as flags.toml says."""

    hedges: Sequence[str]
    only_lower_case: frozenset[str]
    no_doubt: Sequence[str]
    titles: frozenset[str]
    function_words: frozenset[str]
    particles: Sequence[str]
    peoples: Mapping[str, str]
    calendar: Mapping[str, str]
    numbers: Mapping[str, int]
    within: Mapping[str, int]
    scales: Mapping[str, int]
    glued: Mapping[str, int]
    spoken: Mapping[str, Sequence[str]]
    fractions: Mapping[str, int]


@cache
def word_lists() -> WordLists:
    """Read once."""
    table = tomllib.loads(resources.files(__package__).joinpath("flags.toml").read_text(encoding="utf-8"))
    groups = {"month": table["months"], "weekday": table["weekdays"]}
    return WordLists(
        hedges=table["hedges"],
        only_lower_case=frozenset(table["only_lower_case"]),
        no_doubt=table["no_doubt"],
        titles=frozenset(table["titles"]),
        function_words=frozenset(table["function_words"]),
        particles=table["particles"],
        peoples={people: land for land, peoples in table["peoples"].items() for people in peoples},
        calendar={
            name: f"{kind} {number}"
            for kind, group in groups.items()
            for number, names in enumerate(group, start=1)
            for name in names
        },
        numbers=table["numbers"],
        within=table["within"],
        scales=table["scales"],
        glued=table["glued"],
        spoken=table["spoken"],
        fractions=table["fractions"],
    )
