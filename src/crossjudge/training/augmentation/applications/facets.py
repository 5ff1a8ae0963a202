"""Ways in which texts differ (emotion, form, wish, opinion ...): a text shows one value of a facet, not the others."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossjudge.training.augmentation.applications.hypotheses import spoken
from crossjudge.training.augmentation.applications.styles import typed
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.made_values import filled
from crossjudge.training.augmentation.vocabulary import words_table

_WEIGHTS = {
    "emotion": 5,
    "complaint": 3,
    "form": 3,
    "urgency": 1,
    "register": 1,
    "opinion": 3,
    "wish": 5,
    "speaker": 1,
}
_WITHOUT_NOISE = frozenset({"register", "form"})
"""Facets whose values a greeting or small letters would change."""


def facet_tags(rng: random.Random) -> Iterator[MadePair]:
    """A text and labels of its facet: its own value as a label and as a claim, others, and denials."""
    name = rng.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    facet = words_table("applications_facets")["facet"][name]
    values: Mapping[str, Any] = facet["value"]
    shown = _shown(rng, name, values)
    text = _text(rng, name, values, shown)
    for value in shown:
        yield _tag(rng, text, name, _claim(rng, facet, values[value]), "entailment")
        if rng.random() < 0.5:
            yield _tag(rng, text, name, _claim(rng, facet, values[value]), "entailment")
    near = {one for value in shown for one in (value, *values[value]["near"])}
    near |= {one for one in values if set(values[one]["near"]) & set(shown)}
    others = [value for value in values if value not in near]
    for other in rng.sample(others, min(len(others), 2)):
        yield _tag(rng, text, name, _claim(rng, facet, values[other]), "not_entailment")
    if rng.random() < 0.3:
        yield _tag(rng, text, name, _denial(rng, facet, values[pick(rng, shown)]), "contradiction")
        if others:
            yield _tag(rng, text, name, _denial(rng, facet, values[pick(rng, others)]), "entailment")


def everyday_text(rng: random.Random) -> str:
    """A harmless text of some facet or other."""
    name = rng.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    values = words_table("applications_facets")["facet"][name]["value"]
    return _text(rng, name, values, [pick(rng, tuple(values))])


def _shown(rng: random.Random, name: str, values: Mapping[str, Any]) -> list[str]:
    """One value; of complaints at times two, which both hold."""
    return rng.sample(tuple(values), 2) if name == "complaint" and rng.random() < 0.35 else [pick(rng, tuple(values))]


def _text(rng: random.Random, name: str, values: Mapping[str, Any], shown: Sequence[str]) -> str:
    says = [pick(rng, values[value]["says"]) for value in shown]
    if len(shown) == 1 and name in ("emotion", "complaint", "opinion", "register") and rng.random() < 0.4:
        says = rng.sample(values[shown[0]]["says"], 2)
    given = {"good": pick(rng, words_table("applications_slots")["good"])}
    text = filled(rng, " ".join(says), given)
    return text if name in _WITHOUT_NOISE else typed(rng, text)


def _claim(rng: random.Random, facet: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    claims = value.get("claims", ())
    if claims and rng.random() < 0.45:
        return spoken(rng, pick(rng, claims))
    return _labelled(rng, facet["templates"], value)


def _denial(rng: random.Random, facet: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    return _labelled(rng, facet["denials"], value)


def _labelled(rng: random.Random, templates: Sequence[str], value: Mapping[str, Any]) -> str:
    """A template with a label; one such as "to resign" follows no "for"."""
    label = pick(rng, value["labels"])
    if label.startswith("to "):
        templates = [one for one in templates if "for {label}" not in one]
    return spoken(rng, pick(rng, templates), label=label)


def _tag(rng: random.Random, text: str, name: str, hypothesis: str, label: str) -> MadePair:
    return MadePair(text, hypothesis, "applications", f"tags: {name} of a text", nli=label)
