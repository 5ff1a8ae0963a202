"""`crossjudge predict`: the numbers of a cross-encoder, exactly as `CrossEncoder.predict` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import InputOptions, ModelOptions, OutputOptions, option, with_options

_SCORING = "Scoring"


class Activation(StrEnum):
    """What turns logits into scores."""

    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    IDENTITY = "identity"
    TANH = "tanh"
    RELU = "relu"


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictOptions:
    """How logits become scores."""

    activation: Annotated[
        Activation | None,
        option(
            "--activation", _SCORING, "If left out: the model's own, else sigmoid or, for several labels, identity."
        ),
    ] = None
    apply_softmax: Annotated[bool, option("--apply-softmax", _SCORING, "Scores of several labels then sum to 1.")] = (
        False
    )
    batch_size: Annotated[
        int | None, option("--batch-size", _SCORING, "Most pairs at once; batches are bounded by tokens anyway.", min=1)
    ] = None
    head: Annotated[
        str | None,
        option("--head", _SCORING, "Of a multi-head model: which one, by its name.", metavar="NAME"),
    ] = None


@with_options
def predict(
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="A first text and others; or files of pairs."),
    ] = None,
    *,
    scoring: PredictOptions,
    model: ModelOptions,
    source: InputOptions,
    output: OutputOptions,
) -> None:
    """Score pairs: one number for each label of the model.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a pair in each row.

    crossjudge predict "The bridge is 84 metres long." "The bridge is short." "It crosses a river." --apply-softmax

    crossjudge predict pairs.csv --columns question,answer --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.inputs import open_source
        from crossjudge.cli.results import run
        from crossjudge.cli.scores import score_task

        found = open_source(tuple(pairs or ()), source)
        activation = None if scoring.activation is None else scoring.activation.value
        encoder = model.cross_encoder(head=scoring.head, activation=activation)
        task = score_task(encoder, apply_softmax=scoring.apply_softmax, batch_size=scoring.batch_size)
        exit_code = run(task, found, output)
    raise typer.Exit(exit_code)
