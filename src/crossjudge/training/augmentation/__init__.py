"""Labelled minimal pairs made by rule: what differs is one thing, and the rule that changed it states the label."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from types import MappingProxyType

from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.training.augmentation.made import FAMILY_NAMES, MadePair, Maker

__all__ = ["FAMILIES", "MadePair", "Maker", "made_pairs"]

_PATIENCE = 50_000
"""Pairs in a row that were all there already, after which a family counts as run dry."""


_MODULES = {"time": "time_order"}
"""Families whose module has another name: one called `time` would look like the standard library's."""


def _make(family: str, rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    maker: Maker = import_module(f"{__name__}.{_MODULES.get(family, family)}").make
    return maker(rng, sentences)


FAMILIES: Mapping[str, Maker] = MappingProxyType({name: partial(_make, name) for name in FAMILY_NAMES})
"""Name -> maker. A family's module, `augmentation/NAME.py`, is imported when it is first asked for pairs."""


def made_pairs(family: str, count: int, *, seed: int, sentences: Sequence[str] = ()) -> Iterator[MadePair]:
    """`count` pairs of one family, no two of which are equal by letters and digits; the same seed gives the same pairs.

    `sentences`: plain sentences that some rules edit, besides filling templates. Raises `InputError` for an unknown
    family, and when a family has no new pair left.
    """
    if family not in FAMILIES:
        raise InputError(f"Making pairs: no family {family!r}; expected one of {', '.join(FAMILIES)}.")
    return _distinct(family, count, FAMILIES[family](random.Random(f"{family} {seed}"), sentences))


def _distinct(family: str, count: int, pairs: Iterator[MadePair]) -> Iterator[MadePair]:
    seen: set[int] = set()
    repeated = 0
    for pair in pairs:
        if len(seen) >= count or repeated >= _PATIENCE:
            break
        key = hash((normalized(pair.text_a), normalized(pair.text_b)))
        repeated = repeated + 1 if key in seen else 0
        if not repeated:
            seen.add(key)
            yield pair
    if len(seen) < count:
        raise InputError(
            f"Making {count} pairs of family {family!r}: only {len(seen)} distinct ones came. Ask for fewer, or give "
            "it more words or sentences."
        )
