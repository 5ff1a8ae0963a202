"""Rankings on the command line: what a row holds, and their table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from crossjudge.apps.reranking import Ranked
from crossjudge.cli.inputs import Item, Source
from crossjudge.cli.options import InputOptions, ModelOptions
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import OutcomeBlocks
from crossjudge.cli.terminal import shortened
from crossjudge.cli.use_inputs import Field, Form, open_form
from crossjudge.cli.uses import AnyReranker
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError
from crossjudge.files import BadRow, Row
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.objectives.relevance import RELEVANCE

Asked = tuple[str, list[str]]
"""Query, documents."""

DOCUMENT_FIELD = Field(name="text", also=("document", "passage", "content"))

_TEXT_SHOWN = 400


def relevance_model(model: ModelOptions) -> CrossEncoder:
    """Load the model, with its head for relevance where it has several."""
    return model.cross_encoder_for(RELEVANCE.name)


def _of_words(words: tuple[str, ...]) -> Sequence[Asked]:
    if len(words) < 2:
        raise InputError(
            f"Reading the arguments: found {len(words)} text(s); expected a query and at least one document, or files "
            "(.jsonl, .csv, .tsv, .parquet), or - for standard input."
        )
    return [(words[0], list(words[1:]))]


def _of_fields(query: str, documents: list[str]) -> Asked:
    return query, documents


FORM: Form[Asked] = Form(
    fields=(Field(name="query", also=("question",)), Field(name="documents", also=("passages", "texts"), many=True)),
    of_fields=_of_fields,
    of_words=_of_words,
    noun="query",
)


def _text_of_field(text: str) -> str:
    return text


def documents_of_one_query(query: str, words: tuple[str, ...], options: InputOptions) -> Source[Asked]:
    """One question about all documents: texts, or the rows of files; a row that holds none raises its error."""
    form = Form(fields=(DOCUMENT_FIELD,), of_fields=_text_of_field, of_words=lambda texts: texts, noun="document")
    source = open_form(words, options, form)
    documents = []
    for item in source.items:
        if isinstance(item.row, BadRow):
            raise item.row.error
        documents.append(item.row.content)
    return Source(items=[Item(Row(1, (query, documents), {}))], noun=FORM.noun, num_rows=1)


def rerank_task(reranker: AnyReranker, *, top_k: int | None) -> Task[Asked, list[Ranked]]:
    """What `crossjudge rerank` does."""

    def work(asked: list[Asked], progress: Progress) -> list[list[Ranked]]:
        return reranker.batch(asked, top_k, progress=progress)

    return ranking_task(work, query_of=lambda asked: asked[0])


def ranking_task(
    work: Callable[[list[Any], Progress], list[list[Ranked]]], *, query_of: Callable[[Any], str]
) -> Task[Any, list[Ranked]]:
    """A task that ranks documents for each query."""

    def table(_: Source[Any]) -> Show[Any, list[Ranked]]:
        return OutcomeBlocks(query_of, _block).show

    return Task(
        work=work,
        fields=lambda ranked: {"ranking": [one.to_dict() for one in ranked]},
        columns={"ranking": dict},
        table=table,
    )


def _block(ranked: list[Ranked]) -> Table | Text:
    if not ranked:
        return Text("  nothing found", style="dim")
    table = Table(box=None, show_header=False, pad_edge=False)
    for column in ("place", "score", "name"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("text", overflow="fold")
    # Logits go from -10 to 10; cosines and sums of reciprocal ranks lie close together.
    digits = 2 if any(abs(one.score) >= 1 for one in ranked) else 4
    for place, one in enumerate(ranked, start=1):
        text = shortened(one.text, most=_TEXT_SHOWN)
        if one.tokens_dropped:
            text.append(f"  {one.tokens_dropped:,} tokens unread", style="bold red")
        name = str(one.index) if one.id is None else one.id
        table.add_row(f"  {place}", f"{one.score:.{digits}f}", shortened(name, most=24), text)
    return table
