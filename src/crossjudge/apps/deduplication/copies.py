"""Copies: texts that are the same but for case, spacing and how Unicode writes a letter. They cost no model."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct texts in an order of their own, and the indices in the input at which each stands, ascending.

    The order is that of the texts themselves, so that whatever is made of them does not depend on the input's order.
    """

    texts: list[str]
    places: list[list[int]]


def distinct(texts: Sequence[str]) -> Distinct:
    """Gather copies; of several spellings the first in the order of characters stands for all."""
    gathered: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        gathered.setdefault(plain(text), []).append(index)
    groups = [places for _, places in sorted(gathered.items())]
    return Distinct([min(texts[index] for index in places) for places in groups], groups)


def plain(text: str) -> str:
    """What copies have in common; punctuation stays, since 1.5 is not 15."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
