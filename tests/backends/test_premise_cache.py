"""Premises that come again are kept, the least recently used goes first, and every byte and hit is counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.backends import premise_cache
from crossjudge.backends.premise_cache import PremiseCache
from crossjudge.types import FloatArray

SIZE = 4
TOKEN_BYTES = 4 * SIZE


def numbers(key: str, tokens: int) -> FloatArray:
    """Keys and values that are the premise's own."""
    return np.full((tokens, SIZE), sum(key.encode()), dtype=np.float32)


def ask(cache: PremiseCache, key: str, tokens: int = 1) -> bool:
    """What a backend does with each premise; whether it was at hand."""
    found = cache.get(key)
    if found is None:
        cache.offer(key, numbers(key, tokens))
        return False
    np.testing.assert_array_equal(found, numbers(key, len(found)))
    return True


def test_a_premise_is_kept_when_it_comes_for_the_second_time() -> None:
    cache = PremiseCache()
    assert [ask(cache, "a"), "a" in cache] == [False, False]
    assert [ask(cache, "a"), "a" in cache] == [False, True]
    assert [ask(cache, "a"), ask(cache, "a")] == [True, True]


def test_what_was_only_met_counts_as_the_first_time() -> None:
    cache = PremiseCache()
    assert not cache.knows("a")
    assert not cache.meet("a")
    assert cache.knows("a")
    assert cache.meet("a")
    ask(cache, "a")
    assert ask(cache, "a")
    assert cache.meet("a")
    assert not cache.knows("b")
    assert not cache.knows("b"), "asking is not meeting"


def test_texts_that_come_once_take_no_bytes() -> None:
    cache = PremiseCache()
    for number in range(1_000):
        ask(cache, f"text {number}")
    assert (cache.statistics().kept, cache.statistics().bytes) == (0, 0)


def test_hits_and_misses_are_counted_and_make_the_rate() -> None:
    cache = PremiseCache(budget_bytes=100 * TOKEN_BYTES)
    assert cache.statistics().hit_rate == 0.0
    for key in "aabaab":
        ask(cache, key)
    assert "b" in cache
    seen = cache.statistics()
    assert (seen.hits, seen.misses, seen.kept, seen.bytes) == (2, 4, 2, 2 * TOKEN_BYTES)
    assert seen.hit_rate == pytest.approx(2 / 6)
    assert seen.budget_bytes == 100 * TOKEN_BYTES
    assert ("a" in cache, cache.knows("a"), cache.meet("a")) == (True, True, True)
    assert cache.statistics() == seen, "only numbers that were needed count"


def test_the_least_recently_used_goes_first() -> None:
    cache = PremiseCache(budget_bytes=2 * TOKEN_BYTES)
    for key in "aabb":
        ask(cache, key)
    assert ask(cache, "a"), "used after b was"
    for key in "cc":
        ask(cache, key)
    assert ["a" in cache, "b" in cache, "c" in cache] == [True, False, True]


@given(
    st.integers(0, 12),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), max_size=80),
)
def test_the_budget_is_never_passed_and_always_told_right(budget: int, asked: list[tuple[str, int]]) -> None:
    cache = PremiseCache(budget_bytes=budget * TOKEN_BYTES)
    lengths: dict[str, int] = {}
    for turn, (key, tokens) in enumerate(asked, start=1):
        ask(cache, key, lengths.setdefault(key, tokens))
        seen = cache.statistics()
        kept = [key for key in lengths if key in cache]
        assert seen.bytes == sum(lengths[key] for key in kept) * TOKEN_BYTES <= seen.budget_bytes
        assert seen.kept == len(kept)
        assert seen.hits + seen.misses == turn


def test_one_that_is_larger_than_the_budget_throws_nobody_out() -> None:
    cache = PremiseCache(budget_bytes=3 * TOKEN_BYTES)
    for key in "aa":
        ask(cache, key)
    for _ in range(3):
        assert not ask(cache, "long", tokens=4)
    assert "a" in cache
    assert "long" not in cache


def test_without_a_budget_nothing_is_kept_or_remembered() -> None:
    cache = PremiseCache(budget_bytes=0)
    for _ in range(3):
        assert not ask(cache, "a")
        assert not cache.meet("a")
    assert cache.statistics().kept == 0


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million different texts must leave no trace of their own."""
    monkeypatch.setattr(premise_cache, "REMEMBERED", 10)
    cache = PremiseCache()
    for number in range(30):
        cache.meet(f"text {number}")
    assert [cache.knows(f"text {number}") for number in range(30)] == [False] * 20 + [True] * 10


def test_what_is_kept_is_the_caches_own() -> None:
    """The array offered is a part of a batch's; keeping a view would keep the whole batch, and see it change."""
    cache = PremiseCache()
    batch = np.zeros((5, 3, SIZE), dtype=np.float32)
    for _ in range(2):
        cache.offer("a", batch[1, :2])
    batch[:] = 7
    found = cache.get("a")
    assert found is not None
    assert found.shape == (2, SIZE)
    assert not found.any()
    assert found.base is None


def test_threads_share_one_cache() -> None:
    cache = PremiseCache(budget_bytes=5 * TOKEN_BYTES)
    keys = "abcdefg" * 40

    def ask_all(turn: int) -> int:
        return sum(ask(cache, key) for key in keys[turn:] + keys[:turn])

    with ThreadPoolExecutor(8) as threads:
        hits = sum(threads.map(ask_all, range(16)))
    seen = cache.statistics()
    assert (seen.hits, seen.hits + seen.misses) == (hits, 16 * len(keys))
    assert seen.bytes == seen.kept * TOKEN_BYTES <= seen.budget_bytes
