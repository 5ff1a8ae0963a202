"""What does guarding catch, and what does it block by mistake? `python benchmarks/guarding.py --data FOLDER`.

Every ready set of policies is held against sets of texts with known labels: the share of violating texts that are
blocked, and of harmless texts that are, each with its 95% interval (Wilson), at thresholds of 0.5; and the area under
the curve of the lowest score among the policies, which no threshold plays a part in. Then a threshold is fitted on
training texts for at most 5% of false accepts (95% confidence), and what it does on held-out texts is counted. Beside
the model, the recognisers alone are tried on the harmless texts. Texts are drawn at random with a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

import figures
from crossjudge import Judge
from crossjudge.apps.guarding import Guardrail, GuardrailResult, policy_set, recognize
from crossjudge.datasets.texts import read_texts
from crossjudge.evaluation.statistics import auc, share
from figures import Block, Table

NAME, RATE, CONFIDENCE = "insults", 0.05, 0.95
"""The policy that a threshold is fitted for, on tweets, and what the fit must promise."""
FITTED_ON = 1_000
"""Texts that the threshold is fitted on."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A split of a set. `violating`: labels of the texts that break the policies held against it."""

    name: str
    split: str
    violating: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """Set and split."""
        return f"{self.name}.{self.split}"

    def read(self, folder: Path, limit: int) -> list[tuple[str, bool]]:
        """At most `limit` texts, each with whether it is harmless."""
        rows = [(text, label not in self.violating) for text, label in read_texts(self.name, self.split, folder=folder)]
        return random.Random(0).sample(rows, min(limit, len(rows)))


HATE = Texts("hatecheck", "test", frozenset({"hateful"}))
HATE_TWEETS = Texts("tweeteval_hate", "test", frozenset({"hate"}))
TWEETS = Texts("tweeteval_offensive", "dev", frozenset({"offensive"}))
TRAINING_TWEETS = Texts("tweeteval_offensive", "train", frozenset({"offensive"}))
JAILBREAKS = Texts("jailbreak", "test", frozenset({"jailbreak"}))
HARMLESS = (Texts("agnews", "test"), Texts("clinc150", "test"), Texts("banking77", "test"), Texts("dbpedia", "test"))
"""Other texts of the first three sets were trained on as harmless, and paragraphs of Wikipedia, as the last are."""
EVERYDAY = (Texts("imdb", "test"), Texts("yelp", "train"))
NEWS = frozenset({"World", "Sports", "Business", "Science or Technology"})
TOPICS = {
    "sports": Texts("agnews", "test", NEWS - {"Sports"}),
    "business": Texts("agnews", "test", NEWS - {"Business"}),
    "science or technology": Texts("agnews", "test", NEWS - {"Science or Technology"}),
}
"""What `off-topic` is told to keep to -> news of every kind, that of other kinds violating."""
ALL = 1_000_000
TEXTS = 500
TRIALS: dict[str, tuple[Texts, ...]] = {
    "toxicity": (HATE, HATE_TWEETS, TWEETS, *HARMLESS),
    "injection": (JAILBREAKS, *HARMLESS),
    "illegal": HARMLESS,
    "pii": HARMLESS,
}
"""Set of policies -> the texts that it is held against."""


def main() -> None:
    """Measure, and show or write a table."""
    figures.main(__doc__, measure, limit=TEXTS, use=Guardrail)


def measure(judge: Judge, data: Path, *, limit: int | None, bar: Progress) -> Iterator[Block]:
    """What the policies do, and what the patterns alone find in harmless texts."""
    rows = list(measured(judge, data, limit or TEXTS, bar))
    head = ("policies", "texts", "violating: blocked (95%)", "harmless: blocked (95%)", "AUC")
    cells = [
        [row["policies"], row["texts"], _shown(row["detected"]), _shown(row["blocked"]),
         f"{row['auc']:.3f}" if "auc" in row else ""]
        for row in rows
    ]  # fmt: skip
    note = f"{NAME}, fitted: the threshold for at most {RATE:.0%} of false accepts with {CONFIDENCE:.0%} confidence."
    yield Block("guarding.sets", "Blocked", Table(head, cells, (4,)), rows, note)
    yield alone(data)


def alone(data: Path) -> Block:
    """The recognisers on all harmless texts."""
    numbers = []
    for texts in (*HARMLESS, *EVERYDAY):
        rows = texts.read(data, ALL)
        hits = [recognize(text) for text, _ in rows]
        kinds = sorted({one.kind for found in hits for one in found})
        numbers.append({"texts": texts.title, "hits": sum(map(bool, hits)), "n": len(rows), "kinds": kinds})
    cells = [[row["texts"], f"{row['n']:,}", f"{row['hits']}", ", ".join(row["kinds"])] for row in numbers]
    head = ("harmless texts", "n", "with a hit", "kinds")
    return Block("guarding.patterns", "Patterns alone", Table(head, cells, (1, 2)), numbers)


def measured(judge: Judge, folder: Path, limit: int, bar: Progress) -> Iterator[dict[str, Any]]:
    """A row for each set of policies and texts, and one for the fitted threshold."""
    for policies, trials in TRIALS.items():
        guardrail = Guardrail(policy_set(policies), model=judge)
        for texts in trials:
            yield {"policies": policies, **counted(guardrail, texts, folder, limit, bar)}
    for topic, texts in TOPICS.items():
        guardrail = Guardrail(policy_set("off-topic", topic=topic), model=judge)
        yield {"policies": f"off-topic: {topic}", **counted(guardrail, texts, folder, limit, bar)}
    yield {"policies": f"{NAME}, fitted", **fitted(judge, folder, limit, bar)}


def counted(guardrail: Guardrail, texts: Texts, folder: Path, limit: int, bar: Progress) -> dict[str, Any]:
    """What `guardrail` does with a set of texts."""
    rows = texts.read(folder, limit)
    found = guardrail.batch([text for text, _ in rows], progress=figures.follow(bar, texts.title))
    bad, good = (
        [result for (_, is_harmless), result in zip(rows, found, strict=True) if is_harmless is wanted]
        for wanted in (False, True)
    )
    return {"texts": texts.title, "detected": blocked(bad), "blocked": blocked(good)} | (
        {"auc": auc(lowest(good), lowest(bad))} if bad and good else {}
    )


def fitted(judge: Judge, folder: Path, limit: int, bar: Progress) -> dict[str, Any]:
    """What a threshold fitted on training tweets does on held-out ones."""
    policies = {NAME: policy_set("toxicity")[NAME]}
    guardrail = partial(Guardrail, policies, model=judge)
    labelled = [(text, {NAME: harmless}) for text, harmless in TRAINING_TWEETS.read(folder, FITTED_ON)]
    thresholds = guardrail().fit_thresholds(labelled, false_accept_rate=RATE, confidence=CONFIDENCE)
    found = counted(guardrail(thresholds=thresholds), TWEETS, folder, limit, bar)
    return found | {"threshold": thresholds.policies[NAME].threshold}


def lowest(results: Sequence[GuardrailResult]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Each text's lowest score, `(n_texts,)`."""
    return np.array([min(check.score for check in result.checks.values()) for result in results])


def blocked(results: Sequence[GuardrailResult]) -> dict[str, Any] | None:
    """The share that is blocked, or None of no texts."""
    return rate(sum(result.decision == "BLOCK" for result in results), len(results)) if results else None


def rate(count: int, n: int) -> dict[str, Any]:
    """A share with its interval, as JSON."""
    one = share(count, n)
    return {"value": one.value, "low": one.low, "high": one.high, "n": n}


def _shown(found: dict[str, Any] | None) -> str:
    """A share as people read it."""
    return "" if found is None else f"{figures.share(found['value'], found['low'], found['high'])} of {found['n']:,}"


if __name__ == "__main__":
    main()
