"""Accuracy against speed of a cascade: `python benchmarks/cascade.py CHEAP STRONG snli.test mnli_matched.dev`.

The even rows of the sets fit the threshold, without their gold labels; the odd rows are measured, once for each
threshold. Prints, for each, accuracy on the sets' labels and agreement with the strong model (95% Wilson intervals),
the share of pairs that were escalated, and pairs a second; `--plot FILE` draws accuracy over speed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from crossjudge import CrossEncoder
from crossjudge.backends.exits import confidence
from crossjudge.datasets import Example, read_examples
from crossjudge.models.cascade import Cascade
from crossjudge.models.escalation import fit_escalation
from crossjudge.models.parity import decisions, wilson
from crossjudge.types import FloatArray, IntArray
from machine import describe

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
ALWAYS = 2.0

Pairs = list[tuple[str, str]]
Both = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Point:
    """One threshold's figures; intervals are low and high. `fitted`: the threshold came from `fit_escalation`."""

    threshold: float
    fitted: bool
    pairs: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    agreement: float
    agreement_interval: tuple[float, float]
    escalated: float
    pairs_per_s: float

    @property
    def name(self) -> str:
        """How the table and the picture call it."""
        if self.threshold == 0:
            return "cheap alone"
        if self.threshold == ALWAYS:
            return "every pair to both"
        return f"{self.threshold:.4g}{' (fitted)' if self.fitted else ''}"


def main() -> None:
    """Measure, print and draw."""
    options = parsed()
    opening = {"backend": options.backend, "precision": options.precision, "num_threads": options.threads}
    cascade = Cascade(CrossEncoder(options.cheap, **opening), CrossEncoder(options.strong, **opening))
    examples = [one for name in options.sets for one in examples_of(name, options.data, options.limit)]
    fit, held = examples[::2], examples[1::2]
    threshold = fit_escalation(*cascade.both(pairs_of(fit)), agreement=options.agreement)
    both = cascade.both(pairs_of(held))
    strong_s = timed(cascade.strong.model, pairs_of(held), options.repeat)[1]
    points = [
        measured(cascade, one, one == threshold, held, both, options.repeat)
        for one in sorted({0.0, *THRESHOLDS, threshold, ALWAYS})
    ]
    alone = right_of(both[1], held, cascade), len(held) / strong_s
    if options.json:
        for point in points:
            print(json.dumps(asdict(point)))
        print(json.dumps({"strong_alone": alone[1], "accuracy": alone[0].mean(), "pairs": len(held)}))
    else:
        print(describe())
        print(f"{cascade.name}: fitted on {len(fit):,} pairs for {options.agreement:.1%}, measured on {len(held):,}")
        Console(width=140).print(table_of(points, *alone))
    if options.plot:
        draw(points, alone[0], alone[1], options.plot, cascade.name)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cheap", help="folder or hub name of the quick model")
    parser.add_argument("strong", help="folder or hub name of the accurate model, 'embedded' for the one in the box")
    parser.add_argument("sets", nargs="+", help="three-way NLI sets, NAME.SPLIT, for example snli.test")
    parser.add_argument("--data", type=Path, default=None, help="folder of local sets (default: the hub)")
    parser.add_argument("--limit", type=int, default=2_000, help="the first N pairs of each set")
    parser.add_argument(
        "--agreement", type=float, default=0.995, help="share of equal decisions to fit a threshold for"
    )
    parser.add_argument("--repeat", type=int, default=2, help="time each run so often and keep the best")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads (default: usable cores)")
    parser.add_argument("--backend", default="auto", help="engine of both models")
    parser.add_argument("--precision", default=None, help="precision of both models")
    parser.add_argument("--plot", type=Path, default=None, help="PNG to draw")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args()


def examples_of(name: str, folder: Path | None, limit: int) -> list[Example]:
    """The first `limit` rows of one split."""
    return list(islice(read_examples(*name.split("."), folder=folder), limit))


def pairs_of(examples: Sequence[Example]) -> Pairs:
    """The texts alone."""
    return [(example.text_a, example.text_b) for example in examples]


def timed(model: CrossEncoder, pairs: Pairs, repeat: int) -> tuple[FloatArray, float]:
    """Logits, and the best of `repeat` times in seconds, after a first run over some of the pairs."""
    model.logits(pairs[:256])
    best = float("inf")
    for _ in range(repeat):
        began = time.perf_counter()
        logits = model.logits(pairs)
        best = min(best, time.perf_counter() - began)
    return logits, best


def right_of(logits: FloatArray, examples: Sequence[Example], cascade: Cascade) -> IntArray:
    """1 where the decision is the gold label."""
    gold = np.array([cascade.labels.index(str(example.gold)) for example in examples])
    return (decisions(logits) == gold).astype(np.int64)


def measured(
    cascade: Cascade, threshold: float, fitted: bool, examples: Sequence[Example], both: Both, repeat: int
) -> Point:
    """Run the cascade at one threshold. `both`: each model's logits of all the pairs."""
    cheap, strong = both
    logits, seconds = timed(cascade.escalating_below(threshold), pairs_of(examples), repeat)
    right = int(right_of(logits, examples, cascade).sum())
    same = int((decisions(logits) == decisions(strong)).sum())
    n = len(examples)
    return Point(
        threshold=threshold,
        fitted=fitted,
        pairs=n,
        accuracy=right / n,
        accuracy_interval=wilson(right, n),
        agreement=same / n,
        agreement_interval=wilson(same, n),
        escalated=float((confidence(cheap) < threshold).mean()),
        pairs_per_s=n / seconds,
    )


def table_of(points: Sequence[Point], right: IntArray, strong_per_s: float) -> Table:
    """One line for each threshold, and one for the strong model alone."""
    table = Table("escalated below", "accuracy", "agrees with strong", "escalated", "pairs/s", "times strong")
    for point in points:
        table.add_row(
            point.name,
            share_of(point.accuracy, point.accuracy_interval),
            share_of(point.agreement, point.agreement_interval),
            f"{point.escalated:.1%}",
            f"{point.pairs_per_s:,.0f}",
            f"{point.pairs_per_s / strong_per_s:.2f}",
        )
    table.add_row(
        "strong alone",
        share_of(right.mean(), wilson(int(right.sum()), len(right))),
        "",
        "",
        f"{strong_per_s:,.0f}",
        "1.00",
    )
    return table


def share_of(value: float, interval: tuple[float, float]) -> str:
    """0.823 [0.806, 0.839]."""
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def draw(points: Sequence[Point], right: IntArray, strong_per_s: float, path: Path, title: str) -> None:
    """Accuracy over speed, one dot a threshold, with 95% intervals."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.8), dpi=120, layout="constrained")
    speed = [point.pairs_per_s for point in points]
    accuracy = [point.accuracy for point in points]
    low, high = zip(*(point.accuracy_interval for point in points), strict=True)
    errors = [np.subtract(accuracy, low), np.subtract(high, accuracy)]
    axes.errorbar(speed, accuracy, yerr=errors, fmt="o-", color="#2f6db3", ecolor="#b7cfe8", label="cascade")
    for point in points:
        at = (point.pairs_per_s, point.accuracy)
        axes.annotate(point.name, at, textcoords="offset points", xytext=(4, -8), fontsize=8, rotation=-60, va="top")
    axes.plot([strong_per_s], [right.mean()], "s", color="#b3412f", label="strong model alone")
    axes.set(xlabel="pairs per second", ylabel="accuracy (95% interval)", title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
