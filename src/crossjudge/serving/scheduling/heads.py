"""One model in memory and an engine for each of its heads: heads share weights and premises wherever they can."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving.scheduling.engines import PairEngine
from crossjudge.serving.scheduling.seats import Seat


class Heads:
    """What a seat holds of a cross-encoder: the model as it was opened, and engines of other heads beside it."""

    def __init__(self, model: CrossEncoder) -> None:
        self.model = model
        self._engines = {model.head: PairEngine(model)}
        self._lock = threading.Lock()

    def engine(self, head: str | None) -> PairEngine | None:
        """The engine of that head, always the same one; None where it needs weights of its own."""
        with self._lock:
            if head not in self._engines:
                other = None if head is None else self.model.with_head(head)
                if other is None:
                    return None
                self._engines[head] = PairEngine(other)
            return self._engines[head]

    def close(self) -> None:
        """Let go of the weights."""
        self._engines[self.model.head].close()


class HeadOf:
    """One head of the model in a seat; see `Holding`."""

    def __init__(self, seat: Seat[Heads], head: str | None) -> None:
        self._seat, self._head = seat, head

    @property
    def loaded(self) -> PairEngine | None:
        """See `Holding.loaded`."""
        heads = self._seat.loaded
        return None if heads is None else heads.engine(self._head)

    @contextmanager
    def held(self) -> Iterator[PairEngine]:
        """See `Holding.held`."""
        with self._seat.held() as heads:
            engine = heads.engine(self._head)
            assert engine is not None  # or the head would have a seat of its own
            yield engine
