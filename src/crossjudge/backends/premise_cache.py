"""Premises' keys and values kept between calls: a byte budget, the least recently used goes first, and a hit rate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from crossjudge.types import FloatArray

BUDGET_BYTES = 128 * 2**20
"""About 28 premises of 250 tokens in a model of 6 layers and 384 hidden units (18 KiB a token)."""

REMEMBERED = 4_096
"""Premises that were met once and are not kept: only what comes again is worth its bytes."""


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """`hits`, `misses`: premises that were and were not at hand when one was needed; `kept`: premises held now."""

    hits: int
    misses: int
    kept: int
    bytes: int
    budget_bytes: int

    @property
    def hit_rate(self) -> float:
        """Share of needed premises that were at hand; 0.0 before any was needed."""
        return self.hits / max(1, self.hits + self.misses)


class PremiseCache:
    """Keys and values by premise, at most `budget_bytes` of them; 0 keeps none. Safe in threads.

    A premise is kept when it comes for the second time, so texts that are asked about once cost nothing.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._kept: OrderedDict[Hashable, FloatArray] = OrderedDict()
        self._met: OrderedDict[Hashable, None] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = self._hits = self._misses = 0

    def __contains__(self, key: Hashable) -> bool:
        """Whether the premise is at hand; not counted as a hit or a miss."""
        with self._lock:
            return key in self._kept

    def get(self, key: Hashable) -> FloatArray | None:
        """Keys and values `(premise_len, size)`, or None; counted."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                self._misses += 1
                return None
            self._hits += 1
            self._kept.move_to_end(key)
            return found

    def offer(self, key: Hashable, keys_values: FloatArray) -> None:
        """Keep a copy of `keys_values` if the premise was met before."""
        if keys_values.nbytes > self.budget_bytes:
            return
        with self._lock:
            if key in self._kept:
                return
            if key not in self._met:
                self._remember(key)
                return
            del self._met[key]
            self._kept[key] = keys_values.copy()
            self._bytes += keys_values.nbytes
            while self._bytes > self.budget_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.nbytes

    def knows(self, key: Hashable) -> bool:
        """Whether a premise came before or is at hand; it is not noted as having come now."""
        with self._lock:
            return key in self._kept or key in self._met

    def meet(self, key: Hashable) -> bool:
        """Note that a premise came by; True if it came before or is at hand, so that keeping it may pay."""
        with self._lock:
            if key in self._kept or key in self._met:
                return True
            if self.budget_bytes:
                self._remember(key)
            return False

    def statistics(self) -> CacheStatistics:
        """Counts so far."""
        with self._lock:
            return CacheStatistics(self._hits, self._misses, len(self._kept), self._bytes, self.budget_bytes)

    def _remember(self, key: Hashable) -> None:
        self._met[key] = None
        if len(self._met) > REMEMBERED:
            self._met.popitem(last=False)
