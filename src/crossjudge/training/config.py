"""The settings of one training run, checked once, and saved beside what they made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from crossjudge.errors import InputError
from crossjudge.models.boxed import BOXED
from crossjudge.settings_file import check_keys, read_toml
from crossjudge.training.heads import HEADS


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """One run: where it starts, what it reads, how long and how fast.

    `base`: folder or hub name of the encoder to start from. `mixture`: path of the mixture file. `out`: folder for the
    run. `data`: folder of local sets, or None for the hub. `attention`: "one_way" or "joint". `heads`: head name ->
    what its outputs say, by id; names that `training.heads` knows may stand alone. `exits`: numbers of layers after
    which every head has an early copy, whose losses count `exit_weight` (one-way only). `layers`: which layers of the
    base the network is made of, counted from 1, all if left out, and so of `weights` where these have all (one-way
    only). `pooled_heads`: heads read `[CLS]` through a tanh layer as in BERT, or, if false, as it is. `weights`: folder
    of an earlier run of the same attention whose network is trained further, or the name of a model in the box,
    where `base` is still what the embedding is tied to. (With joint attention these two are for BERT only.)
    `frozen_layers`: how many of its first layers, and the embeddings beneath, stay as they are (one-way only); sentence
    vectors that have layers of their own on these stay with them.
    `epochs`: passes over the data, not necessarily whole. `warmup` and `decay`: shares of the steps, at the beginning
    and at the end, in which the rate rises and falls: it falls from the warm-up on where `decay` is 1; where less,
    a run may be made longer or shorter until then, since its rate is steady. `token_budget` and `batch_size`
    bound one step's tokens and pairs; `max_length`: tokens of a pair. `embedding_weight`: weight of keeping the
    premise's pooled states at the starting encoder's vectors (one-way only; 0 switches it off), computed on every
    `embedding_every`-th step. `likeness_weight`: weight of a second target for pairs with gold of relevance, the cosine
    of the starting encoder's vectors (one-way only; 0 switches it off). `precision`: "bf16" or "fp32" (autocast).
    `num_threads`: of the whole process. `checkpoint_every` is in steps.
    """

    base: str | Path
    mixture: Path
    out: Path
    data: Path | None = None
    attention: str = "one_way"
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"nli": HEADS["nli"]})
    exits: tuple[int, ...] = ()
    exit_weight: float = 0.2
    layers: tuple[int, ...] = ()
    pooled_heads: bool = True
    weights: Path | None = None
    frozen_layers: int = 0
    epochs: float = 1.0
    learning_rate: float = 1e-4
    warmup: float = 0.05
    decay: float = 1.0
    weight_decay: float = 0.01
    batch_size: int = 64
    token_budget: int = 4096
    max_length: int = 256
    freeze_word_embeddings: bool = True
    embedding_weight: float = 0.0
    embedding_every: int = 2
    likeness_weight: float = 0.0
    precision: str = "bf16"
    device: str = "cpu"
    num_threads: int | None = None
    checkpoint_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("mixture", "out", "data", "weights"):
            if isinstance(path := getattr(self, name), str):
                object.__setattr__(self, name, Path(path))
        if self.weights is not None and not self.weights.is_dir():
            object.__setattr__(self, "weights", BOXED.get(str(self.weights), self.weights))
        object.__setattr__(self, "heads", _heads(self.heads))
        object.__setattr__(self, "exits", tuple(self.exits))
        object.__setattr__(self, "layers", tuple(self.layers))
        for name, (holds, expected) in _CHECKS.items():
            value = getattr(self, name)
            if not holds(value):
                raise InputError(f"Reading training settings: {name} is {value!r}; expected {expected}.")
        if self.attention == "joint":
            self._check_joint()
        if self.frozen_layers and (self.weights is None or self.layers):
            raise InputError(
                f"Reading training settings: frozen_layers is {self.frozen_layers}, and there are no weights of the "
                "same layers to leave as they are. Name a run with weights and leave layers out, or freeze none."
            )

    def _check_joint(self) -> None:
        one_way_only = {
            "embedding_weight": self.embedding_weight,
            "likeness_weight": self.likeness_weight,
            "exits": self.exits,
            "layers": self.layers,
            "frozen_layers": self.frozen_layers,
            "heads": tuple(self.heads)[1:],
        }
        asked = [name for name, value in one_way_only.items() if value]
        if asked:
            raise InputError(
                f"Reading training settings: {', '.join(asked)} with joint attention, which has one head, "
                "all layers, no exits, and no premise that is read alone. Leave that out, or train with "
                "one-way attention."
            )

    @classmethod
    def from_toml(cls, path: str | Path, **overrides: Any) -> TrainConfig:
        """Read a settings file; relative paths in it are relative to the file. `overrides` win, and are taken as is.

        A `base` that is no folder there is left as a hub name. Raises `InputError` for a file that cannot be read and
        for settings that are unknown, missing or out of range.
        """
        content = read_toml(Path(path), "training settings")
        beside = Path(path).resolve().parent
        for key in ("mixture", "out", "data", "weights"):
            if (named := content.get(key)) is not None:
                is_boxed = key == "weights" and named in BOXED and not (beside / named).is_dir()
                content[key] = BOXED[named] if is_boxed else beside / named
        if "base" in content and (beside / content["base"]).is_dir():
            content["base"] = beside / content["base"]
        content |= overrides
        known = {one.name for one in fields(cls)}
        check_keys(content, known=known, needed={"base", "mixture", "out"}, where=f"the training settings {path}")
        return cls(**content)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, folders by name only: a record says what was used, not where it lay."""
        base = Path(self.base).name if Path(self.base).is_dir() else str(self.base)
        content = asdict(self) | {"base": base, "heads": {name: list(labels) for name, labels in self.heads.items()}}
        return {key: value.name if isinstance(value, Path) else value for key, value in content.items()}


def _heads(asked: Any) -> dict[str, tuple[str, ...]]:
    """Head name -> labels, from such a table or from names that are known."""
    if isinstance(asked, Mapping):
        return {name: tuple(labels) for name, labels in asked.items()}
    unknown = [name for name in asked if name not in HEADS]
    if unknown:
        raise InputError(
            f"Reading training settings: no head is called {', '.join(map(repr, unknown))}; known are "
            f"{', '.join(HEADS)}. A head of your own needs its labels: heads = {{ NAME = [LABELS] }}."
        )
    return {name: HEADS[name] for name in asked}


def _names_differ(heads: Mapping[str, tuple[str, ...]]) -> bool:
    return bool(heads) and all(len(set(labels)) == len(labels) > 0 for labels in heads.values())


def _rising(layers: tuple[Any, ...]) -> bool:
    whole = all(type(layer) is int and layer >= 1 for layer in layers)
    return whole and list(layers) == sorted(set(layers))


def _one_of(*choices: str) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value in choices, " or ".join(choices)


def _at_least(least: int) -> tuple[Callable[[Any], bool], str]:
    return lambda value: isinstance(value, int) and value >= least, f"a whole number of {least} or more"


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value < float("inf")


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "attention": _one_of("one_way", "joint"),
    "precision": _one_of("bf16", "fp32"),
    "heads": (_names_differ, "one head or more, its labels different names, one for each output"),
    "layers": (_rising, "different numbers from 1 on, rising"),
    "pooled_heads": (lambda value: isinstance(value, bool), "true or false"),
    "frozen_layers": _at_least(0),
    "exit_weight": (lambda value: value >= 0, "zero or more"),
    "epochs": (_positive, "a number above zero"),
    "learning_rate": (_positive, "a number above zero"),
    "warmup": (lambda value: 0 <= value <= 1, "a share of the steps, 0 to 1"),
    "decay": (lambda value: 0 <= value <= 1, "a share of the steps, 0 to 1"),
    "weight_decay": (lambda value: value >= 0, "zero or more"),
    "embedding_weight": (lambda value: value >= 0, "zero or more"),
    "likeness_weight": (lambda value: value >= 0, "zero or more"),
    "batch_size": _at_least(1),
    "token_budget": _at_least(1),
    "max_length": _at_least(8),
    "embedding_every": _at_least(1),
    "checkpoint_every": _at_least(1),
    "num_threads": (lambda value: value is None or value >= 1, "1 or more, or nothing for PyTorch's own choice"),
}
"""Setting -> what must hold of it, and that in words."""
