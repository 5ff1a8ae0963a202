"""The family "processes": what goes into a process and what comes out of it, kept, exchanged or mixed up.

Answers of students that name the right things on the wrong side share nearly every word with the right answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

FAMILY = "processes"
_SHARE_INVENTED = 0.5
_PLURAL = re.compile(r"[^s]s$")


@dataclass(frozen=True, slots=True)
class _Process:
    """`takes` goes in and `gives` comes out, when `who` do what is called `name`."""

    name: str
    who: str
    takes: Sequence[str]
    gives: Sequence[str]


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: a process as a text tells it, and a statement about it; at times the other way round."""
    words = words_table("processes")
    while True:
        process = _invented(rng, words) if rng.random() < _SHARE_INVENTED else _Process(**pick(rng, words["process"]))
        all_, out = _listed(rng, process.takes), _listed(rng, process.gives)
        told = _said(pick(rng, words["told"]), process, all=all_, out=out)
        kept, exchanged = (_stated(rng, kind, pick(rng, words[kind]), process) for kind in ("same", "turned"))
        yield MadePair(told, kept, FAMILY, "kept", nli="entailment")
        yield MadePair(told, exchanged, FAMILY, "exchanged", nli="contradiction")
        if len(process.takes) > 1:
            mixed = _stated(rng, "mixed", pick(rng, words["mixed"]), process)
            yield MadePair(told, mixed, FAMILY, "mixed up", nli="contradiction")
        if rng.random() < 0.4:
            more = _stated(rng, "open", pick(rng, words["open"]), process)
            yield MadePair(told, more, FAMILY, "not said", nli="neutral")
        if rng.random() < 0.3:
            # The statement does not say what the process is called.
            yield MadePair(kept, told, FAMILY, "told whole", nli="neutral")
            yield MadePair(exchanged, told, FAMILY, "exchanged, told whole", nli="contradiction")


def _invented(rng: random.Random, words: Mapping[str, Any]) -> _Process:
    stuff = rng.sample(words["stuff"], 5)
    cut = rng.randint(1, 3)
    return _Process(
        pick(rng, words["called"]), pick(rng, words["who"]), stuff[:cut], stuff[cut : cut + rng.randint(1, 2)]
    )


def _stated(rng: random.Random, kind: str, template: str, process: _Process) -> str:
    some = rng.sample(process.takes, rng.randint(1, len(process.takes)))
    one = pick(rng, process.gives)
    other = ""
    if kind == "mixed":
        # What goes in is said to come out as well, so it may not stand among what is said to go in.
        other = some.pop() if len(some) > 1 else pick(rng, [what for what in process.takes if what not in some])
    return _said(template, process, some=_listed(rng, some), one=one, other=other, n=str(rng.randint(2, 40)))


def _said(template: str, process: _Process, **given: str) -> str:
    text = template.format(name=process.name, who=process.who, **given)
    for listed in filter(None, given.values()):
        is_several = " and " in listed or bool(_PLURAL.search(listed))
        for one, several in (("is", "are"), ("helps", "help")):
            wrong, right = (one, several) if is_several else (several, one)
            text = text.replace(f"{listed} {wrong} ", f"{listed} {right} ")
    return sentence_case(text)


def _listed(rng: random.Random, things: Sequence[str]) -> str:
    """In any order, as people list them."""
    *first, last = rng.sample(things, len(things))
    return f"{', '.join(first)} and {last}" if first else last
