"""The entry point: every command under one name."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

import crossjudge
from crossjudge.cli import (
    adapt,
    answer,
    bench,
    bundle,
    calibrate,
    check,
    compare,
    dedupe,
    doctor,
    evaluate,
    export,
    grade,
    guard,
    job,
    judge,
    mcp,
    models,
    predict,
    rerank,
    score,
    search,
    serve,
    tag,
    train,
)  # fmt: skip
from crossjudge.cli.failures import output_flushed

INTERNAL_ERROR = 70
"""Exit code of a fault in crossjudge itself, kept apart from 1 (a gate failed) and 2 (bad usage or input)."""

app = typer.Typer(
    name="crossjudge",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(judge.judge)
app.command()(predict.predict)
app.command()(tag.tag)
app.command()(check.check)
app.command()(answer.answer)
app.command()(score.score)
app.command()(guard.guard)
app.command()(grade.grade)
app.command()(rerank.rerank)
app.command()(search.search)
app.command()(dedupe.dedupe)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(models.models)
app.command()(calibrate.calibrate)
app.command()(bench.bench)
app.command()(doctor.doctor)
app.command()(serve.serve)
app.command()(mcp.mcp)
app.command()(export.export)
app.command()(train.train)
app.command()(train.distill)
app.command()(adapt.adapt)
app.command()(bundle.bundle)
app.command()(bundle.verify)
app.add_typer(job.job, name="job")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"crossjudge {crossjudge.__version__}")
        raise typer.Exit


@app.callback()
def front_desk(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and leave.")
    ] = False,
) -> None:
    """Judge pairs of texts: does A support B, contradict it, say the same, or answer it?

    Exit codes: 0 done, 1 a gate failed (--fail-on, or doctor's self-test), 2 bad usage or bad input.
    """


def _stand_in_for_closed_streams() -> None:
    """Python has no stream where the shell closed one (`>&-`), and what is printed would be lost in silence.

    Standard output then refuses to be written to; what is said on standard error is not missed.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def main() -> None:
    """Run the command line; faults of crossjudge itself keep their traceback and end in exit code 70."""
    _stand_in_for_closed_streams()
    try:
        with output_flushed():
            app()
    except Exception:
        traceback.print_exc()
        print("crossjudge: this is a fault in crossjudge; please report it with the lines above.", file=sys.stderr)
        sys.exit(INTERNAL_ERROR)
