"""`crossjudge evaluate`: where models fail, on our pairs or yours, with intervals, as a report and as a gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.loading import LoadingOptions
from crossjudge.cli.options import Backend, Precision, option, with_options

_MEASURING, _MODELS, _OUTPUT = "Measuring", "Models", "Output"

IN_THE_BOX = ("embedded", "bi:embedded")
"""The models of who names none: both come with crossjudge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateOptions:
    """What is measured on what."""

    model: Annotated[
        list[str] | None,
        option(
            "--model -m", _MEASURING,
            "A folder, a hub name or 'embedded'; bi:NAME, nli:NAME, similarity:NAME, duplicate:NAME or relevance:NAME "
            "says what it is, NAME#HEAD which head answers, LABEL=NAME what to call it. May be repeated. If left out: "
            "embedded and bi:embedded.",
            metavar="NAME",
        ),
    ] = None  # fmt: skip
    suite: Annotated[
        list[str] | None,
        option(
            "--suite -s", _MEASURING,
            "stress, stress-long, stress-generated, a .jsonl file of your own, or a known set as in snli.test. May be "
            "repeated. If left out: stress.",
            metavar="NAME",
        ),
    ] = None  # fmt: skip
    data: Annotated[
        str | None,
        option("--data", _MEASURING, "Read known sets from this folder, not from the hub.", metavar="FOLDER"),
    ] = None
    limit: Annotated[int | None, option("--limit", _MEASURING, "Use the first pairs of each suite only.", min=1)] = None
    probes: Annotated[
        bool,
        option("--probes", _MEASURING, "Also ask for what must not matter: order, wording, company, surface."),
    ] = False
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _MEASURING,
            "Exit with 1 if this is so, as in 'hedging.failure_rate>0.05'. MODEL: may stand before it, @THRESHOLD and "
            ".low or .high behind, as in 'failure_rate@0.8.low>0.05'. May be repeated.",
            metavar="EXPRESSION",
        ),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """What runs all the models."""

    backend: Annotated[Backend, option("--backend", _MODELS, "What runs the models; fake needs no weights.")] = (
        Backend.AUTO
    )
    precision: Annotated[
        Precision | None, option("--precision", _MODELS, "If left out: as shipped (embedded model) or fp32.")
    ] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportOptions:
    """Where the report goes, and how much is said beside it."""

    out: Annotated[
        str | None,
        option(
            "--out -o", _OUTPUT,
            "Write the report there: report.html, report.md, results.json, pairs.csv, figures, timing.json, and "
            "junit.xml with --fail-on. With several suites, a folder in it for each.",
            metavar="FOLDER",
        ),
    ] = None  # fmt: skip
    as_json: Annotated[
        bool, option("--json", _OUTPUT, "Every figure as one JSON object a line, one for each suite, for programs.")
    ] = False
    quiet: Annotated[
        bool, option("--quiet -q", _OUTPUT, "Results and errors only: no progress, warnings or notes.")
    ] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@with_options
def evaluate(
    *,
    measuring: EvaluateOptions,
    engine: EngineOptions,
    loading: LoadingOptions,
    output: ReportOptions,
) -> None:
    """Measure where models fail: negation, numbers, swapped roles, hedging and more, with intervals and a report.

    crossjudge evaluate

    crossjudge evaluate --model embedded --limit 60 --fail-on "negation.failure_rate@0.8>0.5" --out report
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.evaluating import Evaluating, run

        exit_code = run(
            Evaluating(
                models=tuple(measuring.model or IN_THE_BOX),
                suites=tuple(measuring.suite or ("stress",)),
                data=measuring.data,
                limit=measuring.limit,
                probes=measuring.probes,
                fail_on=tuple(measuring.fail_on or ()),
                out=output.out,
                as_json=output.as_json,
                quiet=output.quiet,
            ),
            loading.opening(
                backend=engine.backend.value,
                precision=None if engine.precision is None else engine.precision.value,
            ),
        )
    raise typer.Exit(exit_code)
