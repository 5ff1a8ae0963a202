"""Where an evaluation's pairs come from: a suite by name, a file, a known set, or pairs at hand; read many times."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from crossjudge.errors import InputError
from crossjudge.evaluation.gold import Gold, read_gold
from crossjudge.evaluation.known_sets import KnownSet, find_known_set, is_known_set
from crossjudge.evaluation.results import SuiteFacts
from crossjudge.evaluation.suite import Suite, SuitePair, find_suite, iter_suite, pair_line, shipped_suites
from crossjudge.files import format_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Labelled pairs and what is known of them. `open_pairs` gives the same pairs each time it is called.

    `limit`: how many of them are used, None for all. `two_way`: gold NLI labels say only whether the premise entails.
    """

    name: str
    open_pairs: Callable[[], Iterable[SuitePair]]
    description: str = ""
    licence: str = "not stated"
    source: str = ""
    limit: int | None = None
    two_way: bool = False

    def pairs(self) -> Iterator[SuitePair]:
        """The pairs in order, one in memory at a time."""
        return islice(self.open_pairs(), self.limit)


def find_source(suite: Any, *, folder: str | Path | None = None, limit: int | None = None) -> Source:
    """The source that `suite` names: "stress", "my.jsonl", "snli.test" (from `folder` or the hub), or a `Suite` or
    pairs.

    Raises `InputError` for a name that is none of these, with near ones.
    """
    if limit is not None and limit < 1:
        raise InputError(f"Evaluating the first pairs of a suite: limit is {limit}; expected 1 or more.")
    if isinstance(suite, Suite):
        return _of_suite(suite, limit)
    if not isinstance(suite, str | Path):
        return _at_hand(suite, limit)
    name = str(suite)
    if name not in shipped_suites() and format_of(name) != "jsonl" and is_known_set(name):
        return _of_known_set(find_known_set(name, folder=Path(folder) if folder is not None else None), limit)
    card = find_suite(suite)
    return Source(
        name=card.name,
        open_pairs=partial(iter_suite, suite),
        description=card.description,
        licence=card.licence,
        source=card.source,
        limit=limit,
    )


def _of_suite(suite: Suite, limit: int | None) -> Source:
    return Source(
        name=suite.name,
        open_pairs=lambda: suite.pairs,
        description=suite.description,
        licence=suite.licence,
        source=suite.source,
        limit=limit,
    )


def _at_hand(pairs: Any, limit: int | None) -> Source:
    kept = tuple(pairs)
    strange = next((place for place, pair in enumerate(kept) if not isinstance(pair, SuitePair)), None)
    if strange is not None:
        raise InputError(
            f"Evaluating pairs at hand: place {strange} holds {kept[strange]!r}; expected a SuitePair. Name a suite, "
            "or load a file with crossjudge.evaluation.suite.load_suite."
        )
    return Source(name="pairs", open_pairs=lambda: kept, limit=limit)


def _of_known_set(known: KnownSet, limit: int | None) -> Source:
    return Source(
        name=known.name,
        open_pairs=known.pairs,
        description=known.card.original,
        licence=known.card.licence,
        source=known.card.hub or "a folder",
        limit=limit,
        two_way=known.card.two_way,
    )


def survey(source: Source) -> tuple[SuiteFacts, Gold]:
    """What the source holds and its gold, in one reading. Raises `InputError` for a source without pairs."""
    content = hashlib.sha256()

    def hashed() -> Iterator[SuitePair]:
        for pair in source.pairs():
            content.update(f"{pair_line(pair)}\n".encode())
            yield pair

    gold = read_gold(hashed(), two_way=source.two_way)
    if not len(gold):
        raise InputError(f"Evaluating on {source.name!r}: it holds no pairs. Expected one or more.")
    facts = SuiteFacts(
        name=source.name,
        description=source.description,
        licence=source.licence,
        source=source.source,
        sha256=content.hexdigest(),
        n_pairs=len(gold),
        categories=gold.facts(),
        two_way=source.two_way,
    )
    return facts, gold
