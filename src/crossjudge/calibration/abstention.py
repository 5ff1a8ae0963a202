"""From which probability on to answer, so that a stated share of wrong answers is kept with a stated confidence.

The thresholds to try, and the order to try them in, come from one part of the examples; the other part tests them in
that order, each by the exact binomial test at the whole level, until one fails: fixed-sequence testing (Learn then
Test, Angelopoulos et al. 2021, arXiv 2110.01052) in an order learned beforehand (Laufer-Goldshtein et al. 2023, arXiv
2210.07913). What is bounded is the risk of selective classification (Geifman and El-Yaniv 2017, arXiv 1705.08500):
wrong answers among those given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.calibration.binomial import answers_needed, chance_of_at_most, clopper_pearson, fewest_answers
from crossjudge.errors import InputError

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

STEPS = 50
"""Thresholds that are tried: those that answer 1/50, 2/50 and so on of the pairs that they come from."""
PARTS = 2
"""One part of the examples is for the probabilities and the order of thresholds, the other tests the thresholds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Abstention:
    """A threshold, what it promises, and what it did on the `examples` that it was tested on.

    With `confidence`, at most a share `target_error` of the answers to pairs like those of the fit is wrong. `coverage`
    is the share of pairs answered, `error` the share of wrong answers with its exact 95% interval.
    """

    abstain_below: float
    target_error: float
    confidence: float
    coverage: float
    error: float
    error_low: float
    error_high: float
    examples: int

    def __post_init__(self) -> None:
        if not 0 <= self.abstain_below <= 1:
            raise InputError(
                f"Making a threshold: abstain_below is {self.abstain_below}; expected a probability from 0 to 1."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """At most a share `target_error` of wrong answers, shown with `confidence`."""

    target_error: float
    confidence: float

    def __post_init__(self) -> None:
        for value, what in ((self.target_error, "target_error"), (self.confidence, "confidence")):
            if not 0 < value < 1:
                raise InputError(
                    f"Fitting a threshold: {what} is {value}; expected a share above 0 and below 1, such as "
                    f"{0.05 if what == 'target_error' else 0.95}."
                )

    def __str__(self) -> str:
        return f"an error of at most {self.target_error:.3g} with {self.confidence:.3g} confidence"

    def fewest_examples(self) -> int:
        """How many examples could show it, in all parts together, if every answer were right."""
        return PARTS * fewest_answers(target_error=self.target_error, confidence=self.confidence)

    def check(self, examples: int) -> None:
        """Raise `InputError` where so few examples could not show it even without a wrong answer."""
        needed = self.fewest_examples()
        if examples < needed:
            raise InputError(
                f"Fitting a threshold for {self}: there are {examples} examples, and at least {needed} are needed even "
                f"if every answer is right (half of them test the threshold). Label {needed - examples} more, or allow "
                "more error."
            )

    def shown_by(self, wrong: int, answered: int) -> float:
        """The chance of so few wrong answers if the error were just above the target."""
        return chance_of_at_most(wrong, answered, self.target_error)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a threshold did on the pairs that test it."""

    threshold: float
    answered: int
    wrong: int


def fit_abstention(ordering: tuple[Numbers, Flags], testing: tuple[Numbers, Flags], budget: Budget) -> Abstention:
    """The lowest threshold that the tests allow.

    `ordering`, `testing`: of two parts of the examples, how probable each winning label is and whether it is right,
    `(n_pairs,)`. Raises `InputError` where no threshold is allowed, saying how many more examples may help.
    """
    tried = [_try(threshold, *testing) for threshold in _sequence(*ordering, budget)]
    allowed: _Tried | None = None
    for one in tried:
        if budget.shown_by(one.wrong, one.answered) > 1 - budget.confidence:
            break
        allowed = one
    if allowed is None:
        raise InputError(_refusal(tried, len(ordering[0]), len(testing[0]), budget))
    low, high = clopper_pearson(allowed.wrong, allowed.answered)
    return Abstention(
        abstain_below=allowed.threshold,
        target_error=budget.target_error,
        confidence=budget.confidence,
        coverage=allowed.answered / len(testing[0]),
        error=allowed.wrong / allowed.answered,
        error_low=low,
        error_high=high,
        examples=len(testing[0]),
    )


def _sequence(sure: Numbers, right: Flags, budget: Budget) -> list[float]:
    """Falling thresholds, from the one that most surely keeps the budget here to the one that answers everything."""
    levels = np.quantile(sure, np.arange(STEPS - 1, 0, -1) / STEPS, method="higher")
    thresholds = [*np.unique(levels)[::-1].tolist(), 0.0]
    doubts = [budget.shown_by(one.wrong, one.answered) for one in (_try(level, sure, right) for level in thresholds)]
    return thresholds[int(np.argmin(doubts)) :]


def _try(threshold: float, sure: Numbers, right: Flags) -> _Tried:
    answered = sure >= threshold
    return _Tried(threshold, int(answered.sum()), int((answered & ~right).sum()))


def _refusal(tried: Sequence[_Tried], ordering: int, testing: int, budget: Budget) -> str:
    """Why no threshold is allowed, and how many more examples would show one if errors stay as they are."""
    said = f"Fitting a threshold for {budget}: "
    reachable = [
        (needed * (ordering + testing) / one.answered, one)
        for one in tried
        if one.answered and (needed := answers_needed(one.wrong / one.answered, **_limits(budget))) is not None
    ]
    if not reachable:
        best = min((one for one in tried if one.answered), key=lambda one: one.wrong / one.answered, default=None)
        seen = "no pair was answered" if best is None else f"{best.wrong} of {best.answered} answers are wrong"
        return (
            f"{said}even of the surest answers too many are wrong ({seen}), and more examples like these would not "
            "help. Allow more error, or take a better model."
        )
    in_all, best = min(reachable, key=lambda one: one[0])
    more = max(1, int(np.ceil(in_all)) - ordering - testing)
    return (
        f"{said}{ordering + testing} examples do not show it: of the {testing} that test thresholds, {best.answered} "
        f"are answered at {best.threshold:.3f} and {best.wrong} wrongly. At this rate about {more} more examples would "
        "show it. Label more, or allow more error."
    )


def _limits(budget: Budget) -> dict[str, float]:
    return {"target_error": budget.target_error, "confidence": budget.confidence}
