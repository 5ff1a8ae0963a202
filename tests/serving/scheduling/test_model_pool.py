"""Models of the server answer as they do in Python, share batches, and come and go under a memory budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scripted_engine import PATIENCE_S

from crossjudge import BiEncoder, CrossEncoder, Judge, Tagger
from crossjudge.backends.fake import FakeBackend
from crossjudge.errors import BackendError, InputError, NonFiniteLogitsError, UnknownModelError
from crossjudge.models.boxed import BOXED
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.serving.scheduling import (
    Cancelled,
    DeadlineExceeded,
    ModelPool,
    Overloaded,
    Scheduler,
    Ticket,
    current_ticket,
    ticket_scope,
)
from crossjudge.serving.scheduling.model_memory import GRAPH_COPIES, estimated_bytes

PAIRS = [("The dog runs in the park.", "A dog runs."), ("Nobody came.", "Many came."), ("", "x"), ("A cat.", "A dog.")]
LONG = ("The river was high and the bridge was closed. " * 200, "The bridge was closed.")


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(max_queued_tokens=100_000)
    made.start()
    yield made
    made.close()


@pytest.fixture
def pool(scheduler: Scheduler) -> ModelPool:
    return ModelPool({"embedded": None, "other": "embedded"}, scheduler, backend="fake")


def seats(pool: ModelPool, name: str) -> list[Any]:
    return pool._seats[name]


def backend(pool: ModelPool, name: str = "embedded") -> FakeBackend:
    engine = seats(pool, name)[0].loaded
    return engine.model._loaded.backend


# --- the same numbers ---


def test_heads_of_one_model_share_its_weights_and_give_their_own_numbers(scheduler: Scheduler) -> None:
    pool = ModelPool({"embedded": None}, scheduler, num_threads=1)
    for head in ("relevance", "nli", "certainty"):
        shared, own = pool.encoder(None, head), CrossEncoder(head=head, num_threads=1)
        np.testing.assert_array_equal(shared.logits(PAIRS), own.logits(PAIRS))
        assert (shared.fingerprint, shared.labels, shared.head) == (own.fingerprint, own.labels, own.head)
    assert len(seats(pool, "embedded")) == 1
    assert pool.encoder(None, "relevance").premise_cache == pool.encoder(None, "nli").premise_cache


def test_a_judge_of_the_pool_judges_as_one_of_its_own(pool: ModelPool) -> None:
    own = Judge(CrossEncoder(backend="fake"))
    assert pool.judge("embedded").batch([*PAIRS, LONG]) == own.batch([*PAIRS, LONG])


@pytest.mark.parametrize("head", [None, "nli", "relevance"])
def test_an_encoder_of_the_pool_gives_the_models_numbers(pool: ModelPool, head: str | None) -> None:
    own, shared = CrossEncoder(backend="fake", head=head), pool.encoder("embedded", head)
    assert isinstance(shared, CrossEncoder)
    assert shared.fingerprint == own.fingerprint
    assert (shared.labels, shared.head, shared.name) == (own.labels, own.head, own.name)
    np.testing.assert_array_equal(shared.predict(PAIRS), own.predict(PAIRS))
    np.testing.assert_array_equal(shared.logits(PAIRS), own.logits(PAIRS))
    if head == "relevance":
        assert shared.rank("dog", ["A dog.", "A cat."]) == own.rank("dog", ["A dog.", "A cat."])


def test_a_bi_encoder_of_the_pool_gives_the_models_vectors(pool: ModelPool) -> None:
    own, shared = BiEncoder(backend="fake"), pool.bi_encoder("embedded")
    texts = [text for pair in PAIRS for text in pair]
    np.testing.assert_array_equal(shared.encode(texts), own.encode(texts))
    np.testing.assert_array_equal(shared.similarity(PAIRS), own.similarity(PAIRS))


def test_uses_work_unchanged_in_request_threads(pool: ModelPool) -> None:
    texts = [f"The train to platform {number} is late." for number in range(12)]
    own = Tagger(["trains", "cats"], model=CrossEncoder(backend="fake"))
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda text: Tagger(["trains", "cats"], model=pool.judge(None))(text), texts))
    assert answers == own.batch(texts)


def test_each_objective_gets_its_head(pool: ModelPool) -> None:
    assert pool.judge("embedded", "relevance").model.head == "relevance"
    assert pool.judge("embedded", "duplicate").model.head == "duplicate"
    assert pool.judge(None).model is pool.encoder("embedded", "nli") is pool.encoder()


def test_progress_is_told(pool: ModelPool) -> None:
    told: list[tuple[int, int]] = []
    pool.encoder().logits(PAIRS, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(PAIRS), len(PAIRS))


# --- trouble ---


def test_nan_names_the_callers_pair(pool: ModelPool) -> None:
    """Not the encoding's place: equal pairs are computed once, and long ones in windows."""
    shared = pool.encoder()
    backend(pool)._poison = np.array(shared.tokenizer.token_ids(["came"])["came"])
    with pytest.raises(NonFiniteLogitsError, match="pair 3") as failed:
        shared.logits([PAIRS[0], PAIRS[0], PAIRS[2], PAIRS[1]])
    assert failed.value.index == 3
    with pytest.raises(NonFiniteLogitsError, match="pair 2") as failed:
        pool.judge(None).batch([LONG, PAIRS[0], PAIRS[1]])
    assert failed.value.index == 2
    np.testing.assert_array_equal(shared.logits(PAIRS[:1]), CrossEncoder(backend="fake").logits(PAIRS[:1]))


def test_a_models_own_error_comes_through(pool: ModelPool) -> None:
    shared = pool.encoder()
    backend(pool).close()
    with pytest.raises(BackendError, match="it was closed"):
        shared.logits(PAIRS)


def test_the_ticket_of_the_scope_decides(pool: ModelPool) -> None:
    shared = pool.encoder()
    with ticket_scope(Ticket(deadline=time.monotonic() - 1)), pytest.raises(DeadlineExceeded):
        shared.logits(PAIRS)
    gone = Ticket()
    gone.cancelled.set()
    with ticket_scope(gone), pytest.raises(Cancelled):
        shared.logits(PAIRS)
    assert len(shared.logits(PAIRS)) == len(PAIRS)


def test_a_deadline_is_kept_while_others_are_computed() -> None:
    """Nobody waits longer for an answer than they said, even if no worker ever looks."""
    idle = Scheduler(max_queued_tokens=1_000)
    shared = ModelPool({"embedded": None}, idle, backend="fake").encoder()
    with ticket_scope(Ticket(deadline=time.monotonic() + 0.01)), pytest.raises(DeadlineExceeded):
        shared.logits(PAIRS)
    idle.close()
    assert idle.queued_tokens == 0


def test_scopes_nest_and_threads_have_their_own() -> None:
    outer, inner = Ticket(key="outer"), Ticket(key="inner")
    with ticket_scope(outer):
        with ticket_scope(inner):
            assert current_ticket() is inner
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(lambda: current_ticket().key).result() == ""
        assert current_ticket() is outer
    assert current_ticket() is not current_ticket()


# --- coming and going ---


def test_models_are_loaded_when_first_asked_for(pool: ModelPool) -> None:
    assert pool.names() == ["embedded", "other"]
    assert (pool.state("embedded"), pool.state("other")) == ("cold", "cold")
    pool.judge("embedded")
    assert (pool.state("embedded"), pool.state("other")) == ("loaded", "cold")


def test_a_model_is_loaded_once_however_many_ask(pool: ModelPool, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, seen_loading = [], []

    class Slow(CrossEncoder):
        def __init__(self, *args: Any, **settings: Any) -> None:
            everyone_asks.wait(PATIENCE_S)
            seen_loading.append(pool.state("embedded"))
            opened.append(args)
            super().__init__(*args, **settings)

    everyone_asks = threading.Event()
    monkeypatch.setattr("crossjudge.serving.scheduling.model_pool.CrossEncoder", Slow)
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(pool.judge, None) for _ in range(4)]
        everyone_asks.set()
        assert len({id(future.result(PATIENCE_S)) for future in futures}) == 1
    assert len(opened) == 1
    assert seen_loading == ["loading"]


@pytest.mark.parametrize("name", BOXED)
def test_a_model_is_reckoned_with_all_its_weights_wherever_they_lie(name: str) -> None:
    weights = [path for path in BOXED[name].rglob("*") if path.suffix in (".onnx", ".bin")]
    expected = GRAPH_COPIES * sum(path.stat().st_size for path in weights)
    assert estimated_bytes(load_checkpoint(name), backend="onnx", cache_bytes=0) == expected > 10_000_000


def budgeted(scheduler: Scheduler, models: float) -> ModelPool:
    """A pool with room for so many models."""
    one = ModelPool({"a": None}, scheduler, backend="fake")
    one.encoder()
    budget = int(one.memory.used_bytes * models)
    return ModelPool({"a": None, "b": None, "c": None}, scheduler, backend="fake", memory_budget_bytes=budget)


def test_the_least_recently_used_model_makes_room(scheduler: Scheduler) -> None:
    pool = budgeted(scheduler, 2.5)
    a, b = pool.encoder("a"), pool.encoder("b")
    a.logits(PAIRS)
    closed = backend(pool, "b")
    pool.encoder("c")
    assert [pool.state(name) for name in "abc"] == ["loaded", "cold", "loaded"]
    assert pool.memory.used_bytes <= pool.memory.budget_bytes
    with pytest.raises(BackendError, match="closed"):
        closed.forward(None)
    expected = CrossEncoder(backend="fake").logits(PAIRS)
    np.testing.assert_array_equal(b.logits(PAIRS), expected)  # what was given out still works: it is loaded again
    assert [pool.state(name) for name in "abc"] == ["cold", "loaded", "loaded"]


def test_a_model_in_use_is_not_unloaded(scheduler: Scheduler) -> None:
    pool = budgeted(scheduler, 1.5)
    pool.encoder("a")
    with seats(pool, "a")[0].held():
        with pytest.raises(Overloaded, match="models in use") as refused:
            pool.encoder("b")
        assert refused.value.retry_after_s > 0
        assert [pool.state(name) for name in "ab"] == ["loaded", "cold"]
    pool.encoder("b")
    assert [pool.state(name) for name in "ab"] == ["cold", "loaded"]


def test_a_model_larger_than_the_budget_is_refused_with_both_numbers(scheduler: Scheduler) -> None:
    pool = budgeted(scheduler, 0.5)
    with pytest.raises(BackendError, match=r"takes about \d+ MiB, and the memory budget for all models is \d+ MiB"):
        pool.judge("a")
    assert pool.state("a") == "failed"
    assert pool.memory.used_bytes == 0


def test_a_model_that_cannot_be_loaded_is_failed_until_it_can(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ModelPool({"embedded": None, "broken": "./no/such/folder"}, scheduler, backend="fake")
    with pytest.raises(UnknownModelError):
        pool.judge("broken")
    assert pool.state("broken") == "failed"
    with monkeypatch.context() as patch:
        patch.setattr("crossjudge.serving.scheduling.model_pool.CrossEncoder", _out_of_memory)
        with pytest.raises(MemoryError):
            pool.judge("embedded")
    assert pool.state("embedded") == "failed"
    assert pool.memory.used_bytes == 0
    pool.judge("embedded")
    assert pool.state("embedded") == "loaded"


def _out_of_memory(*_: Any, **__: Any) -> CrossEncoder:
    raise MemoryError


def test_an_unknown_name_tells_the_known_ones(pool: ModelPool) -> None:
    for ask in (pool.judge, pool.encoder, pool.bi_encoder, pool.state):
        with pytest.raises(UnknownModelError, match="this server has embedded, other") as refused:
            ask("embeded")
        assert refused.value.near == ("embedded",)


def test_a_pool_without_models_is_refused(scheduler: Scheduler) -> None:
    with pytest.raises(InputError, match="none is named"):
        ModelPool({}, scheduler)


# --- readiness ---


def test_a_probe_is_a_real_forward_pass(pool: ModelPool, scheduler: Scheduler) -> None:
    assert pool.probe()
    backend(pool).close()
    assert not pool.probe()


def test_a_probe_waits_for_the_model_to_be_loaded(pool: ModelPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time begins when the model is there: one that takes long to load is no broken one."""
    states: list[str] = []

    def noted(**settings: Any) -> Ticket:
        states.append(pool.state("embedded"))
        return Ticket(**settings)

    monkeypatch.setattr("crossjudge.serving.scheduling.model_pool.Ticket", noted)
    assert pool.probe()
    assert states == ["loaded"]


def test_a_full_queue_is_no_reason_to_fail_a_probe(pool: ModelPool, scheduler: Scheduler) -> None:
    scheduler.max_queued_tokens = 1
    assert pool.probe()


def test_a_probe_fails_without_a_worker_and_while_draining(pool: ModelPool, scheduler: Scheduler) -> None:
    assert not ModelPool({"embedded": None}, Scheduler(max_queued_tokens=10), backend="fake").probe()
    assert pool.probe()
    scheduler.drain(0.0)
    assert not pool.probe()
