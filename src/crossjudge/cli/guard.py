"""`crossjudge guard`: texts beside policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_GUARDING = "Guarding"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardOptions(UseOptions):
    """What texts are held against, and what is made of it."""

    ready: Annotated[
        list[str] | None,
        option(
            "--set -s", _GUARDING, "Ready policies: pii, toxicity, illegal, injection, off-topic; may be repeated.",
            metavar="NAME",
        ),
    ] = None  # fmt: skip
    topic: Annotated[
        str | None, option("--topic", _GUARDING, "What the set off-topic keeps to, as in 'cooking'.", metavar="TEXT")
    ] = None
    policy: Annotated[
        list[str] | None,
        option(
            "--policy -p", _GUARDING, "What a good text is like, as in 'kind=This text contains no insults.'; may be "
            "repeated.",
            metavar="NAME=TEXT",
        ),
    ] = None  # fmt: skip
    threshold: Annotated[
        list[str] | None,
        option(
            "--threshold -t", _GUARDING, "The score from which a policy is passed, 0.5 if left out; may be repeated.",
            metavar="NUMBER | NAME=NUMBER",
        ),
    ] = None  # fmt: skip
    thresholds: Annotated[
        str | None,
        option("--thresholds", _GUARDING, "Thresholds fitted on this very model and saved.", metavar="PATH"),
    ] = None
    abstain_below: Annotated[
        float | None,
        option("--abstain-below", _GUARDING, "Leave less certain verdicts to a person: REVIEW.", min=0.0, max=1.0),
        ONLY_HERE,
    ] = None
    no_recognizers: Annotated[
        bool, option("--no-recognizers", _GUARDING, "Ask the model alone: look for no patterns.")
    ] = False
    phone_region: Annotated[
        list[str] | None,
        option(
            "--phone-region", _GUARDING, "Find the phone numbers of this country too, by its own plan; may be "
            "repeated, or several with commas (GB,IN). Needs the extra 'phones'.",
            metavar="COUNTRY",
        ),
        ONLY_HERE,
    ] = None  # fmt: skip
    redact: Annotated[
        bool, option("--redact", _GUARDING, "Give each text without what the recognisers found against a policy.")
    ] = False
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _GUARDING, "Exit with 1 at this decision (BLOCK, REVIEW or ALLOW); may be repeated.",
            metavar="DECISION",
        ),
    ] = None  # fmt: skip

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        regions = [region for given in self.phone_region or () for region in given.split(",")]
        return {"abstain_below": self.abstain_below, "phone_regions": regions}


@with_options
def guard(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="Texts; or files with a text in each row."),
    ] = None,
    *,
    guarding: GuardOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Allow, block or hand on for review: does a text keep every policy?

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a text in each row.

    crossjudge guard "My card is 4111 1111 1111 1111." --set pii --redact

    crossjudge guard texts.jsonl --policy "kind=This text contains no insults." --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.guarding import GUARDED, guard_task, read_policies, read_thresholds
        from crossjudge.cli.results import run
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, GUARDED)
        policies = read_policies(guarding.ready or (), guarding.topic, guarding.policy or ())
        thresholds = read_thresholds(policies, guarding.threshold or (), guarding.thresholds)
        recognizers = None if guarding.no_recognizers else "default"
        with model.uses(guarding, quiet=output.quiet) as uses:
            guardrail = uses.guardrail(policies, thresholds=thresholds, recognizers=recognizers)
            task = guard_task(guardrail, redacts=guarding.redact, fail_on=guarding.fail_on or ())
            exit_code = run(task, found, output)
    raise typer.Exit(exit_code)
