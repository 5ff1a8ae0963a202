"""`crossjudge calibrate`: probabilities and a threshold from labelled pairs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import InputOptions, ModelOptions, option, with_options

_CALIBRATING, _OUTPUT = "Calibrating", "Output"


class Method(StrEnum):
    """What makes probabilities of logits."""

    AUTO = "auto"
    TEMPERATURE = "temperature"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrateOptions:
    """What is fitted."""

    objective: Annotated[
        str, option("--objective", _CALIBRATING, "nli, similarity, duplicate or relevance.", metavar="NAME")
    ] = "nli"
    label_column: Annotated[
        str, option("--label-column", _CALIBRATING, "The column of the right labels.", metavar="NAME")
    ] = "label"
    method: Annotated[
        Method,
        option("--method", _CALIBRATING, "auto: a temperature, unless curves are clearly better on many examples."),
    ] = Method.AUTO
    target_error: Annotated[
        float | None,
        option(
            "--target-error", _CALIBRATING, "Also find the probability below which to abstain, so that at most this "
            "share of answers is wrong.",
            metavar="SHARE",
        ),
    ] = None  # fmt: skip
    confidence: Annotated[
        float, option("--confidence", _CALIBRATING, "How sure it must be that the error is kept.", metavar="SHARE")
    ] = 0.95
    labels: Annotated[
        str | None,
        option(
            "--labels", _CALIBRATING,
            "The labels in the order of the model's outputs, where it calls them LABEL_0, LABEL_1 and so on.",
            metavar="A,B,C",
        ),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedOptions:
    """Where the calibration goes, and how much is said beside it."""

    out: Annotated[
        str | None, option("--out -o", _OUTPUT, "Write the calibration there, for judge --calibration.", metavar="PATH")
    ] = None
    plot: Annotated[
        str | None,
        option("--plot", _OUTPUT, "Draw risk by coverage, and accuracy by confidence, into this PNG file.",
               metavar="PATH"),
    ] = None  # fmt: skip
    as_json: Annotated[bool, option("--json", _OUTPUT, "Every figure as one JSON object, for programs.")] = False
    quiet: Annotated[
        bool, option("--quiet -q", _OUTPUT, "Results and errors only: no progress, warnings or notes.")
    ] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@with_options
def calibrate(
    pairs: Annotated[list[str], typer.Argument(metavar="FILES", help="Files of pairs with a label in each row.")],
    *,
    calibrating: CalibrateOptions,
    model: ModelOptions,
    source: InputOptions,
    output: FittedOptions,
) -> None:
    """Make a model's probabilities mean what they say, and find below which of them it must abstain.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a pair and its right label in each row. Two thirds
    of the rows are fitted on; what is shown is measured on the others.

    crossjudge calibrate labelled.csv --out calibration.json

    crossjudge calibrate labelled.csv --target-error 0.2 --confidence 0.9 --plot calibration.png --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.calibrating import Calibrating, run
        from crossjudge.cli.inputs import open_source
        from crossjudge.cli.judge import JudgeOptions
        from crossjudge.cli.uses import UsesHere

        found = open_source(tuple(pairs), source)
        asked = Calibrating(
            label_column=calibrating.label_column,
            method=calibrating.method.value,
            target_error=calibrating.target_error,
            confidence=calibrating.confidence,
            out=output.out,
            plot=output.plot,
            as_json=output.as_json,
            quiet=output.quiet,
        )
        asked.check(found)
        judging = JudgeOptions(objective=calibrating.objective, labels=calibrating.labels)
        run(asked, found, UsesHere(model, judging.here).judge(objective=judging.objective, abstain_below=None))
