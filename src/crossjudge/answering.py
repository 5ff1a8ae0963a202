"""What a model says of whole pairs: read in windows where they are long, both ways round where order has no meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from crossjudge.models.cascade import Cascade
from crossjudge.models.cross_encoder import CrossEncoder, index_errors
from crossjudge.objectives.base import Objective
from crossjudge.reading import Reader, Reading, grouped
from crossjudge.types import Encoding, FloatArray, Pair

CHUNK_WINDOWS = 8_192
"""Windows held in memory together, or those of one pair that has more."""

Accounts = list[tuple[int, int, bool]]
"""Of each pair the tokens read and dropped, and whether both texts are readable at all."""


class Answering(Protocol):
    """Answers pairs; `places` are their indices in the caller's input, which errors name."""

    @property
    def models(self) -> Sequence[OneModel]:
        """The models behind it."""
        ...

    def __call__(self, pairs: Sequence[Pair], places: Sequence[int]) -> tuple[FloatArray, Accounts]:
        """Arranged logits `(n_pairs, len(objective.labels))`, windows merged, and the accounts."""
        ...


def answering(model: CrossEncoder, objective: Objective, names: Sequence[str], *, on_overflow: str) -> Answering:
    """How `model` answers. `names`: its label names by id; a cascade's models have theirs.

    Raises `LabelError` for names that are not the objective's.
    """
    if isinstance(model, Cascade):
        stages = (model.cheap, model.strong)
        return TwoModels(
            model, *(answering(one.model, objective, one.labels, on_overflow=on_overflow) for one in stages)
        )
    return OneModel(model, objective, objective.order(names), on_overflow)


class OneModel:
    """A cross-encoder that reads every pair itself. `order`: for each label of the objective, its id in the model."""

    def __init__(self, model: CrossEncoder, objective: Objective, order: tuple[int, ...], on_overflow: str) -> None:
        self.model, self.objective, self.order = model, objective, order
        self.reader = Reader(
            assemble=model.tokenizer.assemble,
            room=model.tokenizer.pair_room,
            read_side=objective.read_side,
            on_overflow=on_overflow,
            unknown_id=model.tokenizer.unknown_id,
        )

    @property
    def models(self) -> Sequence[OneModel]:
        """See `Answering`."""
        return [self]

    def __call__(self, pairs: Sequence[Pair], places: Sequence[int]) -> tuple[FloatArray, Accounts]:
        """See `Answering`."""
        logits, accounts = self._one_way_round(pairs, places)
        if self.objective.symmetric:
            swapped = [Pair(pair.text_b, pair.text_a) for pair in pairs]
            logits = (logits + self._one_way_round(swapped, places)[0]) * np.float32(0.5)
        return logits, accounts

    def raw_logits(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """The checkpoint's own logits of pairs that nobody asked about: nothing is counted or warned of."""
        return self.model.logits_of(self.model.tokenizer.encode([self.model.prepared(Pair(*pair)) for pair in pairs]))

    def _one_way_round(self, pairs: Sequence[Pair], places: Sequence[int]) -> tuple[FloatArray, Accounts]:
        merged: list[FloatArray] = [np.zeros((0, len(self.objective.labels)), dtype=np.float32)]
        accounts: Accounts = []
        for readings in grouped(self._readings(pairs, places), most_encodings=CHUNK_WINDOWS):
            merged.append(self._merged(readings, places[len(accounts) :]))
            accounts += [(one.tokens_read, one.tokens_dropped, one.is_readable) for one in readings]
        return np.concatenate(merged), accounts

    def _readings(self, pairs: Sequence[Pair], places: Sequence[int]) -> Iterator[Reading]:
        ready = [self.model.prepared(pair) for pair in pairs]
        ids = self.model.tokenizer.token_ids(text for pair in ready for text in (pair.text_a, pair.text_b))
        for place, pair in zip(places, ready, strict=True):
            yield self.reader.read(ids[pair.text_a], ids[pair.text_b], index=place)

    def _merged(self, readings: Sequence[Reading], places: Sequence[int]) -> FloatArray:
        encodings: list[Encoding] = [encoding for reading in readings for encoding in reading.encodings]
        ends = np.cumsum([len(reading.encodings) for reading in readings])
        with index_errors(lambda place: places[int(np.searchsorted(ends, place, side="right"))]):
            raw = self.model.logits_of(encodings)
        arranged = self.objective.arranged(raw, self.order)
        if len(encodings) == len(readings):
            return arranged
        parts = np.split(arranged, ends[:-1])
        return np.stack(
            [
                part[0] if len(part) == 1 else self.objective.merge(part.reshape(*reading.shape, -1))
                for part, reading in zip(parts, readings, strict=True)
            ]
        )


class TwoModels:
    """A cascade: each of its models reads whole pairs in its own windows, and says how much it read."""

    def __init__(self, cascade: Cascade, cheap: Answering, strong: Answering) -> None:
        self.cascade, self.cheap, self.strong = cascade, cheap, strong

    @property
    def models(self) -> Sequence[OneModel]:
        """See `Answering`."""
        return [*self.cheap.models, *self.strong.models]

    def __call__(self, pairs: Sequence[Pair], places: Sequence[int]) -> tuple[FloatArray, Accounts]:
        """See `Answering`."""
        logits, accounts = self.cheap(pairs, places)
        logits = logits / np.float32(self.cascade.cheap.temperature)
        rows = self.cascade.to_escalate(logits).tolist()
        answers, read = self.strong([pairs[row] for row in rows], [places[row] for row in rows])
        logits[rows] = answers / np.float32(self.cascade.strong.temperature)
        for row, account in zip(rows, read, strict=True):
            accounts[row] = account
        return logits, accounts
