"""The quick comparison: a few workloads, the engines in turn, and as many texts as a time budget allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crossjudge.benchmark.texts import TextPair
from crossjudge.benchmark.timing import Predict, Timing, timed_calls
from crossjudge.benchmark.workloads import Workload, mixed, single, tags
from crossjudge.models.parity import Parity

ROUNDS = 3
PAIRS_A_CALL = 50

Progress = Callable[[int, int], None]
CountTokens = Callable[[Sequence[TextPair]], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One workload, and the timing of each engine by its title, in the order in which the engines were given."""

    workload: Workload
    timings: Mapping[str, Timing]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the texts."""
        engines = {title: timing.to_dict() for title, timing in self.timings.items()}
        return {"name": self.workload.name, "title": self.workload.title, "engines": engines}


@dataclass(frozen=True, kw_only=True, slots=True)
class QuickReport:
    """What `crossjudge bench` found. `machine`: facts in words; `beside`: what stands beside ours, or why nothing does.

    `reference`: the title of the engine that ratios are to, None where ours is alone. `parity`: ours against it, where
    the two should give the same numbers.
    """

    model: str
    machine: Mapping[str, Any]
    beside: str
    reference: str | None
    measured: tuple[Measured, ...]
    parity: Parity | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "model": self.model,
            "machine": dict(self.machine),
            "beside": self.beside,
            "reference": self.reference,
            "workloads": [one.to_dict() for one in self.measured],
            "parity": None if self.parity is None else asdict(self.parity),
        }


def quick_workloads() -> tuple[Workload, ...]:
    """Independent pairs, 50 hypotheses on a premise, one pair at a time: more calls than any budget will need."""
    return mixed(40 * PAIRS_A_CALL, pairs_a_call=PAIRS_A_CALL), tags(40), single(400)


def compare_engines(
    engines: Mapping[str, Predict], count_tokens: CountTokens, *, budget_s: float, progress: Progress
) -> tuple[Measured, ...]:
    """Each workload on every engine, in turn, `ROUNDS` times, with other texts of the same lengths each time.

    `budget_s`: seconds of one round of one workload on the slowest engine, which decides how many texts there are.
    `progress` hears of steps done and steps in all.
    """
    workloads = quick_workloads()
    steps = _Steps(len(workloads) * len(engines) * (ROUNDS + 1), progress)
    return tuple(_measured(one, engines, count_tokens, budget_s, steps) for one in workloads)


class _Steps:
    """Counts what is done, and says so."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _measured(
    workload: Workload, engines: Mapping[str, Predict], count_tokens: CountTokens, budget_s: float, steps: _Steps
) -> Measured:
    slowest_s = 0.0
    for predict in engines.values():
        slowest_s = max(slowest_s, _seconds_a_pair(predict, workload))
        steps.step()
    fitting = workload.first(int(budget_s / (slowest_s * len(workload.calls[0]))))
    rounds: dict[str, list[tuple[float, ...]]] = {title: [] for title in engines}
    for number in range(ROUNDS):
        calls = fitting.varied(number).calls
        for title, predict in engines.items():
            rounds[title].append(tuple(timed_calls(predict, calls)))
            steps.step()
    pairs = fitting.pairs
    num_tokens = count_tokens(pairs)
    timings = {
        title: Timing(num_pairs=len(pairs), num_tokens=num_tokens, rounds=tuple(seconds))
        for title, seconds in rounds.items()
    }
    return Measured(workload=fitting, timings=timings)


def _seconds_a_pair(predict: Predict, workload: Workload) -> float:
    """Warm up, then once more with the clock beside it."""
    for call in workload.warm_up:
        predict(call)
    return sum(timed_calls(predict, workload.warm_up)) / sum(map(len, workload.warm_up))
