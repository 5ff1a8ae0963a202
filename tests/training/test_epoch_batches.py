"""One epoch: every pair once, in an order that the seed alone decides."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge.training.batches import MOST_SHARED, epoch_steps
from crossjudge.training.rows_of_texts import TextRows, lay_out
from crossjudge.types import Encoding

N = 60


def encodings(attention: str) -> list[Encoding]:
    """Pairs of very different lengths, twelve premises of five hypotheses and one of more than go into a step."""
    rng = np.random.default_rng(0)
    premises = [rng.integers(5, 90, size=rng.integers(2, 40)) for _ in range(12)]
    made = []
    for row in range(N):
        premise = premises[0] if row < 20 else premises[row % 12]
        hypothesis = rng.integers(5, 90, size=rng.integers(1, 15))
        ids = np.concatenate([premise, hypothesis])
        made.append(Encoding(ids, np.zeros_like(ids), len(premise) if attention == "one_way" else 0, len(premise), 0))
    return made


def epoch(attention: str, *, seed: int = 0) -> list[TextRows]:
    source = encodings(attention)
    steps = epoch_steps(source, token_budget=300, batch_size=8, attention=attention, seed=seed)
    return [lay_out(source, step, attention=attention, pad_token_id=0) for step in steps]


def rows(batches: list[TextRows]) -> list[list[int]]:
    return [batch.rows.tolist() for batch in batches]


@pytest.fixture(params=["joint", "one_way"])
def attention(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("crossjudge.training.batches.WINDOW_PAIRS", 25)
    name: str = request.param
    return name


def test_every_pair_is_in_exactly_one_batch(attention: str) -> None:
    assert sorted(row for batch in rows(epoch(attention)) for row in batch) == list(range(N))


def test_no_batch_is_larger_than_allowed(attention: str) -> None:
    for batch in epoch(attention):
        assert len(batch.rows) <= 8
        assert batch.total_tokens <= 300


def test_rows_point_at_the_pairs_whose_tokens_the_batch_holds(attention: str) -> None:
    source = encodings(attention)
    for batch in epoch(attention):
        lines, starts = np.divmod(batch.cls, batch.input_ids.shape[1])
        for line, start, row in zip(lines, starts, batch.rows, strict=True):
            blocks = batch.blocks[line]
            seen = batch.input_ids[line][(blocks == 0) | (blocks == blocks[start])]
            assert seen.tolist() == source[row].input_ids.tolist()


def test_the_seed_alone_decides_the_order(attention: str) -> None:
    assert rows(epoch(attention)) == rows(epoch(attention)) != rows(epoch(attention, seed=1))


def test_one_way_steps_read_a_premise_once_for_several_hypotheses() -> None:
    premises = hypotheses = 0
    for batch in epoch("one_way"):
        premises, hypotheses = premises + len(batch.input_ids), hypotheses + len(batch.rows)
    assert hypotheses > 1.5 * premises


def test_hypotheses_of_one_premise_are_spread_over_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty of them, with windows of a few pairs: in no step are there more than stay together on purpose."""
    monkeypatch.setattr("crossjudge.training.batches.WINDOW_PAIRS", MOST_SHARED)
    shared = [len([row for row in batch if row < 20]) for batch in rows(epoch("one_way"))]
    assert max(shared) <= MOST_SHARED
    assert sum(count > 0 for count in shared) >= 20 / MOST_SHARED
