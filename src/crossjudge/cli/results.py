"""Outcomes to where they belong: JSON lines, a file, or a table; and what to tell the user at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias

from crossjudge.cli.failures import BAD_INPUT, GATE_FAILED, say
from crossjudge.cli.inputs import Q, Source
from crossjudge.cli.options import OutputOptions
from crossjudge.cli.work import Outcome, Problem, T, Work, outcomes
from crossjudge.errors import InputError
from crossjudge.files import STANDARD_INPUT, json_line, open_writer

Show: TypeAlias = Callable[[Sequence[Outcome[Q, T]]], None]

_PROBLEMS_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Task(Generic[Q, T]):
    """What a command does with its rows.

    `fields` makes plain JSON values of a result, `columns` states their names and types. `table` is asked for only
    when a table is shown: it makes the function that shows outcomes. `fails`: whether a result fails the user's gate.
    """

    work: Work[Q, T]
    fields: Callable[[T], dict[str, Any]]
    columns: Mapping[str, type]
    table: Callable[[Source[Q]], Show[Q, T]]
    fails: Callable[[T], bool] = lambda _: False


@dataclass(slots=True)
class Tally:
    """What happened so far; only the first problems are kept."""

    done: int = 0
    bad: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)

    def count(self, outcome: Outcome[Any, Any], *, failed: bool) -> None:
        """Take note of one outcome."""
        self.done += 1
        self.failed += failed
        if outcome.problem is not None:
            self.bad += 1
            if len(self.problems) < _PROBLEMS_SHOWN:
                self.problems.append(outcome.problem)

    @property
    def exit_code(self) -> int:
        """Bad input outranks a failed gate: where rows are missing, the gate has not been tried on all."""
        return BAD_INPUT if self.bad else GATE_FAILED if self.failed else 0


def run(task: Task[Q, T], source: Source[Q], output: OutputOptions) -> int:
    """Do the task on every row, show each outcome in its place, and give the exit code."""
    tally = Tally()
    with _shown(task, source, output) as show, shown_progress(source, output) as progress:
        for chunk in outcomes(source.items, task.work, progress=progress, live=source.is_live, noun=source.noun):
            for outcome in chunk:
                tally.count(outcome, failed=outcome.result is not None and task.fails(outcome.result))
            show(chunk)
    _tell(tally, source, output)
    return tally.exit_code


@contextmanager
def _shown(task: Task[Q, T], source: Source[Q], output: OutputOptions) -> Iterator[Show[Q, T]]:
    if output.output is not None:
        check_not_an_input(output.output, source)
        names = ("file", "id", "line") if len(source.files) > 1 else ("id", "line")
        kinds = {name: int if name == "line" else str for name in names}
        with open_writer(output.output, columns={**kinds, **task.columns, "error": dict}) as write:
            yield lambda chunk: _each(write, chunk, task, source)
    elif output.as_json:
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        yield _at_once(
            lambda chunk: _each(lambda row: print(json_line(row, ascii_only=ascii_only)), chunk, task, source)
        )
    else:
        yield _at_once(task.table(source))


def _at_once(show: Show[Q, T]) -> Show[Q, T]:
    """Standard output is handed on after each chunk: somebody may wait for it before sending more."""

    def shown(chunk: Sequence[Outcome[Q, T]]) -> None:
        show(chunk)
        sys.stdout.flush()

    return shown


def _each(
    write: Callable[[Mapping[str, Any]], None], chunk: Sequence[Outcome[Q, T]], task: Task[Q, T], source: Source[Q]
) -> None:
    for outcome in chunk:
        write(_record(outcome, task, source))


def _record(outcome: Outcome[Q, T], task: Task[Q, T], source: Source[Q]) -> dict[str, Any]:
    """Where the row stood, then the result's fields, or `error`."""
    row = outcome.item.row
    head = {"id": source.id_of(row), "line": row.line}
    if len(source.files) > 1:
        head = {"file": outcome.item.file, **head}
    if outcome.problem is None:
        assert outcome.result is not None
        return {**head, **task.fields(outcome.result)}
    problem = outcome.problem
    return {**head, "error": {"type": problem.kind, "message": problem.message, "column": problem.column}}


def check_not_an_input(path: str, source: Source[Q]) -> None:
    """Raise `InputError` rather than write over what is being read."""
    if os.path.exists(path) and any(_is_file(name, os.stat(path)) for name in source.files):
        raise InputError(f"Writing {path}: it is also what is read, and would be lost. Name another --output.")


def _is_file(name: str, other: os.stat_result) -> bool:
    try:
        stat = os.fstat(sys.stdin.fileno()) if name == STANDARD_INPUT else os.stat(name)
    except OSError:  # standard input that is no file, or a file that is gone since: its reader will say so
        return False
    return os.path.samestat(stat, other)


@contextmanager
def shown_progress(source: Source[Q], output: OutputOptions) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where a person would see it and nothing else is written there meanwhile."""
    if output.quiet or not sys.stderr.isatty() or (output.output is None and sys.stdout.isatty()):
        yield lambda _: None
        return
    from crossjudge.cli.progress import row_bar

    with row_bar(source.estimate(), noun=source.noun) as advance:
        yield advance


def _tell(tally: Tally, source: Source[Q], output: OutputOptions) -> None:
    if tally.bad:
        lines = [f"  {problem.message}" for problem in tally.problems]
        if tally.bad > len(lines):
            lines.append(f"  and {tally.bad - len(lines)} more")
        say("\n".join([f"{tally.bad} of {tally.done} rows have no result:", *lines]))
    if output.quiet:
        return
    if not tally.done and source.files:
        say(f"no rows in {', '.join(source.files)}.")
    if output.output is not None:
        say(f"{tally.done} rows written to {output.output}.")
    if tally.failed:
        say(f"{tally.failed} of {tally.done} {source.noun}s are what --fail-on names.")
