"""Differences that no wording explains: two texts that each state a number, date or name which the other lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crossjudge.apps.base import seen
from crossjudge.apps.checking.figures import Figures, figures_of
from crossjudge.apps.checking.names import missing_names
from crossjudge.errors import InputError

FIGURES = "figures"
NAMES = "names"
KINDS = (FIGURES, NAMES)

_CODE = re.compile(r"\b[^\W\d_]+\d\w*(?:\.\w+)*")
"""Letters, then digits: "A320", "Q3", "v1.2"."""


class Differences:
    """Compares what texts state. `kinds`: "figures" (numbers, dates, codes such as A320), "names", both or none.

    A number is the same in figures and in words. A text that merely says more (a number where the other has none) does
    not differ by this rule; what that means is left to the model.
    """

    def __init__(self, texts: Sequence[str], kinds: Collection[str]) -> None:
        self._texts = texts
        self._names = NAMES in kinds
        self._stated = [_Stated.by(text) for text in texts] if FIGURES in kinds else None

    def __call__(self, first: int, second: int) -> bool:
        """Whether two of the texts, by their places, each state something of a kind that the other lacks."""
        if self._stated is not None:
            one, other = self._stated[first], self._stated[second]
            if one.has_beyond(other) and other.has_beyond(one):
                return True
        return self._names and self._names_differ(self._texts[first], self._texts[second])

    def _names_differ(self, one: str, other: str) -> bool:
        return _has_other_names(one, other) and _has_other_names(other, one)


@dataclass(frozen=True, slots=True)
class _Stated:
    """The numbers, months and weekdays of a text, and its codes in lower case."""

    figures: Figures
    codes: frozenset[str]

    @staticmethod
    def by(text: str) -> _Stated:
        return _Stated(figures_of(text), frozenset(found.group().casefold() for found in _CODE.finditer(text)))

    def has_beyond(self, other: _Stated) -> bool:
        """Whether it states something of them that `other` does not."""
        return bool(self.codes - other.codes) or bool(self.figures.beyond(other.figures))


def checked_kinds(kinds: Collection[str], *, doing: str) -> tuple[str, ...]:
    """`kinds` if each of them is known; else `InputError`."""
    if isinstance(kinds, str) or not set(kinds) <= {*KINDS}:
        raise InputError(
            f"{doing}: apart_by is {seen(kinds)}; expected some of {', '.join(KINDS)} as a tuple, or () for none."
        )
    return tuple(kinds)


def _has_other_names(text: str, other: str) -> bool:
    return bool(missing_names(text, other))
