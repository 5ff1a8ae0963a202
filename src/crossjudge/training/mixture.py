"""A declared mixture of sets (toml) -> the rows a model is trained on, exactly as its card will name them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from crossjudge.datasets import find_set, normalized
from crossjudge.errors import InputError
from crossjudge.settings_file import check_keys, read_toml
from crossjudge.training.decontamination import row_hashes
from crossjudge.training.heads import UNLABELLED, Gold
from crossjudge.training.recipes import RECIPES, Row, Source

SYMMETRIC = frozenset({"similarity", "duplicate"})
"""Heads whose answer must not depend on the order: a row for them alone is turned round or not, by chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """The sets a model is trained on; `ships` refuses sets whose licence forbids distributing the weights.

    `heads`: what is kept of each row's gold, all of it where none is named.
    """

    sources: tuple[Source, ...]
    heads: frozenset[str] = frozenset()
    ships: bool = False
    seed: int = 0

    @classmethod
    def from_toml(cls, path: Path) -> Mixture:
        """Read a mixture file; raises `InputError` for an unknown set, or one that may not reach shipped weights.

        A set's own `path` is relative to the file.
        """
        content = read_toml(path, "a mixture")
        check_keys(content, known={"set", "ships", "seed", "heads"}, needed={"set"}, where=f"the mixture {path}")
        mixture = cls(
            sources=tuple(_source(entry, path) for entry in content["set"]),
            heads=frozenset(content.get("heads", ())),
            ships=content.get("ships", False),
            seed=content.get("seed", 0),
        )
        mixture.check()
        return mixture

    def check(self) -> None:
        """Refuse a mixture of nothing, unknown sets and recipes, and sets that may not reach weights that ship."""
        if not self.sources:
            raise InputError("Reading a mixture: it names no set. Add one: [[set]] with its name.")
        for source in self.sources:
            if source.recipe not in RECIPES or min(source.repeat, 1 if source.limit is None else source.limit) < 1:
                raise InputError(
                    f"Reading a mixture: set {source.name!r} has recipe {source.recipe!r}, limit {source.limit} and "
                    f"repeat {source.repeat}; expected a recipe of {', '.join(RECIPES)}, and 1 or more of the others."
                )
            self._check_licence(source)

    def _check_licence(self, source: Source) -> None:
        for name, may_ship, licence in terms(source):
            if self.ships and not may_ship:
                raise InputError(
                    f"Reading a mixture whose weights ship: the set {name!r} ({licence}) may not reach shipped "
                    "weights. Leave it out, or set ships = false; a file of your own needs its licence stated."
                )

    def rows(self, *, folder: Path | None = None, exclude: frozenset[int] = frozenset()) -> list[Row]:
        """All rows of which no hash, as a pair or of a single text, is in `exclude`.

        What several sets say of a pair is one row: pairs are the same by normalised text, and where two sets have gold
        for the same head, the first wins that does not leave it to a teacher. A row that its set repeats comes so
        often, one whose order says nothing turned round every other time.
        """
        rows: dict[tuple[str, str], Row] = {}
        for source in self.sources:
            for row in self._read(source, folder):
                if not exclude.isdisjoint(row_hashes(row.text_a, row.text_b)):
                    continue
                key = (normalized(row.text_a), normalized(row.text_b))
                seen = rows.get(key)
                rows[key] = row if seen is None else replace(seen, golds=_together(seen.golds, row.golds))
        return [again for row in rows.values() for again in _repeated(row)]

    def _read(self, source: Source, folder: Path | None) -> list[Row]:
        rng = random.Random(f"{self.seed} {source.name} {source.recipe} {source.head}")
        rows = RECIPES[source.recipe](source, folder, rng)
        if source.tags:
            rows = [row for row in rows if row.tag in source.tags]
        if source.limit is not None and len(rows) > source.limit:
            rows = rng.sample(rows, source.limit)
        return [_turned(row, rng) for row in map(self._taught, rows) if row.golds]

    def _taught(self, row: Row) -> Row:
        kept = {head: gold for head, gold in row.golds.items() if not self.heads or head in self.heads}
        return replace(row, golds=kept)


def _together(first: Mapping[str, Gold], second: Mapping[str, Gold]) -> dict[str, Gold]:
    known = {head: gold for head, gold in first.items() if gold != UNLABELLED}
    return {**first, **second, **known}


def _repeated(row: Row) -> list[Row]:
    if row.repeat == 1:
        return [row]
    other = replace(row, text_a=row.text_b, text_b=row.text_a) if row.golds.keys() <= SYMMETRIC else row
    return [row if time % 2 == 0 else other for time in range(row.repeat)]


def _turned(row: Row, rng: random.Random) -> Row:
    if row.golds.keys() <= SYMMETRIC and rng.random() < 0.5:
        return replace(row, text_a=row.text_b, text_b=row.text_a)
    return row


def _source(entry: Mapping[str, Any], path: Path) -> Source:
    known = {one.name for one in fields(Source)}
    check_keys(entry, known=known, needed={"name"}, where=f"a set of the mixture {path}")
    own: dict[str, Any] = {key: tuple(entry[key]) for key in ("tags", "texts") if key in entry}
    if "path" in entry:
        own["path"] = path.resolve().parent / entry["path"]
    return Source(**{**entry, **own})


def terms(source: Source) -> list[tuple[str, bool, str]]:
    """(name, whether weights trained on it may ship, licence) of everything that a source reads."""
    if source.path is not None:
        return [(source.name, bool(source.licence), source.licence or "no licence stated")]
    names = source.texts if source.recipe in OWN else (source.name,)
    read = [(card.name, card.may_ship, card.licence) for card in map(find_set, names)]
    return [(source.name, True, OURS), *read] if source.recipe in OWN else read


BY_HAND = "by_hand"
"""The set, and recipe, of what was written for the uses."""
OWN = frozenset({"made", BY_HAND})
"""Recipes that read no set known by name."""
OURS = "Apache-2.0"
"""Made and written pairs are this project's own, as far as they are not made of somebody's sentences."""
