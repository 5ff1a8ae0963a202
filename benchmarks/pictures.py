"""Bars of the figures of one run, one picture for each workload, and one of start and memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

OURS, THEIRS = "#1b6e53", "#9aa5b1"
WIDTH_INCHES, BAR_INCHES = 9.0, 0.32


def draw(content: dict[str, Any], folder: Path) -> list[Path]:
    """Write the pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, workload in content["workloads"].items():
        ran = [one for one in content["engines"] if name in one["workloads"]]
        if ran:
            one_by_one = workload["num_calls"] == workload["num_pairs"]
            key, label = ("p50_ms", "milliseconds a pair, p50 (less is better)") if one_by_one else (
                "pairs_per_s", "pairs a second (more is better)"
            )  # fmt: skip
            values = [one["workloads"][name][key] for one in ran]
            paths.append(_bars(folder / f"{name}.png", workload["title"], label, ran, values, rising=not one_by_one))
    started = [one for one in content["engines"] if one["cold_start_s"]]
    if started:
        paths.append(_start_and_memory(folder / "memory.png", started))
    return paths


def _bars(
    path: Path, title: str, label: str, engines: Sequence[dict[str, Any]], values: Sequence[float], *, rising: bool
) -> Path:
    """Best on top. The value stands beside each bar."""
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 1.2 + BAR_INCHES * len(values)))
    _fill(axes, engines, values, rising=rising)
    axes.set_title(title, loc="left")
    axes.set_xlabel(label)
    return _save(figure, path)


def _start_and_memory(path: Path, engines: Sequence[dict[str, Any]]) -> Path:
    figure, both = plt.subplots(1, 2, figsize=(1.6 * WIDTH_INCHES, 1.2 + BAR_INCHES * len(engines)))
    for axes, key, scale, label in (
        (both[0], "cold_start_s", 1, "seconds to the first score"),
        (both[1], "peak_bytes", 1e6, "peak memory, MB"),
    ):
        _fill(axes, engines, [one[key]["median"] / scale for one in engines], rising=False)
        axes.set_xlabel(f"{label} (less is better)")
    return _save(figure, path)


def _fill(axes: Any, engines: Sequence[dict[str, Any]], values: Sequence[float], *, rising: bool) -> None:
    order = sorted(range(len(values)), key=lambda place: values[place], reverse=not rising)
    titles = [engines[place]["title"] for place in order]
    colours = [OURS if engines[place]["is_ours"] else THEIRS for place in order]
    bars = axes.barh(titles, [values[place] for place in order], color=colours)
    axes.bar_label(bars, labels=[_short(values[place]) for place in order], padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"


def _save(figure: Any, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
