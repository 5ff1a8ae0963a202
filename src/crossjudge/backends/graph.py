"""A backend that is one graph: joint cross-encoders and bi-encoders, on whichever engine opens graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from crossjudge.backends.base import BatchWishes, finished
from crossjudge.backends.cores import choose_num_threads
from crossjudge.backends.lanes import Lanes, Open, Runner, dealt
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray, JointBatch


class GraphBackend:
    """Sequences in, logits or token states out; arrays are fed by the names that the graph declares.

    `precision`: what it computes in, for the record. `num_threads`: cores, None for all that are usable. `output`: the
    answer to read, None for the one that goes by a known name. `answer_size`: `num_labels` or `hidden_size` as the
    graph declares it, None where it does not say.
    """

    def __init__(
        self,
        name: str,
        open_graph: Open,
        graph: Path,
        *,
        precision: str = "fp32",
        num_threads: int | None = None,
        output: str | None = None,
        wishes: BatchWishes | None = None,
    ) -> None:
        self.name, self.precision, self.wishes = name, precision, wishes or BatchWishes()
        self._lanes = Lanes(open_graph, graph, num_threads=choose_num_threads(num_threads), output=output)
        self.answer_size = self._lanes.alone.answer_size

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        return self._answer(self._lanes.alone, batch)

    def forward_all(self, batches: Iterable[Batch]) -> Iterator[FloatArray]:
        """`forward` of each, in order, a batch to a core where there are many."""
        return dealt(
            batches, self._lanes.count, self.forward, lambda batch: self._answer(self._lanes.side_by_side, batch)
        )

    def close(self) -> None:
        """See `Backend.close`."""
        self._lanes.close()

    def _answer(self, runner: Runner, batch: Batch) -> FloatArray:
        missing = [name for name in runner.inputs if not hasattr(batch, name)]
        if missing or not isinstance(batch, JointBatch):
            raise BackendError(
                f"Running {self._lanes.graph}: the graph wants {', '.join(missing or runner.inputs)}, and a "
                f"{type(batch).__name__} has no such array. Load the checkpoint with its own kind of attention."
            )
        return finished(runner.run({name: getattr(batch, name) for name in runner.inputs}), batch)
