"""`crossjudge grade`: students' answers beside reference answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_GRADING = "Grading"


@dataclass(frozen=True, kw_only=True, slots=True)
class GradeOptions(UseOptions):
    """What answers are graded by, and what is made of a class's grades."""

    reference: Annotated[
        list[str] | None,
        option(
            "--reference -r", _GRADING, "A right answer for rows without one; may be repeated. Texts are then answers.",
            metavar="TEXT",
        ),
    ] = None  # fmt: skip
    question: Annotated[
        str | None, option("--question", _GRADING, "What was asked, for all rows that do not say.", metavar="TEXT")
    ] = None
    plot: Annotated[
        str | None, option("--plot", _GRADING, "Draw the class's grades into this PNG file.", metavar="PATH")
    ] = None
    fail_on: Annotated[
        list[str] | None,
        option("--fail-on", _GRADING, "Exit with 1 if an answer gets this grade; may be repeated.", metavar="GRADE"),
    ] = None


@with_options
def grade(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="A reference answer and answers; or files of answers."),
    ] = None,
    *,
    grading: GradeOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Grade answers as CORRECT, PARTIAL or INCORRECT beside one or several reference answers.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds in each row an answer, its reference (or several, as
    a list) and, if wanted, the question. Below the table stands a summary of the class.

    crossjudge grade "Ice is frozen water." "Ice is water that froze." "Ice is a metal."

    crossjudge grade class.csv --plot class.png
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.grading import Marking, graded_form
        from crossjudge.cli.results import run
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, graded_form(tuple(grading.reference or ()), grading.question))
        with model.uses(grading, quiet=output.quiet) as uses:
            marking = Marking(uses)
            marking.check_picture(grading.plot)
            exit_code = run(marking.task(fail_on=grading.fail_on or ()), found, output)
        marking.finish(
            plot=grading.plot, show=bool(found.files) and not (output.as_json or output.output or output.quiet)
        )
    raise typer.Exit(exit_code)
