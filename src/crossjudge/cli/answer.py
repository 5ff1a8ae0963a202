"""`crossjudge answer`: which candidate answers each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

if TYPE_CHECKING:
    from crossjudge.cli.uses import AnyPicker, Uses

_PICKING = "Picking"


@dataclass(frozen=True, kw_only=True, slots=True)
class PickOptions(UseOptions):
    """How a candidate becomes a statement, and what is a failure."""

    template: Annotated[
        str, option("--template", _PICKING, "The statement that a candidate is put into, at {}.", metavar="TEXT")
    ] = "The answer is {}."
    template_only: Annotated[
        bool,
        option("--template-only", _PICKING, "Never turn question and candidate into a statement by rule."),
        ONLY_HERE,
    ] = False
    fail_on: Annotated[
        list[str] | None,
        option("--fail-on", _PICKING, "'abstained': exit with 1 if no candidate is entailed.", metavar="WORD"),
    ] = None

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        return {"statements": not self.template_only}

    def picker(self, uses: Uses) -> AnyPicker:
        """The picker."""
        return uses.answer_picker(template=self.template)


@with_options
def answer(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="A context, a question and candidates; or files of them."),
    ] = None,
    *,
    picking: PickOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Pick the candidate that a context supports as the answer to a question; abstain if it supports none.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds `context`, `question` and `candidates` in each row:
    a list, in csv and tsv written as JSON.

    crossjudge answer "The library opens at nine on weekdays." "When does the library open?" "at nine" "at noon"

    crossjudge answer questions.jsonl --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.picking import FORM, pick_task
        from crossjudge.cli.results import run
        from crossjudge.cli.use_inputs import open_form

        found = open_form(tuple(texts or ()), source, FORM)
        with model.uses(picking, quiet=output.quiet) as uses:
            exit_code = run(pick_task(picking.picker(uses), fail_on=picking.fail_on or ()), found, output)
    raise typer.Exit(exit_code)
