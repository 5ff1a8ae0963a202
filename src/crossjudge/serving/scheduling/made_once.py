"""Things made when first asked for, each by one thread while others that want it wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class MadeOnce(Generic[Key, Made]):
    """Key -> what was made for it. A failure is not remembered: the next one who asks tries again."""

    def __init__(self) -> None:
        self._made: dict[Key, Made] = {}
        self._making: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """What there is for the key, else what `make` gives."""
        if key in self._made:
            return self._made[key]
        with self._lock:
            own = self._making.setdefault(key, threading.Lock())
        with own:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]
