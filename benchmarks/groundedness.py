"""How well are supported claims told from others? `python benchmarks/groundedness.py --data FOLDER [SET.SPLIT ...]`.

Checks every row of the groundedness sets in FOLDER (`groundedness/NAME.SPLIT.jsonl.gz`: `source`, `claim`, `label`),
each claim whole, with `ClaimChecker`. Without names: every dev and test part. Prints, for each set, n, the balanced
accuracy of supported against everything else with its 95% interval (Wilson bounds of both recalls, combined), and what
became of the rows of each gold label; then what is published for other small models, on other rows
(groundedness.toml). `partially_supported` is not supported.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from crossjudge.apps.checking import ClaimChecker
from crossjudge.apps.checking.results import OUTCOMES, SUPPORTED
from crossjudge.datasets import read_jsonl
from crossjudge.models.parity import wilson

GOLD_SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class Measured:
    """One set: `outcomes[gold][outcome]` counts rows; `balanced_accuracy` and its bounds are shares."""

    name: str
    rows: int
    balanced_accuracy: float
    interval: tuple[float, float]
    outcomes: dict[str, dict[str, int]]


def main() -> None:
    """Measure and print a table, or with --json one object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="NAME.SPLIT, for example wice.dev (default: every dev and test part)")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds groundedness/")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--limit", type=int, default=None, help="the first N rows of each set only")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    checker = ClaimChecker(model=options.model, threshold=options.threshold)
    found: list[Measured] = []
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for path in _paths(options.data / "groundedness", options.sets):
            task = bar.add_task(path.name, total=None)
            rows = [row for _, row in read_jsonl(path)][: options.limit]
            reports = checker.batch(
                [(row["source"], [row["claim"]]) for row in rows],
                progress=lambda done, total, task=task: bar.update(task, completed=done, total=total),
            )
            pairs = [(row["label"], report.claims[0].outcome) for row, report in zip(rows, reports, strict=True)]
            found.append(measured(path.name.removesuffix(".jsonl.gz"), pairs))
            if options.json:
                print(json.dumps(asdict(found[-1])), flush=True)
    if not options.json:
        _show(found, f"{checker.judge.model.name}, {checker.judge.model.fingerprint}, threshold {options.threshold}")


def measured(name: str, pairs: Sequence[tuple[str, str]]) -> Measured:
    """(gold label, outcome) of every row -> the figures of a set; both kinds of gold must be there."""
    counts = Counter(pairs)
    outcomes = {
        gold: {outcome: counts[gold, outcome] for outcome in OUTCOMES} for gold in sorted({gold for gold, _ in pairs})
    }
    kept = [outcome == SUPPORTED for gold, outcome in pairs if gold == GOLD_SUPPORTED]
    refused = [outcome != SUPPORTED for gold, outcome in pairs if gold != GOLD_SUPPORTED]
    accuracy, interval = balanced(sum(kept), len(kept), sum(refused), len(refused))
    return Measured(name, len(pairs), accuracy, interval, outcomes)


def balanced(hits: int, positives: int, rejections: int, negatives: int) -> tuple[float, tuple[float, float]]:
    """Balanced accuracy and its 95% interval: distances of both recalls to their Wilson bounds, added as squares."""
    recalls = (hits / positives, rejections / negatives)
    bounds = (wilson(hits, positives), wilson(rejections, negatives))
    below = math.hypot(*(recall - low for recall, (low, _) in zip(recalls, bounds, strict=True))) / 2
    above = math.hypot(*(high - recall for recall, (_, high) in zip(recalls, bounds, strict=True))) / 2
    accuracy = sum(recalls) / 2
    return accuracy, (accuracy - below, accuracy + above)


def _paths(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    if names:
        yield from (folder / f"{name}.jsonl.gz" for name in names)
    else:
        yield from sorted(path for path in folder.glob("*.jsonl.gz") if ".train." not in path.name)


def _show(found: Sequence[Measured], title: str) -> None:
    console = Console(width=150)
    table = Table("set", "n", "balanced accuracy", "95%", "gold", *OUTCOMES, title=title)
    for one in found:
        low, high = one.interval
        head = [one.name, f"{one.rows:,}", f"{one.balanced_accuracy:.3f}", f"{low:.3f} to {high:.3f}"]
        for gold, outcomes in one.outcomes.items():
            table.add_row(*head, gold, *(f"{count:,}" for count in outcomes.values()))
            head = [""] * len(head)
    console.print(table)
    published = Table("model", "size", "on", "balanced accuracy", "read in", title="Published, on other rows")
    for figure in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["figures"]:
        published.add_row(
            figure["model"], figure["size"], figure["on"], f"{figure['balanced_accuracy']:.3f}",
            figure["source"],
        )  # fmt: skip
    console.print(published)


if __name__ == "__main__":
    main()
