"""One-way models on the engines that open graphs: pairs side by side, or premises once and hypotheses against them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.backends.base import BatchWishes, finished
from crossjudge.backends.cores import choose_num_threads
from crossjudge.backends.exits import ExitingHypotheses, ExitingPairs, Exits
from crossjudge.backends.lanes import Lanes, Open, Runner, dealt
from crossjudge.backends.premise_cache import PremiseCache
from crossjudge.backends.premise_store import PremiseStore
from crossjudge.errors import BackendError
from crossjudge.types import Batch, FloatArray, IntArray, OneWayBatch, PairBatch

WORTH_KEEPING = 32
"""Tokens from which a premise is worth looking up: a shorter one is read again in less time than it takes."""

MOST_IN_A_GROUP = 64
"""Hypotheses side by side in one row, at most."""
COPY_COST = 40
"""Laying a premise's keys and values out once more, in the multiplications that take as long, for each number of it."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """The graphs of one engine, all opened for one caller, or all for one caller a core.

    `whole`: the graph that reads premises and hypotheses together: `judge`, which takes any number of hypotheses of a
    premise, or `pairs`, which takes premise and hypothesis side by side; with exits, its pieces.
    """

    whole: Runner | ExitingPairs | _Reading
    premise: Runner
    hypotheses: Runner | ExitingHypotheses | _Reading


@dataclass(frozen=True, slots=True)
class _Reading:
    """A graph, and the one of its answers that is read: heads that share a graph differ in nothing else."""

    runner: Runner
    output: str

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.floating]:
        """See `Runner.run`."""
        return self.runner.run_for(feeds, [self.output])[0]


class OneWayBackend:
    """A one-way model's graphs on one engine.

    `graphs`: "premise", "hypotheses", and either "judge" (`one_way_exact`) or "pairs" (`one_way_fused`) -> file; for
    `exits`, where pairs may stop before the last layer, the latter's pieces ("judge_0", "judge_2", ...) instead.
    `max_positions`: where the hypotheses' positions begin in the table of places.
    `output`: the head to read. `cache`: where premises that come again are kept; None for one of the usual size.
    `shelf`: premises on disk, looked at where the cache has none; may be set at any time.
    """

    def __init__(
        self,
        name: str,
        open_graph: Open,
        graphs: Mapping[str, Path],
        *,
        max_positions: int,
        precision: str = "fp32",
        num_threads: int | None = None,
        output: str | None = None,
        wishes: BatchWishes | None = None,
        cache: PremiseCache | None = None,
        exits: Exits | None = None,
    ) -> None:
        self.name, self.precision = name, f"{precision}+{exits}" if exits else precision
        self.wishes = wishes or BatchWishes(token_budget=1_024)
        self.cache = PremiseCache() if cache is None else cache
        self.shelf: PremiseStore | None = None
        self._max_positions = max_positions
        self._count = choose_num_threads(num_threads)
        self._exits, self._output = exits, output
        self._side_by_side = "judge" not in graphs
        whole = "pairs" if self._side_by_side else "judge"
        names = ["premise", "hypotheses", *([f"{whole}_{one}" for one in (0, *exits.depths)] if exits else [whole])]
        self._lanes = [
            Lanes(open_graph, graphs[one], num_threads=self._count, output=None if one == "premise" else output)
            for one in names
        ]
        self.answer_size = self._lanes[-1].alone.answer_size

    def forward(self, batch: Batch) -> FloatArray:
        """See `Backend.forward`."""
        return self._answer(self._opened([one.alone for one in self._lanes]), batch)

    def forward_all(self, batches: Iterable[Batch]) -> Iterator[FloatArray]:
        """`forward` of each, in order, a batch to a core where there are many."""

        def beside_others(batch: Batch) -> FloatArray:
            return self._answer(self._opened([one.side_by_side for one in self._lanes]), batch)

        return dealt(batches, self._count, self.forward, beside_others)

    def at_hand(self, premise_ids: IntArray) -> bool:
        """Whether a premise came before, so that its pairs should come as a `OneWayBatch` even one by one."""
        if len(premise_ids) < WORTH_KEEPING:
            return False
        key = premise_ids.tobytes()
        return (self.shelf is not None and key in self.shelf) or self.cache.meet(key)

    def encode(self, premises: Iterable[IntArray]) -> Iterator[tuple[IntArray, FloatArray]]:
        """Premises' ids `(premise_len,)` -> each with its keys and values `(premise_len, size)`, in order."""

        def encoded(ids: IntArray) -> tuple[IntArray, FloatArray]:
            runner = self._lanes[0].alone
            answer = runner.run({"premise_ids": ids[None], "premise_lens": np.array([len(ids)], dtype=np.int64)})
            return ids, np.asarray(answer[0], dtype=np.float32)

        return map(encoded, premises)

    @property
    def has_exits(self) -> bool:
        """Whether pairs may stop before the last layer, at exits of the one head that is read."""
        return self._exits is not None

    def reading(self, output: str) -> OneWayBackend:
        """The same opened graphs and premises at hand, of which another head's answer is read.

        Closing one closes both. Raises `BackendError` where pairs may stop early, since a head has exits of its own.
        """
        if self._exits is not None:
            raise BackendError(
                f"Reading {output!r} from an engine opened for {self._output!r}: its pairs may stop at an exit of that "
                "head. Open the model once more for the other head."
            )
        other = copy.copy(self)
        other._output, other.answer_size = output, None
        return other

    def close(self) -> None:
        """See `Backend.close`."""
        for lanes in self._lanes:
            lanes.close()

    def _opened(self, runners: Sequence[Runner]) -> _Opened:
        """The graphs in the order of `self._lanes`, as a batch is run on them."""
        premise, hypotheses, *whole = runners
        name = self._output or "logits"
        if self._exits is not None:
            pieces = ExitingPairs(whole, self._exits.thresholds, answer=name, length_step=self.wishes.length_step)
            return _Opened(pieces, premise, ExitingHypotheses(hypotheses, self._exits, answer=name))
        if self._output is not None:
            return _Opened(_Reading(whole[0], name), premise, _Reading(hypotheses, name))
        return _Opened(whole[0], premise, hypotheses)

    def _answer(self, opened: _Opened, batch: Batch) -> FloatArray:
        if isinstance(batch, PairBatch) and self._side_by_side:
            return finished(opened.whole.run(pair_feeds(batch, self._max_positions)), batch)
        if isinstance(batch, OneWayBatch):
            apart = self._side_by_side or self._any_came_before(batch)
            logits = self._ask(opened, batch) if apart else opened.whole.run(judge_feeds(batch))
            return finished(logits[batch.slots >= 0], batch)
        raise BackendError(
            f"Running a one-way model: it wants premise_ids and hypothesis_ids, and a {type(batch).__name__} has no "
            "such arrays. Load the checkpoint with its own kind of attention."
        )

    def _any_came_before(self, batch: OneWayBatch) -> bool:
        """Whether keeping, or having kept, keys and values pays for this batch; if not, notes its premises."""
        lens = batch.premise_mask.sum(axis=1)
        keys = [ids[:length].tobytes() for ids, length in zip(batch.premise_ids, lens, strict=True)]
        shelf = self.shelf
        if any((shelf is not None and key in shelf) or self.cache.knows(key) for key in keys):
            return True
        for key in keys:
            self.cache.meet(key)
        return False

    def _ask(self, opened: _Opened, batch: OneWayBatch) -> NDArray[np.floating]:
        """Logits of every slot, `(n_premises, n_hypotheses, num_labels)`, with the premises' keys and values."""
        lens = batch.premise_mask.sum(axis=1)
        kept = {"keys_values": self._keys_values(opened.premise, batch.premise_ids, lens), "premise_lens": lens}
        if not self._side_by_side:
            own_lens = batch.hypothesis_mask.sum(axis=2)
            return opened.hypotheses.run({**kept, "hypothesis_ids": batch.hypothesis_ids, "hypothesis_lens": own_lens})
        _, n_hypotheses, length = batch.hypothesis_ids.shape
        group = group_size(n_hypotheses, length, batch.premise_ids.shape[1])
        logits = _ask_in_groups(opened.hypotheses, kept, batch, group)
        # A mask is added to what it hides, so a NaN reaches its whole group; one by one they show whose it was.
        broken = group > 1 and not np.isfinite(logits).all()
        return _ask_in_groups(opened.hypotheses, kept, batch, 1) if broken else logits

    def _keys_values(self, premise: Runner, ids: IntArray, lens: IntArray) -> NDArray[np.floating]:
        """Those of every premise of a batch, computed or at hand, `(n_premises, premise_len, size)`."""
        keys = [row[:length].tobytes() for row, length in zip(ids, lens, strict=True)]
        found = [self._kept(key) for key in keys]
        missing = np.array([place for place, one in enumerate(found) if one is None], dtype=np.int64)
        computed = premise.run({"premise_ids": ids[missing], "premise_lens": lens[missing]}) if len(missing) else None
        for row, place in enumerate(missing):
            assert computed is not None
            self.cache.offer(keys[place], computed[row, : lens[place]])
        if computed is not None and len(missing) == len(keys):
            return computed
        size = next(one.shape[1] for one in found if one is not None)
        together: NDArray[np.floating] = np.zeros((len(keys), ids.shape[1], size), dtype=np.float32)
        for place, one in enumerate(found):
            if one is not None:
                together[place, : len(one)] = one
        if computed is not None:
            together[missing] = computed
        return together

    def _kept(self, key: bytes) -> FloatArray | None:
        found = self.cache.get(key)
        return self.shelf.get(key) if found is None and self.shelf is not None else found


def judge_feeds(batch: OneWayBatch) -> dict[str, IntArray]:
    """What the graph `judge` is fed."""
    return {
        "premise_ids": batch.premise_ids,
        "premise_lens": batch.premise_mask.sum(axis=1),
        "hypothesis_ids": batch.hypothesis_ids,
        "hypothesis_lens": batch.hypothesis_mask.sum(axis=2),
    }


def pair_feeds(batch: PairBatch, max_positions: int) -> dict[str, IntArray]:
    """What the graph `pairs` is fed. Places count on from `max_positions` where the hypothesis begins."""
    columns = np.arange(batch.input_ids.shape[1])
    own = columns - batch.premise_lens[:, None]
    # Places of padding are never seen, but must be places.
    places = np.where(own < 0, columns, max_positions + np.minimum(own, max_positions - 1))
    return {
        "input_ids": batch.input_ids,
        "place_ids": places,
        "premise_lens": batch.premise_lens,
        "lengths": batch.lengths,
    }


def _ask_in_groups(
    hypotheses: Runner | ExitingHypotheses | _Reading, kept: Mapping[str, NDArray[Any]], batch: OneWayBatch, group: int
) -> NDArray[np.floating]:
    """Logits of every slot, `(n_premises, n_hypotheses, num_labels)`, with so many hypotheses side by side in a row.

    `kept`: the premises' keys and values, and their lengths.
    """
    n_premises, n_hypotheses, length = batch.hypothesis_ids.shape
    n_groups = -(-n_hypotheses // group)
    more = ((0, 0), (0, n_groups * group - n_hypotheses))
    ids, lens = np.pad(batch.hypothesis_ids, (*more, (0, 0))), np.pad(batch.hypothesis_mask.sum(axis=2), more)
    grouped = {
        "hypothesis_ids": ids.reshape(n_premises, n_groups, group, length),
        "hypothesis_lens": lens.reshape(n_premises, n_groups, group),
    }
    answer = hypotheses.run({**kept, **grouped})
    return answer.reshape(n_premises, n_groups * group, -1)[:, :n_hypotheses]


def group_size(n_hypotheses: int, hypothesis_len: int, premise_len: int) -> int:
    """How many hypotheses to lay side by side in one row.

    More in a row: the premise's keys and values are laid out fewer times, but each hypothesis is multiplied with its
    neighbours only to be masked. The least of both wins.
    """

    def cost(group: int) -> float:
        n_groups = -(-n_hypotheses // group)
        tokens = n_groups * group * hypothesis_len
        return tokens * group * hypothesis_len + n_groups * premise_len * COPY_COST

    return min(range(1, min(n_hypotheses, MOST_IN_A_GROUP) + 1), key=cost)
