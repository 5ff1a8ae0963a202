"""Accuracy of a model on labelled NLI sets: `python benchmarks/accuracy.py --data FOLDER snli.test mnli_matched.dev`.

Prints, for each set, the number of pairs, accuracy with its 95% interval (Wilson), macro F1, and the expected
calibration error. Two-way gold labels (entailment, not_entailment) are scored two-way, and the line says so. Without
`--data` the sets are read from the hub.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from crossjudge import Judge
from crossjudge.training.measure import Measured, measure


def main() -> None:
    """Measure and print a table, or with --json one object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", help="NAME.SPLIT, for example snli.test")
    parser.add_argument("--data", type=Path, default=None, help="folder of local sets")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    parser.add_argument("--limit", type=int, default=None, help="the first N pairs of each set only")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    judge = Judge(options.model)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for name in options.sets:
            task = bar.add_task(name, total=None)
            measured = measure(
                judge,
                *name.split("."),
                folder=options.data,
                limit=options.limit,
                progress=lambda done, total, task=task: bar.update(task, completed=done, total=total),
            )
            print(json.dumps(measured.to_dict()) if options.json else line_of(measured))


def line_of(measured: Measured) -> str:
    """One set on one line."""
    low, high = measured.interval
    ways = "two-way" if measured.two_way else "three-way"
    return (
        f"{measured.name:22} {ways:9} n={measured.pairs:6,}  accuracy {measured.accuracy:.3f} [{low:.3f}, {high:.3f}]  "
        f"macro F1 {measured.macro_f1:.3f}  ECE {measured.calibration_error:.3f}"
    )


if __name__ == "__main__":
    main()
