"""The tables of a report: what stands in which row and column, in the same order on the page and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from crossjudge.evaluation.figures import DEFAULT_THRESHOLD
from crossjudge.evaluation.published import study
from crossjudge.evaluation.rendering.deciders import BY_LABEL, label_failures
from crossjudge.evaluation.rendering.notation import NOTHING, number, p_value, percent, percent_range, whole
from crossjudge.evaluation.rendering.tables import Cell, Table, named, of_estimate, of_rate, table
from crossjudge.evaluation.rendering.titles import (
    category_title,
    in_reading_order,
    kind_title,
    metric_title,
    probe_title,
    role_title,
    threshold_names,
    threshold_title,
)
from crossjudge.evaluation.results import (
    ADVERSARIAL,
    BEST,
    CategoryFacts,
    Comparison,
    ComparisonRow,
    Decisions,
    Estimate,
    Evaluation,
    ModelResult,
    NliResult,
    PublishedFigure,
    Rate,
    ReadingResult,
)

_OBJECTIVES = {"nli": "NLI", None: "not known"}

# ------------------------------------------------------------------------------------------------------ failure rates


def flagged_categories(evaluation: Evaluation) -> list[CategoryFacts]:
    """The categories that have a failure rate, in reading order."""
    return [facts for facts in in_reading_order(evaluation.suite.categories) if facts.duplicates + facts.not_duplicates]


def failure_table(evaluation: Evaluation, threshold: str) -> Table:
    """Failure rates by model (main readings) and category; columns of duplicates say how many were lost."""
    shown = flagged_categories(evaluation)
    rows = [_failure_row(model, model.main, named(model.name), threshold, shown) for model in evaluation.models]
    return table(
        f"Share of pairs decided wrongly {threshold_title(threshold)}, with 95% intervals",
        ["Model", *map(_category_head, shown)],
        rows,
    )


def other_readings_table(evaluation: Evaluation, threshold: str) -> Table | None:
    """The same for what else can be read from the models' outputs, and for NLI models by label; None for none."""
    shown = flagged_categories(evaluation)
    rows = []
    for model in evaluation.models:
        for reading in model.readings[1:]:
            if reading.has_thresholds:
                origin = " (the study's rule)" if reading.origin == "study" else ""
                title = f"{named(model.name)} {reading.name}{origin}"
                rows.append(_failure_row(model, reading, title, threshold, shown))
        if model.nli is not None and model.nli.duplicate_rule is not None:
            rows.append(_label_row(evaluation, model, model.nli, shown))
    if not rows:
        return None
    return table(
        f"Other ways to read the same outputs: share of pairs decided wrongly {threshold_title(threshold)}",
        ["Model and reading", *map(_category_head, shown)],
        rows,
    )


def _category_head(facts: CategoryFacts) -> Cell:
    lost = " lost" if facts.duplicates == facts.n else ""
    return Cell(f"{category_title(facts.name).title}{lost}", f"n = {whole(facts.n)}")


def _failure_row(
    model: ModelResult, reading: ReadingResult, title: str, threshold: str, shown: Sequence[CategoryFacts]
) -> list[str | Cell]:
    cells = [_failure(reading, facts.name, threshold) for facts in shown]
    return [Cell(title, f"{_kind_of(model)}, {_threshold_number(reading, threshold)}"), *cells]


def _failure(reading: ReadingResult, category: str, threshold: str) -> Cell:
    figures = reading.category(category)
    return of_rate(figures.failure.get(threshold) if figures is not None else None, shaded=True)


def _threshold_number(reading: ReadingResult, threshold: str) -> str:
    if threshold != BEST:
        return f"at {threshold}"
    return "no threshold" if reading.best_threshold is None else f"at {number(reading.best_threshold.value)}"


def _label_row(
    evaluation: Evaluation, model: ModelResult, nli: NliResult, shown: Sequence[CategoryFacts]
) -> list[str | Cell]:
    found = {one.category: one.failure for one in label_failures(evaluation, nli)}
    cells = [of_rate(found.get(facts.name), shaded=True) for facts in shown]
    return [Cell(f"{named(model.name)} {BY_LABEL}", _kind_of(model)), *cells]


def _kind_of(model: ModelResult) -> str:
    objective = model.objective
    if model.kind == "bi_encoder":
        return kind_title(model.kind)
    return f"{kind_title(model.kind)}, {_OBJECTIVES.get(objective, objective)}"


# ----------------------------------------------------------------------------------------------------- every figure


def figures_table(evaluation: Evaluation, model: ModelResult, reading: ReadingResult) -> Table:
    """Everything measured of one reading, a category a row; look-alikes together come last."""
    measured = {name for figures in reading.categories for name in figures.failure}
    cuts = [name for name in threshold_names(evaluation) if name in measured]
    names = [facts.name for facts in in_reading_order(evaluation.suite.categories)]
    rows = [_figures_row(reading, name, cuts) for name in (*names, ADVERSARIAL) if reading.category(name) is not None]
    head = ["Category", "n", "Mean", "SD", "Min", "Median", "Max"]
    return table(
        f"{named(model.name)}, {reading.name}: {reading.rule}",
        [*head, *[f"Wrong {threshold_title(name).removeprefix('at its ')}" for name in cuts], "AUC"],
        rows,
    )


def _figures_row(reading: ReadingResult, name: str, cuts: Sequence[str]) -> list[str | Cell]:
    figures = reading.category(name)
    assert figures is not None
    return [
        category_title(name).title,
        whole(figures.n),
        of_estimate(figures.mean),
        of_estimate(figures.sd),
        number(figures.min),
        of_estimate(figures.median),
        number(figures.max),
        *[of_rate(figures.failure.get(cut), shaded=True) for cut in cuts],
        of_estimate(figures.auc),
    ]


def decisions_table(evaluation: Evaluation) -> Table | None:
    """Each way of deciding over all pairs with a gold flag; None where there is none."""
    rows: list[list[str | Cell]] = []
    for model in evaluation.models:
        decided = model.main.decisions
        names = [name for name in threshold_names(evaluation) if name in decided]
        rows += [_decision_row(f"{named(model.name)} {threshold_title(name)}", decided[name]) for name in names]
        if model.nli is not None and model.nli.duplicate_rule is not None:
            rows.append(_decision_row(f"{named(model.name)} {BY_LABEL}", model.nli.duplicate_rule))
    if not rows:
        return None
    head = ["Decided by", "Threshold", "Accuracy", "Precision", "Duplicates kept", "Others kept apart", "F1"]
    return table("Deciding which pairs are duplicates, over the whole suite", head, rows)


def _decision_row(title: str, decided: Decisions) -> list[str | Cell]:
    return [
        title,
        "label" if decided.threshold is None else number(decided.threshold),
        of_rate(decided.accuracy),
        of_rate(decided.precision),
        of_rate(decided.recall),
        of_rate(decided.specificity),
        number(decided.f1),
    ]


def rank_correlation_table(evaluation: Evaluation) -> Table | None:
    """How well each reading orders the pairs of a suite that grades similarity; None for any other suite."""
    rows: list[list[str | Cell]] = [
        [named(model.name), reading.name, of_estimate(reading.rank_correlation)]
        for model in evaluation.models
        for reading in model.readings
        if reading.rank_correlation is not None
    ]
    if not rows:
        return None
    return table("Scores against graded similarity", ["Model", "Score", "Spearman's correlation"], rows, words=2)


# -------------------------------------------------------------------------------------------------------- comparisons


def in_order(evaluation: Evaluation, comparison: Comparison) -> list[ComparisonRow]:
    """The rows in reading order, that of every category last."""
    order = [facts.name for facts in in_reading_order(evaluation.suite.categories)]
    return sorted(comparison.rows, key=lambda row: order.index(row.category) if row.category in order else len(order))


def comparison_table(evaluation: Evaluation, comparison: Comparison) -> Table:
    """Effect sizes and tests of two groups, a category a row."""
    rows: list[list[str | Cell]] = [
        [
            category_title(row.category).title,
            whole(row.n),
            number(row.mean_first),
            number(row.mean_second),
            of_estimate(row.mean_difference),
            of_estimate(row.cohens_d),
            of_estimate(row.cliffs_delta),
            Cell(p_value(row.mann_whitney_p_holm), f"uncorrected {p_value(row.mann_whitney_p)}"),
            Cell(p_value(row.permutation_p_holm), f"uncorrected {p_value(row.permutation_p)}"),
        ]
        for row in in_order(evaluation, comparison)
    ]
    first = f"{comparison.first} ({', '.join(map(named, comparison.first_models))})"
    second = f"{comparison.second} ({', '.join(map(named, comparison.second_models))})"
    head = ["Category", "n", "Mean, first", "Mean, second", "Difference", "Cohen's d", "Cliff's delta"]
    return table(
        f"First: {first}; second: {second}", [*head, "Mann-Whitney p (Holm)", "Paired permutation p (Holm)"], rows
    )


# ------------------------------------------------------------------------------------------------------------- labels


def nli_models(evaluation: Evaluation) -> list[tuple[ModelResult, NliResult]]:
    """The models that were measured by label."""
    return [(model, model.nli) for model in evaluation.models if model.nli is not None]


def nli_table(evaluation: Evaluation) -> Table:
    """NLI models by label over the whole suite."""
    rows: list[list[str | Cell]] = [
        [
            named(model.name),
            of_rate(nli.accuracy_forward, counted=True),
            of_rate(nli.accuracy_backward, counted=True),
            of_rate(nli.contradiction_found, counted=True),
            of_rate(nli.non_entailment_found, counted=True),
            of_rate(nli.hedging_detected, counted=True),
            number(nli.calibration_error, 3),
        ]
        for model, nli in nli_models(evaluation)
    ]
    return table(
        "Labels over the whole suite",
        [
            "Model",
            "Right, A to B",
            "Right, B to A",
            "Contradictions found",
            "Non-entailments not called entailed",
            "Hedges not taken for facts",
            "Calibration error",
        ],
        rows,
    )


def nli_category_table(evaluation: Evaluation, model: ModelResult, nli: NliResult) -> Table:
    """One NLI model by label, a category a row."""
    order = [facts.name for facts in in_reading_order(evaluation.suite.categories)]
    found = [one for name in order if (one := nli.category(name)) is not None]
    rows: list[list[str | Cell]] = [
        [
            category_title(one.category).title,
            whole(one.n),
            of_rate(one.accuracy_forward),
            of_rate(one.accuracy_backward),
            of_rate(one.entailment_found),
            of_rate(one.contradiction_found),
            of_rate(one.non_entailment_found),
            of_rate(one.both_entailed),
        ]
        for one in found
    ]
    return table(
        f"{named(model.name)} by label and category",
        [
            "Category",
            "n",
            "Right, A to B",
            "Right, B to A",
            "Entailments found",
            "Contradictions found",
            "Non-entailments not called entailed",
            "Called entailed both ways",
        ],
        rows,
    )


def confusion_table(evaluation: Evaluation, model: ModelResult, nli: NliResult) -> Table:
    """Gold labels against given ones, from text A to text B."""
    counts = nli.confusion_forward
    given = list(dict.fromkeys(label for row in counts.values() for label in row))
    two_way = evaluation.suite.two_way
    rows = [
        ["not entailment" if two_way and gold == "neutral" else gold, *[whole(row.get(one, 0)) for one in given]]
        for gold, row in counts.items()
    ]
    return table(f"{named(model.name)}: gold label (rows) and given label (columns), A to B", ["Gold", *given], rows)


# -------------------------------------------------------------------------------------------- two stages and probes


def two_stages_table(evaluation: Evaluation) -> Table:
    """Every bi-encoder before every cross-encoder."""
    rows: list[list[str | Cell]] = [
        [
            f"{named(one.first)}, then {named(one.second)}",
            f"{number(one.first_threshold)}, {number(one.second_threshold)}",
            of_rate(one.asked),
            of_rate(one.positives_kept, counted=True),
            of_rate(one.look_alikes_passed_first, shaded=True),
            of_rate(one.look_alikes_passed, shaded=True),
            of_rate(one.unrelated_passed_first, shaded=True),
        ]
        for one in evaluation.two_stages
    ]
    return table(
        "A bi-encoder lets pairs through, a cross-encoder decides about them",
        [
            "Stages",
            "Thresholds",
            "Read by the second",
            "Paraphrases kept",
            "Look-alikes passed, first alone",
            "Look-alikes passed, both",
            "Unrelated read by the second",
        ],
        rows,
    )


def probes_table(evaluation: Evaluation) -> Table:
    """Probes by models: the share of decisions that changed; nothing where a probe does not fit a model."""
    models = [model.name for model in evaluation.models]
    found = {(one.probe, one.model): one.changed for one in evaluation.probes}
    rows: list[list[str | Cell]] = [
        [probe_title(probe), *[of_rate(found.get((probe, model)), shaded=True, counted=True) for model in models]]
        for probe in dict.fromkeys(one.probe for one in evaluation.probes if one.changed is not None)
    ]
    return table("Decisions that changed when the same was asked in another way", ["Asked", *map(named, models)], rows)


def probe_changes_table(evaluation: Evaluation) -> Table:
    """What was compared, what a decision is, and how far scores moved."""
    rows: list[list[str | Cell]] = [
        [
            Cell(probe_title(one.probe), one.compared),
            named(one.model),
            one.decided_by,
            one.scale,
            number(one.mean_change, 4),
            number(one.max_change, 4),
        ]
        for one in evaluation.probes
        if one.changed is not None
    ]
    head = ["Asked", "Model", "Decided by", "Score", "Mean change", "Largest change"]
    return table("What was compared, and how far scores moved", head, rows, words=4)


def probes_left_out(evaluation: Evaluation) -> list[str]:
    """Sentences on probes that do not fit a model."""
    return [
        f"{probe_title(one.probe)} Not asked of {named(one.model)}: {one.not_run_because}."
        for one in evaluation.probes
        if one.not_run_because
    ]


# -------------------------------------------------------------------------------------------------------------- study


def beside_table(evaluation: Evaluation) -> Table:
    """Ours next to the study's, for models that both measured."""
    rows: list[list[str | Cell]] = [
        [
            named(one.model),
            category_title(one.category).title,
            metric_title(one.metric),
            _ours(one.ours),
            _published_number(one.metric, one.theirs),
        ]
        for one in evaluation.beside
    ]
    head = ["Model", "Category", "Figure", "Ours", "The study's"]
    return table("The same models on our pairs and, as published, on the study's own", head, rows, words=3)


def _ours(found: Estimate | Rate) -> Cell:
    return of_rate(found, counted=True) if isinstance(found, Rate) else of_estimate(found)


def _published_number(metric: str, value: float) -> str:
    return percent(value) if metric.startswith("failure_rate") else number(value, 3)


def published_table(evaluation: Evaluation) -> Table:
    """Every published figure beside the range of our own models of that kind, category by category."""
    rows: list[list[str | Cell]] = [
        [
            category_title(one.category).title,
            one.subject,
            metric_title(one.metric),
            Cell(one.source, one.note),
            _published(one),
            _our_range(evaluation, one),
        ]
        for one in sorted(evaluation.published, key=lambda one: _place(evaluation, one.category))
    ]
    head = ["Category", "Who, in the study", "Figure", "Source", "Published", "Our models of that kind"]
    return table("Published figures, with ours for models of the same kind", head, rows, words=4)


def _place(evaluation: Evaluation, category: str) -> int:
    order = [facts.name for facts in in_reading_order(evaluation.suite.categories)]
    return order.index(category) if category in order else len(order)


def _published(figure: PublishedFigure) -> str:
    if figure.value is not None:
        return _published_number(figure.metric, figure.value)
    assert figure.low is not None
    assert figure.high is not None
    if figure.metric.startswith("failure_rate"):
        return percent_range(figure.low, figure.high)
    return f"{number(figure.low, 1)} to {number(figure.high, 1)}"


def _our_range(evaluation: Evaluation, figure: PublishedFigure) -> str:
    values = list(_our_values(evaluation, figure))
    if not values:
        return NOTHING
    if figure.metric.startswith("failure_rate"):
        low, high, both = percent(min(values)), percent(max(values)), percent_range(min(values), max(values))
    else:
        low, high = number(min(values), 3), number(max(values), 3)
        both = f"{low} to {high}"
    return low if low == high else both


def _our_values(evaluation: Evaluation, figure: PublishedFigure) -> Iterable[float]:
    metric, _, threshold = figure.metric.partition("@")
    for model in evaluation.models:
        figures = model.main.category(figure.category)
        kind = "relevance" if model.objective == "relevance" else model.kind
        if figures is None or kind != figure.kind:
            continue
        if metric == "mean":
            yield figures.mean.value
        elif metric == "failure_rate" and (threshold or DEFAULT_THRESHOLD) in figures.failure:
            yield figures.failure[threshold or DEFAULT_THRESHOLD].value


def study_sentences() -> list[str]:
    """What the study is and where it stands."""
    source = study()
    return [
        f"The study: {source.author}, '{source.title}', {source.where}; {source.design}. Its pairs are not public "
        "here, so its figures and ours are on different sentences of the same kinds; nothing was tuned towards them."
    ]


# ------------------------------------------------------------------------------------------------ what was measured


def gates_table(evaluation: Evaluation) -> Table:
    """Each gate on each model it is about."""
    rows: list[list[str | Cell]] = [
        [
            one.expression,
            named(one.model),
            number(one.value, 3),
            Cell("failed", shade=1.0) if one.failed else "passed",
        ]
        for one in evaluation.gates
    ]
    return table("What this run was held to", ["Fails on", "Model", "Found", "Outcome"], rows, words=2)


def suite_table(evaluation: Evaluation) -> Table:
    """What each category is made of."""
    rows: list[list[str | Cell]] = [
        [
            Cell(category_title(facts.name).title, category_title(facts.name).what),
            role_title(facts.role),
            whole(facts.n),
            whole(facts.duplicates),
            whole(facts.not_duplicates),
        ]
        for facts in in_reading_order(evaluation.suite.categories)
    ]
    return table("The pairs", ["Category", "Made of", "Pairs", "Duplicates", "Others"], rows, words=2)


def _known_as(model: ModelResult) -> str:
    """What a model calls itself, where that says more; of a folder the name alone, the same on every machine."""
    path = Path(model.model)
    known = f"folder {path.name}" if path.is_absolute() else model.model
    return "" if known == model.name else known


def models_table(evaluation: Evaluation) -> Table:
    """What each model is and how its outputs became scores."""
    rows: list[list[str | Cell]] = [
        [
            Cell(named(model.name), _known_as(model)),
            _kind_of(model),
            Cell(model.main.name, model.main.rule),
            f"{model.backend}, {model.precision}",
            model.fingerprint,
            whole(model.max_length),
            whole(model.truncated_pairs),
        ]
        for model in evaluation.models
    ]
    head = ["Model", "Kind", "Score", "Run by", "Fingerprint", "Most tokens", "Pairs cut"]
    return table("The models", head, rows, words=5)
