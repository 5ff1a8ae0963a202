"""`crossjudge score`: responses to requests, scored by a rubric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_SCORING = "Scoring"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreOptions(UseOptions):
    """What responses are scored on."""

    criterion: Annotated[
        list[str] | None,
        option(
            "--criterion -c", _SCORING, "A criterion, as in 'reason=The answer gives a reason.'; may be repeated.",
            metavar="NAME=TEXT",
        ),
    ] = None  # fmt: skip
    rubric: Annotated[
        str | None,
        option(
            "--rubric", _SCORING, "A toml file: tables criteria (name = text) and weights (name = number).",
            metavar="PATH",
        ),
    ] = None  # fmt: skip
    weight: Annotated[
        list[str] | None,
        option("--weight", _SCORING, "How much a criterion counts, 1 if left out; may be repeated.",
               metavar="NAME=NUMBER"),
    ] = None  # fmt: skip
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _SCORING,
            "Exit with 1 if a response's score is so, as in 'overall<0.5' or 'safety<0.75'; may be repeated.",
            metavar="EXPRESSION",
        ),
    ] = None  # fmt: skip


@with_options
def score(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="A request and responses to it; or files of request, response."),
    ] = None,
    *,
    scoring: ScoreOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Score responses on the criteria of a rubric, each from 0 to 1.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a request and a response in each row.

    crossjudge score "How do I reset it?" "Hold the button." "Thanks for asking!" -c "helps=The answer says what to do."

    crossjudge score answers.csv --rubric rubric.toml --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.results import run
        from crossjudge.cli.scoring import SCORED, read_rubric, score_task
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, SCORED)
        rubric, weights = read_rubric(scoring.rubric, scoring.criterion or (), scoring.weight or ())
        with model.uses(scoring, quiet=output.quiet) as uses:
            scorer = uses.rubric_scorer(rubric, weights=weights)
            exit_code = run(score_task(scorer, fail_on=scoring.fail_on or ()), found, output)
    raise typer.Exit(exit_code)
