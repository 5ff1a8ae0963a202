"""`crossjudge search`: a folder of documents, filled and asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ModelOptions, OutputOptions, UseInputOptions, option, with_options
from crossjudge.extras import require

_FILLING, _SEARCHING = "Filling", "Searching"


class Stage(StrEnum):
    """What finds candidates."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class OnTaken(StrEnum):
    """What becomes of a document whose id is taken."""

    ERROR = "error"
    REPLACE = "replace"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True, slots=True)
class FillOptions:
    """What changes in the index before it is asked."""

    add: Annotated[
        list[str] | None,
        option("--add", _FILLING, "Add a file's documents: column text, and id if there is one; may be repeated.",
               metavar="PATH"),
    ] = None  # fmt: skip
    on_duplicate: Annotated[
        OnTaken, option("--on-duplicate", _FILLING, "What to do where an id of --add is taken.")
    ] = OnTaken.ERROR
    add_columns: Annotated[
        str | None,
        option("--add-columns", _FILLING, "Their columns of text and id, where they have other names.", metavar="A,B"),
    ] = None
    remove: Annotated[
        list[str] | None, option("--remove", _FILLING, "Remove the document of this id; may be repeated.", metavar="ID")
    ] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FindOptions:
    """How queries are answered."""

    k: Annotated[int, option("--top-k -k", _SEARCHING, "Documents a query.", min=1, metavar="N")] = 10
    first_stage: Annotated[
        Stage, option("--first-stage", _SEARCHING, "What finds candidates: words, meaning, or both.")
    ] = Stage.HYBRID
    candidates: Annotated[
        int, option("--candidates", _SEARCHING, "How many of them the cross-encoder reads.", min=1, metavar="N")
    ] = 100
    no_rerank: Annotated[bool, option("--no-rerank", _SEARCHING, "Leave the cross-encoder out.")] = False
    fuse: Annotated[
        bool | None,
        option(
            "--fuse/--no-fuse", _SEARCHING, "Whether the cross-encoder's order is fused with the first stage's, or "
            "decides alone; left out, that of a model in the box is fused.",
        ),
    ] = None  # fmt: skip
    encoder: Annotated[
        str | None,
        option("--encoder", _SEARCHING, "What embeds texts; the embedded model if left out.", metavar="NAME"),
    ] = None


@with_options
def search(
    index: Annotated[str, typer.Argument(metavar="INDEX", help="The folder of the index.")],
    queries: Annotated[
        list[str] | None, typer.Argument(metavar="[QUERIES | FILES]", help="Queries; or files of them.")
    ] = None,
    *,
    filling: FillOptions,
    finding: FindOptions,
    model: ModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Search a folder of documents: found by words and by meaning, then put in order by a cross-encoder.

    --add makes the folder if it is not there. A file of queries has the column `query`. Without queries, what the
    index holds is shown.

    crossjudge search notes --add texts.jsonl "How long did I wait?" -k 3

    crossjudge search notes --add texts.jsonl --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.results import run
        from crossjudge.cli.searching import FORM, add_files, open_index, search_task, show_info
        from crossjudge.cli.use_inputs import open_form

        asks = bool(queries or source.file)
        if asks and finding.first_stage is not Stage.LEXICAL:  # before anything is written
            require("usearch", to="search by meaning")
        opened = open_index(
            index,
            model=model,
            reranks=asks and not finding.no_rerank,
            encoder=finding.encoder,
            fuse=finding.fuse,
            must_exist=not filling.add,
        )
        if filling.remove:
            opened.remove(filling.remove)
        if filling.add:
            add_files(opened, filling.add, filling.add_columns, output, on_duplicate=filling.on_duplicate.value)
        exit_code = 0
        if asks:
            found = open_form(tuple(queries or ()), source, FORM)
            task = search_task(
                opened,
                k=finding.k,
                first_stage=finding.first_stage.value,
                candidates=finding.candidates,
                rerank=not finding.no_rerank,
            )
            exit_code = run(task, found, output)
        else:
            show_info(opened, output)
    raise typer.Exit(exit_code)
