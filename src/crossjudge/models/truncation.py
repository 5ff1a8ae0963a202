"""Texts cut to a model's `max_length`: counted always, warned of once for each model."""

from __future__ import annotations

import threading
import warnings


class TruncationWarning(UserWarning):
    """Some texts were cut to the model's `max_length`."""


class CutCounter:
    """How many inputs of one model were cut; any number of threads may add to it."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()

    def add(self, count: int, message: str, *, stacklevel: int) -> None:
        """Count `count` more, and the first time warn with `message` at the caller `stacklevel` frames above."""
        if count == 0:
            return
        with self._lock:
            first = self.total == 0
            self.total += count
        if first:
            warnings.warn(message, TruncationWarning, stacklevel=stacklevel + 1)
