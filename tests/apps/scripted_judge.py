"""A judge whose verdicts a test states: what a use makes of them is then known exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from crossjudge import CrossEncoder, Judge, Verdict
from crossjudge.objectives.nli import NLI

Probabilities = tuple[float, float, float]
"""Of entailment, contradiction and neutral."""

ENTAILED: Probabilities = (0.90, 0.02, 0.08)
CONTRADICTED: Probabilities = (0.05, 0.85, 0.10)
OPEN: Probabilities = (0.10, 0.20, 0.70)


class _Words:
    """A tokenizer to which every word is a token."""

    pair_room = 512

    def token_ids(self, texts: Iterable[str]) -> dict[str, list[str]]:
        return {text: text.split() for text in texts}

    def count(self, text: str) -> int:
        return len(text.split())


class ScriptedJudge(Judge):
    """Answers (premise, hypothesis) by `says`, a mapping or a function; pairs that a mapping lacks are open.

    `asked` holds every batch of pairs; `dropped` is how many tokens of each pair were not read.
    """

    def __init__(
        self,
        says: Mapping[tuple[str, str], Probabilities] | Callable[[str, str], Probabilities],
        *,
        dropped: int = 0,
    ) -> None:
        self.objective = NLI
        self.model = cast("CrossEncoder", SimpleNamespace(backend="fake", tokenizer=_Words()))
        self.asked: list[list[tuple[str, str]]] = []
        self._says = says if callable(says) else lambda *pair: says.get(pair, OPEN)
        self._dropped = dropped

    def batch(self, pairs: Any, *, progress: Callable[[int, int], None] | None = None) -> list[Verdict]:
        self.asked.append(list(pairs))
        if progress is not None:
            progress(len(pairs), len(pairs))
        return [self._verdict(self._says(*pair)) for pair in pairs]

    def _verdict(self, shares: Probabilities) -> Verdict:
        probabilities = dict(zip(NLI.labels, shares, strict=True))
        logits = {label: float(np.log(share)) for label, share in probabilities.items()}
        label = max(probabilities, key=probabilities.__getitem__)
        return Verdict(label, probabilities["entailment"], probabilities, logits, False, 9, self._dropped, "scripted")
