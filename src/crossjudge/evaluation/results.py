"""Everything that an evaluation measures, as plain data: the one schema of the JSON file and of every rendering.

    Evaluation
    ├── suite: SuiteFacts               what was measured on
    │   └── categories: CategoryFacts
    ├── settings: Settings              thresholds, resamples, seed
    ├── models: ModelResult             one for each model, in the order given
    │   ├── readings: ReadingResult     one for each way of turning raw outputs into a score; the first is the main one
    │   │   ├── categories: CategoryFigures
    │   │   ├── adversarial: CategoryFigures    all pairs that are no duplicates, negative controls left out
    │   │   └── decisions: {threshold name: Decisions}
    │   └── nli: NliResult              NLI models: the same pairs by label
    │       └── categories: NliCategory
    ├── comparisons: Comparison         bi-encoders against kinds of cross-encoders
    │   └── rows: ComparisonRow         one for each category
    ├── published: PublishedFigure      figures of the study, each with its source
    ├── beside: Beside                  ours and theirs, where both exist
    ├── probes: ProbeResult             consistency without labels, where it was asked for
    └── two_stages: TwoStages           a bi-encoder that lets pairs through to a cross-encoder, which decides

A threshold's name is `"0.5"`, `"0.8"` (those of `Settings.thresholds`) or `BEST`, the model's own, which is chosen on
the controls alone. Intervals are 95%. Clock times are no part of this: `Timing` goes to a file of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

SCHEMA_VERSION = 1

BEST = "best"
"""Name of the model's own threshold."""
ADVERSARIAL = "adversarial"
"""Name of all categories of pairs that are no duplicates taken together, negative controls left out."""
EVERY_CATEGORY = "every category"
"""Name of the row that takes all pairs of a comparison together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A number with its 95% bootstrap interval; the interval is None where a single pair gives none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share, `count` of `n`, with its 95% Wilson interval."""

    value: float
    low: float
    high: float
    count: int
    n: int


# -------------------------------------------------------------------------------------------------------------- suite


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryFacts:
    """One category of the suite. `duplicates` and `not_duplicates`: pairs whose gold says so; others have no such gold.

    `role`: "positive_control", "negative_control", and by the pairs with such gold "adversarial" (none is a duplicate),
    "duplicates" (each is), "mixed", or "unlabelled" (there are none).
    """

    name: str
    n: int
    role: str
    duplicates: int
    not_duplicates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteFacts:
    """What was measured on. `sha256`: of the pairs as read. `two_way`: gold NLI labels say only entailment or not."""

    name: str
    description: str
    licence: str
    source: str
    sha256: str
    n_pairs: int
    categories: tuple[CategoryFacts, ...]
    two_way: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the figures were computed. `thresholds`: on normalised scores. `seed`: of bootstrap and permutations."""

    thresholds: tuple[float, ...] = (0.5, 0.8)
    resamples: int = 1_000
    permutations: int = 9_999
    seed: int = 0
    confidence: float = 0.95


# ------------------------------------------------------------------------------------------------------------- scores


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryFigures:
    """One score on one category.

    `failure`: threshold name -> share of pairs decided wrongly: a pair that is no duplicate scores at or above the
    threshold, a duplicate scores below it. It is empty where no pair has a gold flag or the score has no threshold.
    `auc`: how often a random positive control scores above a random pair of this category that is no duplicate, ties
    counting half; None for the positives themselves and where there are none.
    """

    category: str
    n: int
    mean: Estimate
    sd: Estimate
    median: Estimate
    min: float
    max: float
    failure: Mapping[str, Rate]
    auc: Estimate | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BestThreshold:
    """The threshold that separates the controls best, by balanced accuracy; the middle of those that do.

    `low` and `high` bound the gap of scores in which every threshold is as good. Failure rates at this threshold take
    it as given: their intervals do not count that other controls would have chosen another.
    """

    value: float
    low: float
    high: float
    balanced_accuracy: float
    n_positive: int
    n_negative: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """ "Duplicate" decided for every pair with a gold flag: score at or above `threshold` (None: decided by label).

    `precision` is None where nothing was called a duplicate, `recall` where nothing is one, `specificity` (the share of
    non-duplicates left apart) where everything is.
    """

    threshold: float | None
    accuracy: Rate
    precision: Rate | None
    recall: Rate | None
    specificity: Rate | None
    f1: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingResult:
    """One way of turning a model's raw outputs into a score from 0 to 1 (or, with `has_thresholds` false, unbounded).

    `rule`: the formula, in words. `origin`: "ours", or "study" for a rule that is shown only because the study used it.
    `decisions` is empty without gold flags or thresholds. `rank_correlation`: Spearman's with the gold scores of a
    suite that grades similarity, None elsewhere.
    """

    name: str
    rule: str
    origin: str
    has_thresholds: bool
    best_threshold: BestThreshold | None
    categories: tuple[CategoryFigures, ...]
    adversarial: CategoryFigures | None
    decisions: Mapping[str, Decisions]
    rank_correlation: Estimate | None

    @property
    def favourable_threshold(self) -> str | None:
        """The threshold in `decisions`, by name, with the highest mean of recall and specificity; the first of equals.

        None where there is none. Chosen on the very pairs that are measured, so that it flatters every model a little.
        """
        balances = {
            name: decided.recall.value + decided.specificity.value
            for name, decided in self.decisions.items()
            if decided.recall is not None and decided.specificity is not None
        }
        return max(balances, key=lambda name: balances[name], default=None)

    def category(self, name: str) -> CategoryFigures | None:
        """The figures of that category, or of `ADVERSARIAL`."""
        if name == ADVERSARIAL:
            return self.adversarial
        return next((one for one in self.categories if one.category == name), None)


# ------------------------------------------------------------------------------------------------------------- labels


@dataclass(frozen=True, kw_only=True, slots=True)
class NliCategory:
    """An NLI model on one category, by label; None where no pair has the gold that a figure needs.

    Over both directions with gold: `entailment_found`, `contradiction_found`: share of those gold labels that the model
    gave too; `non_entailment_found`: share of gold neutral and contradiction that it did not call entailment.
    `both_entailed`: share of pairs that it calls entailment in both directions.
    """

    category: str
    n: int
    accuracy_forward: Rate | None
    accuracy_backward: Rate | None
    entailment_found: Rate | None
    contradiction_found: Rate | None
    non_entailment_found: Rate | None
    both_entailed: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class NliResult:
    """An NLI model by label, over the whole suite; None where the suite has no gold for a figure.

    `confusion_forward`, `confusion_backward`: gold label -> predicted label -> pairs. `hedging_detected`: of the
    directions of hedging pairs whose gold is not entailment, the share that the model does not call entailment.
    `duplicate_rule`: a pair is called a duplicate if each text entails the other by the highest logit.
    """

    accuracy_forward: Rate | None
    accuracy_backward: Rate | None
    calibration_error: float | None
    confusion_forward: Mapping[str, Mapping[str, int]]
    confusion_backward: Mapping[str, Mapping[str, int]]
    contradiction_found: Rate | None
    non_entailment_found: Rate | None
    hedging_detected: Rate | None
    duplicate_rule: Decisions | None
    categories: tuple[NliCategory, ...]

    def category(self, name: str) -> NliCategory | None:
        """The figures of that category."""
        return next((one for one in self.categories if one.category == name), None)


# ------------------------------------------------------------------------------------------------------------- models


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelResult:
    """One model. `name` is unique in an evaluation; `model` is what the checkpoint calls itself.

    `kind`: "bi_encoder" or "cross_encoder". `objective`: "embedding" for bi-encoders, None where unknown. `pooled_as`:
    the group whose aggregate this model is part of, or None, and then `not_pooled_because` says why. `raw_columns`:
    what the columns of its raw outputs are called. `truncated_pairs`: how many pairs were longer than `max_length`.
    """

    name: str
    model: str
    kind: str
    objective: str | None
    head: str | None
    labels: tuple[str, ...]
    fingerprint: str
    backend: str
    precision: str
    max_length: int
    truncated_pairs: int
    pooled_as: str | None
    not_pooled_because: str
    raw_columns: tuple[str, ...]
    readings: tuple[ReadingResult, ...]
    nli: NliResult | None

    @property
    def main(self) -> ReadingResult:
        """The reading that comparisons, gates and summaries use."""
        return self.readings[0]

    def reading(self, name: str) -> ReadingResult | None:
        """The reading of that name."""
        return next((one for one in self.readings if one.name == name), None)


# ------------------------------------------------------------------------------------------------------------- probes


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeExample:
    """Something asked in two ways, and both answers. `first`, `second`: the two texts of a pair."""

    first: tuple[str, str]
    second: tuple[str, str]
    first_answer: str
    second_answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """One consistency probe of one model: the same question asked in two ways, `compared`, of `changed.n` texts.

    `decided_by`: what counts as a decision. `changed`: the share of decisions that changed. `mean_change`,
    `max_change`: of the score that changed most, each on `scale` ("probability", "cosine" or "output", which is
    unbounded). Where the probe does not fit the model or the texts, these are None and `not_run_because` says why.
    `examples`: some of what changed.
    """

    model: str
    probe: str
    compared: str
    decided_by: str
    scale: str
    changed: Rate | None = None
    mean_change: float | None = None
    max_change: float | None = None
    examples: tuple[ProbeExample, ...] = ()
    not_run_because: str = ""


# -------------------------------------------------------------------------------------------------------- comparisons


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRow:
    """Two groups' scores on one category; each pair's score is the mean over the group's models (main readings).

    `mean_difference`, `cohens_d`, `cliffs_delta`: first minus second, so that above zero the first group scores higher;
    intervals resample pairs. `cohens_d` (pooled SD) is None where neither group varies. `mann_whitney_p` treats the two
    samples as independent; `permutation_p` exchanges the groups within pairs. `*_holm`: corrected over the categories
    of this comparison.
    """

    category: str
    n: int
    mean_first: float
    mean_second: float
    mean_difference: Estimate
    cohens_d: Estimate | None
    cliffs_delta: Estimate
    mann_whitney_u: float
    mann_whitney_p: float
    mann_whitney_p_holm: float
    permutation_p: float
    permutation_p_holm: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Bi-encoders (`first`) against a kind of cross-encoders (`second`)."""

    first: str
    second: str
    first_models: tuple[str, ...]
    second_models: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]


# --------------------------------------------------------------------------------------------------------- two stages


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoStages:
    """A bi-encoder (`first`) lets a pair through at `first_threshold`, and a cross-encoder (`second`) calls it a
    duplicate at `second_threshold`, its most favourable; both on the scores of their main readings.

    `first_threshold`: the highest at which `kept_aim` of the positives come through. `asked`: pairs of the suite that
    the second has to read. `positives_kept`, `look_alikes_passed`, `unrelated_passed`: what both stages together call
    duplicates; `*_first`: what the first alone lets through. None where the suite has no such pairs.
    """

    first: str
    second: str
    first_threshold: float
    second_threshold: float
    kept_aim: float
    asked: Rate
    positives_kept: Rate
    look_alikes_passed_first: Rate | None
    look_alikes_passed: Rate | None
    unrelated_passed_first: Rate | None
    unrelated_passed: Rate | None


# ---------------------------------------------------------------------------------------------------------- published


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFigure:
    """A figure of the study, as its source states it: `value`, or a range `low` to `high`.

    `subject`: a model's name, or a group of models in words, of `kind` "bi_encoder", "cross_encoder" or "relevance".
    `metric`: "failure_rate@0.8", "mean", ... `source`: where
    it was read. `note`: what a reader must know beside it.
    """

    subject: str
    kind: str
    category: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    source: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """One figure of ours next to the study's own for the same model, category and metric; the pairs are different."""

    model: str
    category: str
    metric: str
    ours: Estimate | Rate
    theirs: float
    source: str


# -------------------------------------------------------------------------------------------------------------- gates


@dataclass(frozen=True, kw_only=True, slots=True)
class GateOutcome:
    """One `--fail-on` expression on one model. `failed`: whether `value operator limit` holds for `figure`."""

    expression: str
    model: str
    figure: str
    value: float
    operator: str
    limit: float
    failed: bool


# --------------------------------------------------------------------------------------------------------- evaluation


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Everything that was measured. `published_missing`: what the study published and we could not get, in words."""

    suite: SuiteFacts
    settings: Settings
    models: tuple[ModelResult, ...]
    comparisons: tuple[Comparison, ...]
    published: tuple[PublishedFigure, ...]
    published_missing: tuple[str, ...]
    beside: tuple[Beside, ...]
    gates: tuple[GateOutcome, ...]
    probes: tuple[ProbeResult, ...] = ()
    two_stages: tuple[TwoStages, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def model(self, name: str) -> ModelResult | None:
        """The model of that name."""
        return next((one for one in self.models if one.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; numbers rounded to 6 decimals, so that the last bits of a sum show nowhere."""
        content: dict[str, Any] = rounded(asdict(self))
        return content


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How fast one model was, here and now.

    `latency_*_ms`: of one pair asked alone in one direction, over `n_single` of them. `pairs_per_s`: pairs of the suite
    asked together; a pair asked in both directions counts twice. `n_asked`: how many that were. `load_s`: to open it.
    """

    model: str
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    n_single: int
    pairs_per_s: float
    n_asked: int
    load_s: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


Plain: TypeAlias = Any


def rounded(value: Plain, decimals: int = 6) -> Plain:
    """A nest of dicts and sequences with every float rounded; a float that is no number becomes None."""
    if isinstance(value, float):
        return round(value, decimals) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(one, decimals) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one, decimals) for one in value]
    return value
