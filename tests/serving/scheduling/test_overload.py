"""Overload, played through on a clock that the test turns: who is accepted is in time, and the engine never idles."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from scripted_engine import ScriptedEngine, work

from crossjudge.serving.scheduling.fair_queue import FairQueue
from crossjudge.serving.scheduling.forecast import Forecast
from crossjudge.serving.scheduling.work import Work

PER_S = 25_000.0
"""Tokens that the played engine computes a second."""
ROUND = 8_192
SECONDS = 60.0
SIZES = (40, 400, 1_500, 2_500, 10_000)
"""Tokens of requests: a pair, some pairs, a check, rankings of 16 and 64 passages."""


@dataclass
class Played:
    """What came of it. `waits`: of answered requests, as shares of their time."""

    told: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    busy_s: float = 0.0


def play(
    *, load: float, patience_s: float, seed: int = 0, slower_from: float = 1e9, shares: dict[str, float] | None = None
) -> Played:
    """Poisson arrivals at `load` times what can be done, by the keys of `shares`; half the pace from `slower_from`."""
    rng, engine = random.Random(seed), ScriptedEngine(round_tokens=ROUND)
    queue, played = FairQueue(), Played()
    forecast = Forecast(queue)
    per_s = load * PER_S / (sum(SIZES) / len(SIZES))
    keys = shares or {"": 1.0}
    coming = 0.0
    now = 0.0

    def arrive(until: float) -> None:
        nonlocal coming
        while coming < until:
            key = rng.choices(list(keys), weights=list(keys.values()))[0]
            asked = work(engine, _costs(rng.choice(SIZES)), key=key)
            asked.ticket.deadline = coming + patience_s
            if forecast.late_by(asked.ticket, coming, asked) > 0 and len(queue):
                played.refused[key] += 1
            else:
                queue.push(asked)
            coming += rng.expovariate(per_s)

    while now < SECONDS:
        arrive(now)
        dead = {one for one in queue if one.ticket.deadline is not None and one.ticket.deadline < now}
        played.told["expired"] += len(queue.drop(dead.__contains__))
        pieces = queue.take(ROUND, forecast.hurried(now))
        if not pieces:
            now = max(now, coming) + 1e-6
            continue
        tokens = sum(piece.tokens for piece in pieces)
        took = tokens / PER_S * rng.uniform(0.8, 1.2) * (2 if now > slower_from else 1)
        forecast.round_begins(pieces, now)
        arrive(now + took)
        now += took
        played.busy_s += took
        forecast.round_ends(engine, tokens, took, full=ROUND)
        for one in {piece.work for piece in pieces}:
            if one.is_taken:
                _answer(played, one, now, patience_s)
    return played


def _costs(tokens: int) -> list[int]:
    return [min(160, tokens)] * max(1, tokens // 160)


def _answer(played: Played, one: Work, now: float, patience_s: float) -> None:
    assert one.ticket.deadline is not None
    share = (now - one.ticket.deadline + patience_s) / patience_s
    played.waits.append(share)
    played.told["late" if share > 1 else "in time"] += 1


@pytest.mark.parametrize("patience_s", [2.0, 10.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_at_twice_what_can_be_done_the_accepted_are_in_time_and_the_engine_never_idles(patience_s, seed):
    played = play(load=2.0, patience_s=patience_s, seed=seed)
    assert played.told["late"] == played.told["expired"] == 0
    assert played.busy_s > 0.97 * SECONDS
    assert played.refused.total() > 0.1 * played.told.total()  # the large ones: half of the tokens
    assert max(played.waits) > 0.25  # the queue is used, not merely kept short


def test_below_what_can_be_done_nobody_is_refused():
    played = play(load=0.8, patience_s=10.0)
    assert not played.refused
    assert played.told["late"] == played.told["expired"] == 0
    assert played.told["in time"] > 100


def test_a_machine_that_becomes_half_as_fast_is_noticed_in_time():
    played = play(load=2.0, patience_s=10.0, slower_from=20.0)
    assert played.told["late"] + played.told["expired"] <= 0.01 * played.told["in time"]


def test_a_key_that_asks_for_less_than_its_share_is_not_refused_because_of_a_flood():
    played = play(load=3.0, patience_s=10.0, shares={"flood": 0.95, "modest": 0.05})
    assert played.refused["modest"] == 0
    assert played.refused["flood"] > 100
    assert played.told["late"] == played.told["expired"] == 0
