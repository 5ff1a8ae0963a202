"""Values that arrive over time -> chunks: what is there is handed over, rather than kept until a chunk is full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

WAIT_S = 0.05
"""How long a chunk that is not full waits for the next value."""

_LOOK_UP_S = 0.1

T = TypeVar("T")


def chunks_as_they_come(values: Iterable[T], most: int, *, wait_s: float = WAIT_S) -> Iterator[list[T]]:
    """`values` in order, in chunks of 1 to `most`; a chunk ends early where no value has come for `wait_s` seconds.

    `values` is read in a thread, at most `most` values ahead; its error is raised after the values before it.
    """
    reader = _Reader(values, Queue(maxsize=most))
    Thread(target=reader.run, name="crossjudge-input", daemon=True).start()
    try:
        while chunk := reader.take(most, wait_s):
            yield chunk
        if reader.error is not None:
            raise reader.error
    finally:
        reader.abandoned.set()


@dataclass(slots=True)
class _Reader(Generic[T]):
    """Both ends of a queue. `abandoned`: nobody will take what is still to come."""

    values: Iterable[T]
    queue: Queue[tuple[T, ...]]
    abandoned: Event = field(default_factory=Event)
    error: BaseException | None = None
    is_over: bool = False

    def run(self) -> None:
        """In the thread: put each value, then an empty tuple."""
        try:
            for value in self.values:
                if not self._put((value,)):
                    return
        except BaseException as error:  # whatever it is, it belongs to who asked for the values
            self.error = error
        self._put(())

    def _put(self, value: tuple[T, ...]) -> bool:
        while not self.abandoned.is_set():
            try:
                self.queue.put(value, timeout=_LOOK_UP_S)
            except Full:
                continue
            return True
        return False

    def take(self, most: int, wait_s: float) -> list[T]:
        """The next values: none only where all have been taken."""
        chunk: list[T] = []
        while not self.is_over and len(chunk) < most:
            try:
                value = self.queue.get(timeout=wait_s if chunk else None)
            except Empty:
                break
            self.is_over = not value
            chunk += value
        return chunk
