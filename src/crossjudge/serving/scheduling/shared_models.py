"""Models as request threads see them: everything is theirs but the forward pass, which goes through the scheduler."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from crossjudge.backends.premise_cache import CacheStatistics
from crossjudge.errors import BackendError, ItemError, NonFiniteLogitsError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.cross_encoder import CrossEncoder, Progress
from crossjudge.models.loaded import LoadedModel, Opened
from crossjudge.serving.scheduling.engines import Engine, PairEngine, TextEngine
from crossjudge.serving.scheduling.errors import DeadlineExceeded
from crossjudge.serving.scheduling.scheduler import Scheduler
from crossjudge.serving.scheduling.tickets import Ticket, current_ticket
from crossjudge.types import Batch, Encoding, FloatArray

EngineType = TypeVar("EngineType", bound=Engine, covariant=True)


class Holding(Protocol[EngineType]):
    """Where a model's engine is to be had."""

    def held(self) -> AbstractContextManager[EngineType]:
        """The engine, loaded, and not to be unloaded before the end of the `with`."""
        ...

    @property
    def loaded(self) -> EngineType | None:
        """The engine, if it is in memory now."""
        ...


class Forwards(Generic[EngineType]):
    """Encodings to numbers through a scheduler, for the request that the calling thread serves."""

    def __init__(self, scheduler: Scheduler, holding: Holding[EngineType]) -> None:
        self.scheduler, self.holding = scheduler, holding

    def __call__(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Float32 `(n_encodings, width)`. Raises what the scheduler does; a pair's failure as the model's own error."""
        ticket = current_ticket()
        with self.holding.held() as engine:
            future = self.scheduler.submit_encoded(engine, encodings, ticket=ticket)
            try:
                return _awaited(future, ticket)
            except ItemError as error:
                raise _models_own(error) from error.__cause__


class SharedCrossEncoder(CrossEncoder):
    """A cross-encoder that holds the tokenizer and what is known of the model, and no weights."""

    def __init__(self, forwards: Forwards[PairEngine]) -> None:
        self._forwards = forwards
        with forwards.holding.held() as engine:
            Opened.__init__(self, _without_weights(engine.model._loaded))
            self.activation_fn = engine.model.activation_fn

    def logits_of(
        self, encodings: Sequence[Encoding], *, batch_size: int | None = None, progress: Progress | None = None
    ) -> FloatArray:
        """See `CrossEncoder.logits_of`; batches are the scheduler's to make."""
        logits = self._forwards(encodings)
        if progress is not None:
            progress(len(encodings), len(encodings))
        return logits

    @property
    def premise_cache(self) -> CacheStatistics | None:
        """See `CrossEncoder.premise_cache`; None while the model is not in memory."""
        engine = self._forwards.holding.loaded
        return None if engine is None else engine.model.premise_cache


class SharedBiEncoder(BiEncoder):
    """A bi-encoder that holds the tokenizer and what is known of the model, and no weights."""

    def __init__(self, forwards: Forwards[TextEngine]) -> None:
        self._forwards = forwards
        with forwards.holding.held() as engine:
            Opened.__init__(self, _without_weights(engine.model._loaded))

    def vectors_of(self, encodings: Sequence[Encoding], *, batch_size: int | None = None) -> FloatArray:
        """See `BiEncoder.vectors_of`; batches are the scheduler's to make."""
        return self._forwards(encodings)


@dataclass(frozen=True)
class _Elsewhere:
    """Stands where a model has its backend, and says only which one it is."""

    name: str
    precision: str

    def forward(self, batch: Batch) -> FloatArray:
        """Raises `BackendError`: the weights are the pool's."""
        raise BackendError(
            f"Running a model of the server directly on {len(batch.rows)} row(s): its weights are the pool's. Call "
            "predict, logits or encode, which go through the scheduler."
        )

    def close(self) -> None:
        """There is nothing to let go of."""


def _without_weights(loaded: LoadedModel) -> LoadedModel:
    return replace(loaded, backend=_Elsewhere(loaded.backend.name, loaded.backend.precision))


def _awaited(future: Future[FloatArray], ticket: Ticket) -> FloatArray:
    """The answer, if it comes before the deadline."""
    left_s = None if ticket.deadline is None else max(0.0, ticket.deadline - time.monotonic())
    try:
        return future.result(left_s)
    except TimeoutError:
        future.cancel()
        raise DeadlineExceeded(
            "Computing a request: its deadline passed. Allow more time, ask for less at once, or ask when the server "
            "is less busy."
        ) from None


def _models_own(error: ItemError) -> Exception:
    """What a model that ran here would have raised: only then do those who know the pairs name the right one."""
    if isinstance(error.__cause__, NonFiniteLogitsError) and error.index is not None:
        return NonFiniteLogitsError(str(error.__cause__), index=error.index)
    return BackendError(str(error.__cause__))
