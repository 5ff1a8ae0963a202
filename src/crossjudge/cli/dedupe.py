"""`crossjudge dedupe`: which texts say the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ONLY_HERE, OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_DECIDING, _LOOKING, _ROWS = "Deciding", "Which pairs are compared", "Rows"


class Search(StrEnum):
    """How near texts are found."""

    AUTO = "auto"
    EXACT = "exact"
    APPROXIMATE = "approximate"


class ApartBy(StrEnum):
    """What keeps texts apart by rule."""

    FIGURES = "figures"
    NAMES = "names"
    BOTH = "both"
    NONE = "none"

    @property
    def kinds(self) -> tuple[str, ...]:
        """As the library names them."""
        return {"both": ("figures", "names"), "none": ()}.get(self.value, (self.value,))


@dataclass(frozen=True, kw_only=True, slots=True)
class DedupeOptions(UseOptions):
    """When two texts are duplicates, which pairs are compared, and what becomes of the rows."""

    threshold: Annotated[
        float, option("--threshold", _DECIDING, "Two texts are duplicates from this score on.", min=0.0, max=1.0)
    ] = 0.5
    apart_by: Annotated[
        ApartBy,
        option(
            "--apart-by", _DECIDING,
            "Texts that each state a figure (or a name) which the other lacks stay apart, whatever the model says.",
        ),
        ONLY_HERE,
    ] = ApartBy.FIGURES  # fmt: skip
    similarity: Annotated[
        float,
        option("--similarity", _DECIDING, "Count what similarity alone would have merged from this cosine on.",
               min=0.0, max=1.0),
        ONLY_HERE,
    ] = 0.8  # fmt: skip
    least_cosine: Annotated[
        float, option("--least-cosine", _LOOKING, "Compare pairs from this cosine on.", min=0.0, max=1.0), ONLY_HERE
    ] = 0.6
    neighbours: Annotated[
        int, option("--neighbours", _LOOKING, "Of each text compare at most the so many nearest.", min=1), ONLY_HERE
    ] = 20
    search: Annotated[
        Search,
        option("--search", _LOOKING, "exact: all with all; approximate: by an index; auto: that from 50,000 texts on."),
        ONLY_HERE,
    ] = Search.AUTO
    first_stage_model: Annotated[
        str | None,
        option("--first-stage-model", _LOOKING, "The bi-encoder; the embedded one's if left out.", metavar="NAME"),
        ONLY_HERE,
    ] = None
    kept: Annotated[
        str | None,
        option("--kept", _ROWS, "Write the rows that are left there: one of each cluster.", metavar="PATH"),
    ] = None
    removed: Annotated[str | None, option("--removed", _ROWS, "Write the other rows there.", metavar="PATH")] = None
    fail_on: Annotated[
        list[str] | None,
        option("--fail-on", _ROWS, "'duplicates': exit with 1 if there are any.", metavar="WORD"),
    ] = None

    @property
    def here(self) -> dict[str, Any]:
        """See `UseOptions`."""
        return {
            "least_cosine": self.least_cosine,
            "neighbours": self.neighbours,
            "search": self.search.value,
            "apart_by": self.apart_by.kinds,
            "first_stage_model": self.first_stage_model,
        }


@with_options
def dedupe(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXTS | FILES", help="Texts; or files of them.")] = None,
    *,
    deduping: DedupeOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Find texts that say the same: near ones by their vectors, decided by a cross-encoder in both orders.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds a text in each row, in the column `text`. With
    --json each cluster is a line, a text that nothing repeats too.

    crossjudge dedupe "How do I reset it?" "How can I reset it?" "Who made it?"

    crossjudge dedupe texts.jsonl --kept kept.jsonl --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.deduping import FORM, Files, run
        from crossjudge.cli.gates import read_gate
        from crossjudge.cli.use_inputs import open_form

        gate = read_gate(deduping.fail_on or (), ("duplicates",))
        found = open_form(tuple(texts or ()), source, FORM)
        files = Files(kept=deduping.kept, removed=deduping.removed)
        with model.uses(deduping, quiet=output.quiet) as uses:
            deduplicator = uses.deduplicator(threshold=deduping.threshold)
            exit_code = run(deduplicator, found, output, files, similarity=deduping.similarity, fails=bool(gate))
    raise typer.Exit(exit_code)
