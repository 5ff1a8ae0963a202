"""How often is the right label the surest? `python benchmarks/tagging.py --data FOLDER`.

Tags texts of sets with known labels (one a text) with `Tagger`, no training, and shows the share whose surest label is
right with its 95% interval (Wilson) beside chance, for sets of 2 to 151 labels. For the sets with many labels a
bi-encoder first stage leaves 20 or 40 of them: shown are the share right with it, and how many of the tags that asking
every label finds are still found (`Tagger.recall_cost`). Nothing was tuned: templates say what a set's labels are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

import figures
from crossjudge import Judge, Tagger
from crossjudge.datasets.texts import read_texts
from crossjudge.models.parity import wilson
from figures import Block, Table

FIRST_STAGES = (20, 40)
TEXTS = 300


@dataclass(frozen=True, slots=True)
class Labelled:
    """A set. `says`: what its labels are put into."""

    name: str
    split: str
    says: str
    has_many: bool = False

    @property
    def title(self) -> str:
        """Set and split."""
        return f"{self.name}.{self.split}"


SETS = (
    Labelled("sst2", "test", "The opinion of this text is {}."),
    Labelled("agnews", "test", "This text is about {}."),
    Labelled("tweeteval_emotion", "test", "The writer feels {}."),
    Labelled("dbpedia", "test", "This text is about a {}."),
    Labelled("banking77", "test", "The customer asks about: {}.", has_many=True),
    Labelled("clinc150", "test", "The user asks about: {}.", has_many=True),
)


def main() -> None:
    """Tag, and show or write tables."""
    figures.main(__doc__, measure, limit=TEXTS, use=Tagger)


def measure(judge: Judge, data: Path, *, limit: int | None, bar: Progress) -> Iterator[Block]:
    """The surest label, then what a first stage costs."""
    rows, numbers, stages = [], [], []
    for one in SETS:
        whole = list(read_texts(one.name, one.split, folder=data))
        labels, texts = sorted({label for _, label in whole}), figures.spread(whole, limit or TEXTS)
        found = counted(
            Tagger(labels, template=one.says, model=judge, multi_label=False, threshold=0.0), texts, bar, one
        )
        numbers.append({"set": one.title, "labels": len(labels), **found})
        rows.append([one.title, f"{len(labels)}", f"{len(texts):,}", f"{1 / len(labels):.2f}", _shown(found), one.says])
        stages += [staged(judge, one, labels, texts, size, bar) for size in FIRST_STAGES if one.has_many]
    head = ("set", "labels", "n", "chance", "surest is right (95%)", "template")
    yield Block("tagging.sets", "Surest label", Table(head, rows, (1, 2, 3)), numbers)
    yield of_first_stages(stages)


def counted(tagger: Tagger, texts: list[tuple[str, str]], bar: Progress, one: Labelled) -> dict[str, Any]:
    """The share of texts whose surest label is right."""
    results = tagger.batch([text for text, _ in texts], progress=figures.follow(bar, one.title))
    right = sum(result.chosen == [label] for result, (_, label) in zip(results, texts, strict=True))
    low, high = wilson(right, len(texts))
    return {"n": len(texts), "right": right, "value": right / len(texts), "low": low, "high": high}


def staged(
    judge: Judge, one: Labelled, labels: list[str], texts: list[tuple[str, str]], size: int, bar: Progress
) -> dict[str, Any]:
    """The same with a first stage, and what it loses of the tags that apply at the usual threshold."""
    surest = Tagger(labels, template=one.says, model=judge, multi_label=False, threshold=0.0, first_stage=size)
    several = Tagger(labels, template=one.says, model=judge, first_stage=size)
    cost = several.recall_cost([text for text, _ in texts], progress=figures.follow(bar, f"{one.title}, {size}"))
    found = counted(surest, texts, bar, one)
    return {"set": one.title, "labels": len(labels), "left": size, **found, "recall": cost.to_dict()}


def of_first_stages(stages: list[dict[str, Any]]) -> Block:
    """A line for each set and size."""
    head = ("set", "labels asked", "n", "surest is right (95%)", "tags of asking all that are found (95%)", "tags")
    rows = [
        [
            one["set"], f"{one['left']} of {one['labels']}", f"{one['n']:,}", _shown(one),
            figures.share(one["recall"]["recall"], one["recall"]["low"], one["recall"]["high"]),
            f"{one['recall']['chosen']:,}",
        ]
        for one in stages
    ]  # fmt: skip
    return Block("tagging.first-stage", "First stage", Table(head, rows, (2, 5)), stages)


def _shown(found: dict[str, Any]) -> str:
    return figures.share(found["value"], found["low"], found["high"])


if __name__ == "__main__":
    main()
