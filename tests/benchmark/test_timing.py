"""The few numbers of a timing, from rounds that are given."""

import pytest

from crossjudge.benchmark.quick import ROUNDS as ROUNDS_OF_TAGS
from crossjudge.benchmark.quick import compare_engines
from crossjudge.benchmark.timing import Timing, timed_calls

ROUNDS = ((0.1, 0.3), (0.2, 0.1), (0.4, 0.4))


def timing(rounds=ROUNDS) -> Timing:
    return Timing(num_pairs=6, num_tokens=60, rounds=rounds)


def test_the_best_round_is_the_speed_and_the_middle_one_is_beside_it():
    assert timing().best_s == pytest.approx(0.3)
    assert timing().median_s == pytest.approx(0.4)
    assert timing().pairs_per_s == pytest.approx(20)
    assert timing().tokens_per_s == pytest.approx(200)


def test_latency_is_over_the_calls_of_all_rounds():
    many = timing(rounds=(tuple(number / 1e3 for number in range(100)),))
    assert many.latency_ms(0.5) == pytest.approx(50)
    assert many.latency_ms(0.99) == pytest.approx(99)
    assert many.latency_ms(1.0) == pytest.approx(99)


def test_every_call_is_made_once_in_order():
    seen = []
    calls = [[("a", "b")], [("c", "d"), ("e", "f")]]
    assert len(timed_calls(seen.append, calls)) == 2
    assert seen == calls


def test_engines_are_asked_the_same_texts():
    seen = {"one": [], "two": []}
    measured = compare_engines(
        {name: calls.append for name, calls in seen.items()}, len, budget_s=1e-9, progress=lambda done, total: None
    )
    assert seen["one"] == seen["two"]
    assert all(len(one.workload.calls) == 1 for one in measured)


def test_no_round_shows_a_premise_again():
    seen = []
    compare_engines({"one": seen.append}, len, budget_s=1e-9, progress=lambda done, total: None)
    premises = [call[0][0] for call in seen if len(call) == 50 and len({first for first, _ in call}) == 1]
    measured = premises[-ROUNDS_OF_TAGS:]
    assert len(set(measured)) == ROUNDS_OF_TAGS


def test_progress_ends_at_its_end():
    heard = []
    compare_engines({"one": len}, len, budget_s=1e-9, progress=lambda *step: heard.append(step))
    assert heard[-1][0] == heard[-1][1] == len(heard)
