"""An index on the command line: opened, filled, asked, and what it holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from crossjudge.apps.reranking import Ranked
from crossjudge.cli.failures import say
from crossjudge.cli.options import InputOptions, ModelOptions, OutputOptions
from crossjudge.cli.reranking import DOCUMENT_FIELD, ranking_task, relevance_model
from crossjudge.cli.results import Task
from crossjudge.cli.terminal import facts, new_console
from crossjudge.cli.use_inputs import Field, Form, open_form
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError
from crossjudge.files import BadRow, json_line
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.search.documents import OnDuplicate
from crossjudge.search.folder import IndexFolder
from crossjudge.search.index import FirstStage, SearchIndex


def _query_of_field(query: str) -> str:
    return query


FORM: Form[str] = Form(
    fields=(Field(name="query", also=("question", "text")),),
    of_fields=_query_of_field,
    of_words=lambda words: words,
    noun="query",
)


def _no_words(words: tuple[str, ...]) -> Sequence[str]:
    raise InputError(f"Adding documents: {words[0][:60]!r} is no file. Name files of documents.")


_DOCUMENTS: Form[str] = Form(fields=(DOCUMENT_FIELD,), of_fields=lambda text: text, of_words=_no_words, noun="document")


def open_index(
    path: str, *, model: ModelOptions, reranks: bool, encoder: str | None, fuse: bool | None, must_exist: bool
) -> SearchIndex:
    """The index in that folder; raises `InputError` where there is none and none is to be made."""
    if must_exist and not IndexFolder(path).is_index:
        raise InputError(f"Searching {path}: there is no index. Name the folder of one, or fill it with --add FILE.")
    if fuse is not None and not reranks:
        raise InputError(
            f"Reading the arguments: {'--fuse' if fuse else '--no-fuse'} says how a cross-encoder's order counts, and "
            "none is asked. Leave it or --no-rerank out."
        )
    ranker = relevance_model(model) if reranks else None
    retriever = BiEncoder(
        encoder,
        backend=model.backend.value,
        device=model.device,
        local_files_only=model.local_files_only,
        token=model.token,
    )
    return SearchIndex(path, model=ranker, encoder=retriever, fuse=fuse)


def add_files(
    index: SearchIndex, files: Sequence[str], columns: str | None, output: OutputOptions, *, on_duplicate: OnDuplicate
) -> None:
    """Add the documents of files, all or none; a row that holds none raises its error.

    `columns`: the columns of text and id, where they have other names.
    """
    text_column, _, id_column = (columns or "").partition(",")
    source = open_form((), InputOptions(file=list(files), columns=text_column or None), _DOCUMENTS)
    documents: list[dict[str, Any]] = []
    for item in source.items:
        if isinstance(item.row, BadRow):
            raise item.row.error
        documents.append({"text": item.row.content, "id": item.row.fields.get(id_column.strip() or "id")})
    with _bar(output) as progress:
        ids = index.add(documents, on_duplicate=on_duplicate, progress=progress)
    if not output.quiet:
        say(f"{len(ids)} documents added to {index.info.path}.")


def search_task(
    index: SearchIndex, *, k: int, first_stage: FirstStage, candidates: int, rerank: bool
) -> Task[str, list[Ranked]]:
    """What `crossjudge search` does with its queries."""

    def work(queries: list[str], progress: Progress) -> list[list[Ranked]]:
        return index.batch(queries, k, first_stage, candidates, rerank=rerank, progress=progress)

    return ranking_task(work, query_of=str)


def show_info(index: SearchIndex, output: OutputOptions) -> None:
    """What the index holds."""
    info = index.info
    if output.as_json:
        print(json_line(info.to_dict()))
        return
    rows = [
        ("documents", f"{info.documents:,}"),
        ("passages", f"{info.passages:,}"),
        ("bytes on disk", f"{info.bytes:,}"),
        ("encoder", info.encoder or "none yet"),
    ]
    new_console().print(facts(str(info.path), rows))


@contextmanager
def _bar(output: OutputOptions) -> Iterator[Callable[[int, int], None] | None]:
    """A bar where a person would see it."""
    if output.quiet or not sys.stderr.isatty():
        yield None
        return
    from crossjudge.cli.progress import row_bar

    with row_bar(None, noun="passage") as advance:
        yield lambda done, _: advance(done)
