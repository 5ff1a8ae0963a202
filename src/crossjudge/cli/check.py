"""`crossjudge check`: answers held against their sources, claim by claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_CHECKING = "Checking"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOptions(UseOptions):
    """How claims are judged, and what is made of it."""

    threshold: Annotated[
        float,
        option("--threshold -t", _CHECKING, "The probability from which a passage supports or contradicts a claim.",
               min=0.0, max=1.0),
    ] = 0.5  # fmt: skip
    window_tokens: Annotated[
        int | None,
        option("--window-tokens", _CHECKING, "How much of a source is read together, beside each sentence.", min=1),
    ] = None
    every_sentence: Annotated[
        bool,
        option(
            "--every-sentence", _CHECKING, "Judge each claim by all sentences of the sources, not only by the nearest: "
            "slower, and nothing is passed over."
        ),
        ONLY_HERE,
    ] = False  # fmt: skip
    html: Annotated[
        str | None,
        option("--html", _CHECKING, "Also write a page: sentences in colour, evidence on hover.", metavar="PATH"),
    ] = None
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _CHECKING, "Exit with 1 if a claim's outcome is so: contradicted, unread, not_mentioned or "
            "supported; may be repeated.",
            metavar="OUTCOME",
        ),
    ] = None  # fmt: skip

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        return {"every_sentence": self.every_sentence}


@with_options
def check(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="One or several sources, then the answer; or files."),
    ] = None,
    *,
    checking: CheckOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Check an answer against its sources: is each sentence supported, contradicted, or not mentioned?

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds in each row a source (or a list of them) and an
    answer, which is split into claims; or claim, or a list of claims, instead of the answer.

    crossjudge check "The bridge opened in 1932." "The bridge opened in 1932. It is painted green."

    crossjudge check answers.jsonl --html checked.html
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.apps.checking.checker import WINDOW_TOKENS
        from crossjudge.cli.checking import CHECKED, check_task, page_writer
        from crossjudge.cli.results import run
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, CHECKED)
        with model.uses(checking, quiet=output.quiet) as uses, page_writer(checking.html) as keep:
            checker = uses.claim_checker(
                threshold=checking.threshold, window_tokens=checking.window_tokens or WINDOW_TOKENS
            )
            exit_code = run(check_task(checker, fail_on=checking.fail_on or (), keep=keep), found, output)
    raise typer.Exit(exit_code)
