"""The words that all families share, read once from `words/*.toml`, and the forms of verbs and nouns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "words"
_SINGULAR_ENDINGS = ("ss", "us", "is", "gas", "lens", "news", "canvas", "series", "chess", "physics", "atlas")
_PLURALS_WITHOUT_S = frozenset(
    {"people", "children", "men", "women", "police", "staff", "mice", "data", "sheep", "cattle"}
)


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb in its five forms: sign, signs, signed, signed, signing."""

    base: str
    third: str
    past: str
    participle: str
    gerund: str


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun with its article, or a name: "the invoice", "Imke Vos". `plural` decides the verb's form."""

    text: str
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A verb and the objects that it makes sense with."""

    verb: Verb
    objects: tuple[NounPhrase, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """An adjective and its opposite. `complementary`: what is not the one is the other, as with open and closed."""

    adjective: str
    opposite: str
    prefixed: bool
    complementary: bool
    things: tuple[NounPhrase, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """One scene. `agents`: singular, "the nurse"; `groups`: plural; `places` and `fillers`: "in the ward", a sentence.

    A filler is a sentence that stands beside any act of the domain and says nothing about it.
    """

    name: str
    agents: tuple[NounPhrase, ...]
    groups: tuple[NounPhrase, ...]
    acts: tuple[Act, ...]
    places: tuple[str, ...]
    fillers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything in the folder. `lists`: plain lists by name (given, surname, town, company, month, ...)."""

    domains: tuple[Domain, ...]
    qualities: tuple[Quality, ...]
    lists: Mapping[str, tuple[str, ...]]


@cache
def vocabulary() -> Vocabulary:
    """All words, read once."""
    lists = {name: tuple(entries) for name, entries in words_table("lists").items()}
    return Vocabulary(
        domains=tuple(_domain(name, row) for name, row in words_table("domains").items()),
        qualities=tuple(_quality(row) for row in words_table("qualities")["qualities"]),
        lists=lists,
    )


def noun_phrase(text: str) -> NounPhrase:
    """A noun phrase whose number is read off its head: "the results of the test" is plural, "the boss" is not."""
    head = re.split(r" (?:of|for|from|in|on|at|to|with|about) ", text)[0].split()[-1].lower()
    plural = head in _PLURALS_WITHOUT_S or (head.endswith("s") and not head.endswith(_SINGULAR_ENDINGS))
    return NounPhrase(text, plural)


@cache
def verb(text: str) -> Verb:
    """The forms of a verb, alone or with what follows ("carry out"), by spelling rules and the table of irregulars."""
    base, space, particle = text.partition(" ")
    past, participle = _irregular().get(base, (_regular_past(base), _regular_past(base)))
    forms = (base, _third(base), past, participle, _gerund(base))
    return Verb(*(f"{form}{space}{particle}" for form in forms))


def _third(base: str) -> str:
    if base in ("go", "do", "undergo", "veto", "echo") or base.endswith(("s", "x", "z", "ch", "sh")):
        return f"{base}es"
    return f"{base[:-1]}ies" if re.search(r"[^aeiou]y$", base) else f"{base}s"


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return f"{base}d"
    return f"{base[:-1]}ied" if re.search(r"[^aeiou]y$", base) else f"{_doubled(base)}ed"


def _gerund(base: str) -> str:
    if base.endswith("ie"):
        return f"{base[:-2]}ying"
    return f"{base[:-1]}ing" if re.search(r"[^eoy]e$", base) else f"{_doubled(base)}ing"


def _doubled(base: str) -> str:
    one_syllable = re.fullmatch(r"[^aeiou]*(?:qu)?[aeiou][bdgklmnprt]", base)
    return f"{base}{base[-1]}" if one_syllable or base in _doubling() else base


def _domain(name: str, row: Mapping[str, Any]) -> Domain:
    return Domain(
        name=name,
        agents=tuple(NounPhrase(f"the {noun}") for noun in row["agents"]),
        groups=tuple(NounPhrase(f"the {noun}", plural=True) for noun in row["groups"]),
        acts=tuple(_act(line) for line in row["acts"]),
        places=tuple(row["places"]),
        fillers=tuple(row["fillers"]),
    )


def _act(line: str) -> Act:
    """ "sign: invoice, contract" as an act; an object without an article of its own gets "the"."""
    base, _, objects = line.partition(": ")
    return Act(verb(base), tuple(noun_phrase(_with_article(noun)) for noun in objects.split(", ")))


def _with_article(noun: str) -> str:
    return noun if noun.startswith(("a ", "an ", "the ", "every ", "each ")) else f"the {noun}"


def _quality(line: str) -> Quality:
    """ "open/closed c: door, gate" as a quality; c: complementary."""
    head, _, things = line.partition(": ")
    words, _, flags = head.partition(" ")
    adjective, opposite = words.replace("_", " ").split("/")
    return Quality(
        adjective=adjective,
        opposite=opposite,
        prefixed=opposite.endswith(adjective),
        complementary="c" in flags,
        things=tuple(noun_phrase(_with_article(noun)) for noun in things.split(", ")),
    )


@cache
def _irregular() -> Mapping[str, tuple[str, str]]:
    rows = (line.split() for line in words_table("verbs")["irregular"])
    return {base: (past, participle) for base, past, participle in rows}


@cache
def _doubling() -> frozenset[str]:
    return frozenset(words_table("verbs")["doubling"])


@cache
def words_table(name: str) -> Mapping[str, Any]:
    """One of the tables of words, by its name without the ending; read once."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
