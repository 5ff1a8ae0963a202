"""Minimal pairs put on stage: both texts in one frame, or one of them inside a longer text, in either direction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from crossjudge.training.augmentation.clauses import draw_domain, draw_filler, draw_name, pick, sentence
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import Domain, words_table

ENTAILS, NEUTRAL, CONTRADICTS = "entailment", "neutral", "contradiction"


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two clauses (no capital, no full stop) and the labels between them.

    `forward`: of `second` given `first`; `backward`: of `first` given `second`; None: not said, so that the pair is
    never shown in this direction. `definite`: neither clause hedges.
    """

    kind: str
    first: str
    second: str
    forward: str | None
    backward: str | None
    duplicate: bool | None = False
    definite: bool = True

    def turned(self) -> Contrast:
        """The same contrast the other way about."""
        return replace(
            self, first=self.second, second=self.first, forward=self.backward, backward=self.forward
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """A frame with "{}" for a clause. `adds`: it says something of its own, so that it is no paraphrase of it."""

    frame: str = "{}"
    adds: bool = False

    def around(self, clause: str) -> str:
        """A text of one or more sentences: each with a capital letter, the last with a full stop."""
        before, _, after = self.frame.partition("{}")
        inner = sentence(clause)[:-1] if not before or before.endswith((". ", "? ")) else clause
        return sentence(f"{before}{inner}{after}")


def same(kind: str, first: str, second: str, *, definite: bool = True) -> Contrast:
    """Two clauses that say the same."""
    return Contrast(kind, first, second, ENTAILS, ENTAILS, True, definite)


def opposed(kind: str, first: str, second: str, *, definite: bool = True) -> Contrast:
    """Two clauses that cannot both be true."""
    return Contrast(kind, first, second, CONTRADICTS, CONTRADICTS, False, definite)


def apart(kind: str, first: str, second: str, *, definite: bool = True) -> Contrast:
    """Two clauses of which neither says anything about the other's truth."""
    return Contrast(kind, first, second, NEUTRAL, NEUTRAL, False, definite)


def stronger(kind: str, first: str, second: str, *, definite: bool = True) -> Contrast:
    """`first` entails `second` and says more."""
    return Contrast(kind, first, second, ENTAILS, NEUTRAL, False, definite)


def draw_context(rng: random.Random, domain: Domain) -> Context:
    """A frame, filled but for the clause: none half of the time."""
    luck = rng.random()
    if luck < 0.5:
        return Context()
    if luck < 0.6:
        return Context(pick(rng, words_table("stage_frames")["openings"]))
    return draw_addition(rng, domain)


def draw_addition(rng: random.Random, domain: Domain) -> Context:
    """A frame that says something beside the clause."""
    frame = pick(rng, words_table("stage_frames")["additions"])
    filler, other = draw_filler(rng, domain), draw_filler(rng, domain)
    while other == filler:
        other = draw_filler(rng, domain)
    opened = f"{filler[:1].lower()}{filler[1:-1]}"
    filled = frame.replace("{filler.open}", opened if frame.startswith("{}") else f"{opened},")
    filled = filled.replace("{filler}", filler).replace("{filler2}", other).replace("{person}", draw_name(rng))
    return Context(filled, adds=True)


def stage(rng: random.Random, family: str, contrast: Contrast, domain: Domain | None = None) -> MadePair:
    """A pair out of a contrast, in one of its directions, plain or in a context.

    The context is the same for both texts, or around the first alone (what it entails and excludes stays so, but it is
    no duplicate any more if the context adds something), or, seldom, around the second alone (which then says more).
    """
    scene = domain if domain is not None else draw_domain(rng)
    turned = contrast.turned()
    shown = turned if turned.forward and (not contrast.forward or rng.random() < 0.5) else contrast
    luck = rng.random()
    if luck < (0.85 if shown.duplicate else 0.7):
        context = draw_context(rng, scene)
        return _pair(family, shown, context.around(shown.first), context.around(shown.second))
    around = draw_addition(rng, scene)
    shown = replace(shown, duplicate=False)
    if luck < 0.95 or shown.forward == NEUTRAL:
        return _pair(family, shown, around.around(shown.first), sentence(shown.second))
    longer = replace(shown, forward=NEUTRAL if shown.forward == ENTAILS else shown.forward)
    return _pair(family, longer, sentence(shown.first), around.around(shown.second))


def staged(
    rng: random.Random,
    family: str,
    real: Iterator[MadePair],
    share: float,
    draw_contrast: Callable[[float, Domain], Contrast],
) -> Iterator[MadePair]:
    """Endless pairs of a family: of `real` in a `share` of the draws while it lasts, else contrasts put on stage.

    `draw_contrast` gets the luck of the draw, from 0 to 1, and the domain it is to be about.
    """
    while True:
        luck = rng.random()
        made = next(real, None) if luck < share else None
        if made is None:
            domain = draw_domain(rng)
            made = stage(rng, family, draw_contrast(luck, domain), domain)
        yield made


def _pair(family: str, shown: Contrast, text_a: str, text_b: str) -> MadePair:
    certain = False if shown.definite else None
    return MadePair(
        text_a=text_a,
        text_b=text_b,
        family=family,
        kind=shown.kind,
        nli=shown.forward,
        duplicate=shown.duplicate,
        hedged=certain,
        weakened=certain,
    )
