"""What is noted of each finished unit, and of a whole job: counts, distributions, samples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

BIN = 0.05
"""Scores are counted in bins of this width; bin n starts at n * BIN."""

SAMPLES = 5
"""Rows shown of each outcome and of each error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """Work that was not done twice.

    Of `asked` rows that could be read, `distinct` are different within their shard; `scored` were given to the model:
    what several shards ask, once.
    """

    asked: int = 0
    distinct: int = 0
    scored: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Counts of rows; `seconds` of work, all workers' together.

    `scores`: bin -> rows. `samples`: outcome -> rows as text by column. `error_samples`: kind of error -> reasons.
    """

    rows: int = 0
    errors: int = 0
    abstained: int = 0
    tokens: int = 0
    seconds: float = 0.0
    premises: int = 0
    premise_hits: int = 0
    saved: Saved = field(default_factory=Saved)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[int, int] = field(default_factory=dict)
    error_kinds: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    error_samples: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What is known of one finished unit. `fingerprint`: of the model that it asked, if it asked one.

    `details`: what its stage has to say of it, to later stages and to the report.
    """

    stage: str
    number: int
    worker: str
    summary: Summary
    fingerprint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """As it stands in the output folder."""
        return json.dumps(asdict(self), ensure_ascii=False).encode("utf-8")

    @classmethod
    def from_json(cls, content: bytes) -> Note:
        """The note that `to_json` wrote."""
        found = json.loads(content)
        summary = found["summary"]
        summary["saved"] = Saved(**summary["saved"])
        summary["scores"] = {int(place): count for place, count in summary["scores"].items()}
        return cls(**found | {"summary": Summary(**summary)})


def total(summaries: Iterable[Summary]) -> Summary:
    """Several summaries as one; samples are the first ones."""
    sums: Counter[str] = Counter()
    saved: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    scores: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    samples: dict[str, list[dict[str, str]]] = {}
    error_samples: dict[str, list[str]] = {}
    seconds = 0.0
    for one in summaries:
        sums.update({name: getattr(one, name) for name in _COUNTS})
        saved.update(asdict(one.saved))
        outcomes.update(one.outcomes)
        scores.update(one.scores)
        kinds.update(one.error_kinds)
        seconds += one.seconds
        _take_first(samples, one.samples)
        _take_first(error_samples, one.error_samples)
    return Summary(
        **{name: sums[name] for name in _COUNTS},
        seconds=seconds,
        saved=Saved(**saved),
        outcomes=dict(sorted(outcomes.items())),
        scores=dict(sorted(scores.items())),
        error_kinds=dict(kinds.most_common()),
        samples=dict(sorted(samples.items())),
        error_samples=error_samples,
    )


def summary_of_all(notes: Mapping[str, Mapping[int, Note]], *, last: str) -> Summary:
    """Of a whole job: the rows of its last stage, and what all its stages took."""
    stages = {stage: total(note.summary for _, note in sorted(of_stage.items())) for stage, of_stage in notes.items()}
    rows = stages[last]
    return replace(
        rows,
        **{name: sum(getattr(one, name) for one in stages.values()) for name in ("tokens", "premises", "premise_hits")},
        seconds=sum(one.seconds for one in stages.values()),
        saved=replace(rows.saved, scored=sum(one.saved.scored for one in stages.values())),
    )


_COUNTS = ("rows", "errors", "abstained", "tokens", "premises", "premise_hits")


def _take_first(known: dict[str, list[Any]], more: Mapping[str, list[Any]]) -> None:
    for name, rows in more.items():
        kept = known.setdefault(name, [])
        kept += rows[: SAMPLES - len(kept)]
