"""Connections that wait for their next request: the one used last is taken first, and old ones are let go."""

from __future__ import annotations

import threading
from typing import Generic, Protocol, TypeVar

KEPT_S = 30.0
"""Longer than between two requests of a busy client, shorter than servers and proxies keep a connection."""
MOST_KEPT = 64


class Closes(Protocol):
    """A connection."""

    def close(self) -> None:
        """End it."""
        ...


C = TypeVar("C", bound=Closes)


class Idle(Generic[C]):
    """May be used by many threads. `now_s`: of a clock that never goes back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[C, float]] = []

    def take(self, now_s: float) -> C | None:
        """One that is not too old, if there is one."""
        with self._lock:
            taken = self._waiting.pop() if self._waiting else None
        if taken is None or now_s - taken[1] <= KEPT_S:
            return None if taken is None else taken[0]
        taken[0].close()
        self.clear()  # the others have waited longer
        return None

    def put(self, connection: C, now_s: float) -> None:
        """Keep one for later."""
        with self._lock:
            if len(self._waiting) < MOST_KEPT:
                self._waiting.append((connection, now_s))
                return
        connection.close()

    def clear(self) -> None:
        """Close all."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for connection, _ in waiting:
            connection.close()
