"""English verb forms: enough of them to find the verb of a question and to put it into a statement."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_VOWELS = "aeiou"


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("crossjudge.apps").joinpath("verbs.toml").read_text("utf-8"))


@cache
def _listed() -> tuple[dict[str, tuple[str, str]], frozenset[str]]:
    """Base -> (past, participle); and the bases that double their last consonant."""
    data = _data()
    doubling = frozenset(data["regular"]["doubling"].split())
    forms = {base: (ed, ed) for base in data["regular"]["bases"].split() for ed in [_regular_past(base, doubling)]}
    return forms | {base: (past, participle) for base, (past, participle) in data["irregular"].items()}, doubling


def _regular_past(base: str, doubling: frozenset[str]) -> str:
    if base.endswith("e"):
        return f"{base}d"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return f"{base[:-1]}ied"
    return f"{base}{base[-1]}ed" if base in doubling else f"{base}ed"


def is_base(word: str) -> bool:
    """Whether `word` is a verb as it stands after "did"."""
    return word.lower() in _listed()[0]


def past(base: str) -> str:
    """`"buy"` -> `"bought"`; a verb that is not listed is taken to be regular."""
    forms, doubling = _listed()
    return forms[base][0] if base in forms else _regular_past(base, doubling)


def third_person(base: str) -> str:
    """`"carry"` -> `"carries"`."""
    if base == "have":
        return "has"
    if base.endswith("y") and base[-2:-1] not in tuple(_VOWELS):
        return f"{base[:-1]}ies"
    return f"{base}es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{base}s"


def inflected(auxiliary: str, base: str) -> str:
    """What "do", "does" or "did" and a base come to in a statement: "did", "buy" -> "bought"."""
    if auxiliary == "do":
        return base
    return past(base) if auxiliary == "did" else third_person(base)


def agreeing(verb: str, subject: str) -> str:
    """`verb`, found in a question about one thing, as a subject of several has it: "swims", "children" -> "swim"."""
    if not _is_plural(subject):
        return verb
    irregular = {"is": "are", "was": "were", "has": "have", "does": "do"}
    return irregular.get(verb.lower()) or _base_of_third().get(verb.lower(), verb)


def _is_plural(phrase: str) -> bool:
    """Whether a noun phrase surely speaks of several. Names in -s do not: "James"."""
    head = re.split(r" (?:of|in|on|from|with|for|who|that) ", phrase)[0]
    words = head.split()
    last = words[-1] if words else ""
    if "and" in words or last.lower() in _data()["plurals"]["nouns"].split():
        return True
    return last.islower() and last.endswith("s") and not last.endswith(("ss", "us", "is"))


@cache
def _base_of_third() -> dict[str, str]:
    return {third_person(base): base for base in _listed()[0]}


@cache
def is_predicate(word: str) -> bool:
    """Whether `word` is an adjective that is said of things by "is": open, free, possible."""
    return word in _data()["adjectives"]["predicates"].split()


@cache
def _participles() -> frozenset[str]:
    return frozenset(participle for _, participle in _listed()[0].values()) | {
        *_data()["participles"]["others"].split()
    }


def is_participle(word: str) -> bool:
    """Whether `word` may follow "was": a listed participle, or anything in -ed or -ing."""
    small = word.lower()
    return small in _participles() or (len(small) > 4 and small.endswith(("ed", "ing")))


@cache
def _finite() -> frozenset[str]:
    forms = _listed()[0]
    return frozenset({*forms, *map(third_person, forms), *(ed for ed, _ in forms.values())})


def is_finite(word: str) -> bool:
    """Whether `word` may be the verb of a statement without an auxiliary: present or past."""
    return word.lower() in _finite()


@cache
def place_preposition(base: str) -> str:
    """What stands before the place: one works at a firm, flies to a town and lives in it."""
    return next((word for word, bases in _data()["place"].items() if base in bases.split()), "in")
