"""What `crossjudge evaluate` does: measure on each suite, show the answer and a table, save the report, try gates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from crossjudge.cli.evaluation_tables import Titled, model_tables, probe_tables
from crossjudge.cli.failures import GATE_FAILED, say
from crossjudge.cli.terminal import new_console
from crossjudge.errors import InputError
from crossjudge.evaluation.entrants import Opening
from crossjudge.evaluation.gates import read_gate
from crossjudge.evaluation.rendering.words import Answer, answer
from crossjudge.evaluation.report import Report, require_drawing
from crossjudge.evaluation.results import GateOutcome
from crossjudge.evaluation.runner import evaluate
from crossjudge.evaluation.source import find_source
from crossjudge.evaluation.suite import find_suite, shipped_suites
from crossjudge.files import format_of, json_line

_INDENT = "  "


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluating:
    """What was asked for."""

    models: tuple[str, ...]
    suites: tuple[str, ...]
    data: str | None
    limit: int | None
    probes: bool
    fail_on: tuple[str, ...]
    out: str | None
    as_json: bool
    quiet: bool


def run(asked: Evaluating, opening: Opening) -> int:
    """Evaluate on each suite in turn, and give the exit code."""
    for expression in asked.fail_on:
        read_gate(expression)
    for suite in asked.suites:
        find_source(suite, folder=asked.data)
    folders = _folders(asked)
    failed: list[GateOutcome] = []
    for suite, folder in zip(asked.suites, folders, strict=True):
        report = _measured(asked, suite, opening)
        _show(report, asked)
        if folder is not None:
            report.save(folder)
            _tell(asked, f"report written to {folder / 'report.html'}, tables and figures beside it.")
        failed += [gate for gate in report.evaluation.gates if gate.failed]
    if asked.out is None and not asked.as_json:
        _tell(asked, "--out FOLDER writes the whole report: a page to open, tables, figures, every pair's score.")
    for gate in failed:
        _tell(
            asked,
            f"{gate.model}: {gate.figure} is {gate.value:.4g}, which is what --fail-on {gate.expression!r} names.",
        )
    return GATE_FAILED if failed else 0


def _measured(asked: Evaluating, suite: str, opening: Opening) -> Report:
    with _progress(quiet=asked.quiet) as progress:
        return evaluate(
            asked.models,
            suite,
            progress=progress,
            data=asked.data,
            limit=asked.limit,
            fail_on=asked.fail_on,
            probes=asked.probes,
            **opening.of_models,
        )


def _folders(asked: Evaluating) -> list[Path | None]:
    """Where the report of each suite goes. Raises before anything is measured if it cannot be written."""
    if asked.out is None:
        return [None] * len(asked.suites)
    out = Path(asked.out)
    if out.exists() and not out.is_dir():
        raise InputError(f"Writing the report: {out} is a file. Name a folder with --out.")
    require_drawing()
    if len(asked.suites) == 1:
        return [out]
    names = [_folder_name(suite) for suite in asked.suites]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"Writing the reports: two suites would be written to {out / twice}. Name each suite once, or run the "
            "command once for each with an --out of its own."
        )
    return [out / name for name in names]


def _folder_name(suite: str) -> str:
    is_file = suite not in shipped_suites() and format_of(suite) == "jsonl"
    return find_suite(suite).name if is_file else suite


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, where a person would see it; it is drawn once it is known how much there is to do."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from crossjudge.cli.progress import row_bar

    with ExitStack() as drawn:
        bars: list[Callable[[int], None]] = []

        def progress(done: int, total: int) -> None:
            if not bars:
                bars.append(drawn.enter_context(row_bar(total)))
            bars[0](done)

        yield progress


def _tell(asked: Evaluating, message: str) -> None:
    if not asked.quiet:
        say(message)


# -------------------------------------------------------------------------------------------------------------- shown


def _show(report: Report, asked: Evaluating) -> None:
    evaluation = report.evaluation
    if asked.as_json:
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        print(json_line(report.to_dict(), ascii_only=ascii_only), flush=True)
        return
    console = new_console()
    if len(asked.suites) > 1:
        console.print(Text(f"Suite {evaluation.suite.name}", style="bold underline"), end="\n\n")
    show_answer(console, answer(evaluation))
    _show_tables(console, model_tables(evaluation, report.timings, width=console.width))
    _show_tables(console, probe_tables(evaluation, width=console.width))
    sys.stdout.flush()


def show_answer(console: Console, found: Answer) -> None:
    """The headline, and for each job what to use, why, and where it fails."""
    console.print(_plain(found.headline, "bold"))
    console.print(_plain(found.standfirst), end="\n\n")
    for advice in found.advice:
        console.print(_plain(advice.job, "bold"))
        for sentence in filter(None, (advice.answer, advice.evidence, advice.limits)):
            for line in _plain(sentence).wrap(console, console.width - len(_INDENT)):
                console.print(Text(_INDENT + line.plain.rstrip()))
        console.print()


def _plain(sentence: str, style: str = "") -> Text:
    """Without the backticks around names."""
    return Text(sentence.replace("`", ""), style=style)


def _show_tables(console: Console, tables: Iterable[Titled]) -> None:
    for title, table in tables:
        console.print(Text(title, style="bold"))
        console.print(table)
        console.print()
