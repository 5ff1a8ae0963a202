"""Our own folders: the config, heads and graphs of a one-way model, checked against its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossjudge.errors import InputError, UnsupportedModelError
from crossjudge.models.integrity import check_graph, corrupt, missing, read_json
from crossjudge.models.manifest import check_manifest, write_manifest
from crossjudge.models.pooling import MODES, Pooling

FORMAT = 2
GRAPHS_OF: Mapping[str, tuple[str, ...]] = {
    "cross_encoder": ("judge", "premise", "hypotheses"),
    "bi_encoder": ("embed",),
}
"""Which graphs a kind of model needs; `one_way_exact` says what each is."""
DEFAULT_HEAD = "nli"


@dataclass(frozen=True, kw_only=True, slots=True)
class OneWaySettings:
    """What a one-way folder says of itself.

    `graphs`: name -> file, those that the kind that was asked for needs. `labels`: those of the `nli` head, or of the
    first. `max_length`: tokens. `pooling`: how the embedding graph's token states become a vector.
    """

    graphs: dict[str, Path]
    heads: dict[str, tuple[str, ...]]
    labels: tuple[str, ...]
    max_length: int
    objective: str | None
    pooling: Pooling


def read_one_way(folder: Path, config: Mapping[str, Any], *, kind: str, max_length: int | None) -> OneWaySettings:
    """The settings in `config`, the folder's `config.json`, for a `kind` of `GRAPHS_OF`.

    Sizes of all files and the sha256 of small ones are checked; `verify_manifest` checks the rest.
    """
    ours = _section(folder, config)
    graphs = _graph_names(folder, ours, kind)
    check_manifest(folder, ["config.json", "tokenizer.json", "weights.bin", *graphs.values()])
    for name in graphs.values():
        check_graph(folder / name)
    heads = _heads(folder, ours)
    exit_thresholds(folder, config)
    return OneWaySettings(
        graphs={name: folder / file for name, file in graphs.items()},
        heads=heads,
        labels=heads.get(DEFAULT_HEAD) or next(iter(heads.values())),
        max_length=_max_length(folder, ours, config.get("max_positions"), max_length or _of_vectors(config, kind)),
        objective=ours.get("objective"),
        pooling=_pooling(folder, ours),
    )


def exit_thresholds(folder: Path, config: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """Head -> how probable its best label must be for a pair to stop at each of the exits; empty where none may.

    `config`: the folder's `config.json`. Raises `CorruptFileError` for thresholds that do not fit the exits.
    """
    ours, exits = config["crossjudge"], list(config.get("exits", ()))
    stated = ours.get("exit_thresholds", {})
    fits = isinstance(stated, dict) and all(
        head in ours["heads"] and isinstance(values, list) and len(values) == len(exits) and all(map(_probable, values))
        for head, values in stated.items()
    )
    if not fits:
        raise corrupt(
            folder / "config.json",
            f"exit_thresholds is {stated!r} where a table is expected of heads ({', '.join(ours['heads'])}), each with "
            f"one number from 0 on for every exit (after the layers {exits}); fit_exits finds them",
        )
    lacking = [name for name in (f"judge_{depth}" for depth in (0, *exits)) if name not in ours["graphs"]]
    if stated and lacking:
        raise corrupt(folder / "config.json", f"it states exit_thresholds and has no graph {', '.join(lacking)}")
    return {head: tuple(map(float, values)) for head, values in stated.items()}


def _probable(value: object) -> bool:
    """Whether it is a number that a probability can reach, or is always below."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def save_exit_thresholds(folder: Path, thresholds: Mapping[str, Sequence[float]]) -> None:
    """Have the model in `folder` stop at its exits from now on; `thresholds`: head -> one for each exit.

    An empty table has every pair read to the end again. Raises `CorruptFileError` for thresholds that do not fit.
    """
    path = folder / "config.json"
    config = read_json(path)
    _section(folder, config)["exit_thresholds"] = {head: list(values) for head, values in thresholds.items()}
    exit_thresholds(folder, config)
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    write_manifest(folder)


def is_trained(folder: Path) -> bool:
    """Whether `folder` holds a one-way model as training leaves it: weights, and no graphs yet."""
    path = folder / "config.json"
    if not path.is_file():
        return False
    config = read_json(path)
    return config.get("model_type") == "one_way" and "crossjudge" not in config


def _section(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    ours = config.get("crossjudge")
    if not isinstance(ours, dict):
        raise UnsupportedModelError(
            f"Loading {folder}: this is a one-way model as training leaves it, without graphs. Run `crossjudge export` "
            "on it first, and load what that writes.",
            path=folder,
        )
    if ours.get("format") != FORMAT:
        raise UnsupportedModelError(
            f"Loading {folder}: its format is {ours.get('format')!r}, and this crossjudge reads format {FORMAT}. "
            "Upgrade crossjudge, or export the model again with this version.",
            path=folder,
        )
    return ours


def _graph_names(folder: Path, ours: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Name -> file of the graphs that `kind` needs, the pieces of `judge` included where there are exits."""
    graphs = ours.get("graphs")
    if not isinstance(graphs, dict) or not all(isinstance(one, str) for one in graphs.values()):
        raise corrupt(folder / "config.json", f"graphs is {graphs!r} where a table of file names is expected")
    for wanted in GRAPHS_OF[kind]:
        if wanted not in graphs:
            raise UnsupportedModelError(
                f"Loading {folder} as a {kind.replace('_', '-')}: it has the graphs {', '.join(graphs) or 'none'}, and "
                f"'{wanted}' is needed. Export the model with it, or choose another model.",
                path=folder,
            )
    chosen = {name: str(file) for name, file in graphs.items() if name.split("_")[0] in GRAPHS_OF[kind]}
    for file in chosen.values():
        if not (folder / file).is_file():
            raise missing(folder / file, "config.json names it")
    return chosen


def _heads(folder: Path, ours: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    heads = ours.get("heads")
    if not isinstance(heads, dict) or not heads or not all(isinstance(one, list) and one for one in heads.values()):
        raise corrupt(folder / "config.json", f"heads is {heads!r} where head names with their labels are expected")
    return {str(head): tuple(map(str, labels)) for head, labels in heads.items()}


def _of_vectors(config: Mapping[str, Any], kind: str) -> int | None:
    """Tokens of the longest text that sentence vectors learned from, where that is what is asked for, and stated."""
    stated = config.get("embedding_max_length")
    return stated if kind == "bi_encoder" and isinstance(stated, int) and stated > 0 else None


def _max_length(folder: Path, ours: Mapping[str, Any], positions: object, asked: int | None) -> int:
    """What was saved or asked for, the smaller; no segment may be longer than the network has `positions`."""
    saved = ours.get("max_length")
    if not isinstance(saved, int) or saved < 1:
        raise corrupt(folder / "config.json", f"max_length is {saved!r} where a number of tokens is expected")
    if asked is not None and asked < 1:
        raise InputError(f"Loading {folder}: max_length={asked}; expected a positive number of tokens.")
    return min(saved, asked or saved, positions if isinstance(positions, int) else saved)


def _pooling(folder: Path, ours: Mapping[str, Any]) -> Pooling:
    saved = ours.get("pooling")
    mode = saved.get("mode", "mean") if isinstance(saved, dict) else "mean"
    if mode not in MODES:
        raise corrupt(folder / "config.json", f"pooling mode is {mode!r} where one of {', '.join(MODES)} is expected")
    return Pooling(mode=str(mode), normalize=True)
