"""One-way graphs give the network's logits: side by side or against their premise, fresh or at hand, in any group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.backends import one_way
from crossjudge.backends.base import wishes_of
from crossjudge.backends.one_way import MOST_IN_A_GROUP, OneWayBackend, group_size
from crossjudge.backends.premise_cache import PremiseCache
from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import BackendError
from crossjudge.models.networks import ONE_WAY_INPUTS, HeadNetwork
from crossjudge.models.one_way import OneWayEncoder
from crossjudge.text.batching import plan
from crossjudge.types import Batch, Encoding, FloatArray, OneWayBatch, PairBatch
from tiny_one_way import ENGINES, LABELS, MAX_POSITIONS, PAD, one_way_backend, one_way_encoder, one_way_encoding, words

TOLERANCE = 1e-4
SAME = 1e-5
"""One engine with itself."""
TOKEN_BYTES = 4 * 2 * 3 * 32
"""Keys and values of a token: float32, two in each of 3 layers of 32 hidden units."""


@pytest.fixture(scope="module")
def encoder() -> OneWayEncoder:
    return one_way_encoder()


@pytest.fixture(params=ENGINES)
def backend(request: pytest.FixtureRequest, encoder: OneWayEncoder, tmp_path: Path) -> OneWayBackend:
    return one_way_backend(request.param, encoder, tmp_path)


@pytest.fixture
def fused(encoder: OneWayEncoder, tmp_path: Path) -> OneWayBackend:
    return one_way_backend("openvino", encoder, tmp_path)


@pytest.fixture
def exact(encoder: OneWayEncoder, tmp_path: Path) -> OneWayBackend:
    return one_way_backend("onnx", encoder, tmp_path)


def pairs_of(lengths: Sequence[tuple[int, int]], seed: int = 0) -> list[Encoding]:
    """Pairs with a premise of their own, of so many words in premise and hypothesis."""
    random = np.random.default_rng(seed)
    return [one_way_encoding(words(random, one), words(random, other)) for one, other in lengths]


def asked_of(premise: Sequence[int], n: int, seed: int = 1, most_words: int = 9) -> list[Encoding]:
    """`n` hypotheses of one premise."""
    random = np.random.default_rng(seed)
    return [one_way_encoding(premise, words(random, 1 + row % most_words)) for row in range(n)]


PREMISE = words(np.random.default_rng(7), 30)
OTHER = words(np.random.default_rng(8), 21)
LENGTHS = [(1, 1), (40, 3), (3, 40), (17, 17), (MAX_POSITIONS - 2, 5), (5, MAX_POSITIONS - 2), (9, 9)]


def batches_of(encodings: Sequence[Encoding], *, side_by_side: bool, step: int = 1, budget: int = 400) -> list[Batch]:
    return plan(
        encodings,
        token_budget=budget,
        attention="one_way",
        pad_token_id=PAD,
        side_by_side=side_by_side,
        length_step=step,
    )


def logits_of(backend: OneWayBackend, batches: Sequence[Batch], n: int) -> FloatArray:
    logits = np.full((n, 3), np.nan, dtype=np.float32)
    for batch in batches:
        logits[batch.rows] = backend.forward(batch)
    return logits


def ask(backend: OneWayBackend, encodings: Sequence[Encoding], *, budget: int = 400) -> FloatArray:
    """As `CrossEncoder` does: planned as the backend wishes, with an eye on what is at hand."""
    wishes = wishes_of(backend)
    batches = plan(
        encodings,
        token_budget=budget,
        attention="one_way",
        pad_token_id=PAD,
        length_step=wishes.length_step,
        side_by_side=wishes.side_by_side,
        at_hand=backend.at_hand,
    )
    return logits_of(backend, batches, len(encodings))


def expected_of(encoder: OneWayEncoder, encodings: Sequence[Encoding]) -> FloatArray:
    """The network's own logits, each pair alone, without padding."""
    network = TorchBackend(HeadNetwork(encoder, "nli"), inputs=ONE_WAY_INPUTS, device="cpu", attention="padded")
    alone = [plan([one], token_budget=1, attention="one_way")[0] for one in encodings]
    return np.concatenate([network.forward(batch) for batch in alone])


def assert_close(one: FloatArray, other: FloatArray, tolerance: float = TOLERANCE) -> None:
    assert np.ptp(other, axis=0).min() > 0.1, "these pairs are not told apart; the comparison is empty"
    np.testing.assert_allclose(one, other, atol=tolerance, rtol=0)


# The network's numbers


def test_every_way_to_lay_pairs_out_gives_the_networks_logits(fused: OneWayBackend, encoder: OneWayEncoder) -> None:
    encodings = [*pairs_of(LENGTHS), *asked_of(PREMISE, 7)]
    expected = expected_of(encoder, encodings)
    for step in (1, 16):
        pairs = batches_of(encodings, side_by_side=True, step=step)
        assert {type(batch) for batch in pairs} == {PairBatch, OneWayBatch}
        apart = batches_of(encodings, side_by_side=False, step=step)
        assert {type(batch) for batch in apart} == {OneWayBatch}
        for batches in (pairs, apart):
            assert_close(logits_of(fused, batches, len(encodings)), expected)


def test_a_backend_gives_the_networks_logits_the_first_time_and_every_time(
    backend: OneWayBackend, encoder: OneWayEncoder
) -> None:
    encodings = [*pairs_of(LENGTHS), *asked_of(PREMISE, 7), *asked_of(OTHER, 2)]
    expected = expected_of(encoder, encodings)
    for budget in (400, 400, 150, 10_000, 400):
        assert_close(ask(backend, encodings, budget=budget), expected)
    assert backend.cache.statistics().hits > 0


def test_any_number_of_hypotheses_in_a_row_gives_the_same_logits(
    fused: OneWayBackend, encoder: OneWayEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings = [*asked_of(PREMISE, 11, most_words=2), *asked_of(OTHER, 9, seed=2, most_words=2)]
    batches = batches_of(encodings, side_by_side=False, budget=10_000)
    assert [batch.slots.shape for batch in batches if isinstance(batch, OneWayBatch)] == [(2, 11)], "some are empty"
    expected = expected_of(encoder, encodings)
    for group in (1, 2, 3, 10, 11):
        monkeypatch.setattr(one_way, "group_size", lambda *_, group=group: group)
        assert_close(logits_of(fused, batches, len(encodings)), expected)


def test_heads_are_read_by_name(tmp_path: Path) -> None:
    heads = {"relevance": ("relevance",), "nli": ("contradiction", "entailment", "neutral")}
    encoder = one_way_encoder(heads=heads)
    batch = batches_of(asked_of(PREMISE, 9, most_words=2), side_by_side=False)[0]
    for engine in ENGINES:
        for head, labels in heads.items():
            opened = one_way_backend(engine, encoder, tmp_path / engine, output=head)
            assert opened.answer_size == len(labels)
            network = TorchBackend(HeadNetwork(encoder, head), inputs=ONE_WAY_INPUTS, device="cpu")
            assert_close(opened.forward(batch), network.forward(batch))
        with pytest.raises(BackendError, match=r"no output 'duplicate'; the graph has .*relevance.*nli"):
            one_way_backend(engine, encoder, tmp_path / engine, output="duplicate")


@pytest.mark.parametrize("engine", ENGINES)
def test_heads_share_opened_graphs_and_premises(engine: str, tmp_path: Path) -> None:
    """Read side by side, against a premise and against one at hand; a second head costs no second opening."""
    encoder = one_way_encoder(heads={"relevance": ("relevance",), "nli": LABELS})
    first = one_way_backend(engine, encoder, tmp_path / "shared", output="nli")
    encodings = [*asked_of(PREMISE, 9), *pairs_of([(3, 4), (40, 5)])]
    for head in ("relevance", "nli", "relevance"):
        alone = one_way_backend(engine, encoder, tmp_path / "alone", output=head)
        assert_close(ask(first.reading(head), encodings), ask(alone, encodings), SAME)
    assert first.cache.statistics().hits > 0
    assert first.reading("relevance").cache is first.cache
    first.reading("relevance").close()
    with pytest.raises(BackendError, match="was closed"):
        ask(first, encodings)


def test_graphs_that_read_premise_and_hypothesis_apart_take_no_pairs_side_by_side(exact: OneWayBackend) -> None:
    assert not wishes_of(exact).side_by_side
    batch = batches_of(pairs_of(LENGTHS), side_by_side=True)[0]
    with pytest.raises(BackendError, match="a PairBatch has no such arrays"):
        exact.forward(batch)


# Premises at hand


def test_a_premise_at_hand_gives_the_logits_of_a_fresh_one(backend: OneWayBackend) -> None:
    encodings = asked_of(PREMISE, 6)
    fresh = ask(backend, encodings)
    assert_close(ask(backend, encodings), fresh, SAME)
    assert backend.cache.statistics().hits == 0, "kept the second time, and at hand from the third"
    assert_close(ask(backend, encodings), fresh, SAME)
    seen = backend.cache.statistics()
    assert (seen.hits, seen.kept, seen.bytes) == (1, 1, (len(PREMISE) + 2) * TOKEN_BYTES)


def test_premises_at_hand_and_new_ones_share_a_batch(backend: OneWayBackend) -> None:
    """The one at hand is shorter than its neighbour, so its keys and values are padded to the batch."""
    known, new = asked_of(OTHER, 3), asked_of(PREMISE, 3, seed=5)
    alone = np.concatenate([ask(backend, known), ask(backend, new)])
    backend.cache = PremiseCache()
    for _ in range(2):
        ask(backend, known)
    assert_close(ask(backend, [*known, *new], budget=10_000), alone, SAME)
    assert backend.cache.statistics().kept == 1, "what came for the first time is not kept yet"


def test_lone_pairs_of_a_premise_that_comes_again_are_asked_of_it(fused: OneWayBackend, encoder: OneWayEncoder) -> None:
    """One question a call, as in a chat about one document."""
    encodings = asked_of(PREMISE, 5)
    answers = np.concatenate([ask(fused, [one]) for one in encodings])
    assert_close(answers, expected_of(encoder, encodings))
    seen = fused.cache.statistics()
    assert (seen.hits, seen.misses) == (3, 1), "side by side, then computed and kept, then at hand"
    assert seen.hit_rate == 0.75


def test_without_a_budget_nothing_is_at_hand_and_nothing_else_changes(encoder: OneWayEncoder, tmp_path: Path) -> None:
    encodings = [*asked_of(PREMISE, 4), *asked_of(PREMISE, 1)]
    expected = expected_of(encoder, encodings)
    for engine in ENGINES:
        none_kept = one_way_backend(engine, encoder, tmp_path / engine, cache=PremiseCache(0))
        for _ in range(3):
            assert_close(ask(none_kept, encodings), expected)
        seen = none_kept.cache.statistics()
        assert (seen.hits, seen.kept, seen.bytes) == (0, 0, 0)


def test_premises_encoded_ahead_are_those_that_a_batch_computes(backend: OneWayBackend) -> None:
    encodings = asked_of(PREMISE, 3)
    premise = encodings[0].input_ids[: encodings[0].premise_len]
    ((ids, keys_values),) = backend.encode([premise])
    assert ids.tolist() == premise.tolist()
    for _ in range(2):
        ask(backend, encodings)
    kept = backend.cache.get(premise.tobytes())
    assert kept is not None
    assert keys_values.shape == kept.shape == (len(premise), TOKEN_BYTES // 4)
    np.testing.assert_allclose(keys_values, kept, atol=SAME, rtol=0)


# How many hypotheses to a row

counts = st.integers(1, 300)


@given(counts, st.integers(1, 64), st.integers(1, 600))
def test_a_group_is_never_larger_than_what_there_is_to_ask(n: int, length: int, premise_len: int) -> None:
    assert 1 <= group_size(n, length, premise_len) <= min(n, MOST_IN_A_GROUP)


@given(counts, st.integers(1, 64), st.integers(1, 300))
def test_groups_grow_with_what_laying_a_premise_out_once_more_costs(n: int, length: int, premise_len: int) -> None:
    def n_groups(premise: int) -> int:
        return -(-n // group_size(n, length, premise))

    assert n_groups(2 * premise_len) <= n_groups(premise_len)
