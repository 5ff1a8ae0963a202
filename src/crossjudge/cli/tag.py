"""`crossjudge tag`: which labels apply to each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

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
    template: Annotated[
        str, option("--template", _TAGGING, "The statement that a label is put into, at {}.", metavar="TEXT")
    ] = "This text is about {}."
    single: Annotated[bool, option("--single", _TAGGING, "At most one label applies: the surest.")] = False
    threshold: Annotated[
        float, option("--threshold", _TAGGING, "A label applies from this probability on.", min=0.0, max=1.0)
    ] = 0.5
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
    fail_on: Annotated[
        list[str] | None,
        option("--fail-on", _TAGGING, "Exit with 1 if this label applies, or 'none'; may be repeated.",
               metavar="LABEL"),
    ] = None  # fmt: skip

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        return {"first_stage": self.first_stage}

    def tagger(self, uses: Uses) -> AnyTagger:
        """The tagger."""
        from crossjudge.apps.thresholds import Thresholds
        from crossjudge.cli.tagging import read_labels

        names, described = read_labels(self.label or (), self.labels)
        return uses.tagger(
            names if described is None else described,
            template=self.template,
            multi_label=not self.single,
            threshold=self.threshold if self.thresholds is None else Thresholds.load(self.thresholds),
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

    crossjudge tag texts.jsonl -l "angry=The writer is angry." -l "calm=The writer is calm." --single --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.results import run
        from crossjudge.cli.tagging import FORM, tag_task
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, FORM)
        with model.uses(tagging, quiet=output.quiet) as uses:
            exit_code = run(tag_task(tagging.tagger(uses), fail_on=tagging.fail_on or ()), found, output)
    raise typer.Exit(exit_code)
