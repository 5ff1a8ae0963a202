"""Duplicates on the command line: all rows are read, then clusters are shown and rows written."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from rich.text import Text

from crossjudge.apps.deduplication.results import Cluster, DedupeReport
from crossjudge.cli.failures import BAD_INPUT, GATE_FAILED, say
from crossjudge.cli.inputs import Item, Source
from crossjudge.cli.options import OutputOptions
from crossjudge.cli.results import check_not_an_input, shown_progress
from crossjudge.cli.terminal import facts, new_console, shortened
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyDeduplicator
from crossjudge.errors import InputError
from crossjudge.files import BadRow, WriteRow, json_line, open_writer

_PROBLEMS_SHOWN = 5
_LINES_SHOWN = 8


def _of_words(words: tuple[str, ...]) -> Sequence[str]:
    if len(words) < 2:
        raise InputError(
            f"Reading the arguments: found {len(words)} text(s); expected two or more, or a file (.jsonl, .csv, .tsv, "
            ".parquet), or - for standard input. Add some."
        )
    return words


def _of_fields(text: str) -> str:
    return text


FORM: Form[str] = Form(
    fields=(Field(name="text", also=("sentence", "question", "message")),),
    of_fields=_of_fields,
    of_words=_of_words,
    noun="text",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Where rows go: one of each cluster, and the others; None for nowhere."""

    kept: str | None
    removed: str | None


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was read. `items`: all rows. `places`: those that hold a text, by their places among all."""

    items: list[Item[str]]
    places: list[int]

    @property
    def texts(self) -> list[str]:
        """The texts, in order."""
        return [_content(self.items[place]) for place in self.places]

    def problems(self) -> dict[int, str]:
        """Place of a row without a text -> why."""
        there = set(self.places)
        return {place: _problem(item) for place, item in enumerate(self.items) if place not in there}


def run(
    deduplicator: AnyDeduplicator,
    source: Source[str],
    output: OutputOptions,
    files: Files,
    *,
    similarity: float,
    fails: bool,
) -> int:
    """Find the clusters of all rows, show them, write the rows asked for, and give the exit code."""
    for path in (output.output, files.kept, files.removed):
        if path is not None:
            check_not_an_input(path, source)
    rows = _read(source)
    told = replace(source, num_rows=3 * len(rows.places), noun="step")
    with shown_progress(told, output) as advance:
        report = deduplicator.report(
            rows.texts, similarity_threshold=similarity, progress=lambda done, _: advance(done)
        )
    clusters = [_in_all_rows(cluster, rows) for cluster in report.clusters]
    _write_clusters(clusters, rows, source, output)
    if not (output.as_json or output.output):
        _show(clusters, rows, report)
    _write_rows(files, clusters, rows)
    problems = rows.problems()
    _tell(problems, rows)
    found = any(cluster.texts > 1 for cluster in clusters)
    return BAD_INPUT if problems else GATE_FAILED if fails and found else 0


def _read(source: Source[str]) -> _Rows:
    items = list(source.items)
    return _Rows(items, [place for place, item in enumerate(items) if _content(item).strip()])


def _content(item: Item[str]) -> str:
    """The text of a row; nothing for a row that cannot be read."""
    return "" if isinstance(item.row, BadRow) else item.row.content


def _problem(item: Item[str]) -> str:
    if isinstance(item.row, BadRow):
        return str(item.row.error)
    place = f"text {item.row.line}" if item.file is None else f"{item.file} line {item.row.line}"
    return f"{place}: the text is blank; expected a text that says something. Leave it out, or fill it in."


def _in_all_rows(cluster: Cluster, rows: _Rows) -> Cluster:
    """A cluster of texts as one of rows: rows without a text are counted too."""
    indices = [rows.places[index] for index in cluster.indices]
    return replace(cluster, indices=indices, representative=rows.places[cluster.representative])


def _write_clusters(clusters: Sequence[Cluster], rows: _Rows, source: Source[str], output: OutputOptions) -> None:
    """As JSON lines or into a file, where that is asked for; then the rows that could not be read."""
    if not (output.as_json or output.output):
        return
    columns = {
        "indices": dict, "representative": int, "weakest_link": float, "texts": int, "lines": dict, "files": dict,
        "text": str, "error": dict,
    }  # fmt: skip
    with _writer(output, columns) as write:
        for cluster in clusters:
            write(_record(cluster, rows, several_files=len(source.files) > 1))
        for place, message in rows.problems().items():
            kind = {"type": "FileRowError" if isinstance(rows.items[place].row, BadRow) else "ItemError"}
            write({"lines": [rows.items[place].row.line], "error": {**kind, "message": message}})
    if output.output and not output.quiet:
        say(f"{len(clusters)} clusters written to {output.output}.")


def _writer(output: OutputOptions, columns: Mapping[str, type]) -> AbstractContextManager[WriteRow]:
    if output.output is not None:
        return open_writer(output.output, columns=columns)
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return nullcontext(lambda row: print(json_line(row, ascii_only=ascii_only)))


def _record(cluster: Cluster, rows: _Rows, *, several_files: bool) -> dict[str, Any]:
    items = [rows.items[index] for index in cluster.indices]
    files = {"files": [item.file for item in items]} if several_files else {}
    text = _content(rows.items[cluster.representative])
    return {**cluster.to_dict(), "lines": [item.row.line for item in items], **files, "text": text}


def _show(clusters: Sequence[Cluster], rows: _Rows, report: DedupeReport) -> None:
    """Clusters of two and more texts, then the account of the pairs."""
    console = new_console()
    for cluster in clusters:
        if cluster.texts > 1:
            score = "copies" if cluster.weakest_link is None else f"weakest link {cluster.weakest_link:.2f}"
            console.print(Text(f"{cluster.texts} texts, {score}", style="bold"))
            others = [index for index in cluster.indices if index != cluster.representative]
            for index in [cluster.representative, *others][:_LINES_SHOWN]:
                line = Text(f"{rows.items[index].row.line:>7}  ", style="dim")
                text = shortened(_content(rows.items[index]), most=console.width - 11)
                console.print(
                    line.append_text(Text(text.plain, style="" if index == cluster.representative else "dim"))
                )
            if cluster.texts > _LINES_SHOWN:
                console.print(Text(f"         and {cluster.texts - _LINES_SHOWN} more", style="dim"))
            console.print()
    console.print(facts("Found", _account(report)))


def _account(report: DedupeReport) -> list[tuple[str, str]]:
    tally, several = report.tally, [cluster for cluster in report.clusters if cluster.texts > 1]
    similarity = f"{tally.similar:,} pairs, of which the cross-encoder refuses {tally.similar_refused:,}"
    told_apart = f", by their figures or names {tally.similar_ruled_apart:,}" if tally.similar_ruled_apart else ""
    account = [
        ("texts", f"{report.texts:,}, of which {report.texts - len(report.clusters):,} repeat another"),
        ("clusters", f"{len(several):,} of two or more texts"),
        ("pairs", f"{report.pairs_possible:,} possible, {report.candidates:,} near, {tally.compared:,} compared"),
        (f"similarity {tally.similarity_threshold:g}", f"alone would merge {similarity}{told_apart}"),
        ("", f"and miss {tally.dissimilar_duplicates:,} duplicates"),
    ]
    if report.at_limit:
        account.append(("at the limit", f"{report.at_limit:,} texts have more near ones than were compared"))
    return account


def _write_rows(files: Files, clusters: Sequence[Cluster], rows: _Rows) -> None:
    kept = {cluster.representative for cluster in clusters}
    _write(files.kept, [rows.items[place] for place in rows.places if place in kept])
    _write(files.removed, [rows.items[place] for place in rows.places if place not in kept])


def _write(path: str | None, items: Sequence[Item[str]]) -> None:
    """Rows as they were read; a text of the command line becomes the column `text`."""
    if path is None:
        return
    records = [dict(item.row.fields) or {"text": _content(item)} for item in items]
    with open_writer(path, columns=_columns(records)) as write:
        for record in records:
            write(record)


def _columns(records: Iterable[Mapping[str, Any]]) -> dict[str, type]:
    """The columns of all records, and their types."""
    columns: dict[str, type] = {}
    for record in records:
        for name, value in record.items():
            kind = type(value) if isinstance(value, (str, int, float, bool)) else dict
            if value is not None and columns.setdefault(name, kind) is not kind:
                columns[name] = dict
    return columns


def _tell(problems: Mapping[int, str], rows: _Rows) -> None:
    if problems:
        shown = [f"  {message}" for message in problems.values()][:_PROBLEMS_SHOWN]
        more = [f"  and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
        say("\n".join([f"{len(problems)} of {len(rows.items)} rows hold no text:", *shown, *more]))
