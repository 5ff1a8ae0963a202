"""Messages put together from parts, with what each certainly shows, may show and does not show."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made_values import filled, slot_names
from crossjudge.training.augmentation.vocabulary import words_table

FIELD_PARTS = ("statement", "question", "request", "complaint", "praise")
_DIGIT = re.compile(r"\d")
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve half hundred thousand double twice first second "
    "third once single"
)
_NUMBER_WORD = re.compile(rf"\b(?:{_NUMBER_WORDS.replace(' ', '|')})s?\b", re.I)
_COARSE_WORDS = "fuck shit damn hell crap idiot stupid kill rape rapist nazi porn sex murder bitch bastard slave whore"
COARSE = re.compile(rf"\b(?:{_COARSE_WORDS.replace(' ', '|')})\w*\b", re.I)
"""Words for whose sake a real sentence is left out: whether it breaks a policy cannot be told by rule."""
_LOOSE = (
    (0.3, ("statement",)),
    (0.42, ("statement", "statement")),
    (0.5, ("question",)),
    (0.58, ("request",)),
    (0.64, ("complaint",)),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A text. `yes`: properties it certainly has; `maybe`: a careful reader could say either; all others it has not.

    `fields`: the fields of life that its parts are about, by name; `whole_field`: every part is about them.
    """

    text: str
    yes: frozenset[str]
    maybe: frozenset[str]
    fields: frozenset[str]
    whole_field: bool

    def shows(self, prop: str) -> bool | None:
        """True or False, or None where it is open to debate."""
        return None if prop in self.maybe and prop not in self.yes else prop in self.yes


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    text: str
    yes: frozenset[str]
    maybe: frozenset[str]
    field: str | None


def fields() -> Sequence[Mapping[str, Any]]:
    """The fields of life: name, topics, near, things, and sentences of each kind."""
    entries: Sequence[Mapping[str, Any]] = words_table("applications_domains")["domain"]
    return entries


def field_named(name: str) -> Mapping[str, Any]:
    """One field by its name."""
    return next(field for field in fields() if field["name"] == name)


def far_field(rng: random.Random, names: frozenset[str]) -> Mapping[str, Any]:
    """A field that is none of `names` and near none of them."""
    while True:
        other = pick(rng, fields())
        near = {near for name in names for near in field_named(name)["near"]} | {*other["near"]}
        if other["name"] not in names | near and not names & set(other["near"]):
            return other


def message_with(rng: random.Random, kinds: Sequence[str], sentences: Sequence[str] = ()) -> Message:
    """A message whose parts are of these kinds, in order, between a greeting and a closing now and then."""
    field = pick(rng, fields())
    parts = [_part(rng, kind, field, sentences) for kind in kinds]
    if rng.random() < 0.25:
        parts.insert(0, _part(rng, "greeting", field, ()))
    if rng.random() < 0.2:
        parts.append(_part(rng, pick(rng, ("closing", "thanks_closing")), field, ()))
    message = _message(parts, "\n" if rng.random() < 0.08 else " ")
    return replace(message, text=message.text.lower()) if rng.random() < 0.08 else message


def loose_kinds(rng: random.Random, sentences: Sequence[str]) -> tuple[str, ...]:
    """The kinds of an everyday message, most often a statement or two; of real sentences, where there are any."""
    if sentences and rng.random() < 0.3:
        return ("real",)
    luck = rng.random()
    for bound, kinds in _LOOSE:
        if luck < bound:
            return kinds
    more = [
        *words_table("applications_parts")["kind"],
        *words_table("applications_parts")["feeling"],
        "praise",
        "complaint",
        "question",
    ]
    first = pick(rng, more)
    return (first,) if luck < 0.8 else ("statement", first) if luck < 0.92 else ("statement", first, "statement")


def _part(rng: random.Random, kind: str, field: Mapping[str, Any], sentences: Sequence[str]) -> _Part:
    if kind == "real":
        return _real_part(rng, sentences)
    template = pick(rng, _templates(kind, field["name"]))
    text = filled(rng, template, {"thing": pick(rng, field["things"])})
    implied = words_table("applications_implications")
    shown = {implied["slots"].get(name) for name in slot_names(template)} - {None}
    rules = implied["part"].get(kind, {})
    yes = {kind, *rules.get("yes", ())}
    maybe = set(rules.get("maybe", ()))
    if kind == "complaint":
        yes |= {"customer_complaint"} if field["customer"] else set()
        maybe |= set() if field["customer"] else {"customer_complaint"}
    maybe |= {"date"} if "{day}" in template else set()
    yes |= {str(name) for name in shown} - ({"date"} if "{day}" in template and "{month}" not in template else set())
    if kind == "statement":
        yes |= {"neutral"}
    return _Part(kind, text, frozenset(yes), frozenset(maybe), field["name"] if kind in FIELD_PARTS else None)


def _real_part(rng: random.Random, sentences: Sequence[str]) -> _Part:
    while True:
        start = rng.randrange(len(sentences))
        run = sentences[start : start + (1 if rng.random() < 0.7 else 2)]
        text = " ".join(run)
        if 30 < len(text) < 500 and "@" not in text and "?" not in text and "!" not in text and not COARSE.search(text):
            maybe = frozenset(words_table("applications_implications")["part"]["real"]["maybe"])
            return _Part("real", text, frozenset(), maybe, None)


@cache
def _templates(kind: str, field: str) -> Sequence[str]:
    if kind in FIELD_PARTS:
        own: Sequence[str] = field_named(field)[kind]
        return own
    parts = words_table("applications_parts")
    for table in (parts, parts["feeling"], parts["kind"], parts["forbidden"]):
        if kind in table:
            found: Sequence[str] = table[kind]
            return found
    raise KeyError(kind)


def _message(parts: Sequence[_Part], separator: str) -> Message:
    text = separator.join(part.text for part in parts)
    yes = frozenset().union(*(part.yes for part in parts))
    maybe = frozenset().union(*(part.maybe for part in parts))
    if "neutral" in yes and any(part.kind not in ("statement", "greeting", "closing") for part in parts):
        yes, maybe = yes - {"neutral"}, maybe | ({"neutral"} if not yes & {"positive", "negative"} else set())
    if _DIGIT.search(text):
        yes |= {"number"}
    elif _NUMBER_WORD.search(text):
        maybe |= {"number"}
    fields = frozenset(part.field for part in parts if part.field is not None)
    aside = ("greeting", "closing", "thanks_closing")
    return Message(text, yes, maybe, fields, all(part.field is not None or part.kind in aside for part in parts))
