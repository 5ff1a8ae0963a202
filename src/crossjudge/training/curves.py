"""The curves of a run, from the log it left: a table of points, and a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from crossjudge.errors import InputError
from crossjudge.extras import require

LOG, TABLE, PICTURE = "training_log.json", "training_curve.csv", "training_curve.png"
STEP, SPEED = "step", "pairs_per_s"
"""Columns of a point that are no loss."""

_LINES = ("#0b5c97", "#c2410c", "#00795b", "#9a3f78", "#8a6a00", "#3d8fc4", "#6d4c9f", "#7a7f86")

Points = Sequence[Mapping[str, float]]


def read_curve(run: Path) -> Points:
    """The points of a run in order: its step, its losses by name, pairs per second.

    Raises `InputError` for a folder without a log.
    """
    path = run / LOG
    if not path.is_file():
        raise InputError(f"Reading the curve of {run}: there is no {LOG}. Name the folder of a run that has ended.")
    points: Points = json.loads(path.read_text(encoding="utf-8"))
    return points


def losses_of(points: Points) -> list[str]:
    """The names of the losses, the first seen first."""
    names = dict.fromkeys(name for point in points for name in point)
    return [name for name in names if name not in (STEP, SPEED)]


def write_table(points: Points, path: Path) -> Path:
    """The points as csv: step, every loss, pairs per second; empty where a point lacks one."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [STEP, *losses_of(points), SPEED])
        writer.writeheader()
        writer.writerows(points)
    return path


def draw(points: Points, path: Path) -> Path:
    """The losses over the steps as PNG; raises `MissingExtraError` without matplotlib."""
    require("matplotlib", to="draw the curve of a run")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, name in enumerate(losses_of(points)):
        known = [point for point in points if name in point]
        steps, values = [point[STEP] for point in known], [point[name] for point in known]
        # A lone point would be no line at all.
        axes.plot(steps, values, color=_LINES[number % len(_LINES)], label=name, marker="." if len(known) == 1 else "")
    axes.set_xlabel("step")
    axes.set_ylabel("training loss, mean since the point before")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
    return path
