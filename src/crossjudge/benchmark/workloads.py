"""What is measured: each workload is some calls, each call some pairs, and a few other pairs to warm up with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

from crossjudge.benchmark.texts import WORDS, TextPair, mixed_pairs, shared_premise

Call = Sequence[TextPair]

WARM_UP_SEED = 1_000
"""Texts to warm up with come from here on, so that no cache of texts helps what is measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """`calls` are measured one by one. `warm_up`: calls of the same shapes with other texts, run before.

    `num_labels`: 1 where only a model with one score makes sense of it, None for any model.
    """

    name: str
    title: str
    calls: tuple[Call, ...]
    warm_up: tuple[Call, ...]
    num_labels: int | None = None

    @property
    def pairs(self) -> list[TextPair]:
        """All pairs in order."""
        return list(chain.from_iterable(self.calls))

    def first(self, num_calls: int) -> Workload:
        """The same with fewer calls, at least one."""
        return replace(self, calls=self.calls[: max(1, num_calls)])

    def varied(self, number: int) -> Workload:
        """The same lengths with other texts, `number` 0 to 69: a cache that saw one variation has not seen another."""
        return replace(
            self, calls=tuple([(_varied(a, number), _varied(b, number)) for a, b in one] for one in self.calls)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def _varied(text: str, number: int) -> str:
    first, _, rest = text.partition(" ")
    return f"{WORDS[number].capitalize()} {rest}" if rest else first


def mixed(count: int, *, pairs_a_call: int | None = None) -> Workload:
    """`count` independent pairs of mixed length, in one call or in calls of `pairs_a_call`."""
    size = pairs_a_call or count
    pairs = mixed_pairs(count)
    return Workload(
        name="mixed",
        title="independent pairs of mixed length",
        calls=tuple(pairs[start : start + size] for start in range(0, count, size)),
        warm_up=(mixed_pairs(max(size // 5, 1), seed=WARM_UP_SEED),),
    )


def tags(num_texts: int, *, num_tags: int = 50) -> Workload:
    """One text a call, of about 250 tokens, with `num_tags` hypotheses of about 12."""
    return Workload(
        name="tags",
        title=f"{num_tags} hypotheses on a premise of 250 tokens",
        calls=tuple(shared_premise(num_tags, seed=seed) for seed in range(num_texts)),
        warm_up=tuple(shared_premise(num_tags, seed=WARM_UP_SEED + seed) for seed in range(2)),
    )


def single(count: int) -> Workload:
    """One pair of mixed length a call."""
    return Workload(
        name="single",
        title="one pair at a time",
        calls=tuple([pair] for pair in mixed_pairs(count, seed=1)),
        warm_up=tuple([pair] for pair in mixed_pairs(max(count // 5, 5), seed=WARM_UP_SEED + 1)),
    )
