"""Deciding: whether two texts say the same, asked of a cross-encoder in both orders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from crossjudge.apps.base import Model, Question
from crossjudge.errors import ObjectiveError
from crossjudge.judge import Judge
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.types import Verdict

_NLI = "nli"


class Decider(Protocol):
    """Judges pairs; a pair has the same verdict whichever text comes first. `score`: how much they are the same."""

    @property
    def judge(self) -> Judge:
        """Whom it asks."""
        ...

    @property
    def labels(self) -> tuple[str, str]:
        """What a verdict calls the same, and different."""
        ...

    def __call__(self, pairs: Sequence[Question]) -> list[Verdict]:
        """Verdicts in input order."""
        ...


def decider(model: Model) -> Decider:
    """Who decides: the model's own head for duplicates or similarity, or entailment both ways where it has neither.

    Raises `ObjectiveError` for a model of relevance.
    """
    judge = model if isinstance(model, Judge) else _judge_of(model)
    if judge.objective.name == _NLI:
        return BothEntail(judge)
    if judge.objective.symmetric:
        return BothOrders(judge)
    raise ObjectiveError(
        f"Finding duplicates: the model judges {judge.objective.name}, and a query and its answer do not say the same. "
        "Pass a model for duplicates, similarity or nli, or none for the embedded one."
    )


def _judge_of(model: CrossEncoder | str | Path | None) -> Judge:
    """A judge for duplicates where the model can; else for what it was trained for."""
    opened = model if isinstance(model, CrossEncoder) else _opened(model)
    unknown = _NLI if opened.num_labels == 3 else DUPLICATE.name
    return Judge(opened, objective=opened.objective or unknown)


def _opened(model: str | Path | None) -> CrossEncoder:
    if model is None:
        return CrossEncoder(head=DUPLICATE.name)
    opened = CrossEncoder(model)
    return CrossEncoder(model, head=DUPLICATE.name) if DUPLICATE.name in opened.checkpoint.heads else opened


class BothOrders:
    """Asks a symmetric judge, which takes the mean of the logits of both orders itself."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        same, different = judge.objective.labels
        self.labels = (same, different)

    def __call__(self, pairs: Sequence[Question]) -> list[Verdict]:
        """See `Decider`."""
        return self.judge.batch([ordered(pair) for pair in pairs])


class BothEntail:
    """Two texts say the same if each entails the other; the weaker of the two entailments is the score."""

    labels = (DUPLICATE.labels[0], DUPLICATE.labels[1])

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def __call__(self, pairs: Sequence[Question]) -> list[Verdict]:
        """See `Decider`."""
        asked = [ordered(pair) for pair in pairs]
        verdicts = self.judge.batch([*asked, *((second, first) for first, second in asked)])
        return [
            self._weaker(one, other) for one, other in zip(verdicts[: len(pairs)], verdicts[len(pairs) :], strict=True)
        ]

    def _weaker(self, one: Verdict, other: Verdict) -> Verdict:
        weaker = min(one, other, key=lambda verdict: verdict.probabilities["entailment"])
        share, margin = weaker.probabilities["entailment"], _margin(weaker)
        same, different = self.labels
        return Verdict(
            label=same if margin > 0 else different,
            score=share,
            probabilities={same: share, different: 1 - share},
            logits={same: margin, different: 0.0},
            abstained=one.abstained or other.abstained,
            tokens_read=min(one.tokens_read, other.tokens_read),
            tokens_dropped=max(one.tokens_dropped, other.tokens_dropped),
            fingerprint=weaker.fingerprint,
        )


def _margin(verdict: Verdict) -> float:
    """The logit of entailment above the best of the others."""
    return verdict.logits["entailment"] - max(logit for label, logit in verdict.logits.items() if label != "entailment")


def ordered(pair: Question) -> Question:
    """The pair as it is asked, whichever text was named first: what is computed is then the same to the last bit."""
    first, second = pair
    return (first, second) if first <= second else (second, first)
