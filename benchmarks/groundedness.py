"""How well are supported claims told from others? `python benchmarks/groundedness.py --data FOLDER [SET.SPLIT ...]`.

Checks every row of the groundedness sets in FOLDER (`groundedness/NAME.SPLIT.jsonl.gz`: `source`, `claim`, `label`),
each claim whole, with `ClaimChecker`. Without names: every dev and test part. Shows, for each set, n, the balanced
accuracy of supported against everything else with its 95% interval (Wilson bounds of both recalls, combined), and what
became of the rows of each gold label; below, what is published for other small models, on other rows
(groundedness.toml). `partially_supported` is not supported.

`--among N` hides each source between N sources of other claims of its set, as one long text, half of them the nearest
to the claim by words; `--every-sentence` judges claims by every sentence instead of the nearest.
"""

from __future__ import annotations

import argparse
import math
import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

import figures
from crossjudge import Judge
from crossjudge.apps.checking import ClaimChecker
from crossjudge.apps.checking.results import CONTRADICTED, OUTCOMES, SUPPORTED
from crossjudge.apps.topics import telling_words
from crossjudge.datasets import read_jsonl
from crossjudge.models.parity import wilson
from figures import Block, Table

GOLD_SUPPORTED, GOLD_CONTRADICTED = "supported", "contradicted"
LONG_SET, LONG_ROWS, AMONG = "scifact.dev", 240, (0, 4, 12)
"""The set whose sources are hidden between others, how many of its rows, and between how many."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """One set: `outcomes[gold][outcome]` counts rows; `balanced_accuracy` and its bounds are shares."""

    name: str
    rows: int
    balanced_accuracy: float
    interval: tuple[float, float]
    outcomes: dict[str, dict[str, int]]


def main() -> None:
    """Measure, and show or write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="NAME.SPLIT, for example wice.dev (default: every dev and test part)")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--among", type=int, default=0, metavar="N", help="hide each source between N others")
    parser.add_argument("--every-sentence", action="store_true", help="judge by every sentence, not the nearest")
    figures.add_options(parser, limit=None)
    options = parser.parse_args()

    def blocks(judge: Judge, bar: Progress) -> Iterator[Block]:
        checker = ClaimChecker(model=judge, threshold=options.threshold, every_sentence=options.every_sentence)
        found = [
            checked(checker, path, limit=options.limit, among=options.among, bar=bar)
            for path in _paths(options.data / "groundedness", options.sets)
        ]
        yield of_sets(found)
        yield published()

    figures.run(options, blocks, use=ClaimChecker)


def measure(judge: Judge, data: Path, *, limit: int | None, bar: Progress) -> Iterator[Block]:
    """The tables of the page: all sets, what others published, and long sources."""
    checker = ClaimChecker(model=judge)
    folder = data / "groundedness"
    yield of_sets([checked(checker, path, limit=limit, among=0, bar=bar) for path in _paths(folder, [])])
    yield published()
    (path,) = _paths(folder, [LONG_SET])
    rows = min(limit or LONG_ROWS, LONG_ROWS)
    ways = {"the nearest": checker, "every sentence": ClaimChecker(model=judge, every_sentence=True)}
    yield of_long_sources(
        {
            (way, among): checked(one, path, limit=rows, among=among, bar=bar)
            for way, one in ways.items()
            for among in AMONG
        }
    )


def checked(checker: ClaimChecker, path: Path, *, limit: int | None, among: int, bar: Progress) -> Measured:
    """What the checker says of one set."""
    whole = [row for _, row in read_jsonl(path)]
    rows = figures.spread(whole, limit)
    sources = [row["source"] for row in rows] if not among else _hidden(rows, whole, among)
    name = path.name.removesuffix(".jsonl.gz")
    asked = [(source, [row["claim"]]) for source, row in zip(sources, rows, strict=True)]
    reports = checker.batch(asked, progress=figures.follow(bar, name))
    return measured(name, [(row["label"], one.claims[0].outcome) for row, one in zip(rows, reports, strict=True)])


def _hidden(rows: Sequence[Row], pool: Sequence[Row], among: int) -> list[str]:
    """Each row's source between `among` others: those nearest to its claim by words, and as many drawn at random."""
    rng = random.Random(0)
    words = {row["source"]: telling_words(row["source"]) for row in pool}
    made = []
    for row in rows:
        wanted = telling_words(row["claim"])
        others = list(dict.fromkeys(one["source"] for one in pool if one["claim"] != row["claim"]))
        others = sorted(
            (one for one in others if one != row["source"]), key=lambda source: -len(wanted & words[source])
        )
        texts = [*others[: among // 2], *rng.sample(others[among // 2 :], among - among // 2), row["source"]]
        rng.shuffle(texts)
        made.append("\n\n".join(texts))
    return made


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


def of_sets(found: Sequence[Measured]) -> Block:
    """A line for each set, and the mean of all."""
    rows = [
        [one.name, f"{one.rows:,}", figures.share(one.balanced_accuracy, *one.interval), *_recalls(one)]
        for one in found
    ]
    if len(found) > 1:
        mean = sum(one.balanced_accuracy for one in found) / len(found)
        rows.append(["mean of the sets", f"{sum(one.rows for one in found):,}", f"{mean:.3f}", "", "", ""])
    head = ("set", "n", "balanced accuracy (95%)", "supported: found", "others: refused", "contradicted: called so")
    return Block("checking.sets", "Claims on sources", Table(head, rows, (1, 3, 4, 5)), [asdict(one) for one in found])


def _recalls(one: Measured) -> list[str]:
    """Of supported claims the share called so, of others the share not called so, of contradicted ones called that."""
    cells = []
    for golds, wanted in (
        ([GOLD_SUPPORTED], {SUPPORTED}),
        ([gold for gold in one.outcomes if gold != GOLD_SUPPORTED], {*OUTCOMES} - {SUPPORTED}),
        ([gold for gold in one.outcomes if gold == GOLD_CONTRADICTED], {CONTRADICTED}),
    ):
        n = sum(sum(one.outcomes[gold].values()) for gold in golds)
        right = sum(one.outcomes[gold][outcome] for gold in golds for outcome in wanted)
        cells.append(f"{right / n:.2f}" if n else "")
    return cells


def of_long_sources(found: Mapping[tuple[str, int], Measured]) -> Block:
    """A line for each way of judging, a column for each number of other sources."""
    ways = list(dict.fromkeys(way for way, _ in found))
    rows = [
        [way, *(figures.share(found[way, among].balanced_accuracy, *found[way, among].interval) for among in AMONG)]
        for way in ways
    ]
    head = ("judged by", *("alone" if among == 0 else f"among {among} other sources" for among in AMONG))
    numbers = [{"way": way, "among": among, **asdict(one)} for (way, among), one in found.items()]
    n = next(iter(found.values())).rows
    note = (
        f"Balanced accuracy (95%) on {n} rows of {LONG_SET}, whose sources stand alone, or between others of the set "
        "as one text: half of them share most words with the claim."
    )
    return Block("checking.long", "Long sources", Table(head, rows), numbers, note)


def published() -> Block:
    """Other models, on other rows."""
    content = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["figures"]
    rows = [[one["model"], one["size"], one["on"], f"{one['balanced_accuracy']:.3f}", one["source"]] for one in content]
    head = ("model", "size", "on", "balanced accuracy", "read in")
    return Block("checking.published", "Published, on other rows", Table(head, rows, (3,)), content)


def _paths(folder: Path, names: Sequence[str]) -> list[Path]:
    if names:
        return [folder / f"{name}.jsonl.gz" for name in names]
    return sorted(path for path in folder.glob("*.jsonl.gz") if ".train." not in path.name)


if __name__ == "__main__":
    main()
