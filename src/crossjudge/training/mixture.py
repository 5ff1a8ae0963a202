"""A declared mixture of sets (toml) -> the training examples, exactly as a model card will name them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from crossjudge.datasets import Example, distinct, find_set, read_examples, read_file
from crossjudge.errors import InputError
from crossjudge.training.decontamination import pair_hash
from crossjudge.training.settings_file import check_keys, read_toml
from crossjudge.training.tag_hypotheses import tag_examples

RECIPES = ("pairs", "tags")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One set of a mixture. `limit`: at most so many rows, drawn at random; `labels` renames gold labels.

    `recipe` "pairs" reads labelled pairs; "tags" makes pairs from texts with a topic or intent label. `path`: a file of
    the user's own (columns as `crossjudge.files` knows them, and `label`) in place of a set known by name; `licence`:
    its terms, needed where the weights ship.
    """

    name: str
    split: str = "train"
    recipe: str = "pairs"
    limit: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    licence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """The sets a model is trained on; `ships` refuses sets whose licence forbids distributing the weights."""

    sources: tuple[Source, ...]
    ships: bool = False
    seed: int = 0

    @classmethod
    def from_toml(cls, path: Path) -> Mixture:
        """Read a mixture file; raises `InputError` for an unknown set, or one that may not reach shipped weights.

        A set's own `path` is relative to the file.
        """
        content = read_toml(path, "a mixture")
        check_keys(content, known={"set", "ships", "seed"}, needed={"set"}, where=f"the mixture {path}")
        mixture = cls(
            sources=tuple(_source(entry, path) for entry in content["set"]),
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
            if source.recipe not in RECIPES or (source.limit is not None and source.limit < 1):
                raise InputError(
                    f"Reading a mixture: set {source.name!r} has recipe {source.recipe!r} and limit {source.limit}; "
                    f"expected a recipe of {' or '.join(RECIPES)}, and a limit of 1 or more if any."
                )
            self._check_licence(source)

    def _check_licence(self, source: Source) -> None:
        if source.path is not None:
            may_ship, licence = bool(source.licence), source.licence or "no licence stated"
        else:
            card = find_set(source.name)
            may_ship, licence = card.may_ship, card.licence
        if self.ships and not may_ship:
            raise InputError(
                f"Reading a mixture whose weights ship: the set {source.name!r} ({licence}) may not reach shipped "
                "weights. Leave it out, or set ships = false; a file of your own needs its licence stated."
            )

    def examples(self, *, folder: Path | None = None, exclude: frozenset[int] = frozenset()) -> list[Example]:
        """All examples, deduplicated by normalised pair, none of whose pair hashes is in `exclude`."""
        everything = (example for source in self.sources for example in self._read(source, folder))
        return [example for example in distinct(everything) if pair_hash(example.text_a, example.text_b) not in exclude]

    def _read(self, source: Source, folder: Path | None) -> Sequence[Example]:
        rng = random.Random(f"{self.seed} {source.name}")
        if source.path is not None:
            rows = list(read_file(source.path, source.name))
        elif source.recipe == "tags":
            rows = tag_examples(source.name, source.split, folder=folder, rng=rng)
        else:
            rows = list(read_examples(source.name, source.split, folder=folder))
        if source.limit is not None and len(rows) > source.limit:
            rows = rng.sample(rows, source.limit)
        return [_renamed(row, source.labels) for row in rows]


def _source(entry: Mapping[str, Any], path: Path) -> Source:
    known = {one.name for one in fields(Source)}
    check_keys(entry, known=known, needed={"name"}, where=f"a set of the mixture {path}")
    own = {"path": path.resolve().parent / entry["path"]} if "path" in entry else {}
    return Source(**{**entry, **own})


def _renamed(example: Example, labels: Mapping[str, str]) -> Example:
    gold = labels.get(str(example.gold))
    return example if gold is None else Example(example.text_a, example.text_b, gold, example.source, example.tag)
