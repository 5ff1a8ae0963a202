"""`crossjudge rerank`: documents in the order in which they answer a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import OutputOptions, UseInputOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

_RANKING = "Ranking"


@dataclass(frozen=True, kw_only=True, slots=True)
class RerankOptions(UseOptions):
    """What is ranked, and how much of it is shown."""

    query: Annotated[
        str | None,
        option("--query", _RANKING, "Rank the documents of the files, one a row, for this query.", metavar="TEXT"),
    ] = None
    top_k: Annotated[int | None, option("--top-k -k", _RANKING, "The best N documents only.", min=1, metavar="N")] = (
        None
    )


@with_options
def rerank(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="A query and documents; or files of them."),
    ] = None,
    *,
    ranking: RerankOptions,
    model: AskedModelOptions,
    source: UseInputOptions,
    output: OutputOptions,
) -> None:
    """Put documents in the order in which they answer or concern a query, best first.

    A file (jsonl, csv, tsv, parquet; or "-", standard input) holds `query` and `documents` in each row: a list, in csv
    and tsv written as JSON. With --query it holds one document a row, in the column `text`.

    crossjudge rerank "How do I keep bread fresh?" "The bakery opens at seven." "Keep bread in a cloth bag."

    crossjudge rerank texts.jsonl --query "How long did I wait?" --top-k 3 --json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.reranking import FORM, documents_of_one_query, rerank_task
        from crossjudge.cli.results import run
        from crossjudge.cli.use_inputs import open_form

        words = tuple(texts or ())
        if ranking.query is None:
            found = open_form(words, source, FORM)
        else:
            found = documents_of_one_query(ranking.query, words, source)
        with model.uses(ranking, quiet=output.quiet) as uses:
            exit_code = run(rerank_task(uses.reranker(), top_k=ranking.top_k), found, output)
    raise typer.Exit(exit_code)
