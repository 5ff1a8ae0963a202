"""`crossjudge adapt`: labelled pairs in, a better model out, or the figures that show that it would not be better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossjudge.cli.failures import GATE_FAILED, reported
from crossjudge.cli.options import Format, option, with_options

_MODEL, _INPUT, _OUTPUT = "Model", "Input", "Output"


@with_options
def adapt(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Labelled pairs: jsonl, csv, tsv, parquet, or -.")],
    *,
    out: Annotated[Path, option("--out -o", _OUTPUT, "The folder of the result, new or empty.", metavar="FOLDER")],
    model: Annotated[
        str | None,
        option("--model -m", _MODEL, "A folder or a hub name; the embedded model if left out.", metavar="NAME"),
    ] = None,
    objective: Annotated[
        str | None, option("--objective", _MODEL, "What the labels are about: nli, duplicate, ...", metavar="NAME")
    ] = None,
    local_files_only: Annotated[bool, option("--local-files-only", _MODEL, "Never ask the hub.")] = False,
    labels: Annotated[
        str | None,
        option(
            "--labels", _INPUT,
            "What the file's labels mean, as in yes=entailment,no=not_entailment or bad=contradiction+neutral.",
            metavar="THEIRS=OURS,...",
        ),
    ] = None,
    label_column: Annotated[str, option("--label-column", _INPUT, "Where the labels are.", metavar="NAME")] = "label",
    columns: Annotated[
        str | None, option("--columns", _INPUT, "The columns of the two texts, where nobody knows them.", metavar="A,B")
    ] = None,
    file_format: Annotated[Format | None, option("--format", _INPUT, "Read the file so, whatever its name.")] = None,
    as_json: Annotated[bool, option("--json", _OUTPUT, "One JSON object, for programs.")] = False,
    quiet: Annotated[bool, option("--quiet -q", _OUTPUT, "Errors only.")] = False,
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False,
) -> None:  # fmt: skip
    """Fit a model's last layer to a few hundred labelled pairs, and save it if held-out pairs show that it is better.

    What is not better is not saved, and the exit code is 1.

    crossjudge adapt own.csv --out ./adapted
    """
    with reported(debug=debug, quiet=quiet):
        from crossjudge.cli.adapting import AdaptRequest, run

        found = run(
            AdaptRequest(
                file=file,
                out=out,
                model=model,
                objective=objective,
                labels=labels,
                label_column=label_column,
                columns=columns,
                file_format=None if file_format is None else file_format.value,
                local_files_only=local_files_only,
            ),
            as_json=as_json,
            quiet=quiet,
        )
        if not found.better:
            raise typer.Exit(GATE_FAILED)
