"""Backend parity certificate: do two backends, precisions or versions of a model decide alike on these texts?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.errors import InputError, ObjectiveError
from crossjudge.evaluation.entrants import Model
from crossjudge.evaluation.subject import Subject
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.parity import EXACT_ENOUGH, Parity, compare_logits, decisions, wilson
from crossjudge.types import FloatArray, Pair

MOST_FLIPS = 20
"""Flipped pairs that a certificate shows."""

FIGURES = ("flips", "flips_low", "flips_high", "agreement", "max_drift", "mean_drift", "rank_correlation")
"""The keys of `Certificate.figures`."""

_CHUNK_PAIRS = 512

Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """One side of a comparison: which model, and what ran it."""

    name: str
    kind: str
    head: str | None
    backend: str
    precision: str
    fingerprint: str

    def __str__(self) -> str:
        head = "" if self.head is None else f" (head {self.head})"
        return f"{self.name}{head} on {self.backend} in {self.precision}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A pair that the two decide differently. `place`: in the input, from 0.

    `margin`: by how much the reference's decision led: the best output above the second best, or the only one from the
    cut. `drift`: the largest difference of outputs.
    """

    place: int
    id: str | None
    text_a: str
    text_b: str
    reference: str
    other: str
    margin: float
    drift: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """Two engines on the same texts.

    `outputs`: what was compared, label names or "cosine"; `decided_by`: what a decision is. `parity`: drift of raw
    outputs, rank correlation, and agreement of decisions with its Wilson 95% interval. `flips`: those that the
    reference was surest of come first, at most `MOST_FLIPS`; `parity.flips` counts them all.
    """

    reference: Engine
    other: Engine
    outputs: tuple[str, ...]
    decided_by: str
    parity: Parity
    flips: tuple[Flip, ...]

    @property
    def outcome(self) -> str:
        """`"identical"`, `"interchangeable"`, `"undecided"` (too few texts to tell) or `"different"`.

        Interchangeable: the interval's lower end is at `EXACT_ENOUGH` or above it. Different: its upper end is below.
        """
        if self.parity.max_drift == 0.0:
            return "identical"
        if self.parity.agreement_low >= EXACT_ENOUGH:
            return "interchangeable"
        return "different" if self.parity.agreement_high < EXACT_ENOUGH else "undecided"

    @property
    def figures(self) -> dict[str, float]:
        """What a gate may name; `flips`, `flips_low` and `flips_high` are shares."""
        parity = self.parity
        values = (
            parity.flips / parity.n_pairs,
            0.0 if parity.flips == 0 else 1.0 - parity.agreement_high,
            1.0 - parity.agreement_low,
            parity.agreement,
            parity.max_drift,
            parity.mean_drift,
            min(parity.rank_correlation, 1.0),
        )
        return dict(zip(FIGURES, values, strict=True))

    @property
    def sentence(self) -> str:
        """What it means for who wants to put the other in the reference's place."""
        parity = self.parity
        alike = (
            f"On {_pairs(parity.n_pairs)}, {self.reference} and {self.other} decide alike on "
            f"{parity.n_pairs - parity.flips:,} ({_percent(parity.agreement)}; 95% interval "
            f"{_percent(parity.agreement_low)} to {_percent(parity.agreement_high)})."
        )
        output = "cosine" if self.reference.kind == "bi_encoder" else "logit"
        surest = (
            f" The clearest decision that flips had a lead of {self.flips[0].margin:.2g} in {output}."
            if self.flips
            else ""
        )
        return f"{alike}{surest} {_MEANING[self.outcome](parity)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            **asdict(self),
            "outcome": self.outcome,
            "sentence": self.sentence,
            "figures": self.figures,
        }

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def certify(
    reference: Model | Subject,
    other: Model | Subject,
    pairs: Iterable[Pair],
    *,
    progress: Progress | None = None,
) -> Certificate:
    """Compare two models on the same texts, which are read once and not kept.

    Both are cross-encoders with the same labels, whose order may differ, or both are bi-encoders. Where a decision of a
    single output is not to be a logit above 0 or a cosine above 0.8, pass `Subject(model, cut=...)`: the first's cut
    holds for both. `progress` hears how many pairs are done.

    Raises `ObjectiveError` for models whose outputs mean different things, `InputError` where there are no pairs.
    """
    first, second = (one if isinstance(one, Subject) else Subject(one) for one in (reference, other))
    order = _same_order(first, second)
    outputs: list[tuple[FloatArray, FloatArray]] = []
    flips: list[Flip] = []
    done = 0
    for chunk in _chunks(pairs):
        one, two = first.ask(chunk).outputs, second.ask(chunk).outputs[:, order]
        outputs.append((one, two))
        flips = _surest([*flips, *_flips(chunk, done, first, one, two)])
        done += len(chunk)
        if progress is not None:
            progress(done)
    if not done:
        raise InputError("Comparing models: there are no pairs. Name texts or files that hold at least one.")
    ones, twos = (np.concatenate(side) for side in zip(*outputs, strict=True))
    return Certificate(
        reference=engine_of(first),
        other=engine_of(second),
        outputs=first.outputs,
        decided_by=first.decided_by,
        parity=compare_logits(ones, twos, threshold=first.cut),
        flips=tuple(flips),
    )


def engine_of(subject: Subject) -> Engine:
    """What a certificate says of one side."""
    model = subject.model
    return Engine(
        name=model.name,
        kind=subject.kind,
        head=None if isinstance(model, BiEncoder) else model.head,
        backend=model.backend,
        precision=model.precision,
        fingerprint=model.fingerprint,
    )


def pairs_needed(flips: int) -> int:
    """How many pairs with no more than these flips show that `EXACT_ENOUGH` of decisions agree."""
    low, high = max(flips, 1), 1 << 40
    while low < high:
        middle = (low + high) // 2
        if wilson(middle - flips, middle)[0] >= EXACT_ENOUGH:
            high = middle
        else:
            low = middle + 1
    return low


def _same_order(first: Subject, second: Subject) -> list[int]:
    """For each output of the first, its place among those of the second."""
    if first.nli_order is not None and second.nli_order is not None:
        place_of = dict(zip(first.nli_order, second.nli_order, strict=True))
        return [place_of[place] for place in range(len(first.outputs))]
    names = [[name.lower() for name in one.outputs] for one in (first, second)]
    if first.kind == second.kind and _may_mean_the_same(first, second):
        if len(names[0]) == len(names[1]) == 1:
            return [0]
        if sorted(names[0]) == sorted(names[1]):
            return [names[1].index(name) for name in names[0]]
    raise ObjectiveError(
        f"Comparing {first.model.name} and {second.model.name}: the first is {_described(first)}, the second "
        f"{_described(second)}; expected outputs that mean the same. Compare two models of one kind."
    )


def _may_mean_the_same(first: Subject, second: Subject) -> bool:
    """Whether what both were trained for is the same, or not known of one."""
    return first.objective is None or second.objective is None or first.objective.name == second.objective.name


def _described(subject: Subject) -> str:
    if subject.kind == "bi_encoder":
        return "a bi-encoder"
    said = "" if subject.objective is None else f" for {subject.objective.name}"
    return f"a cross-encoder{said} ({', '.join(subject.outputs)})"


def _chunks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    waiting = iter(pairs)
    while chunk := list(islice(waiting, _CHUNK_PAIRS)):
        yield chunk


def _flips(chunk: Sequence[Pair], start: int, subject: Subject, one: FloatArray, two: FloatArray) -> Iterator[Flip]:
    """The pairs of a chunk, whose first is at `start`, that two arrays of outputs decide differently."""
    chosen, instead = decisions(one, subject.cut), decisions(two, subject.cut)
    for row in map(int, np.flatnonzero(chosen != instead)):
        pair = chunk[row]
        yield Flip(
            place=start + row,
            id=pair.id,
            text_a=pair.text_a,
            text_b=pair.text_b,
            reference=subject.decisions[chosen[row]],
            other=subject.decisions[instead[row]],
            margin=_margin(one[row], subject.cut),
            drift=float(np.abs(one[row] - two[row]).max()),
        )


def _margin(outputs: FloatArray, cut: float) -> float:
    """Of one pair, `(num_outputs,)`."""
    if len(outputs) == 1:
        return float(abs(outputs[0] - cut))
    second, best = np.sort(outputs)[-2:]
    return float(best - second)


def _surest(flips: Sequence[Flip]) -> list[Flip]:
    return sorted(flips, key=lambda flip: (-flip.margin, flip.place))[:MOST_FLIPS]


# -------------------------------------------------------------------------------------------------------------- words


def _identical(_: Parity) -> str:
    return "On these texts their numbers are the same to the last bit."


def _interchangeable(_: Parity) -> str:
    return (
        f"At least {EXACT_ENOUGH:.1%} of decisions agree: on texts like these either can stand in for the other. "
        "A calibration names the fingerprints it covers, so fit one on the model that will run."
    )


def _undecided(parity: Parity) -> str:
    if parity.agreement >= EXACT_ENOUGH:
        return (
            f"That is too few pairs to say that at least {EXACT_ENOUGH:.1%} of decisions agree: it takes "
            f"{pairs_needed(parity.flips):,} pairs without a further flip."
        )
    return (
        f"That is less than {EXACT_ENOUGH:.1%}, and too few pairs to say that it is not by chance: compare them "
        "on more."
    )


def _different(_: Parity) -> str:
    return (
        f"Fewer than {EXACT_ENOUGH:.1%} of decisions agree: take the second for another model, evaluate it and "
        "fit thresholds anew before it replaces the first."
    )


_MEANING: dict[str, Callable[[Parity], str]] = {
    "identical": _identical,
    "interchangeable": _interchangeable,
    "undecided": _undecided,
    "different": _different,
}


def _percent(share: float) -> str:
    """One decimal, or from 99% on two or three: there they tell nearly all from all."""
    if share > 1.0 - 1e-9:
        return "100%"
    if share < 0.99:
        return f"{share:.1%}"
    return f"{share:.2%}" if share < 0.9999 else f"{min(share, 0.99999):.3%}"


def _pairs(number: int) -> str:
    return "1 pair" if number == 1 else f"{number:,} pairs"
