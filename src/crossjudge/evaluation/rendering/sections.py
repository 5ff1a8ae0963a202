"""The sections of the page, in order: a name for the contents, a heading that says the finding, and the body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossjudge.evaluation.rendering import contents, findings
from crossjudge.evaluation.rendering.caveats import caveats, methods
from crossjudge.evaluation.rendering.markup import Markup, joined, prose, tag
from crossjudge.evaluation.rendering.measured import Measured
from crossjudge.evaluation.rendering.notation import whole
from crossjudge.evaluation.rendering.rules import rules
from crossjudge.evaluation.rendering.tables import Cell, Table
from crossjudge.evaluation.rendering.titles import category_title, in_reading_order, probe_title, threshold_title
from crossjudge.evaluation.rendering.words import Advice, Answer
from crossjudge.evaluation.results import BEST, Evaluation, ModelResult, ProbeResult

_DARK_FROM = 0.85
"""Shade from which a cell's text is light: there both have about the same contrast."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One section. `id`: of its element; `name`: in the contents; `heading`: what was found, models in backticks."""

    id: str
    name: str
    heading: str
    body: Markup


def sections(found: Measured, opening: Answer) -> list[Section]:
    """The sections that this evaluation has something for."""
    makers: tuple[Callable[[Measured], Section | None], ...] = (
        _failures,
        _scores,
        _thresholds,
        _effects,
        _labels,
        _two_stages,
        _consistency,
        _study,
        _worst,
        _figures,
        _methods,
    )
    made = [make(found) for make in makers]
    return [*_answer(found.evaluation, opening), *(part for part in made if part is not None)]


# ------------------------------------------------------------------------------------------------------------- answer


def _answer(evaluation: Evaluation, opening: Answer) -> list[Section]:
    jobs = joined(map(_job, opening.advice))
    portraits = joined(
        joined((tag("dt", tag("code", one.model)), tag("dd", prose(one.text)))) for one in opening.portraits if one.text
    )
    advice = Section(
        id="answer",
        name="The answer",
        heading="Which model for which job",
        body=joined((tag("ol", jobs, class_="jobs"), _gates(evaluation))),
    )
    models = Section(
        id="models",
        name="The models",
        heading="Where each one fails",
        body=tag("dl", portraits, class_="portraits"),
    )
    return [*([advice] if jobs or evaluation.gates else []), *([models] if portraits else [])]


def _job(advice: Advice) -> Markup:
    limits = tag("p", prose(advice.limits), class_="limits") if advice.limits else ""
    return tag(
        "li",
        tag("h3", advice.job),
        tag("p", prose(advice.answer), class_="use"),
        tag("p", prose(advice.evidence), class_="evidence"),
        limits,
    )


def _gates(evaluation: Evaluation) -> Markup:
    if not evaluation.gates:
        return Markup("")
    return joined((tag("h3", "Gates"), html_table(contents.gates_table(evaluation))))


# ------------------------------------------------------------------------------------------------------ failure rates


def _failures(found: Measured) -> Section | None:
    names = found.threshold_names
    if not names:
        return None
    evaluation = found.evaluation
    tables = joined(
        tag("div", html_table(contents.failure_table(evaluation, name)), data_cut=name, class_="by-cut")
        for name in names
    )
    others = [(name, contents.other_readings_table(evaluation, name)) for name in names]
    more = joined(
        tag("div", html_table(one), data_cut=name, class_="by-cut") for name, one in others if one is not None
    )
    note = (
        "A pair that is no duplicate is decided wrongly when its score reaches the threshold, a duplicate when its "
        "score does not. Darker is worse; below each share stands its 95% interval."
    )
    if BEST in names:
        note += (
            " The best threshold separates paraphrases from unrelated pairs and has seen nothing else, so that "
            "it can be far too low for look-alikes."
        )
    return Section(
        id="failures",
        name="Failure rates",
        heading=findings.failures_finding(evaluation),
        body=joined(
            (
                tag("p", note),
                _cut_switch(names, "failures"),
                tables,
                _details("Other ways to read the same outputs", more) if more else "",
                _decisions(evaluation),
            )
        ),
    )


def _decisions(evaluation: Evaluation) -> Markup:
    decided = contents.decisions_table(evaluation)
    return Markup("") if decided is None else _details("Duplicates over the whole suite", html_table(decided))


def _cut_switch(names: Sequence[str], where: str) -> Markup:
    """Radio buttons, one set a section, which the page keeps in step."""
    options = [
        tag(
            "label",
            tag("input", type="radio", name=f"cut-{where}", value=name, checked=place == 0),
            tag("span", "best" if name == BEST else name, title=threshold_title(name)),
        )
        for place, name in enumerate(names)
    ]
    return tag("fieldset", tag("legend", "Threshold"), *options, class_="switch needs-script", data_switch="cut")


# ------------------------------------------------------------------------------------------------------------- scores


def _scores(found: Measured) -> Section:
    evaluation, drawn = found.evaluation, len(found.shown.drawn)
    n_pairs = evaluation.suite.n_pairs
    if drawn < n_pairs:
        sampled = (
            f"A sample of {whole(drawn)} of the {whole(n_pairs)} pairs is drawn, of each category its share, with seed "
            f"{evaluation.settings.seed}."
        )
    else:
        sampled = "Every pair is a mark."
    views = (("category", "One category, every model"), ("model", "One model, every category"))
    switch = tag(
        "fieldset",
        tag("legend", "Show"),
        *[
            tag(
                "label",
                tag("input", type="radio", name="view", value=name, checked=name == "category"),
                tag("span", title),
            )
            for name, title in views
        ],
        class_="switch",
        data_switch="view",
    )
    category = _select("scores-category", "Category", [(str(i), t) for i, t in enumerate(_category_titles(evaluation))])
    model = _select("scores-model", "Model", [(str(i), one.name) for i, one in enumerate(evaluation.models)])
    key = tag(
        "p",
        tag("span", "●", class_="mark-right"),
        " decided rightly, ",
        tag("span", "✕", class_="mark-wrong"),
        " decided wrongly at the threshold, which is the thin upright line; the curve shows where scores are dense. "
        "Bi-encoders are orange, cross-encoders blue, relevance models grey.",
        class_="key",
    )
    return Section(
        id="scores",
        name="Scores",
        heading=findings.scores_finding(evaluation),
        body=joined(
            (
                tag("p", f"{sampled} Point at one to read it, or select it to keep it in view."),
                tag(
                    "div",
                    switch,
                    category,
                    model,
                    _cut_switch(found.threshold_names, "scores") if found.threshold_names else "",
                    class_="controls needs-script",
                ),
                _figure("scores-figure", "Scores of every pair, as points and curves"),
                key,
                tag("div", id="scores-pair", class_="pair", aria_live="polite"),
            )
        ),
    )


def _category_titles(evaluation: Evaluation) -> list[str]:
    return [category_title(facts.name).title for facts in in_reading_order(evaluation.suite.categories)]


# --------------------------------------------------------------------------------------------------------- thresholds


def _thresholds(found: Measured) -> Section | None:
    if not found.trade_offs:
        return None
    aim = rules().kept
    costs = [(name, cost) for name, one in found.trade_offs.items() if (cost := one.cost_of_keeping(aim)) is not None]
    shown = [
        (str(place), model.name)
        for place, model in enumerate(found.evaluation.models)
        if model.name in found.trade_offs
    ]
    slider = tag(
        "label",
        tag("span", "Threshold ", tag("output", "0.50", id="threshold-value")),
        tag("input", type="range", id="threshold", min="0", max="1", step="0.01", value="0.5"),
        class_="slider",
    )
    compared = [(name, cost) for name, cost in costs if _is_compared(found.evaluation, name)]
    return Section(
        id="thresholds",
        name="Thresholds",
        heading=findings.thresholds_finding(compared),
        body=joined(
            (
                tag("p", "Move the threshold: what is kept of the duplicates, and what goes wrong in each category."),
                tag("div", _select("threshold-model", "Model", shown), slider, class_="controls needs-script"),
                _figure("thresholds-figure", "Failure rate of each category at every threshold, for one model"),
                tag(
                    "div",
                    id="thresholds-table",
                    class_="scroll",
                    tabindex="0",
                    role="region",
                    aria_label="Every model at this threshold",
                ),
            )
        ),
    )


def _is_compared(evaluation: Evaluation, name: str) -> bool:
    model = evaluation.model(name)
    return model is not None and model.objective != "relevance"


# ------------------------------------------------------------------------------------------- effects, labels, stages


def _effects(found: Measured) -> Section | None:
    evaluation = found.evaluation
    if not evaluation.comparisons:
        return None
    switch = tag(
        "fieldset",
        tag("legend", "Effect size"),
        *[
            tag("label", tag("input", type="radio", name="effect", value=name, checked=name == "d"), tag("span", title))
            for name, title in (("d", "Cohen's d"), ("delta", "Cliff's delta"))
        ],
        class_="switch needs-script",
        data_switch="effect",
    )
    tables = joined(html_table(contents.comparison_table(evaluation, one)) for one in evaluation.comparisons)
    explained = (
        "To the right of zero, bi-encoders score higher. For look-alikes and unrelated pairs that is what should be "
        "cured; for paraphrases it is a loss. Bars are 95% intervals."
    )
    return Section(
        id="effects",
        name="Effect sizes",
        heading=findings.effects_finding(evaluation),
        body=joined(
            (
                tag("p", explained),
                switch,
                _figure("effects-figure", "Effect sizes with intervals, by category"),
                tag("ul", joined(tag("li", one) for one in findings.overall_effect(evaluation)), class_="plain"),
                _details("Differences, effect sizes and tests", tables),
            )
        ),
    )


def _labels(found: Measured) -> Section | None:
    evaluation = found.evaluation
    models = contents.nli_models(evaluation)
    if not models:
        return None
    closer = joined(
        _details(
            f"{model.name}: by category",
            joined(
                (
                    html_table(contents.nli_category_table(evaluation, model, nli)),
                    html_table(contents.confusion_table(evaluation, model, nli)),
                )
            ),
        )
        for model, nli in models
    )
    return Section(
        id="labels",
        name="Labels",
        heading=findings.labels_finding(evaluation),
        body=joined((html_table(contents.nli_table(evaluation)), closer)),
    )


def _two_stages(found: Measured) -> Section | None:
    evaluation = found.evaluation
    if not evaluation.two_stages:
        return None
    aim = evaluation.two_stages[0].kept_aim
    explained = (
        f"The first stage passes what scores at or above the highest threshold that keeps {aim:.0%} of the "
        "paraphrases; the second decides about these at its most favourable threshold. The second stage can only "
        "lose paraphrases, never win them back."
    )
    return Section(
        id="two-stages",
        name="Two stages",
        heading=findings.two_stages_finding(evaluation),
        body=joined((tag("p", explained), html_table(contents.two_stages_table(evaluation)))),
    )


def _consistency(found: Measured) -> Section | None:
    evaluation = found.evaluation
    if not evaluation.probes:
        return None
    left_out = contents.probes_left_out(evaluation)
    changed = [one for one in evaluation.probes if one.examples]
    changes = contents.probe_changes_table(evaluation)
    return Section(
        id="consistency",
        name="Consistency",
        heading=findings.probes_finding(evaluation),
        body=joined(
            (
                tag(
                    "p",
                    "These questions need no gold: the same is asked twice, in two ways, and should be answered alike.",
                ),
                html_table(contents.probes_table(evaluation)),
                _details("What was compared, and how far scores moved", html_table(changes)),
                _details("Some of what changed", joined(map(_examples, changed))) if changed else "",
                _details("What was not asked", _listed(left_out)) if left_out else "",
            )
        ),
    )


def _examples(probe: ProbeResult) -> Markup:
    """What was asked is said by the table: here are the texts of some questions whose answer changed."""
    rows = [
        tag(
            "li",
            *_asked(one.first, one.first_answer),
            tag("p", "asked again:", class_="quiet"),
            *_asked(one.second, one.second_answer),
        )
        for one in probe.examples
    ]
    title = tag("h4", tag("code", probe.model), f": {probe_title(probe.probe)}")
    return joined(
        (title, tag("p", f"Compared: {probe.compared}.", class_="quiet"), tag("ol", *rows, class_="examples"))
    )


def _asked(texts: tuple[str, str], answered: str) -> tuple[Markup, Markup]:
    return tag("p", tag("q", texts[0]), " ", tag("q", texts[1])), tag("p", "answer: ", tag("strong", answered))


def _study(found: Measured) -> Section | None:
    evaluation = found.evaluation
    if not evaluation.published:
        return None
    figure = _figure("study-figure", "Ours and the study's, by category") if evaluation.beside else Markup("")
    key = (
        tag("p", tag("span", "●", class_="mark-right"), " ours with its 95% interval, ", "◇ the study's", class_="key")
        if evaluation.beside
        else Markup("")
    )
    return Section(
        id="study",
        name="Beside the study",
        heading=findings.study_finding(evaluation),
        body=joined(
            (
                *[tag("p", sentence) for sentence in contents.study_sentences()],
                figure,
                key,
                _details("Side by side", html_table(contents.beside_table(evaluation))) if evaluation.beside else "",
                _details("Every published figure that could be read", html_table(contents.published_table(evaluation))),
                _details("What could not be read", _listed(evaluation.published_missing)),
            )
        ),
    )


# ------------------------------------------------------------------------------------------- pairs, figures, methods


def _worst(found: Measured) -> Section | None:
    if not any(rows for model in found.shown.worst.values() for rows in model.values()):
        return None
    evaluation = found.evaluation
    models = [(str(i), one.name) for i, one in enumerate(evaluation.models)]
    titles = _category_titles(evaluation)
    explained = (
        "The pairs furthest on the wrong side of the threshold that suits the model best. Words that only one of the "
        "texts has are marked."
    )
    controls = tag(
        "div",
        _select("worst-model", "Model", models),
        _select("worst-category", "Category", [(str(i), title) for i, title in enumerate(titles)]),
        class_="controls needs-script",
    )
    return Section(
        id="worst",
        name="Worst pairs",
        heading="What each model gets most wrong",
        body=joined((tag("p", explained), controls, tag("ol", id="worst-pairs", class_="worst", aria_live="polite"))),
    )


def _figures(found: Measured) -> Section:
    evaluation = found.evaluation
    each = joined(_details(model.name, _figures_of(evaluation, model), code=True) for model in evaluation.models)
    note = (
        "Mean, SD, median and AUC with bootstrap intervals, shares with Wilson intervals, all 95%. AUC: how often a "
        "random paraphrase scores above a random pair of the category that is no duplicate; 0.5 is a coin."
    )
    graded = contents.rank_correlation_table(evaluation)
    return Section(
        id="figures",
        name="All figures",
        heading="Every figure, model by model",
        body=joined((tag("p", note), "" if graded is None else html_table(graded), each)),
    )


def _figures_of(evaluation: Evaluation, model: ModelResult) -> Markup:
    return joined(html_table(contents.figures_table(evaluation, model, reading)) for reading in model.readings)


def _methods(found: Measured) -> Section:
    evaluation = found.evaluation
    return Section(
        id="methods",
        name="Methods",
        heading="How this was measured, and what it does not say",
        body=joined(
            (
                html_table(contents.suite_table(evaluation)),
                html_table(contents.models_table(evaluation)),
                _listed(methods(evaluation)),
                tag("h3", "What it does not say"),
                _listed(caveats(evaluation)),
            )
        ),
    )


# ------------------------------------------------------------------------------------------------------------- pieces


def html_table(table: Table) -> Markup:
    """A table that scrolls sideways by itself where the screen is narrow, keyboard included."""
    head = tag(
        "tr", *[tag("th", *_cell_text(cell), scope="col", class_=_side(i, table)) for i, cell in enumerate(table.head)]
    )
    body = joined(tag("tr", *[_cell(i, cell, table) for i, cell in enumerate(row)]) for row in table.rows)
    inner = tag("table", tag("caption", tag("span", prose(table.caption))), tag("thead", head), tag("tbody", body))
    label = table.caption.replace("`", "")
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=label)


def _cell(place: int, cell: Cell, table: Table) -> Markup:
    if place == 0:
        return tag("th", *_cell_text(cell), scope="row", class_=_side(place, table))
    if cell.shade is None:
        return tag("td", *_cell_text(cell), class_=_side(place, table))
    dark = " dark" if cell.shade >= _DARK_FROM else ""
    return tag("td", *_cell_text(cell), class_=f"heat{dark}", style=f"--shade:{cell.shade:.3f}")


def _cell_text(cell: Cell) -> tuple[Markup, ...]:
    text = prose(cell.text)
    return (text, tag("small", prose(cell.detail))) if cell.detail else (text,)


def _side(place: int, table: Table) -> str:
    return "word" if place < table.words else "number"


def _details(title: str, body: Markup, *, code: bool = False) -> Markup:
    return tag("details", tag("summary", tag("code", title) if code else title), body)


def _figure(identity: str, label: str) -> Markup:
    return tag("div", id=identity, class_="figure needs-script", role="img", aria_label=label)


def _select(identity: str, label: str, options: Sequence[tuple[str, str]]) -> Markup:
    choices = [tag("option", title, value=value) for value, title in options]
    return tag("label", tag("span", label), tag("select", *choices, id=identity), class_="select")


def _listed(sentences: Sequence[str]) -> Markup:
    return tag("ul", *[tag("li", prose(sentence)) for sentence in sentences], class_="plain")
