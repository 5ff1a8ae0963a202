"""Calls with a clock beside them, and the few numbers that people read from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from crossjudge.benchmark.workloads import Call

Predict = Callable[[Call], Any]


def timed_calls(predict: Predict, calls: Sequence[Call]) -> list[float]:
    """Seconds of each call, in order."""
    taken = []
    for call in calls:
        began = time.perf_counter()
        predict(call)
        taken.append(time.perf_counter() - began)
    return taken


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """One engine on one workload. `rounds`: for each round, the seconds of every call, in order.

    Noise only ever adds time, so a round's total is judged by the best one, and `median_s` says how steady it was.
    """

    num_pairs: int
    num_tokens: int
    rounds: tuple[tuple[float, ...], ...]

    @property
    def best_s(self) -> float:
        """Seconds of all calls in the quickest round."""
        return min(map(sum, self.rounds))

    @property
    def median_s(self) -> float:
        """Seconds of all calls in the middle round."""
        return median(map(sum, self.rounds))

    @property
    def pairs_per_s(self) -> float:
        """In the quickest round."""
        return self.num_pairs / self.best_s

    @property
    def tokens_per_s(self) -> float:
        """Useful tokens: those of the pairs as an ordinary cross-encoder reads them, each pair for itself."""
        return self.num_tokens / self.best_s

    def latency_ms(self, share: float) -> float:
        """Milliseconds that `share` (0 to 1) of the calls of all rounds stay within."""
        calls = sorted(second for seconds in self.rounds for second in seconds)
        return calls[min(len(calls) - 1, int(share * len(calls)))] * 1e3

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "num_pairs": self.num_pairs,
            "num_calls": len(self.rounds[0]),
            "num_tokens": self.num_tokens,
            "num_rounds": len(self.rounds),
            "best_s": self.best_s,
            "median_s": self.median_s,
            "pairs_per_s": self.pairs_per_s,
            "tokens_per_s": self.tokens_per_s,
            "p50_ms": self.latency_ms(0.5),
            "p99_ms": self.latency_ms(0.99),
        }
