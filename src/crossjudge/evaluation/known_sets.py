"""Known sets by name ("snli.test", "qqp.dev") as pairs of a suite, so that all measures here run on them too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crossjudge.datasets import DatasetCard, Example, dataset_cards, find_set, read_examples
from crossjudge.errors import InputError
from crossjudge.evaluation.suite import NLI_LABELS, SuitePair

SPLITS = ("train", "dev", "test")

_AS_NLI: Mapping[str, str] = {
    **{label: label for label in NLI_LABELS},
    "supported": "entailment",
    "contradicted": "contradiction",
    "not_enough_info": "neutral",
}
"""Gold of NLI and groundedness sets -> an NLI label; what is not here has none."""

_AS_DUPLICATE: Mapping[str, bool] = {"duplicate": True, "not_duplicate": False, "not_entailment": False}


@dataclass(frozen=True, slots=True)
class GradedPair(SuitePair):
    """A pair of a set that grades similarity. `score`: 0 to 1."""

    score: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSet:
    """One split of a named set, from a folder or the hub."""

    card: DatasetCard
    split: str
    folder: Path | None = None

    @property
    def name(self) -> str:
        """As the user writes it."""
        return f"{self.card.name}.{self.split}"

    def pairs(self) -> Iterator[SuitePair]:
        """The labelled pairs, read anew each time; the category is the set's tag of a pair, else its gold."""
        examples = read_examples(self.card.name, self.split, folder=self.folder)
        return (_pair(self.card, number, example) for number, example in enumerate(examples, start=1))


def is_known_set(name: str) -> bool:
    """Whether `name` starts as the name of a known set does."""
    return name.partition(".")[0] in dataset_cards()


def find_known_set(name: str, *, folder: Path | None = None) -> KnownSet:
    """The set and split that "SET.SPLIT" names. Raises `InputError` for an unknown set and for a split left out."""
    set_name, _, split = name.partition(".")
    card = find_set(set_name)
    if split not in SPLITS:
        raise InputError(
            f"Reading the set {name!r}: its split is {split!r}; expected one of {', '.join(SPLITS)}. Write, for "
            f"example, '{set_name}.test'."
        )
    return KnownSet(card=card, split=split, folder=folder)


def _pair(card: DatasetCard, number: int, example: Example) -> SuitePair:
    identity = f"{card.name}-{number}"
    if isinstance(example.gold, float):
        return _graded(card, identity, example, example.gold)
    label = _nli_label(card, example.gold)
    return SuitePair(
        id=identity,
        category=example.tag or example.gold,
        text_a=example.text_a,
        text_b=example.text_b,
        nli_forward=label,
        duplicate=_AS_DUPLICATE.get(example.gold, _duplicate_by_nli(label)),
    )


def _nli_label(card: DatasetCard, gold: str) -> str | None:
    """Of a two-way set, neutral stands for "not entailed", which `Gold.two_way` tells; in others nobody knows which."""
    if gold == "not_entailment":
        return "neutral" if card.two_way else None
    return _AS_NLI.get(gold)


def _duplicate_by_nli(label: str | None) -> bool | None:
    """What is not entailed is not the same; what is entailed in one direction may or may not be."""
    return False if label in ("neutral", "contradiction") else None


def _graded(card: DatasetCard, identity: str, example: Example, score: float) -> GradedPair:
    """Categories are fifths of the scale, or whole grades where they pass 1."""
    fifth = min(int(score * 5), 4)
    scale = f"{fifth / 5:.1f} to {(fifth + 1) / 5:.1f}" if card.kind == "similarity" else f"{score:g}"
    return GradedPair(
        id=identity,
        category=example.tag or f"gold {scale}",
        text_a=example.text_a,
        text_b=example.text_b,
        duplicate=_duplicate_by_score(card, score),
        score=score if card.kind == "similarity" else None,
    )


def _duplicate_by_score(card: DatasetCard, score: float) -> bool | None:
    if card.same_from is not None and score >= card.same_from:
        return True
    if card.different_to is not None and score <= card.different_to:
        return False
    return None
