"""`evaluate`: pairs stream through each model in turn, numbers are kept, and everything is measured on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from crossjudge.errors import InputError
from crossjudge.evaluation.entrants import BI_ENCODERS, Contestant, Entrant, Opening, find_entrants, open_entrant
from crossjudge.evaluation.gates import check_names, judge_gates, read_gate
from crossjudge.evaluation.gold import Gold
from crossjudge.evaluation.groups import Scored, compare_groups
from crossjudge.evaluation.metrics import nli_result, reading_result
from crossjudge.evaluation.normalise import backward_logits, forward_logits, nli_probabilities
from crossjudge.evaluation.probes import PROBES, run_probes
from crossjudge.evaluation.published import beside, study
from crossjudge.evaluation.report import RawScores, Report, require_drawing
from crossjudge.evaluation.results import Comparison, Evaluation, ModelResult, ProbeResult, Settings, Timing
from crossjudge.evaluation.source import Source, find_source, survey
from crossjudge.evaluation.statistics import Bootstrap, Numbers
from crossjudge.evaluation.subject import Subject
from crossjudge.evaluation.suite import SuitePair
from crossjudge.evaluation.two_stages import two_stages
from crossjudge.extras import require
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.types import FloatArray, Pair

CHUNK_PAIRS = 1_024
"""Pairs whose texts are in memory together."""
PAIRS_A_PROBE = 200
"""What one consistency probe counts as in `progress`."""
SINGLE_PAIRS = 200
"""Pairs asked one by one for the latency of a model."""
SINGLE_SECONDS = 5.0
"""After this long, no more single pairs are asked."""

Progress: TypeAlias = Callable[[int, int], None]


def evaluate(
    models: Any,
    suite: Any = "stress",
    out: str | Path | None = None,
    *,
    progress: Progress | None = None,
    data: str | Path | None = None,
    limit: int | None = None,
    fail_on: Sequence[str] = (),
    probes: bool = False,
    thresholds: Sequence[float] = (0.5, 0.8),
    resamples: int = 1_000,
    permutations: int = 9_999,
    seed: int = 0,
    timing: bool = True,
    backend: str = "auto",
    device: str | None = None,
    precision: str | None = None,
    num_threads: int | None = None,
    local_files_only: bool = False,
    trust_remote_code: bool = False,
    token: str | bool | None = None,
    cache_folder: str | Path | None = None,
) -> Report:
    """Measure models on a suite of labelled pairs, any mix of bi-encoders and cross-encoders.

    `models`: one or several, each a folder, a hub name, "embedded", a `CrossEncoder` or a `BiEncoder`. A name may say
    more: `KIND:NAME` what the model is ("bi", "cross", or what it was trained for: "nli", "similarity", "duplicate",
    "relevance"), `NAME#HEAD` which head answers, `LABEL=NAME` how the report calls it. `suite`: "stress",
    "stress-long", "stress-generated", a `.jsonl` file of the same schema, "SET.SPLIT" of a known set (read from the
    folder `data`, else from the hub), a `Suite` or `SuitePair`s; `limit`: its first pairs only. `out`: a folder to save
    everything in.

    `progress`: called with pairs done and pairs in all, over all models; a pair asked both ways counts twice, a probe
    as `PAIRS_A_PROBE`. `probes`: whether to run the consistency probes on each model too. `fail_on`: gates, see
    `crossjudge.evaluation.gates`; whether they hold is in the report. `thresholds`: on scores from 0 to 1. `timing`:
    whether to ask single pairs for their latency too. `seed` of `resamples` for each interval and of the `permutations`
    of each test. The rest is how named models are opened, as for `CrossEncoder`.

    The same pairs, models and settings give the same report, save `Report.timings`. Raises `InputError` for a suite,
    gate or setting that is not right, before any model runs.
    """
    settings = _settings(thresholds, resamples, permutations, seed)
    opening = Opening(
        backend=backend,
        device=device,
        precision=precision,
        num_threads=num_threads,
        local_files_only=local_files_only,
        trust_remote_code=trust_remote_code,
        token=token,
        cache_folder=cache_folder,
    )
    gates = [read_gate(expression) for expression in fail_on]
    source = find_source(suite, folder=data, limit=limit)
    entrants = find_entrants(models, opening)
    _require_tests(entrants)
    if out is not None:
        require_drawing()
    facts, gold = survey(source)
    check_names(
        gates, models=[one.name for one in entrants], categories=gold.categories, thresholds=settings.thresholds
    )
    passes = sum(entrant.passes for entrant in entrants)
    probing = len(entrants) * len(PROBES) * PAIRS_A_PROBE if probes else 0
    counted = _Counted(progress, facts.n_pairs * passes + probing)
    bench = _Bench(source=source, gold=gold, settings=settings, opening=opening, timing=timing, probes=probes)
    measured = [_measure(entrant, bench, counted) for entrant in entrants]
    results = tuple(one.result for one in measured)
    main_scores = {one.result.name: one.raw.scores(one.raw.rules[0]) for one in measured}
    evaluation = Evaluation(
        suite=facts,
        settings=settings,
        models=results,
        comparisons=_comparisons(results, main_scores, gold, settings),
        published=study().figures,
        published_missing=study().missing,
        beside=beside(results, study().figures),
        gates=judge_gates(gates, results),
        probes=tuple(probe for one in measured for probe in one.probes),
        two_stages=two_stages(results, main_scores, gold),
    )
    report = Report(
        evaluation=evaluation,
        timings=tuple(one.timing for one in measured),
        raw_scores=tuple(one.raw for one in measured),
        source=source,
    )
    if out is not None:
        report.save(out)
    return report


def _settings(thresholds: Sequence[float], resamples: int, permutations: int, seed: int) -> Settings:
    if not thresholds or not all(0 < one <= 1 for one in thresholds) or len(set(thresholds)) < len(thresholds):
        raise InputError(f"Evaluating: thresholds are {tuple(thresholds)}; expected different numbers above 0 up to 1.")
    if min(resamples, permutations) < 100:
        raise InputError(
            f"Evaluating: {resamples} resamples and {permutations} permutations; expected 100 or more of each, since "
            "fewer say nothing about the ends of an interval."
        )
    return Settings(thresholds=tuple(thresholds), resamples=resamples, permutations=permutations, seed=seed)


def _require_tests(entrants: Sequence[Entrant]) -> None:
    """Groups will be tested against each other: say what is missing for that before the models run, not after."""
    if len({entrant.kind for entrant in entrants}) > 1:
        require("scipy.stats", to="test bi-encoders against cross-encoders")


class _Counted:
    """Pairs done over all models, told to the caller's `progress`."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, count: int) -> None:
        """`count` more pairs are done."""
        self._done += count
        if self._progress is not None and count:
            self._progress(self._done, self._total)


# --------------------------------------------------------------------------------------------------------- one model


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bench:
    """What every model is measured with."""

    source: Source
    gold: Gold
    settings: Settings
    opening: Opening
    timing: bool
    probes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Measured:
    """One model's numbers, once it is closed again."""

    result: ModelResult
    raw: RawScores
    timing: Timing
    probes: tuple[ProbeResult, ...]


def _measure(entrant: Entrant, bench: _Bench, counted: _Counted) -> _Measured:
    started = time.perf_counter()
    contestant = open_entrant(entrant, bench.opening)
    load_s = time.perf_counter() - started
    cut_before = contestant.truncated
    started = time.perf_counter()
    raw = _ask_all(contestant, bench.source, len(bench.gold), counted)
    asked_s = time.perf_counter() - started
    truncated = (contestant.truncated - cut_before) // contestant.passes
    singles = _single_seconds(contestant, bench.source) if bench.timing else []
    return _Measured(
        result=_result(contestant, raw, bench.gold, bench.settings, truncated),
        raw=RawScores(model=contestant.name, rules=contestant.rules, values=raw),
        timing=_timing(contestant, load_s, asked_s, len(bench.gold) * contestant.passes, singles),
        probes=_probe(contestant, bench.source, counted) if bench.probes else (),
    )


def _probe(contestant: Contestant, source: Source, counted: _Counted) -> tuple[ProbeResult, ...]:
    return run_probes(
        Subject(contestant.model, objective=contestant.objective),
        (_texts(pair) for pair in source.pairs()),
        name=contestant.name,
        progress=lambda _done, _of: counted.add(PAIRS_A_PROBE),
    )


def _texts(pair: SuitePair) -> Pair:
    return Pair(pair.text_a, pair.text_b, pair.id)


def _ask_all(contestant: Contestant, source: Source, n_pairs: int, counted: _Counted) -> FloatArray:
    """Raw outputs of every pair, float32 `(n_pairs, len(raw_columns))`."""
    raw = np.empty((n_pairs, len(contestant.raw_columns)), dtype=np.float32)
    done = 0
    for chunk in _chunks(source):
        if done + len(chunk) > n_pairs:
            raise _changed(source, n_pairs)
        raw[done : done + len(chunk)] = contestant.ask(chunk, counted.add)
        done += len(chunk)
    if done < n_pairs:
        raise _changed(source, n_pairs)
    return raw


def _chunks(source: Source) -> Iterator[list[Pair]]:
    pairs = map(_texts, source.pairs())
    return iter(lambda: list(islice(pairs, CHUNK_PAIRS)), [])


def _changed(source: Source, n_pairs: int) -> InputError:
    return InputError(
        f"Evaluating on {source.name!r}: it held {n_pairs} pairs when it was first read, and another number later. "
        "Leave the file alone while it is measured, and run again."
    )


def _result(contestant: Contestant, raw: FloatArray, gold: Gold, settings: Settings, truncated: int) -> ModelResult:
    model = contestant.model
    bootstrap = _bootstrap(settings)
    return ModelResult(
        name=contestant.name,
        model=model.name,
        kind=contestant.kind,
        objective=contestant.objective,
        head=None if isinstance(model, BiEncoder) else model.head,
        labels=() if isinstance(model, BiEncoder) else model.labels,
        fingerprint=model.fingerprint,
        backend=model.backend,
        precision=model.precision,
        max_length=model.max_length,
        truncated_pairs=truncated,
        pooled_as=contestant.group,
        not_pooled_because=contestant.not_pooled_because,
        raw_columns=contestant.raw_columns,
        readings=tuple(
            reading_result(rule, rule.apply(raw), gold, thresholds=settings.thresholds, bootstrap=bootstrap)
            for rule in contestant.rules
        ),
        nli=nli_result(
            nli_probabilities(forward_logits(raw), contestant.temperature),
            nli_probabilities(backward_logits(raw), contestant.temperature),
            gold,
        )
        if contestant.is_nli
        else None,
    )


def _bootstrap(settings: Settings) -> Bootstrap:
    return Bootstrap(resamples=settings.resamples, seed=settings.seed, confidence=settings.confidence)


def _comparisons(
    results: Sequence[ModelResult], main_scores: Mapping[str, Numbers], gold: Gold, settings: Settings
) -> tuple[Comparison, ...]:
    scored = [
        Scored(model=model.name, group=model.pooled_as, scores=main_scores[model.name])
        for model in results
        if model.pooled_as is not None
    ]
    return compare_groups(
        scored, gold, first=BI_ENCODERS, bootstrap=_bootstrap(settings), permutations=settings.permutations
    )


# ------------------------------------------------------------------------------------------------------------- timing


def _single_seconds(contestant: Contestant, source: Source) -> list[float]:
    """How long single pairs take, one direction each, once the first few have warmed the model up."""
    pairs = list(map(_texts, islice(source.pairs(), SINGLE_PAIRS)))
    for pair in pairs[:5]:
        _ask_one(contestant, pair)
    taken: list[float] = []
    for pair in pairs:
        started = time.perf_counter()
        _ask_one(contestant, pair)
        taken.append(time.perf_counter() - started)
        if sum(taken) > SINGLE_SECONDS:
            break
    return taken


def _ask_one(contestant: Contestant, pair: Pair) -> None:
    model = contestant.model
    if isinstance(model, BiEncoder):
        model.similarity([pair])
    else:
        model.logits([pair])


def _timing(contestant: Contestant, load_s: float, asked_s: float, n_asked: int, singles: Sequence[float]) -> Timing:
    p50, p99 = np.percentile(singles, [50, 99]) * 1_000 if singles else (None, None)
    return Timing(
        model=contestant.name,
        latency_p50_ms=None if p50 is None else float(p50),
        latency_p99_ms=None if p99 is None else float(p99),
        n_single=len(singles),
        pairs_per_s=n_asked / asked_s,
        n_asked=n_asked,
        load_s=load_s,
    )
