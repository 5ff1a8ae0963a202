"""Contrasts written down with slots in `words/*.toml`: "{person} came alone != {person} came with a friend"."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.contexts import CONTRADICTS, ENTAILS, NEUTRAL, Contrast
from crossjudge.training.augmentation.slots import Slots
from crossjudge.training.augmentation.vocabulary import Domain, words_table

_RELATIONS: Mapping[str, tuple[str, str | None, bool | None]] = {
    "==": (ENTAILS, ENTAILS, True),
    "!=": (CONTRADICTS, CONTRADICTS, False),
    "~~": (NEUTRAL, NEUTRAL, False),
    "=>": (ENTAILS, NEUTRAL, False),
    "=>?": (ENTAILS, None, None),
    "<=>": (ENTAILS, ENTAILS, None),
}
"""Sign between two texts -> label forward, label backward (None: never shown that way), duplicate."""
_HEDGED = re.compile(r"\b(?:if|unless|says that|said that|reported that)\b")
"""A condition or a report: the family of hedging calls these hedged, so that no other may call them certain."""


@dataclass(frozen=True, slots=True)
class WrittenContrast:
    """Two templates and the sign between them; `kind`: the section of the table that it stands in."""

    kind: str
    first: str
    second: str
    sign: str

    def filled(self, slots: Slots) -> Contrast:
        """The contrast with one value for each slot."""
        forward, backward, duplicate = _RELATIONS[self.sign]
        definite = not _HEDGED.search(f"{self.first} {self.second}")
        return Contrast(
            self.kind, slots.fill(self.first), slots.fill(self.second), forward, backward, duplicate, definite
        )


@cache
def written_contrasts(table: str) -> tuple[WrittenContrast, ...]:
    """All contrasts of `words/TABLE.toml`, section by section."""
    sections = words_table(table)["contrasts"]
    return tuple(_parsed(kind, line) for kind, lines in sections.items() for line in lines)


def draw_written(rng: random.Random, table: str, domain: Domain) -> Contrast:
    """One of the contrasts of a table, filled; a section is as likely as another, whatever its length."""
    sections = _sections(table)
    written = pick(rng, pick(rng, sections))
    return written.filled(Slots(rng, domain, word_lists(table)))


@cache
def word_lists(table: str) -> Mapping[str, Sequence[str]]:
    """The lists of a table, name -> entries; a range "2..60" stands for its numbers."""
    return {name: _entries(entries) for name, entries in words_table(table).get("lists", {}).items()}


@cache
def _sections(table: str) -> tuple[tuple[WrittenContrast, ...], ...]:
    kinds: dict[str, list[WrittenContrast]] = {}
    for written in written_contrasts(table):
        kinds.setdefault(written.kind, []).append(written)
    return tuple(tuple(section) for section in kinds.values())


def _entries(entries: Sequence[str] | str) -> Sequence[str]:
    if not isinstance(entries, str):
        return tuple(entries)
    first, last = entries.split("..")
    return tuple(str(number) for number in range(int(first), int(last) + 1))


def _parsed(kind: str, line: str) -> WrittenContrast:
    first, sign, second = re.split(r" (==|!=|~~|=>\?|<=>|=>) ", line)
    return WrittenContrast(kind, first, second, sign)
