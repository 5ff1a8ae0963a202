"""Scores and gold to figures: what each category's numbers are, for one model. Pure functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from crossjudge.calibration import expected_calibration_error
from crossjudge.evaluation.gold import UNKNOWN, Codes, Flags, Gold
from crossjudge.evaluation.normalise import ScoreRule
from crossjudge.evaluation.results import (
    ADVERSARIAL,
    BEST,
    BestThreshold,
    CategoryFigures,
    Decisions,
    Estimate,
    NliCategory,
    NliResult,
    Rate,
    ReadingResult,
)
from crossjudge.evaluation.statistics import Bootstrap, Numbers, rate, share
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, POSITIVE_CONTROL
from crossjudge.models.parity import spearman
from crossjudge.objectives.nli import CONTRADICTION, ENTAILMENT, NEUTRAL, NLI
from crossjudge.types import IntArray

HEDGING = "hedging"
"""The category whose figure has a name of its own."""
TWO_WAY_LABELS = ("entailment", "not_entailment")


# -------------------------------------------------------------------------------------------------------- one reading


def reading_result(
    rule: ScoreRule, scores: Numbers, gold: Gold, *, thresholds: Sequence[float], bootstrap: Bootstrap
) -> ReadingResult:
    """Everything about one score, `scores` `(n_pairs,)`."""
    best = best_threshold(scores, gold) if rule.has_thresholds else None
    cuts = {f"{cut:g}": cut for cut in thresholds} if rule.has_thresholds else {}
    if best is not None:
        cuts[BEST] = best.value
    categories = [category_figures(name, scores, gold, gold.is_in(name), cuts, bootstrap) for name in gold.categories]
    return ReadingResult(
        name=rule.name,
        rule=rule.formula,
        origin=rule.origin,
        has_thresholds=rule.has_thresholds,
        best_threshold=best,
        categories=tuple(categories),
        adversarial=category_figures(ADVERSARIAL, scores, gold, gold.adversarial, cuts, bootstrap)
        if gold.adversarial.any()
        else None,
        decisions={name: decided for name, cut in cuts.items() if (decided := decisions_at(scores, gold, cut))},
        rank_correlation=_rank_correlation(scores, gold),
    )


def category_figures(
    name: str, scores: Numbers, gold: Gold, mask: Flags, cuts: Mapping[str, float], bootstrap: Bootstrap
) -> CategoryFigures:
    """Figures of the pairs in `mask` `(n_pairs,)`, of which there is one at least. `cuts`: threshold name -> value."""
    values = scores[mask]
    known = mask & (gold.duplicate != UNKNOWN)
    failure = {
        cut: rate(_is_wrong(scores[known], gold.duplicate[known], at)) for cut, at in cuts.items() if known.any()
    }
    return CategoryFigures(
        category=name,
        n=len(values),
        mean=bootstrap.mean(values),
        sd=bootstrap.sd(values),
        median=bootstrap.median(values),
        min=float(values.min()),
        max=float(values.max()),
        failure=failure,
        auc=_auc(scores, gold, mask, bootstrap),
    )


def _is_wrong(scores: Numbers, duplicate: Codes, threshold: float) -> Flags:
    return np.asarray((scores >= threshold) != (duplicate == 1))


def _auc(scores: Numbers, gold: Gold, mask: Flags, bootstrap: Bootstrap) -> Estimate | None:
    others = mask & (gold.duplicate == 0)
    if not gold.positives.any() or not others.any():
        return None
    return bootstrap.auc(scores[gold.positives], scores[others])


def best_threshold(scores: Numbers, gold: Gold) -> BestThreshold | None:
    """The cut that tells positive from negative controls best, chosen on them alone; None without both."""
    positive, negative = scores[gold.is_in(POSITIVE_CONTROL)], scores[gold.is_in(NEGATIVE_CONTROL)]
    if not len(positive) or not len(negative):
        return None
    # A threshold anywhere in (edges[k - 1], edges[k]] decides the controls alike.
    edges = np.unique(np.concatenate([positive, negative]))
    kept = 1 - np.searchsorted(np.sort(positive), edges, side="left") / len(positive)
    parted = np.searchsorted(np.sort(negative), edges, side="left") / len(negative)
    balanced = (kept + parted) / 2
    lower = np.concatenate([edges[:1], edges[:-1]])
    # Of equally good gaps the widest.
    place = int(np.lexsort((-(edges - lower), -balanced))[0])
    return BestThreshold(
        value=float((lower[place] + edges[place]) / 2),
        low=float(lower[place]),
        high=float(edges[place]),
        balanced_accuracy=float(balanced[place]),
        n_positive=len(positive),
        n_negative=len(negative),
    )


def decisions_at(scores: Numbers, gold: Gold, threshold: float) -> Decisions | None:
    """Every pair with a gold flag, called a duplicate from `threshold` on; None where no pair has one."""
    return _decisions(scores >= threshold, gold.duplicate, threshold)


def _decisions(called: Flags, duplicate: Codes, threshold: float | None) -> Decisions | None:
    known = duplicate != UNKNOWN
    if not known.any():
        return None
    called, is_one = called[known], duplicate[known] == 1
    hits, n_called, n_ones = int((called & is_one).sum()), int(called.sum()), int(is_one.sum())
    return Decisions(
        threshold=threshold,
        accuracy=rate(called == is_one),
        precision=_share(hits, n_called),
        recall=_share(hits, n_ones),
        specificity=_share(int((~called & ~is_one).sum()), int((~is_one).sum())),
        f1=2 * hits / (n_called + n_ones) if n_called + n_ones else None,
    )


def _share(count: int, n: int) -> Rate | None:
    return share(count, n) if n else None


def _rank_correlation(scores: Numbers, gold: Gold) -> Estimate | None:
    """Spearman's with the graded gold; interval by Fisher's z with the variance of Bonett and Wright (2000)."""
    graded = np.isfinite(gold.graded)
    n = int(graded.sum())
    if n < 4:
        return None
    value = spearman(scores[graded].astype(np.float32), gold.graded[graded])
    if abs(value) >= 1:
        return Estimate(value=value)
    half = 1.959964 * math.sqrt((1 + value * value / 2) / (n - 3))
    return Estimate(value=value, low=math.tanh(math.atanh(value) - half), high=math.tanh(math.atanh(value) + half))


# ------------------------------------------------------------------------------------------------------------- labels


def nli_result(forward: Numbers, backward: Numbers, gold: Gold) -> NliResult:
    """An NLI model by label, from probabilities `(n_pairs, 3)` of both directions in the order of `NLI.labels`."""
    said_forward, said_backward = (_said(one, two_way=gold.two_way) for one in (forward, backward))
    by_direction = ((said_forward, gold.forward), (said_backward, gold.backward))
    everywhere = np.ones(len(gold), dtype=np.bool_)
    both = (said_forward == ENTAILMENT) & (said_backward == ENTAILMENT)
    return NliResult(
        accuracy_forward=_accuracy(said_forward, gold.forward, everywhere),
        accuracy_backward=_accuracy(said_backward, gold.backward, everywhere),
        calibration_error=_calibration_error(forward, gold),
        confusion_forward=_confusion(said_forward, gold.forward, two_way=gold.two_way),
        confusion_backward=_confusion(said_backward, gold.backward, two_way=gold.two_way),
        contradiction_found=None if gold.two_way else _found(by_direction, everywhere, CONTRADICTION),
        non_entailment_found=_non_entailment_found(by_direction, everywhere),
        hedging_detected=_non_entailment_found(by_direction, gold.is_in(HEDGING)),
        duplicate_rule=_decisions(both, gold.duplicate, None),
        categories=tuple(
            _nli_category(name, gold.is_in(name), by_direction, both, two_way=gold.two_way) for name in gold.categories
        ),
    )


_Directions = tuple[tuple[IntArray, Codes], tuple[IntArray, Codes]]
"""What the model said and the gold, forward and backward."""


def _nli_category(name: str, mask: Flags, by_direction: _Directions, both: Flags, *, two_way: bool) -> NliCategory:
    (said_forward, gold_forward), (said_backward, gold_backward) = by_direction
    return NliCategory(
        category=name,
        n=int(mask.sum()),
        accuracy_forward=_accuracy(said_forward, gold_forward, mask),
        accuracy_backward=_accuracy(said_backward, gold_backward, mask),
        entailment_found=_found(by_direction, mask, ENTAILMENT),
        contradiction_found=None if two_way else _found(by_direction, mask, CONTRADICTION),
        non_entailment_found=_non_entailment_found(by_direction, mask),
        both_entailed=rate(both[mask]),
    )


def _said(probabilities: Numbers, *, two_way: bool) -> IntArray:
    """The label chosen for each pair; where gold is two-way, entailment or else neutral."""
    if two_way:
        # Neutral and contradiction are both "no": entailment must outweigh the two together.
        return np.where(probabilities[:, ENTAILMENT] > 0.5, ENTAILMENT, NEUTRAL)
    return np.asarray(probabilities.argmax(axis=1))


def _accuracy(said: IntArray, gold: Codes, mask: Flags) -> Rate | None:
    known = mask & (gold != UNKNOWN)
    return rate(said[known] == gold[known]) if known.any() else None


def _found(by_direction: _Directions, mask: Flags, label: int) -> Rate | None:
    right = [said[mask & (gold == label)] == label for said, gold in by_direction]
    return _rate_of(right)


def _non_entailment_found(by_direction: _Directions, mask: Flags) -> Rate | None:
    apart = [said[mask & (gold != UNKNOWN) & (gold != ENTAILMENT)] != ENTAILMENT for said, gold in by_direction]
    return _rate_of(apart)


def _rate_of(parts: Sequence[Flags]) -> Rate | None:
    joined = np.concatenate(parts)
    return rate(joined) if len(joined) else None


def _confusion(said: IntArray, gold: Codes, *, two_way: bool) -> dict[str, dict[str, int]]:
    """Gold label -> label said -> pairs; empty where nothing has gold."""
    names = dict(zip((ENTAILMENT, NEUTRAL), TWO_WAY_LABELS, strict=True)) if two_way else dict(enumerate(NLI.labels))
    counted = {
        name: {other: int((said[gold == code] == place).sum()) for place, other in names.items()}
        for code, name in names.items()
    }
    return counted if (gold != UNKNOWN).any() else {}


def _calibration_error(forward: Numbers, gold: Gold) -> float | None:
    known = gold.forward != UNKNOWN
    if not known.any():
        return None
    probabilities, codes = forward[known], gold.forward[known].astype(np.int64)
    if gold.two_way:
        entailed = probabilities[:, ENTAILMENT]
        probabilities, codes = np.stack([entailed, 1 - entailed], axis=1), (codes != ENTAILMENT).astype(np.int64)
    return expected_calibration_error(probabilities.astype(np.float32), codes)
