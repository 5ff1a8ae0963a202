"""A whole report without a model: seeded scores that behave as each kind of model does, measured as real ones are."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from crossjudge.evaluation import normalise
from crossjudge.evaluation.entrants import BI_ENCODERS, GROUP_OF
from crossjudge.evaluation.groups import Scored, compare_groups
from crossjudge.evaluation.metrics import nli_result, reading_result
from crossjudge.evaluation.normalise import NLI_COLUMNS, ScoreRule, backward_logits, forward_logits, nli_probabilities
from crossjudge.evaluation.published import beside, study
from crossjudge.evaluation.report import RawScores, Report
from crossjudge.evaluation.results import Evaluation, ModelResult, ProbeExample, ProbeResult, Rate, Settings, Timing
from crossjudge.evaluation.source import find_source, survey
from crossjudge.evaluation.statistics import Bootstrap
from crossjudge.evaluation.suite import SuitePair
from crossjudge.evaluation.two_stages import two_stages
from crossjudge.objectives.nli import NLI
from crossjudge.types import FloatArray

ALL_MODELS = ("bi:small", "all-MiniLM-L6-v2", "reader", "likeness", "twins", "ranker")
"""Two bi-encoders, and cross-encoders trained for NLI, similarity, duplicates and relevance."""
_OBJECTIVES = {"reader": "nli", "likeness": "similarity", "twins": "duplicate", "ranker": "relevance"}
_SETTINGS = Settings(resamples=100, permutations=199)

_EASE = {"negation": 2.5, "numerical": 1.0, "entity_swap": 0.5, "hedging": -2.0, "near_miss": 0.0}
"""How easily made-up cross-encoders tell a category from paraphrases."""

CATEGORIES = ("negation", "entity_swap", "hedging")


def made_up_pairs(n_each: int = 12, categories: Sequence[str] = CATEGORIES) -> list[SuitePair]:
    """Pairs of these categories and of both controls, `n_each` of each."""
    names = (*categories, "positive_control", "negative_control")
    return [_pair(name, number) for name in names for number in range(n_each)]


def _pair(category: str, number: int) -> SuitePair:
    same = category == "positive_control"
    unlike = "neutral" if category in ("negative_control", "hedging") else "contradiction"
    return SuitePair(
        id=f"{category}-{number}",
        category=category,
        text_a=f"The clinic of ward {number} opened after the flood.",
        text_b=f"The flood came before the clinic of ward {number} opened ({category}).",
        nli_forward="entailment" if same else unlike,
        nli_backward="entailment" if same else unlike,
        duplicate=same,
        note="made up",
    )


def made_up_report(
    pairs: Sequence[SuitePair] | None = None, models: Sequence[str] = ALL_MODELS, *, probes: bool = True
) -> Report:
    """The same report for the same arguments. `models`: of `ALL_MODELS`."""
    source = find_source(made_up_pairs() if pairs is None else pairs)
    facts, gold = survey(source)
    bootstrap = Bootstrap(resamples=_SETTINGS.resamples)
    raws, results = [], []
    for name in models:
        columns, rules = _rules(name)
        raw = _answers(name, list(source.pairs()), len(columns))
        raws.append(RawScores(model=name, rules=rules, values=raw))
        objective = _OBJECTIVES.get(name, "embedding")
        group = BI_ENCODERS if objective == "embedding" else GROUP_OF.get(objective)
        results.append(
            ModelResult(
                name=name,
                model=f"models/{name}",
                kind="bi_encoder" if objective == "embedding" else "cross_encoder",
                objective=objective,
                head=None,
                labels=NLI.labels if objective == "nli" else (),
                fingerprint=f"{name}-0123456789ab",
                backend="fake",
                precision="fp32",
                max_length=256,
                truncated_pairs=0,
                pooled_as=group,
                not_pooled_because="" if group else "relevance is no likeness",
                raw_columns=columns,
                readings=tuple(
                    reading_result(rule, rule.apply(raw), gold, thresholds=_SETTINGS.thresholds, bootstrap=bootstrap)
                    for rule in rules
                ),
                nli=nli_result(
                    nli_probabilities(forward_logits(raw), 1.0), nli_probabilities(backward_logits(raw), 1.0), gold
                )
                if objective == "nli"
                else None,
            )
        )
    scores = {raw.model: raw.scores(raw.rules[0]) for raw in raws}
    evaluation = Evaluation(
        suite=facts,
        settings=_SETTINGS,
        models=tuple(results),
        comparisons=compare_groups(
            [Scored(model=one.name, group=one.pooled_as, scores=scores[one.name]) for one in results if one.pooled_as],
            gold,
            first=BI_ENCODERS,
            bootstrap=bootstrap,
            permutations=_SETTINGS.permutations,
        ),
        published=study().figures,
        published_missing=study().missing,
        beside=beside(results, study().figures),
        gates=(),
        probes=tuple(_probe(name) for name in models) if probes else (),
        two_stages=two_stages(results, scores, gold),
    )
    timings = [_timing(name) for name in models]
    return Report(evaluation=evaluation, timings=timings, raw_scores=raws, source=source)


def _timing(name: str) -> Timing:
    """Never the same twice, as clocks are."""
    latency_p50_ms, latency_p99_ms, load_s = (random.random() for _ in range(3))
    return Timing(
        model=name,
        latency_p50_ms=latency_p50_ms,
        latency_p99_ms=latency_p99_ms,
        n_single=1,
        pairs_per_s=random.random(),
        n_asked=1,
        load_s=load_s,
    )


def _rules(name: str) -> tuple[tuple[str, ...], tuple[ScoreRule, ...]]:
    objective = _OBJECTIVES.get(name)
    if objective is None:
        return ("cosine",), normalise.cosine_rules()
    if objective == "nli":
        return NLI_COLUMNS, normalise.nli_rules(temperature=1.0)
    return ("logit",), normalise.single_logit_rules(objective=objective, activation=None, temperature=1.0)


def _answers(name: str, pairs: Sequence[SuitePair], n_columns: int) -> FloatArray:
    """Raw outputs, float32 `(n_pairs, n_columns)`."""
    rng = np.random.default_rng([ord(letter) for letter in name])
    answer: Callable[[SuitePair], float | list[float]] = {
        "embedding": lambda pair: _cosine(pair, rng),
        "nli": lambda pair: [*_labels(pair.nli_forward, pair, rng), *_labels(pair.nli_backward, pair, rng)],
    }.get(_OBJECTIVES.get(name, "embedding"), lambda pair: _logit(pair, rng))
    return np.array([answer(pair) for pair in pairs], dtype=np.float32).reshape(len(pairs), n_columns)


def _cosine(pair: SuitePair, rng: np.random.Generator) -> float:
    middle = 0.1 if pair.category == "negative_control" else 0.8 if pair.duplicate else 0.92
    return float(np.clip(rng.normal(middle, 0.06), -1, 1))


def _logit(pair: SuitePair, rng: np.random.Generator) -> float:
    if pair.duplicate:
        return float(rng.normal(2.0, 1.5))
    return float(rng.normal(-6.0 if pair.category == "negative_control" else -_EASE.get(pair.category, 1.0), 1.5))


def _labels(gold: str | None, pair: SuitePair, rng: np.random.Generator) -> list[float]:
    logits = rng.normal(0, 1, len(NLI.labels))
    logits[NLI.labels.index(gold or "neutral")] += 3.0 if pair.category != "hedging" else 0.5
    return [float(logit) for logit in logits]


def _probe(name: str) -> ProbeResult:
    if name.startswith("bi:"):
        return ProbeResult(
            model=name,
            probe="swap",
            compared="",
            scale="cosine",
            decided_by="cosine at or above 0.8",
            not_run_because="it reads each alone",
        )
    example = ProbeExample(first=("a", "b"), second=("b", "a"), first_answer="duplicate", second_answer="different")
    return ProbeResult(
        model=name,
        probe="swap",
        compared="each pair, and the same with its texts exchanged",
        scale="probability",
        decided_by="a probability of one half",
        changed=Rate(value=0.1, low=0.04, high=0.2, count=6, n=60),
        mean_change=0.02,
        max_change=0.4,
        examples=(example,),
    )
