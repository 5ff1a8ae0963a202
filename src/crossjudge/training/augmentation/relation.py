"""Two statements and what holds between them both ways, and their way into a pair: turned, framed, in company."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TypeAlias

from crossjudge.training.augmentation.acts import words
from crossjudge.training.augmentation.clauses import draw_name, pick, sentence
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import vocabulary

ENTAILMENT, NEUTRAL, CONTRADICTION = "entailment", "neutral", "contradiction"
NOT_ENTAILMENT = "not_entailment"
Both: TypeAlias = tuple[bool | None, bool | None]


@dataclass(frozen=True, slots=True)
class Relation:
    """Two statements, without capital and full stop unless they are whole sentences.

    `forward`: NLI label of `second` given `first`; `backward`: the other way; None: not known. `hedged`: of the first
    and the second. `weakened`: the second against the first, and the first against the second.
    """

    kind: str
    first: str
    second: str
    forward: str | None
    backward: str | None
    duplicate: bool | None = False
    hedged: Both = (None, None)
    weakened: Both = (None, None)

    def turned(self) -> Relation:
        """The statements in the other order."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            forward=self.backward,
            backward=self.forward,
            hedged=self.hedged[::-1],
            weakened=self.weakened[::-1],
        )


def same(kind: str, first: str, second: str) -> Relation:
    """Two ways to say one thing with one certainty."""
    return Relation(kind, first, second, ENTAILMENT, ENTAILMENT, duplicate=True, weakened=(False, False))


def opposed(kind: str, first: str, second: str) -> Relation:
    """Two statements of which one is false."""
    return Relation(kind, first, second, CONTRADICTION, CONTRADICTION)


def stronger(kind: str, first: str, second: str) -> Relation:
    """The first says all that the second says, and more."""
    return Relation(kind, first, second, ENTAILMENT, NEUTRAL)


def apart(kind: str, first: str, second: str) -> Relation:
    """Two statements that say nothing about each other."""
    return Relation(kind, first, second, NEUTRAL, NEUTRAL)


def paired(rng: random.Random, family: str, relation: Relation, *, reports: bool = True) -> MadePair:
    """The relation as a pair: either order, alone, in a frame that both share, or beside another sentence.

    `reports`: whether frames may be reports ("the log says that"), which hedge what they report.
    """
    chosen = relation if rng.random() < 0.5 else relation.turned()
    chosen = _framed(rng, chosen, reports)
    nli, duplicate = chosen.forward, chosen.duplicate
    text_a, text_b = sentence(chosen.first), sentence(chosen.second)
    luck = rng.random()
    if luck < 0.3:
        beside = _filled(rng, pick(rng, words("meaning_contexts")["beside"]))
        text_a = _beside(rng, text_a, beside)
        if luck < 0.2:
            text_b = _beside(rng, text_b, beside)
        else:
            duplicate = False if duplicate else duplicate
    return MadePair(text_a, text_b, family, chosen.kind, nli, duplicate, chosen.hedged[1], chosen.weakened[0])


def _beside(rng: random.Random, text: str, other: str) -> str:
    return f"{text} {other}" if rng.random() < 0.5 else f"{other} {text}"


def _framed(rng: random.Random, relation: Relation, reports: bool) -> Relation:
    whole = (relation.first[:1].isupper() or relation.first[:1].isdigit()) and relation.first.endswith((".", "?", "!"))
    if whole or rng.random() < 0.65:
        return relation
    contexts = words("meaning_contexts")
    frame = _filled(rng, pick(rng, contexts["reports"] if reports and rng.random() < 0.5 else contexts["plain"]))
    return replace(relation, first=frame.replace("{s}", relation.first), second=frame.replace("{s}", relation.second))


def _filled(rng: random.Random, text: str) -> str:
    lists = vocabulary().lists
    for slot in ("town", "month", "company"):
        if f"{{{slot}}}" in text:
            text = text.replace(f"{{{slot}}}", pick(rng, lists[slot]))
    return text.replace("{name}", draw_name(rng)) if "{name}" in text else text
