"""Templates with slots: "{person} sold {thing} to {person2}", filled with words of a scene."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from crossjudge.training.augmentation.clauses import draw_name, pick
from crossjudge.training.augmentation.vocabulary import Domain, verb, vocabulary

_SLOT = re.compile(r"\{([a-z_]+)(\d*)(?::([a-z]+))?\}")
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u(?!n[ia][^n]|s[ei]|t[ei]))")


class Slots:
    """What the slots of one pair stand for: a name keeps its value, and {town} and {town2} are not the same.

    Slots are the plain lists of the vocabulary (`{town}`, `{company}`), `{person}` (a name), `{agent}` and `{group}` of
    the scene, `{year}`, and the `own` lists handed in. `{habit:third}`: the entry begins with a verb, here in its third
    person.
    """

    def __init__(self, rng: random.Random, domain: Domain, own: Mapping[str, Sequence[str]] | None = None) -> None:
        self._rng, self._domain, self._own = rng, domain, own or {}
        self._values: dict[str, str] = {}

    def set(self, **values: str) -> None:
        """Decides some slots by hand."""
        self._values.update(values)

    def fill(self, template: str) -> str:
        """The template with its slots filled; values may have slots too, and "a" becomes "an" before a vowel."""
        while "{" in template:
            template = _SLOT.sub(self._value, template)
        return _A_BEFORE_VOWEL.sub(r"\1n ", template)

    def _value(self, found: re.Match[str]) -> str:
        slot, name, form = f"{found[1]}{found[2]}", found[1], found[3]
        if slot not in self._values:
            value = self._draw(name)
            while self._is_taken(name, value):
                value = self._draw(name)
            self._values[slot] = value
        value = self._values[slot]
        return value if form is None else getattr(verb(value), form)

    def _is_taken(self, name: str, value: str) -> bool:
        """Whether another slot has the value; of people, whether another has the given name."""
        if name != "person":
            return value in self._values.values()
        given = value.split()[0]
        return any(slot.startswith("person") and taken.split()[0] == given for slot, taken in self._values.items())

    def _draw(self, name: str) -> str:
        if name in self._own:
            return pick(self._rng, self._own[name])
        if name == "person":
            return draw_name(self._rng)
        if name == "year":
            return str(1900 + int(self._rng.random() * 125))
        if name in ("agent", "group"):
            return pick(self._rng, self._domain.agents if name == "agent" else self._domain.groups).text
        return pick(self._rng, vocabulary().lists[name])
