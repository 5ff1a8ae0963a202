"""Acts that somebody did, each with all the ways of saying it, drawn scene by scene from `words/acts.toml`."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from crossjudge.training.augmentation.clauses import Clause, draw_name, pick, pick_other
from crossjudge.training.augmentation.vocabulary import NounPhrase, Verb, noun_phrase, verb

_WORDS = Path(__file__).parent / "words"


@cache
def words(name: str) -> Mapping[str, Any]:
    """One file of words, read once."""
    return tomllib.loads((_WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def entries(name: str, table: str) -> Sequence[str]:
    """One list of a file of words."""
    found: Sequence[str] = words(name)[table]
    return found


@dataclass(frozen=True, slots=True)
class Deed:
    """A clause and the verbs that would say the same, its own among them. `others`: other objects."""

    clause: Clause
    ways: tuple[Verb, ...]
    others: tuple[NounPhrase, ...]

    def reworded(self, rng: random.Random) -> Clause:
        """The clause with another of its verbs, or itself if it has just one."""
        others = [way for way in self.ways if way != self.clause.verb]
        return replace(self.clause, verb=pick(rng, others)) if others else self.clause


@dataclass(frozen=True, slots=True)
class _Act:
    ways: tuple[Verb, ...]
    objects: tuple[NounPhrase, ...]
    rest: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Where people, places, events and acts belong together. `where`: "at the clinic"; `events`: "the scan"."""

    name: str
    who: tuple[NounPhrase, ...]
    where: tuple[str, ...]
    events: tuple[str, ...]
    acts: tuple[_Act, ...]


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes of the file."""
    return tuple(_scene(name, row) for name, row in words("acts").items())


def draw_scene(rng: random.Random) -> Scene:
    """One of the scenes."""
    return pick(rng, scenes())


def draw_actor(rng: random.Random, scene: Scene, *taken: NounPhrase) -> NounPhrase:
    """Somebody of the scene who is none of `taken`, by name once in three times."""
    while (actor := NounPhrase(draw_name(rng)) if rng.random() < 0.35 else pick(rng, scene.who)) in taken:
        pass
    return actor


def draw_deed(rng: random.Random, scene: Scene, *others: Deed) -> Deed:
    """What somebody of the scene did: by nobody, and to nothing, that is in `others`."""
    act = pick(rng, scene.acts)
    while any(act.ways == other.ways or set(act.objects) & set(other.others) for other in others):
        act = pick(rng, scene.acts)
    subject = draw_actor(rng, scene, *(other.clause.subject for other in others))
    thing = pick(rng, act.objects)
    return Deed(Clause(subject, pick(rng, act.ways), thing, act.rest), act.ways, act.objects)


def other_object(rng: random.Random, deed: Deed) -> Clause:
    """The clause about another thing."""
    assert deed.clause.object is not None
    return replace(deed.clause, object=pick_other(rng, deed.others, deed.clause.object))


def predicate(deed: Deed) -> tuple[str, str, str]:
    """Past, -ing form and base with the object: "signed the lease", "signing the lease", "sign the lease"."""
    clause = deed.clause
    assert clause.object is not None
    rest = f" {clause.object.text}{clause.tail}"
    return clause.verb.past + rest, clause.verb.gerund + rest, clause.verb.base + rest


def inflected(phrase: str, form: str) -> str:
    """ "rinse the rice", a bare verb first, with the verb in a form of `Verb`: "rinsing the rice"."""
    first, _, rest = phrase.partition(" ")
    return f"{getattr(verb(first), form)} {rest}".strip()


def split_list(text: str) -> Sequence[str]:
    """ "a; b" as its entries."""
    return tuple(text.split("; "))


def _scene(name: str, row: Mapping[str, Any]) -> Scene:
    return Scene(
        name=name,
        who=tuple(NounPhrase(entry) for entry in split_list(row["who"])),
        where=tuple(split_list(row["where"])),
        events=tuple(split_list(row["events"])),
        acts=tuple(_act(line) for line in row["acts"]),
    )


def _act(line: str) -> _Act:
    head, _, objects = line.partition(": ")
    ways, _, rest = head.partition(" ...")
    return _Act(
        tuple(verb(way) for way in ways.split(" | ")), tuple(noun_phrase(entry) for entry in objects.split(", ")), rest
    )
