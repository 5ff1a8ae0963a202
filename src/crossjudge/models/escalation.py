"""From which probability on a cheap answer stands for the dear one: thresholds fitted to a share of equal decisions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossjudge.backends.exits import confidence
from crossjudge.errors import InputError
from crossjudge.models.parity import decisions
from crossjudge.types import FloatArray


def fit_escalation(
    cheap_logits: FloatArray,
    strong_logits: FloatArray,
    *,
    agreement: float = 0.995,
    confidence_level: float | None = 0.95,
) -> float:
    """The lowest threshold at which a cascade decides as the strong model does in a share `agreement` of pairs.

    Both `(n_pairs, num_labels)`, labels in the same order, the cheap one's after its temperature: what `Cascade.both`
    gives. Gold labels are not needed. `confidence_level`: how sure it must be that the share holds for all pairs like
    these (by the exact binomial bound, which is valid since a higher threshold never agrees less); None for the share
    of these very pairs, of which others fall short about half the time.
    """
    _check([cheap_logits], strong_logits, agreement, confidence_level)
    allowed = most_differences(len(strong_logits), agreement, confidence_level)
    return _lowest(confidence(cheap_logits), decisions(cheap_logits) != decisions(strong_logits), allowed)


def fit_exits(
    exit_logits: Sequence[FloatArray],
    full_logits: FloatArray,
    *,
    agreement: float = 0.995,
    confidence_level: float | None = 0.95,
) -> tuple[float, ...]:
    """A threshold for each exit, such that decisions are those of the full depth in a share `agreement` of pairs.

    `exit_logits`: every exit's `(n_pairs, num_labels)`, first to last, of all pairs. Each exit may spend an equal part
    of the pairs that may differ, and the next ones what it left over. The rest is as for `fit_escalation`.
    """
    _check(exit_logits, full_logits, agreement, confidence_level)
    left = most_differences(len(full_logits), agreement, confidence_level)
    going = np.ones(len(full_logits), dtype=np.bool_)
    thresholds = []
    for place, logits in enumerate(exit_logits):
        sure, differs = confidence(logits), (decisions(logits) != decisions(full_logits)) & going
        threshold = _lowest(sure[going], differs[going], left // (len(exit_logits) - place))
        left -= int((differs & (sure >= threshold)).sum())
        going &= sure < threshold
        thresholds.append(threshold)
    return tuple(thresholds)


def pairs_needed(agreement: float, confidence_level: float = 0.95) -> int:
    """So many pairs without a single difference show that `agreement` holds."""
    return math.ceil(math.log(1 - confidence_level) / math.log(agreement))


def most_differences(n_pairs: int, agreement: float, confidence_level: float | None) -> int:
    """How many of `n_pairs` may be decided otherwise while `agreement` still holds; -1 where the pairs are too few."""
    if confidence_level is None:
        return math.floor((1 - agreement) * n_pairs + 1e-9)
    # The largest number that chance would stay at or below in at most 1 - confidence_level of samples. Logarithms,
    # since agreement**n_pairs is nothing for many pairs.
    exponent, so_far, count = n_pairs * math.log(agreement), 0.0, -1
    while (so_far := so_far + math.exp(exponent)) <= 1 - confidence_level:
        count += 1
        exponent += math.log((n_pairs - count) / (count + 1)) + math.log(1 - agreement) - math.log(agreement)
    return count


def _lowest(sure: NDArray[np.float64], differs: NDArray[np.bool_], allowed: int) -> float:
    """The lowest threshold at or above which at most `allowed` answers differ."""
    against = np.sort(sure[differs])[::-1]
    if len(against) <= allowed:
        return 0.0
    # Just above the first that is one too many.
    return float(np.nextafter(against[allowed], np.inf))


def _check(cheap: Sequence[FloatArray], strong: FloatArray, agreement: float, confidence_level: float | None) -> None:
    level = 0.95 if confidence_level is None else confidence_level
    if not 0 < agreement < 1 or not 0 < level < 1:
        raise InputError(
            f"Fitting a threshold: agreement is {agreement} and confidence_level {confidence_level}; expected shares "
            "above 0 and below 1, such as 0.995 and 0.95. For all decisions to be the strong model's, run it alone."
        )
    for logits in cheap:
        if logits.ndim != 2 or logits.shape != strong.shape:
            raise InputError(
                f"Fitting a threshold: logits of shapes {logits.shape} and {strong.shape}; expected (n_pairs, "
                "num_labels) twice, of the same pairs and labels. Cascade.both(pairs) gives them."
            )
        if not np.isfinite(logits).all():
            raise InputError(
                "Fitting a threshold: some logits are NaN or infinite; expected finite numbers. Leave those pairs out."
            )
    needed = pairs_needed(agreement, level)
    if len(strong) < needed:
        raise InputError(
            f"Fitting a threshold: {len(strong)} pairs; at least {needed} are needed to show an agreement of "
            f"{agreement} with {level:.0%} confidence. Give more pairs like those to be judged, or ask for less."
        )
