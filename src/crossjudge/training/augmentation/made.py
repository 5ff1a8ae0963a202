"""What a made pair is: two texts, the rule that made them, and the labels that the rule is sure of."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crossjudge.errors import InputError

FAMILY_NAMES = (
    "negation", "numbers", "roles", "time", "quantifiers", "hedging", "paraphrase", "applications", "groundedness",
    "questions", "scrambles", "processes", "speech",
)  # fmt: skip
NLI_LABELS = ("entailment", "neutral", "contradiction", "not_entailment")


@dataclass(frozen=True, slots=True)
class MadePair:
    """Two texts and what is known of them; None: the rule does not say.

    `kind`: the rule that made it. `nli`: of `text_b` given `text_a`. `duplicate`: a careful reader would merge the two.
    `hedged`: `text_b` does not assert its content as definite. `weakened`: `text_b` is less certain than `text_a` about
    the same content. `relevance`: `text_a` asks and `text_b` is a passage, 1 answers it and 0 does not.
    """

    text_a: str
    text_b: str
    family: str
    kind: str
    nli: str | None = None
    duplicate: bool | None = None
    hedged: bool | None = None
    weakened: bool | None = None
    relevance: float | None = None

    def __post_init__(self) -> None:
        if not self.text_a.strip() or not self.text_b.strip():
            raise InputError(f"{self._doing()}: a text is empty; expected two texts. Repair the rule.")
        if self.family not in FAMILY_NAMES:
            raise InputError(f"{self._doing()}: no such family; expected one of {', '.join(FAMILY_NAMES)}.")
        if self.nli is not None and self.nli not in NLI_LABELS:
            raise InputError(f"{self._doing()}: nli is {self.nli!r}; expected one of {', '.join(NLI_LABELS)}.")
        if self.relevance is not None and not 0 <= self.relevance <= 1:
            raise InputError(f"{self._doing()}: relevance is {self.relevance}; expected 0 to 1.")
        if self.duplicate and self.nli not in (None, "entailment"):
            raise InputError(f"{self._doing()}: a duplicate with nli {self.nli!r}; expected 'entailment'.")

    def _doing(self) -> str:
        return f"Making a pair of family {self.family!r} by rule {self.kind!r} ({self.text_a!r}, {self.text_b!r})"


Maker: TypeAlias = Callable[[random.Random, Sequence[str]], Iterator[MadePair]]
"""A family: draws from the generator and real sentences (there may be none) -> pairs, endless or long."""
