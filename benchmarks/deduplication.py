"""Duplicates merged and missed: `python benchmarks/deduplication.py --data FOLDER qqp_pieces.dev mrpc.test`.

All texts of a set go through `Deduplicator` together; a labelled pair counts as merged if both of its texts stand in
one cluster. Printed for each set are the precision and recall of merged pairs with 95% Wilson intervals, and beside
them those of similarity alone: a pair is merged from a cosine on, 0.8 and the one with the best F1 on these very pairs,
which flatters it. `--apart-by-nothing` leaves the rule on figures out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from crossjudge import BiEncoder, Deduplicator
from crossjudge.apps.deduplication.results import DedupeReport
from crossjudge.datasets import Example, read_examples
from crossjudge.models.parity import wilson

SIMILARITY = 0.8

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Merging:
    """What one way of merging did with labelled pairs. `precision` and `recall`: value, low, high; None of nothing."""

    way: str
    merged: int
    right: int
    gold: int

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """Of the merged pairs, how many are duplicates."""
        return share(self.right, self.merged)

    @property
    def recall(self) -> tuple[float, float, float] | None:
        """Of the duplicates, how many were merged."""
        return share(self.right, self.gold)

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 where nothing is right."""
        return 2 * self.right / max(1, self.merged + self.gold)


def main() -> None:
    """Measure each set and print a line for each way of merging, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", help="NAME.SPLIT, for example mrpc.test")
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    parser.add_argument("--first-stage-model", default=None, help="bi-encoder (default: the embedded model's)")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--limit", type=int, default=None, help="about N pairs of each set, evenly spread")
    parser.add_argument("--apart-by-nothing", action="store_true", help="let the model decide about figures too")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    encoder = BiEncoder(options.first_stage_model)
    rule = {"apart_by": ()} if options.apart_by_nothing else {}
    finder = Deduplicator(threshold=options.threshold, model=options.model, first_stage_model=encoder, **rule)
    for name in options.sets:
        pairs = list(read_examples(*name.split("."), folder=options.data))
        pairs = pairs[:: max(1, len(pairs) // options.limit)] if options.limit else pairs
        report, ways = measured(pairs, finder, encoder)
        print(json.dumps(record(name, len(pairs), report, ways)) if options.json else lines(name, pairs, report, ways))


def measured(pairs: Sequence[Example], finder: Deduplicator, encoder: BiEncoder) -> tuple[DedupeReport, list[Merging]]:
    """The report on all texts of the pairs, and the ways of merging them side by side."""
    gold = np.array([pair.gold in ("1", "duplicate") for pair in pairs], dtype=bool)
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.text_a, pair.text_b)))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking", total=3 * len(texts))
        report = finder.report(
            texts, similarity_threshold=SIMILARITY, progress=lambda done, total: bar.update(task, completed=done)
        )
    cluster_of = {texts[index]: n for n, cluster in enumerate(report.clusters) for index in cluster.indices}
    together = np.array([cluster_of[pair.text_a] == cluster_of[pair.text_b] for pair in pairs], dtype=bool)
    cosines = encoder.similarity([(pair.text_a, pair.text_b) for pair in pairs])
    best = best_cosine(cosines, gold)
    return report, [
        merging("Deduplicator", together, gold),
        merging(f"cosine {SIMILARITY}", cosines >= SIMILARITY, gold),
        merging(f"cosine {best:.3f}, best here", cosines >= best, gold),
    ]


def merging(way: str, merged: Mask, gold: Mask) -> Merging:
    """Count merged pairs."""
    return Merging(way, int(merged.sum()), int((merged & gold).sum()), int(gold.sum()))


def best_cosine(cosines: NDArray[np.float32], gold: Mask) -> float:
    """The cosine from which merging has the best F1 on these pairs; the highest of several."""
    order = np.argsort(-cosines, kind="stable")
    right = np.cumsum(gold[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + gold.sum())
    return float(cosines[order][int(f1.argmax())])


def share(count: int, n: int) -> tuple[float, float, float] | None:
    """A share and its interval."""
    return (count / n, *wilson(count, n)) if n else None


def record(name: str, n: int, report: DedupeReport, ways: Sequence[Merging]) -> dict[str, Any]:
    """One set as plain JSON values."""
    account = {key: value for key, value in report.to_dict().items() if key != "clusters"}
    figures = [{**asdict(one), "precision": one.precision, "recall": one.recall, "f1": one.f1} for one in ways]
    return {"set": name, "pairs": n, **account, "ways": figures}


def lines(name: str, pairs: Sequence[Example], report: DedupeReport, ways: Sequence[Merging]) -> str:
    """One set for people."""
    tally = report.tally
    return "\n".join(
        [
            f"{name}: {len(pairs):,} labelled pairs, {ways[0].gold:,} duplicates; {report.texts:,} texts, "
            f"{report.candidates:,} candidates, {tally.compared:,} compared, {tally.ruled_apart:,} ruled apart, "
            f"{tally.similar_refused:,} of {tally.similar:,} similar ones refused",
            *(
                f"  {one.way:24} merged {one.merged:5,}  precision {shown(one.precision)}  recall {shown(one.recall)}"
                f"  F1 {one.f1:.3f}"
                for one in ways
            ),
        ]
    )


def shown(figure: tuple[float, float, float] | None) -> str:
    """A share with its interval."""
    return "     –     " if figure is None else f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]"


if __name__ == "__main__":
    main()
