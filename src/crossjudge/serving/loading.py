"""`Loading`: the default model on its way into memory, and whether a real forward pass works."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

from crossjudge.serving.scheduling import ModelPool

TRY_AGAIN_S = 10.0
"""After a load that failed, before the next attempt."""

PROBED_S = 1.0
"""A probe is not repeated within this time, however often readiness is asked."""


class Loading:
    """Loads the default model in a thread of its own; `start` may be called by every request."""

    def __init__(self, pool: ModelPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._probe: Future[bool] | None = None
        self._probed_s = 0.0
        self._loaded: Future[bool] | None = None

    def start(self) -> None:
        """Begin, unless that was done before; a load that failed is tried again after a while."""
        with self._lock:
            if self._loaded is None or (_failed(self._loaded) and time.monotonic() - self._probed_s > TRY_AGAIN_S):
                self._loaded = self._probe = self._probing()

    async def wait(self, timeout_s: float) -> bool:
        """Whether the model is loaded, waited for; raises what stopped it."""
        assert self._loaded is not None
        if self._loaded.done():
            return self._loaded.result()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._loaded)), timeout_s)
        except TimeoutError:
            return False

    @property
    def is_loaded(self) -> bool:
        """Whether the first forward pass has come through."""
        return self._loaded is not None and self._loaded.done() and not _failed(self._loaded)

    async def probe(self, timeout_s: float) -> bool:
        """Whether a forward pass works now: a real one, unless the last one is less than a second old."""
        with self._lock:
            assert self._probe is not None
            if self._probe.done() and time.monotonic() - self._probed_s > PROBED_S:
                self._probe = self._probing()
            probe = self._probe
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(probe)), timeout_s)
        except Exception:
            return False

    def _probing(self) -> Future[bool]:
        done: Future[bool] = Future()

        def probe() -> None:
            try:
                worked, error = self._pool.probe(), None
            except Exception as failure:
                worked, error = False, failure
            self._probed_s = time.monotonic()
            done.set_exception(error) if error else done.set_result(worked)

        threading.Thread(target=probe, name="probe", daemon=True).start()
        return done


def _failed(loaded: Future[bool]) -> bool:
    return loaded.done() and (loaded.exception() is not None or not loaded.result())
