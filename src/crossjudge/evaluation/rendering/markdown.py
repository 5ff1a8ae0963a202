"""A report as Markdown: the answer in words and every table, for a pull request or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossjudge.evaluation.rendering import contents, findings
from crossjudge.evaluation.rendering.caveats import caveats, methods
from crossjudge.evaluation.rendering.measured import Measured, measured
from crossjudge.evaluation.rendering.notation import number
from crossjudge.evaluation.rendering.tables import Cell, Table, named
from crossjudge.evaluation.rendering.titles import category_title
from crossjudge.evaluation.rendering.words import Answer, answer
from crossjudge.evaluation.report import Report
from crossjudge.evaluation.results import Evaluation, ModelResult

_SPECIAL = re.compile(r"([\\*_{}\[\]<>|#~$])")
_WORST_LISTED = 1
"""Pairs listed as the worst of a model and category; the page lists more."""


def render(report: Report) -> str:
    """The whole document. The same report gives the same bytes."""
    found = measured(report)
    blocks = [*_opening(answer(found.evaluation)), *_sections(found)]
    return "\n\n".join(blocks) + "\n"


def _opening(opening: Answer) -> Iterator[str]:
    yield f"# {prose(opening.headline)}"
    yield prose(opening.standfirst)
    for advice in opening.advice:
        yield f"**{advice.job}.** {prose(advice.answer)} {prose(advice.evidence)} {prose(advice.limits)}".rstrip()
    yield "\n".join(f"* {prose(named(one.model))}: {prose(one.text)}" for one in opening.portraits)


def _sections(found: Measured) -> Iterator[str]:
    evaluation = found.evaluation
    if evaluation.gates:
        yield "## Gates"
        yield markdown_table(contents.gates_table(evaluation))
    yield from _failures(found)
    graded = contents.rank_correlation_table(evaluation)
    if graded is not None:
        yield "## Graded similarity"
        yield captioned(graded)
    if evaluation.comparisons:
        yield f"## {prose(findings.effects_finding(evaluation))}"
        for comparison in evaluation.comparisons:
            yield captioned(contents.comparison_table(evaluation, comparison))
    if contents.nli_models(evaluation):
        yield f"## {prose(findings.labels_finding(evaluation))}"
        yield markdown_table(contents.nli_table(evaluation))
        for model, nli in contents.nli_models(evaluation):
            yield captioned(contents.nli_category_table(evaluation, model, nli))
    if evaluation.two_stages:
        yield f"## {prose(findings.two_stages_finding(evaluation))}"
        yield captioned(contents.two_stages_table(evaluation))
    if evaluation.probes:
        yield f"## {prose(findings.probes_finding(evaluation))}"
        yield captioned(contents.probes_table(evaluation))
        yield captioned(contents.probe_changes_table(evaluation))
        yield bullets(contents.probes_left_out(evaluation))
    if evaluation.published:
        yield f"## {prose(findings.study_finding(evaluation))}"
        yield prose(" ".join(contents.study_sentences()))
        if evaluation.beside:
            yield captioned(contents.beside_table(evaluation))
        yield captioned(contents.published_table(evaluation))
        yield "What could not be read:"
        yield bullets(evaluation.published_missing)
    yield from _worst(found)
    yield "## Every figure"
    for model in evaluation.models:
        yield from _figures(evaluation, model)
    yield "## Methods"
    yield captioned(contents.suite_table(evaluation))
    yield captioned(contents.models_table(evaluation))
    yield bullets(methods(evaluation))
    yield "What it does not say:"
    yield bullets(caveats(evaluation))


def _failures(found: Measured) -> Iterator[str]:
    evaluation = found.evaluation
    if not found.threshold_names:
        return
    yield f"## {prose(findings.failures_finding(evaluation))}"
    for name in found.threshold_names:
        yield captioned(contents.failure_table(evaluation, name))
        others = contents.other_readings_table(evaluation, name)
        if others is not None:
            yield captioned(others)
    decided = contents.decisions_table(evaluation)
    if decided is not None:
        yield captioned(decided)


def _figures(evaluation: Evaluation, model: ModelResult) -> Iterator[str]:
    for reading in model.readings:
        yield captioned(contents.figures_table(evaluation, model, reading))


def _worst(found: Measured) -> Iterator[str]:
    lines = []
    for model, by_category in found.shown.worst.items():
        for category, rows in by_category.items():
            for row in rows[:_WORST_LISTED]:
                pair, score = found.shown.pairs[row], number(float(found.scores[model][row]), 3)
                where = f"{prose(named(model))}, {escaped(category_title(category).title.lower())}, {score}"
                lines.append(f"* {where}: {escaped(pair.text_a)} – {escaped(pair.text_b)}")
    if lines:
        yield "## What each model gets most wrong"
        yield "The furthest on the wrong side of each category, at the threshold that suits the model best:"
        yield "\n".join(lines)


# ------------------------------------------------------------------------------------------------------------- pieces


def captioned(table: Table) -> str:
    """A table below its caption."""
    return f"{prose(table.caption)}:\n\n{markdown_table(table)}"


def markdown_table(table: Table) -> str:
    """A table of GitHub's Markdown; a cell's detail follows its text in brackets."""
    rules = ["---" if place < table.words else "---:" for place in range(len(table.head))]
    lines = [[_cell(cell) for cell in table.head], rules, *[[_cell(cell) for cell in row] for row in table.rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    text = prose(cell.text)
    return f"{text} ({prose(cell.detail)})" if cell.detail else text


def bullets(sentences: list[str] | tuple[str, ...]) -> str:
    """A list, one sentence a point."""
    return "\n".join(f"* {prose(sentence)}" for sentence in sentences)


def prose(text: str) -> str:
    """A sentence of ours: what stands between backticks stays as it is, the rest is escaped."""
    pieces = text.split("`")
    return "".join(
        f"`{piece.replace('|', '/')}`" if place % 2 else escaped(piece) for place, piece in enumerate(pieces)
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split(" ")).replace("\n", " ").replace("\r", " ").replace("`", "\\`"))
