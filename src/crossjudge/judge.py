"""`Judge`: a cross-encoder, an objective and a calibration make verdicts; nothing it calls read was skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crossjudge.answering import answering
from crossjudge.calibration.deciding import winning_labels
from crossjudge.calibration.saved import Calibration, calibration_file
from crossjudge.errors import InputError, LabelError, ObjectiveError
from crossjudge.label_probe import warn_if_contradicted
from crossjudge.models.activation_functions import softmax
from crossjudge.models.cascade import Cascade
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.pairs import to_pairs
from crossjudge.models.registry import filter_cards, find_card
from crossjudge.objectives import get_objective
from crossjudge.objectives.base import Objective
from crossjudge.types import FloatArray, Pair, Verdict

CHUNK_PAIRS = 2_048
"""Pairs tokenized and judged together."""


class Judge:
    """Gives a `Verdict` on a pair of texts.

    `model`: a `CrossEncoder` or `Cascade`, a folder or hub name, or None for the embedded model. `objective`: "nli"
    (does text_a entail text_b?), "similarity", "duplicate" or "relevance". `calibration`: a `Calibration`, the path of
    one, or None for the one shipped with the embedded model. `abstain_below`: verdicts whose winning probability is
    lower carry `abstained=True`; if left out, as the calibration says. A verdict on a text that is blank, or
    in a script that the model does not know, always does.
    `on_overflow`: "window" reads over-long pairs in overlapping windows (how they are merged is
    `judge.objective.merge_rule`), "truncate" cuts and counts, "error" raises. `labels`: the model's label names by id,
    for checkpoints that do not name them. `force`: use a model for an objective it was not trained for.

    Raises `LabelError` when the labels are not known by name, `ObjectiveError` when the model was trained for something
    else, `FingerprintError` when the calibration belongs to another model.
    """

    def __init__(
        self,
        model: CrossEncoder | str | Path | None = None,
        *,
        objective: str = "nli",
        calibration: Calibration | str | Path | None = None,
        abstain_below: float | None = None,
        on_overflow: str = "window",
        labels: Sequence[str] | None = None,
        force: bool = False,
    ) -> None:
        if abstain_below is not None and not 0 <= abstain_below <= 1:
            raise InputError(f"Making a judge: abstain_below is {abstain_below}; expected a probability from 0 to 1.")
        self.objective: Objective = get_objective(objective)
        self.model = model if isinstance(model, CrossEncoder) else _opened(model, objective)
        if not force:
            _require_objective(self.model, objective)
        self._answering = answering(
            self.model, self.objective, _label_names(self.model, self.objective, labels), on_overflow=on_overflow
        )
        self.calibration = _calibration(calibration, self.model, self.objective)
        if abstain_below is None and self.calibration is not None:
            abstain_below = self.calibration.abstain_below
        self.abstain_below = abstain_below
        for one in self._answering.models:
            if one.order and self.objective.name == "nli" and one.model.backend != "fake":
                warn_if_contradicted(one.raw_logits, one.order, self.objective.labels, one.model.name)

    def __repr__(self) -> str:
        """What it decides, and by which model."""
        return f"{type(self).__name__}({self.model!r}, objective={self.objective.name!r})"

    def __call__(self, text_a: str, text_b: str) -> Verdict:
        """The verdict on one pair."""
        return self.batch([(text_a, text_b)])[0]

    def batch(self, pairs: Any, *, progress: Callable[[int, int], None] | None = None) -> list[Verdict]:
        """Verdicts in input order. Pairs that share a text_a share its encoding in one-way models."""
        checked = to_pairs(pairs)
        verdicts: list[Verdict] = []
        for start in range(0, len(checked), CHUNK_PAIRS):
            verdicts += self._judge(checked[start : start + CHUNK_PAIRS], start)
            if progress is not None:
                progress(len(verdicts), len(checked))
        return verdicts

    def _judge(self, pairs: Sequence[Pair], start: int) -> list[Verdict]:
        logits, accounts = self._answering(pairs, range(start, start + len(pairs)))
        probabilities = self.calibration.probabilities(logits) if self.calibration else softmax(logits)
        winners = winning_labels(logits, probabilities).tolist()
        return [
            self._verdict(pair, winners[row], logits[row], probabilities[row], *accounts[row])
            for row, pair in enumerate(pairs)
        ]

    def _verdict(
        self,
        pair: Pair,
        winner: int,
        logits: FloatArray,
        probabilities: FloatArray,
        tokens_read: int,
        tokens_dropped: int,
        is_readable: bool,
    ) -> Verdict:
        labels = self.objective.labels
        says_something = bool(pair.text_a.strip() and pair.text_b.strip())
        is_sure = self.abstain_below is None or float(probabilities[winner]) >= self.abstain_below
        return Verdict(
            label=labels[winner],
            score=self.objective.score(logits, probabilities),
            probabilities=dict(zip(labels, map(float, probabilities), strict=True)),
            logits=dict(zip(labels, map(float, logits), strict=True)),
            abstained=not (says_something and is_readable and is_sure),
            tokens_read=tokens_read,
            tokens_dropped=tokens_dropped,
            fingerprint=self.model.fingerprint,
        )


def _opened(model: str | Path | None, objective: str) -> CrossEncoder:
    """The model of that name, with the head for the objective where it has several."""
    opened = CrossEncoder(model)
    if objective in opened.checkpoint.heads and opened.head != objective:
        return CrossEncoder(model, head=objective)
    return opened


def _require_objective(model: CrossEncoder, wanted: str) -> None:
    """Refuse a model that is known to have been trained for something else."""
    trained = model.objective
    if trained is None or trained == wanted:
        return
    if wanted in model.checkpoint.heads:
        raise ObjectiveError(
            f"Making a judge for {wanted!r}: the model {model.name!r} was opened with its head {model.head!r}, and has "
            f"one for this. Open it with CrossEncoder({model.name!r}, head={wanted!r}), or pass its name to Judge."
        )
    card = find_card(model.name)
    reason = _reason_against(card.not_for, wanted) if card else ""
    fitting = ", ".join(one.name for one in filter_cards(objective=wanted)[:4]) or "none in the list"
    raise ObjectiveError(
        f"Making a judge for {wanted!r}: the model {model.name!r} was trained for {trained!r}.{reason} Models that "
        f"fit: {fitting}. Choose one, use objective={trained!r}, or pass force=True if you know better."
    )


SPOKEN_OF = {
    "nli": ("fact", "claim", "entail"),
    "similarity": ("similar",),
    "duplicate": ("duplicate",),
    "relevance": ("search", "relevan", "rank"),
}
"""Objective -> how cards speak of it when they say what a score must not be used for."""


def _reason_against(not_for: Sequence[str], wanted: str) -> str:
    """The card's own words against this very use, as a sentence of the error, or nothing where it has none."""
    for reason in not_for:
        use = reason.partition(":")[0].lower()
        if any(word in use for word in SPOKEN_OF[wanted]):
            return f" Its card says: not for {reason}."
    return ""


def _label_names(model: CrossEncoder, objective: Objective, stated: Sequence[str] | None) -> Sequence[str]:
    """The model's label names by id: as stated, as its config names them, or as its card does."""
    if stated is not None:
        if isinstance(model, Cascade):
            raise LabelError(
                f"Making a judge: labels were stated for the cascade {model.name!r}, which is two models. Pass "
                "cheap_labels and strong_labels to Cascade instead."
            )
        if len(stated) != model.num_labels:
            raise LabelError(
                f"Making a judge: {len(stated)} labels were stated and {model.name!r} has {model.num_labels}. State "
                "one name per logit, in the order of the logits."
            )
        return stated
    if model.checkpoint.labels_are_named or model.num_labels == 1:
        return model.labels
    card = find_card(model.name)
    if card is not None and card.labels and len(card.labels) == model.num_labels:
        return card.labels
    raise LabelError(
        f"Making a judge: {model.name!r} calls its {model.num_labels} labels {', '.join(model.labels)}, which says "
        "nothing about their meaning, and guessing would give wrong answers silently. State the order of its logits, "
        f"from its card: Judge(model, labels={tuple(objective.labels)!r}), in the order that holds."
    )


def _calibration(
    wanted: Calibration | str | Path | None, model: CrossEncoder, objective: Objective
) -> Calibration | None:
    """The calibration asked for, checked against the model; the shipped one where it covers this model."""
    if wanted is not None:
        calibration = wanted if isinstance(wanted, Calibration) else Calibration.load(wanted)
        calibration.check(objective=objective.name, fingerprint=model.fingerprint)
        return calibration
    shipped = model.checkpoint.folder / calibration_file(objective.name)
    if not shipped.is_file():
        return None
    calibration = Calibration.load(shipped)
    covers = calibration.objective == objective.name and model.fingerprint in calibration.fingerprints
    return calibration if covers else None
