"""Held-out figures of a run that has just ended, on the weights as they were trained."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from crossjudge.datasets import find_set
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.one_way_export import export_one_way
from crossjudge.training.config import TrainConfig
from crossjudge.training.measure import Measured, measure
from crossjudge.training.mixture import OWN, Mixture

FIGURES = "held_out.json"
HEAD = "nli"


def development_sets(config: TrainConfig) -> list[str]:
    """The NLI sets of the mixture with a development part in the folder, as "NAME.dev".

    None for a run without a folder or without an NLI head.
    """
    if config.data is None or HEAD not in config.heads:
        return []
    sources = Mixture.from_toml(config.mixture).sources
    names = dict.fromkeys(one.name for one in sources if one.path is None and one.recipe not in OWN)
    cards = [find_set(name) for name in names]
    return [f"{card.name}.dev" for card in cards if card.kind == HEAD and (config.data / card.place("dev")).is_file()]


def check_measurable(config: TrainConfig, sets: Sequence[str]) -> None:
    """Raise `InputError` for a set that is unknown or no NLI set, and for a run without an NLI head."""
    if sets and HEAD not in config.heads:
        raise InputError(
            f"Measuring {', '.join(sets)}: the settings have the heads {', '.join(config.heads)}; expected {HEAD!r} "
            "among them. Measure this run with `crossjudge evaluate`."
        )
    for name in sets:
        card = find_set(name.partition(".")[0])
        if card.kind != HEAD or "." not in name:
            raise InputError(
                f"Measuring {name!r}: expected SET.SPLIT of an NLI set, such as 'snli.dev'. For other kinds, use "
                "`crossjudge evaluate`."
            )


def write_figures(config: TrainConfig, sets: Sequence[str], *, limit: int | None) -> list[Measured]:
    """Judge the first `limit` pairs of each set with the weights in `config.out`, and write the figures there."""
    with _judge(config) as judge:
        figures = [measure(judge, *name.split(".", 1), folder=config.data, limit=limit) for name in sets]
    content = json.dumps([one.to_dict() for one in figures], indent=1)
    (config.out / FIGURES).write_text(content + "\n", encoding="utf-8")
    return figures


@contextmanager
def _judge(config: TrainConfig) -> Iterator[Judge]:
    if config.attention == "joint":
        yield Judge(CrossEncoder(config.out, backend="torch", device=config.device))
        return
    with tempfile.TemporaryDirectory() as folder:
        exported = export_one_way(config.out, Path(folder) / "model", precision="fp32")
        yield Judge(CrossEncoder(exported, head=HEAD))
