"""The memory that models share: each has a seat, and gives it up when another needs the room and nobody uses it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from crossjudge.errors import BackendError
from crossjudge.serving.scheduling.errors import NotServed, Overloaded

logger = logging.getLogger(__name__)

State: TypeAlias = Literal["loaded", "loading", "cold", "failed"]

RETRY_AFTER_S = 1.0
"""When to come again after all memory was taken by models in use."""


class Closable(Protocol):
    """What a seat holds."""

    def close(self) -> None:
        """Let go of the memory."""
        ...


Held = TypeVar("Held", bound=Closable)


class Memory:
    """A budget in bytes (None: no end of it) and the seats that share it."""

    def __init__(self, budget_bytes: int | None) -> None:
        self.budget_bytes = budget_bytes
        self.lock = threading.Lock()
        self.uses = count(1)
        self._taken: list[Seat[Any]] = []

    @property
    def used_bytes(self) -> int:
        """What the models in memory are estimated to take."""
        return sum(seat.bytes for seat in self._taken)

    def take(self, seat: Seat[Any], needed: int) -> None:
        """Give `seat` so many bytes, unloading idle models, the least recently used first, until there is room.

        Raises `BackendError` for more than the whole budget, `Overloaded` when models in use leave too little.
        """
        with self.lock:
            if self.budget_bytes is not None:
                self._make_room(seat.name, needed, self.budget_bytes)
            seat.bytes = needed
            self._taken.append(seat)

    def give_back(self, seat: Seat[Any]) -> None:
        """The seat holds nothing any more."""
        with self.lock:
            self._taken.remove(seat)

    def _make_room(self, name: str, needed: int, budget: int) -> None:
        if needed > budget:
            raise BackendError(
                f"Loading {name!r}: it takes about {_mib(needed)}, and the memory budget for all models is "
                f"{_mib(budget)}. Raise the budget, or serve a smaller model."
            )
        idle = sorted((seat for seat in self._taken if seat.idle), key=lambda seat: seat.last_used)
        if self.used_bytes - sum(seat.bytes for seat in idle) + needed > budget:
            raise Overloaded(
                f"Loading {name!r}: it takes about {_mib(needed)}, and models in use leave too little of the "
                f"{_mib(budget)} for all. Ask again in {RETRY_AFTER_S:.0f} s, or raise the memory budget.",
                retry_after_s=RETRY_AFTER_S,
            )
        while self.used_bytes + needed > budget:
            seat = idle.pop(0)
            self._taken.remove(seat)
            seat.unload()
            logger.info("Unloaded the model %r to make room for %r.", seat.name, name)


class Seat(Generic[Held]):
    """A place for one engine, loaded by whoever needs it first.

    `open_held` opens it; `needed_bytes` tells what it will take, and is asked before.
    """

    def __init__(
        self, name: str, memory: Memory, *, open_held: Callable[[], Held], needed_bytes: Callable[[], int]
    ) -> None:
        self.name, self.state, self.bytes, self.last_used = name, _COLD, 0, 0
        self._memory, self._open, self._needed_bytes = memory, open_held, needed_bytes
        self._held: Held | None = None
        self._users = 0
        self._loading = threading.Lock()

    @property
    def loaded(self) -> Held | None:
        """What it holds, if that is in memory now."""
        return self._held

    @property
    def idle(self) -> bool:
        """Whether it holds something that nobody uses."""
        return self._held is not None and self._users == 0

    @contextmanager
    def held(self) -> Iterator[Held]:
        """What it holds, loaded, and kept in memory until the end of the `with`."""
        with self._memory.lock:
            self._users += 1
        try:
            yield self._held or self._load()
        finally:
            with self._memory.lock:
                self._users -= 1
                self.last_used = next(self._memory.uses)

    def unload(self) -> None:
        """Let go of what it holds; only the memory calls this, for an idle seat."""
        assert self._held is not None
        self._held.close()
        self._held, self.state = None, _COLD

    def _load(self) -> Held:
        with self._loading:
            if self._held is not None:
                return self._held
            self.state = "loading"
            try:
                self._held = self._opened()
            except NotServed:
                self.state = _COLD
                raise
            except BaseException:
                self.state = "failed"
                raise
            self.state = "loaded"
            return self._held

    def _opened(self) -> Held:
        self._memory.take(self, self._needed_bytes())
        try:
            return self._open()
        except BaseException:
            self._memory.give_back(self)
            raise


_COLD: State = "cold"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
