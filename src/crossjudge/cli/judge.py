"""`crossjudge judge`: a verdict on each pair."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, InputOptions, OutputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

if TYPE_CHECKING:
    from crossjudge.cli.uses import AnyJudge, Uses

_JUDGING = "Judging"


class Overflow(StrEnum):
    """What happens to a pair that is longer than the model can read at once."""

    WINDOW = "window"
    TRUNCATE = "truncate"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeOptions(UseOptions):
    """How logits become verdicts."""

    objective: Annotated[
        str, option("--objective", _JUDGING, "nli, similarity, duplicate or relevance.", metavar="NAME")
    ] = "nli"
    force: Annotated[bool, option("--force", _JUDGING, "Use a model for what it was not trained for."), ONLY_HERE] = (
        False
    )
    labels: Annotated[
        str | None,
        option(
            "--labels", _JUDGING,
            "The labels in the order of the model's outputs, where it calls them LABEL_0, LABEL_1 and so on.",
            metavar="A,B,C",
        ),
        ONLY_HERE,
    ] = None  # fmt: skip
    on_overflow: Annotated[
        Overflow,
        option("--on-overflow", _JUDGING, "What to do with a text that is too long for the model."),
        ONLY_HERE,
    ] = Overflow.WINDOW
    abstain_below: Annotated[
        float | None,
        option("--abstain-below", _JUDGING, "Mark a verdict of lower probability as abstained.", min=0.0, max=1.0),
    ] = None
    calibration: Annotated[
        str | None,
        option("--calibration", _JUDGING, "A calibration saved for this very model.", metavar="PATH"),
        ONLY_HERE,
    ] = None
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _JUDGING, "Exit with 1 if a verdict has this label, or 'abstained'; may be repeated.",
            metavar="LABEL",
        ),
    ] = None  # fmt: skip

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        return {
            "calibration": self.calibration,
            "on_overflow": self.on_overflow.value,
            "labels": None if self.labels is None else tuple(label.strip() for label in self.labels.split(",")),
            "force": self.force,
        }

    def judge(self, uses: Uses) -> AnyJudge:
        """The judge that reads the logits."""
        return uses.judge(objective=self.objective, abstain_below=self.abstain_below)


@with_options
def judge(
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="TEXTS | FILES", help="A premise and hypotheses; or files of pairs.")
    ] = None,
    *,
    judging: JudgeOptions,
    model: AskedModelOptions,
    source: InputOptions,
    output: OutputOptions,
) -> None:
    """Say what the first text means for the second: entailment, contradiction or neutral.

    One premise may be asked many hypotheses. A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a pair in
    each row.

    crossjudge judge "The shop closes at six." "The shop closes at nine." "The shop sells bread."

    crossjudge judge pairs.jsonl --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.inputs import open_source
        from crossjudge.cli.judging import judge_task
        from crossjudge.cli.results import run

        found = open_source(tuple(pairs or ()), source)
        with model.uses(judging, quiet=output.quiet) as uses:
            task = judge_task(judging.judge(uses), fail_on=judging.fail_on or ())
            exit_code = run(task, found, output)
    raise typer.Exit(exit_code)
