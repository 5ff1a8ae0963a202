"""Clauses with a subject, a verb and an object, said in any tense, voice, polarity and mood."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from crossjudge.training.augmentation.vocabulary import Domain, NounPhrase, Verb, vocabulary

Tense: TypeAlias = Literal["past", "present", "future", "perfect", "past_perfect", "progressive", "past_progressive"]
TENSES: tuple[Tense, ...] = ("past", "present", "future", "perfect", "past_perfect", "progressive", "past_progressive")
T = TypeVar("T")

_CONTRACTED = {
    "will not": "won't", "cannot": "can't", "did not": "didn't", "does not": "doesn't", "do not": "don't",
    "has not": "hasn't", "have not": "haven't", "had not": "hadn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "could not": "couldn't", "would not": "wouldn't",
    "should not": "shouldn't", "must not": "mustn't",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """Who did what to what. `tail`: where or when, " in the lab" with its space, or nothing."""

    subject: NounPhrase
    verb: Verb
    object: NounPhrase | None
    tail: str = ""

    def swapped(self) -> Clause:
        """Subject and object exchanged."""
        return self if self.object is None else replace(self, subject=self.object, object=self.subject)

    def say(
        self,
        tense: Tense = "past",
        *,
        passive: bool = False,
        negative: bool = False,
        contracted: bool = False,
        modal: str | None = None,
        adverb: str = "",
        agentless: bool = False,
    ) -> str:
        """The clause as words, without capital and full stop.

        `modal` ("may", "should") takes the place of the tense; with "past", "perfect" and "past_perfect" it is followed
        by "have". `adverb` ("never", "probably") stands where an adverb of frequency does. `agentless`: a passive
        without its "by".
        """
        if passive and self.object is None:
            raise ValueError(f"Saying {self.verb.base!r} in the passive: it has no object.")
        subject = self.object if passive and self.object is not None else self.subject
        words = _verb_group(self.verb, tense, modal, passive, subject.plural, negative, contracted, adverb)
        rest = self._after_verb(passive, agentless)
        return f"{subject.text} {words}{rest}{self.tail}"

    def _after_verb(self, passive: bool, agentless: bool) -> str:
        if passive:
            return "" if agentless else f" by {self.subject.text}"
        return "" if self.object is None else f" {self.object.text}"


def _verb_group(
    verb: Verb,
    tense: Tense,
    modal: str | None,
    passive: bool,
    plural: bool,
    negative: bool,
    contracted: bool,
    adverb: str,
) -> str:
    finite, others = _chain(verb, tense, modal, passive, plural)
    if negative and not others and finite not in ("is", "are", "was", "were"):
        finite, others = _with_do(verb, tense, plural)
    polarity = " not" if negative else ""
    first = "cannot" if f"{finite}{polarity}" == "can not" else f"{finite}{polarity}"
    if contracted:
        first = _CONTRACTED.get(first, first)
    if adverb and not others:
        return f"{adverb} {first}"
    return " ".join(part for part in (first, adverb, *others) if part)


def _chain(verb: Verb, tense: Tense, modal: str | None, passive: bool, plural: bool) -> tuple[str, tuple[str, ...]]:
    """The finite word and what follows it: "signed"; "has", "been", "signed"."""
    be = ("are", "were") if plural else ("is", "was")
    have = "have" if plural else "has"
    if modal is not None:
        perfect = tense in ("past", "perfect", "past_perfect")
        rest = (verb.participle,) if passive or perfect else (verb.base,)
        return modal, (*(("have",) if perfect else ()), *_be_word(passive, perfect), *rest)
    if tense in ("past", "present"):
        if passive:
            return be[tense == "past"], (verb.participle,)
        return (verb.past if tense == "past" else verb.base if plural else verb.third), ()
    if tense == "future":
        return "will", ("be", verb.participle) if passive else (verb.base,)
    if tense in ("perfect", "past_perfect"):
        return (have if tense == "perfect" else "had"), (("been",) if passive else ()) + (verb.participle,)
    return be[tense == "past_progressive"], ("being", verb.participle) if passive else (verb.gerund,)


def _be_word(passive: bool, perfect: bool) -> tuple[str, ...]:
    if not passive:
        return ()
    return ("been",) if perfect else ("be",)


def _with_do(verb: Verb, tense: Tense, plural: bool) -> tuple[str, tuple[str, ...]]:
    return ("did" if tense == "past" else "do" if plural else "does"), (verb.base,)


# ------------------------------------------------------------------------------------------------------------- drawing


def pick(rng: random.Random, items: Sequence[T]) -> T:
    """One of the items; quicker than `rng.choice`."""
    return items[int(rng.random() * len(items))]


def pick_other(rng: random.Random, items: Sequence[T], *taken: T) -> T:
    """One of the items that is none of `taken`; there must be one."""
    while (item := pick(rng, items)) in taken:
        pass
    return item


def draw_domain(rng: random.Random) -> Domain:
    """One of the scenes."""
    return pick(rng, vocabulary().domains)


def draw_name(rng: random.Random) -> str:
    """A full name (half of the time a given name alone)."""
    lists = vocabulary().lists
    given = pick(rng, lists["given"])
    return given if rng.random() < 0.5 else f"{given} {pick(rng, lists['surname'])}"


def draw_person(rng: random.Random, domain: Domain) -> NounPhrase:
    """Somebody of the scene, singular: by name or by role."""
    return NounPhrase(draw_name(rng)) if rng.random() < 0.4 else pick(rng, domain.agents)


def draw_subject(rng: random.Random, domain: Domain) -> NounPhrase:
    """Who acts in the scene: a person, or a group once in five times."""
    return pick(rng, domain.groups) if rng.random() < 0.2 else draw_person(rng, domain)


def draw_tail(rng: random.Random, domain: Domain) -> str:
    """Where or when, " in the ward" or " on Tuesday" with the space before it; often nothing. Fits the past tense."""
    luck = rng.random()
    if luck < 0.45:
        return ""
    return f" {pick(rng, domain.places)}" if luck < 0.7 else f" {pick(rng, vocabulary().lists['past_time'])}"


def draw_place(rng: random.Random, domain: Domain) -> str:
    """Where, " in the ward" with the space before it; half of the time nothing. Fits any tense."""
    return f" {pick(rng, domain.places)}" if rng.random() < 0.5 else ""


def draw_clause(rng: random.Random, domain: Domain | None = None, *, tail: bool = True) -> Clause:
    """A clause that makes sense in a scene (any, unless one is given); its tail, if any, is in the past."""
    scene = domain if domain is not None else draw_domain(rng)
    act = pick(rng, scene.acts)
    return Clause(
        subject=draw_subject(rng, scene),
        verb=act.verb,
        object=pick(rng, act.objects),
        tail=draw_tail(rng, scene) if tail else "",
    )


def draw_filler(rng: random.Random, domain: Domain) -> str:
    """A whole sentence of the scene that says nothing about any of its acts, with its full stop."""
    return pick(rng, domain.fillers)


def sentence(text: str) -> str:
    """With a capital letter and a full stop, unless it has its own end."""
    end = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"
