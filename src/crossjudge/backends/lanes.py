"""One caller on all cores, or one caller on each: a graph opened both ways, and batches dealt to the callers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import BackendError

Feeds = Mapping[str, NDArray[Any]]
Given = TypeVar("Given")
Made = TypeVar("Made")

FEW = 3
"""So few batches are computed one after another on all cores: opening a graph once more would take longer."""


class Runner(Protocol):
    """An opened graph; any number of threads may call `run` at once."""

    @property
    def inputs(self) -> Sequence[str]:
        """Names of the arrays it takes."""
        ...

    @property
    def answer_size(self) -> int | None:
        """Size of the answer's last axis as the graph declares it, None where it does not say."""
        ...

    def run(self, feeds: Feeds) -> NDArray[np.floating]:
        """The one answer that was asked for when the graph was opened."""
        ...

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[NDArray[np.floating]]:
        """The named answers, in the order in which they were named."""
        ...


class Open(Protocol):
    """How a graph is opened: `lanes` callers at once, on `num_threads` cores in all; `output`: which answer."""

    def __call__(self, graph: Path, *, lanes: int, num_threads: int, output: str | None) -> Runner:
        """Open `graph`."""
        ...


class Lanes:
    """A graph opened for one caller on all cores, and, once there are many batches, for one caller on each.

    Small matrices leave a second core half idle, and two callers with a core each do not wait for one another: on two
    cores that is a fifth more. One batch alone wants all cores.
    """

    def __init__(self, open_graph: Open, graph: Path, *, num_threads: int, output: str | None = None) -> None:
        self.count = num_threads
        self.graph = graph
        self._open_graph = open_graph
        self._output = output
        self._lock = threading.Lock()
        self._alone: Runner | None = open_graph(graph, lanes=1, num_threads=num_threads, output=output)
        self._side_by_side: Runner | None = None

    @property
    def alone(self) -> Runner:
        """The graph on all cores. Raises `BackendError` once it was closed."""
        runner = self._alone
        if runner is None:
            raise BackendError(f"Running {self.graph}: the backend was closed. Open the model again.")
        return runner

    @property
    def side_by_side(self) -> Runner:
        """The graph with a core for each of `count` callers; opened when first asked for."""
        with self._lock:
            if self._alone is not None and self._side_by_side is None:
                self._side_by_side = self._open_graph(
                    self.graph, lanes=self.count, num_threads=self.count, output=self._output
                )
        return self._side_by_side or self.alone

    def close(self) -> None:
        """Let go of the graph."""
        with self._lock:
            self._alone = self._side_by_side = None


def dealt(
    given: Iterable[Given], lanes: int, few: Callable[[Given], Made], many: Callable[[Given], Made]
) -> Iterator[Made]:
    """`few` of each where there are few, else `many` of each by `lanes` threads; in order, never far ahead."""
    waiting = iter(given)
    first = list(islice(waiting, FEW + 1)) if lanes > 1 else []
    if len(first) <= FEW:
        yield from map(few, first)
        yield from map(few, waiting)
        return
    with ThreadPoolExecutor(lanes) as pool:
        # One more for each lane, so that none waits while the oldest answer is fetched.
        running: deque[Future[Made]] = deque(pool.submit(many, one) for one in chain(first, islice(waiting, lanes)))
        try:
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(many, one) for one in islice(waiting, 1))
        finally:
            for future in running:
                future.cancel()
