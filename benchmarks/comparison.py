"""Rounds of measuring: every engine in a fresh process each round, in turn, so that noise hits all alike."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from crossjudge.benchmark.timing import Timing
from crossjudge.benchmark.workloads import Workload
from crossjudge.models.parity import Parity, compare_logits
from engines import Engine
from processes import EngineError, Process

Open = Callable[[Engine], Process]
Rows = np.ndarray


@dataclass(kw_only=True, slots=True)
class Found:
    """Everything seen of one engine. `error`: why it could not be run, if so."""

    engine: Engine
    error: str | None = None
    described: dict[str, str] = field(default_factory=dict)
    cold_starts_s: list[float] = field(default_factory=list)
    peaks_bytes: list[int] = field(default_factory=list)
    seconds: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    tokens_computed: dict[str, int | None] = field(default_factory=dict)
    scores: dict[str, Rows] = field(default_factory=dict)
    parity: dict[str, Parity] = field(default_factory=dict)


def check(found: Found, workloads: Sequence[Workload], open_engine: Open) -> None:
    """Run once, untimed: scores, tokens computed, and whatever an engine makes on first use."""
    try:
        with open_engine(found.engine) as process:
            found.described = process.ask("load")["described"]
            for workload in workloads:
                answer = process.ask("check", workload=workload.name)
                found.tokens_computed[workload.name] = answer["tokens_computed"]
                found.scores[workload.name] = as_logits(answer["scores"], answer["scale"])
    except EngineError as error:
        found.error = plain(error)


def measure(found: Found, workloads: Sequence[Workload], open_engine: Open) -> None:
    """One round: cold start, then every workload. The first workload's peak of memory is the one that is kept."""
    try:
        with open_engine(found.engine) as process:
            found.cold_starts_s.append(process.ask("load")["cold_start_s"])
            for place, workload in enumerate(workloads):
                answer = process.ask("time", workload=workload.name)
                found.seconds[workload.name].append(answer["seconds"])
                if place == 0:
                    found.peaks_bytes.append(answer["peak_bytes"])
    except EngineError as error:
        found.error = plain(error)


def plain(error: Exception) -> str:
    """Its message, files and folders by name alone: where they lay on the machine that measured helps nobody."""
    return re.sub(r"(?:/[\w.+-]+)+/", "", str(error))


def as_logits(scores: list[list[float]], scale: str) -> Rows:
    """Scores `(n_pairs, n)` as logits; a probability is turned back, as far as its digits allow."""
    rows = np.array(scores, dtype=np.float64)
    if scale == "probability":
        rows = np.clip(rows, 1e-12, 1 - 1e-12)
        rows = np.log(rows) - np.log1p(-rows)
    return rows.astype(np.float32)


def compare(found: Found, reference: Found, labels: Sequence[str]) -> None:
    """How near an engine's scores are to its reference's, on each workload that both ran.

    An engine with one score is compared with the reference's entailment minus contradiction, which that score is.
    """
    for name, ours in found.scores.items():
        theirs = reference.scores.get(name)
        if theirs is None:
            continue
        if theirs.shape[1] == len(labels) and ours.shape[1] == 1:
            margin = theirs[:, labels.index("entailment")] - theirs[:, labels.index("contradiction")]
            theirs = margin[:, None]
        found.parity[name] = compare_logits(theirs, ours)


def in_turn(found: Sequence[Found], number: int) -> list[Found]:
    """The engines in the order of round `number`: each round begins with another one."""
    start = (number * max(1, len(found) // 3)) % max(1, len(found))
    return [*found[start:], *found[:start]]


def to_dict(found: Found, workloads: Sequence[Workload], tokens: dict[str, int]) -> dict[str, Any]:
    """Plain JSON values of one engine."""
    timed = partial(_workload, found, tokens=tokens)
    return {
        **asdict(found.engine),
        "is_ours": found.engine.is_ours,
        "error": found.error,
        "described": found.described,
        "cold_start_s": _best_and_median(found.cold_starts_s),
        "peak_bytes": _best_and_median(found.peaks_bytes),
        "workloads": {one.name: timed(one) for one in workloads if found.seconds.get(one.name)},
        "parity": {name: _finite(parity.to_dict()) for name, parity in found.parity.items()},
    }


def _workload(found: Found, workload: Workload, *, tokens: dict[str, int]) -> dict[str, Any]:
    rounds = tuple(tuple(one) for one in found.seconds[workload.name])
    timing = Timing(num_pairs=len(workload.pairs), num_tokens=tokens[workload.name], rounds=rounds)
    computed = found.tokens_computed.get(workload.name)
    return {**timing.to_dict(), "tokens_computed_per_pair": computed and computed / timing.num_pairs}


def _best_and_median(values: Sequence[float]) -> dict[str, float] | None:
    return {"best": min(values), "median": median(values)} if values else None


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def log_of(folder: Path, engine: Engine) -> Path:
    """Where an engine's standard error goes."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{engine.name}.log"
