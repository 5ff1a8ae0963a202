"""`crossjudge tag`: which labels apply to each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions
from crossjudge.errors import InputError

if TYPE_CHECKING:
    from crossjudge.cli.uses import AnyTagger, Uses

_TAGGING = "Tagging"


@dataclass(frozen=True, kw_only=True, slots=True)
class TagOptions(UseOptions):
    """Which labels there are, and when one applies."""

    label: Annotated[
        list[str] | None,
        option(
            "--label -l", _TAGGING, "A label, or NAME=HYPOTHESIS with the whole statement; may be repeated.",
            metavar="TEXT",
        ),
    ] = None  # fmt: skip
    labels: Annotated[
        str | None, option("--labels", _TAGGING, "Labels separated by commas, beside those of --label.", metavar="A,B")
    ] = None
    describe: Annotated[
        list[str] | None,
        option(
            "--describe", _TAGGING, "What a name means, as in 'churn=a customer who wants to leave': the template gets "
            "that instead of the name; may be repeated.",
            metavar="NAME=TEXT",
        ),
    ] = None  # fmt: skip
    template: Annotated[
        str, option("--template", _TAGGING, "The statement that a label is put into, at {}.", metavar="TEXT")
    ] = "This text is about {}."
    single: Annotated[bool, option("--single", _TAGGING, "At most one label applies: the surest.")] = False
    threshold: Annotated[
        list[str] | None,
        option(
            "--threshold -t", _TAGGING, "The probability from which a label applies, 0.5 if left out; may be repeated.",
            metavar="NUMBER | NAME=NUMBER",
        ),
    ] = None  # fmt: skip
    thresholds: Annotated[
        str | None,
        option("--thresholds", _TAGGING, "Fitted thresholds, saved for this very model.", metavar="PATH"),
    ] = None
    first_stage: Annotated[
        int | None,
        option(
            "--first-stage", _TAGGING, "Of many labels, ask only the so many that a bi-encoder finds nearest.", min=1
        ),
        ONLY_HERE,
    ] = None
    first_stage_model: Annotated[
        str | None,
        option("--first-stage-model", _TAGGING, "That bi-encoder; the embedded one if left out.", metavar="NAME"),
        ONLY_HERE,
    ] = None
    recall_cost: Annotated[
        bool,
        option(
            "--recall-cost", _TAGGING, "Also ask every label of every text, and say at the end how many of the tags "
            "--first-stage loses.",
        ),
        ONLY_HERE,
    ] = False  # fmt: skip
    fail_on: Annotated[
        list[str] | None,
        option("--fail-on", _TAGGING, "Exit with 1 if this label applies, or 'none'; may be repeated.",
               metavar="LABEL"),
    ] = None  # fmt: skip

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        self._check_first_stage()
        return {"first_stage": self.first_stage, "first_stage_model": self.first_stage_model}

    def tagger(self, uses: Uses) -> AnyTagger:
        """The tagger."""
        from crossjudge.cli.tagging import read_descriptions, read_labels, read_thresholds

        names, hypotheses = read_labels(self.label or (), self.labels)
        if not names and not hypotheses:
            raise InputError(
                "Reading the arguments: no label; expected some in --labels or --label, which are asked of every text "
                "that has no `labels` of its own. Name them."
            )
        return uses.tagger(
            names if hypotheses is None else hypotheses,
            template=self.template,
            multi_label=not self.single,
            threshold=read_thresholds(self.threshold or (), self.thresholds),
            descriptions=read_descriptions(self.describe or ()),
        )

    def _check_first_stage(self) -> None:
        for flag, value in (("--first-stage-model", self.first_stage_model), ("--recall-cost", self.recall_cost)):
            if value and self.first_stage is None:
                raise InputError(
                    f"Reading the arguments: {flag} is about a first stage, and none is asked for. Pass --first-stage."
                )


@with_options
def tag(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXTS | FILES", help="Texts to tag; or files of them.")
    ] = None,
    *,
    tagging: TagOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Say which labels apply to a text. No training: a label is a statement that the text supports or does not.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a text in each row, in the column `text`; a list in
    the column `labels` is that row's own label set.

    crossjudge tag "The parcel came a week late and the lamp was broken." --labels delivery,damage,praise

    crossjudge tag texts.jsonl --labels churn,praise --describe "churn=a customer who wants to leave" -t churn=0.7

    crossjudge tag texts.jsonl --labels rain,snow,wind,sun,fog --first-stage 3 --recall-cost

    crossjudge tag texts.jsonl -l "angry=The writer is angry." -l "calm=The writer is calm." --single --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.results import run
        from crossjudge.cli.tagging import FORM, FirstStageCost, tag_task
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, FORM)
        with model.uses(tagging, quiet=output.quiet) as uses:
            tagger = tagging.tagger(uses)
            cost = FirstStageCost(tagger) if tagging.recall_cost else None
            exit_code = run(tag_task(tagger, fail_on=tagging.fail_on or (), cost=cost), found, output)
        if cost is not None:
            cost.tell()
    raise typer.Exit(exit_code)
