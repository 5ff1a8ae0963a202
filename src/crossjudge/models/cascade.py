"""`Cascade`: a cheap model answers the pairs that it is sure of, and a strong one the others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.backends.exits import confidence
from crossjudge.errors import InputError, LabelError, ObjectiveError
from crossjudge.models.activation_functions import resolve_activation
from crossjudge.models.cross_encoder import CHUNK_PAIRS, CrossEncoder, Progress, index_errors
from crossjudge.models.loaded import Opened
from crossjudge.models.pairs import is_single, to_pair, to_pairs
from crossjudge.models.registry import find_card
from crossjudge.types import Attention, Encoding, FloatArray, IntArray, Pair


@dataclass(frozen=True, slots=True)
class CascadeStatistics:
    """`pairs`: how many were asked so far; `escalated`: how many of them the strong model answered."""

    pairs: int
    escalated: int

    @property
    def share(self) -> float:
        """Share of pairs that were escalated; 0.0 before any was asked."""
        return self.escalated / max(1, self.pairs)


@dataclass(frozen=True, slots=True)
class Stage:
    """One model of a cascade.

    `labels`: its label names by id. `columns`: for each label of the cascade, its id in this model.
    """

    model: CrossEncoder
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    temperature: float

    def logits(
        self,
        pairs: Sequence[Pair],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
        prompt: str | None = None,
    ) -> FloatArray:
        """`(n_pairs, num_labels)` in the cascade's label order, divided by the temperature."""
        answers = self.model._logits(pairs, batch_size=batch_size, progress=progress, prompt=prompt)
        return answers[:, list(self.columns)] / np.float32(self.temperature)


class Cascade(CrossEncoder):
    """Two cross-encoders that answer as one: the strong model reads only what the cheap one is unsure of.

    `cheap`, `strong`: a `CrossEncoder` each, a folder or hub name, or None for the embedded model. Each reads pairs
    with its own tokenizer. `escalate_below`: a pair goes on to the strong model when the cheap one's best label is less
    probable than this (with one label: its sigmoid, either way); 0 asks the cheap model alone, above 1 the strong one
    answers every pair. `fit_escalation` finds the value for a wanted agreement. `temperatures`: what the two models'
    logits are divided by, so that a probability means the same from both; a `Calibration` has it. `cheap_labels`,
    `strong_labels`: label names by id, for checkpoints that do not name them. `activation_fn`: as for `CrossEncoder`,
    by default the strong model's.

    Labels are the strong model's, in its order. A cascade goes wherever a `CrossEncoder` does, `Judge` included.
    Raises `LabelError` when the models' labels differ, `ObjectiveError` when they were trained for different things.
    """

    def __init__(
        self,
        cheap: CrossEncoder | str | Path | None,
        strong: CrossEncoder | str | Path | None,
        *,
        escalate_below: float = 0.9,
        temperatures: tuple[float, float] = (1.0, 1.0),
        cheap_labels: Sequence[str] | None = None,
        strong_labels: Sequence[str] | None = None,
        activation_fn: Any = None,
    ) -> None:
        _check_settings(escalate_below, temperatures)
        first, last = (one if isinstance(one, CrossEncoder) else CrossEncoder(one) for one in (cheap, strong))
        objective = _objective(first, last)
        names = _label_names(first, cheap_labels, "cheap_labels"), _label_names(last, strong_labels, "strong_labels")
        self.escalate_below = escalate_below
        self.cheap = Stage(first, names[0], _columns(first, last, *names), temperatures[0])
        self.strong = Stage(last, names[1], tuple(range(len(names[1]))), temperatures[1])
        self.activation_fn = last.activation_fn if activation_fn is None else resolve_activation(activation_fn)
        self._lock = threading.Lock()
        self._pairs = self._escalated = 0
        # Whatever is asked of a model beside its answers, such as its heads, the strong one says.
        checkpoint = replace(
            last.checkpoint,
            name=f"{first.name} > {last.name}",
            labels=names[1],
            labels_are_named=last.num_labels > 1,
            objective=objective,
        )
        Opened.__init__(self, replace(last._loaded, checkpoint=checkpoint, labels=names[1], objective=objective))

    @property
    def statistics(self) -> CascadeStatistics:
        """Pairs asked and escalated so far, by all threads."""
        with self._lock:
            return CascadeStatistics(self._pairs, self._escalated)

    @property
    def fingerprint(self) -> str:
        """Both models' fingerprints, what their logits are divided by, and the threshold."""
        cheap, strong = (f"{stage.model.fingerprint}/{stage.temperature!r}" for stage in (self.cheap, self.strong))
        return f"cascade({cheap},{strong},{self.escalate_below!r})"

    @property
    def max_length(self) -> int:
        """Tokens of a pair that both models read, special tokens included: the smaller number of the two."""
        return min(self.cheap.model.max_length, self.strong.model.max_length)

    @property
    def truncated_pairs(self) -> int:
        """How often either model had to cut a pair to its own `max_length` so far."""
        return self.cheap.model.truncated_pairs + self.strong.model.truncated_pairs

    @property
    def attention(self) -> Attention:
        """`"one_way"` where both models have it, else `"joint"`."""
        return min(self.cheap.model.attention, self.strong.model.attention)

    @property
    def backend(self) -> str:
        """The backend that runs, or both: "onnx+torch"."""
        return "+".join(dict.fromkeys((self.cheap.model.backend, self.strong.model.backend)))

    @property
    def precision(self) -> str:
        """The precision it runs in, or both: "int8+fp32"."""
        return "+".join(dict.fromkeys((self.cheap.model.precision, self.strong.model.precision)))

    def both(self, pairs: Any, *, progress: Progress | None = None) -> tuple[FloatArray, FloatArray]:
        """Each model's logits of all pairs, `(n_pairs, num_labels)`, the cheap one's first: for `fit_escalation`.

        `progress` is that of the strong model.
        """
        checked = to_pairs(pairs)
        return self.cheap.logits(checked), self.strong.logits(checked, progress=progress)

    def escalating_below(self, threshold: float) -> Cascade:
        """The same two models with another threshold."""
        return Cascade(
            self.cheap.model,
            self.strong.model,
            escalate_below=threshold,
            temperatures=(self.cheap.temperature, self.strong.temperature),
            cheap_labels=self.cheap.labels,
            strong_labels=self.strong.labels,
            activation_fn=self.activation_fn,
        )

    def to_escalate(self, cheap_logits: FloatArray) -> IntArray:
        """The rows of `(n_pairs, num_labels)`, after the temperature, that the strong model must answer; they count."""
        rows: IntArray = np.flatnonzero(confidence(cheap_logits) < self.escalate_below)
        with self._lock:
            self._pairs += len(cheap_logits)
            self._escalated += len(rows)
        return rows

    def logits_of(
        self, encodings: Sequence[Encoding], *, batch_size: int | None = None, progress: Progress | None = None
    ) -> FloatArray:
        """Raises `InputError`: each model makes its own encodings of a pair."""
        raise InputError(
            f"Scoring {len(encodings)} encodings with the cascade {self.name!r}: an encoding is made by one "
            "tokenizer, and each of its models has its own. Call logits(pairs)."
        )

    def _logits(
        self, pairs: Any, *, batch_size: int | None, progress: Progress | None, prompt: str | None = None
    ) -> FloatArray:
        checked = [to_pair(pairs)] if is_single(pairs) else to_pairs(pairs)
        logits = np.zeros((len(checked), self.num_labels), dtype=np.float32)
        for start in range(0, len(checked), CHUNK_PAIRS):
            chunk = checked[start : start + CHUNK_PAIRS]
            with index_errors(partial(int.__add__, start)):
                cheap = self.cheap.logits(chunk, batch_size=batch_size, prompt=prompt)
            rows = self.to_escalate(cheap)
            report = _after(progress, start + len(chunk) - len(rows), len(checked))
            with index_errors(partial(_at, rows + start)):
                asked = [chunk[row] for row in rows]
                cheap[rows] = self.strong.logits(asked, batch_size=batch_size, progress=report, prompt=prompt)
            logits[start : start + len(chunk)] = cheap
        return logits


def _at(rows: IntArray, place: int) -> int:
    return int(rows[place])


def _after(progress: Progress | None, answered: int, total: int) -> Progress | None:
    """Progress of the escalated pairs as progress of all, `answered` of which have their answer; told at once."""
    if progress is None:
        return None
    progress(answered, total)
    return lambda done, of: progress(answered + done, total)


def _check_settings(escalate_below: float, temperatures: tuple[float, float]) -> None:
    if not escalate_below >= 0:
        raise InputError(
            f"Making a cascade: escalate_below is {escalate_below}; expected a probability, or more than 1 to ask the "
            "strong model of every pair. fit_escalation finds one."
        )
    if len(temperatures) != 2 or not all(np.isfinite(one) and one > 0 for one in temperatures):
        raise InputError(
            f"Making a cascade: temperatures are {temperatures}; expected two numbers above zero, the cheap model's "
            "and the strong one's. Fit them with calibration.fit_temperature."
        )


def _objective(cheap: CrossEncoder, strong: CrossEncoder) -> str | None:
    """What both were trained for, as far as anybody knows."""
    if cheap.objective and strong.objective and cheap.objective != strong.objective:
        raise ObjectiveError(
            f"Making a cascade: {cheap.name!r} was trained for {cheap.objective!r} and {strong.name!r} for "
            f"{strong.objective!r}; expected one objective, since one model answers in the other's place. Choose two "
            f"models for {strong.objective!r}."
        )
    return strong.objective or cheap.objective


def _label_names(model: CrossEncoder, stated: Sequence[str] | None, argument: str) -> tuple[str, ...]:
    """The model's label names by id: as stated, as its config names them, or as its card does."""
    if stated is not None:
        if len(stated) != model.num_labels:
            raise LabelError(
                f"Making a cascade: {argument} names {len(stated)} labels and {model.name!r} has {model.num_labels}. "
                "State one name per logit, in the order of the logits."
            )
        return tuple(stated)
    if model.num_labels == 1 or model.checkpoint.labels_are_named:
        return model.labels
    card = find_card(model.name)
    if card is not None and len(card.labels) == model.num_labels:
        return tuple(card.labels)
    raise LabelError(
        f"Making a cascade: {model.name!r} calls its {model.num_labels} labels {', '.join(model.labels)}, which says "
        "nothing about their meaning, and labels are matched by name. State the order of its logits, from its card: "
        f"Cascade(..., {argument}=(...))."
    )


def _columns(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_names: Sequence[str], strong_names: Sequence[str]
) -> tuple[int, ...]:
    """For each label of the strong model, the cheap one's id of it. A single score needs no name."""
    if cheap.num_labels == strong.num_labels == 1:
        return (0,)
    own, wanted = [_spelled(one) for one in cheap_names], [_spelled(one) for one in strong_names]
    if len(set(own)) != len(own) or sorted(own) != sorted(wanted):
        raise LabelError(
            f"Making a cascade: {cheap.name!r} says {', '.join(cheap_names)} and {strong.name!r} says "
            f"{', '.join(strong_names)}; expected the same labels, in any order. Where they mean the same, state it: "
            "Cascade(..., cheap_labels=(...))."
        )
    return tuple(own.index(label) for label in wanted)


def _spelled(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
