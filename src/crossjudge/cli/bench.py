"""`crossjudge bench`: how fast a model is on this machine, beside sentence-transformers where that is installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from crossjudge.cli.failures import reported
from crossjudge.cli.options import ModelOptions, option, with_options

if TYPE_CHECKING:
    from crossjudge.benchmark.quick import Measured, QuickReport

_MEASURING, _OUTPUT = "Measuring", "Output"
_BUDGET_S, _QUICK_BUDGET_S = 1.0, 0.2
"""Seconds of one round of one workload on the slower engine: three rounds, three workloads, two engines at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchOptions:
    """How much is measured and shown."""

    quick: Annotated[bool, option("--quick", _MEASURING, "A few seconds, with rougher figures.")] = False
    alone: Annotated[bool, option("--alone", _MEASURING, "Do not measure sentence-transformers beside it.")] = False
    as_json: Annotated[bool, option("--json", _OUTPUT, "One JSON object, for programs.")] = False
    quiet: Annotated[bool, option("--quiet -q", _OUTPUT, "Results and errors only: no progress or warnings.")] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@with_options
def bench(*, measuring: BenchOptions, model: ModelOptions) -> None:
    """Measure a model on this machine: pairs a second, and milliseconds for one pair. Takes under a minute.

    crossjudge bench --quick

    crossjudge bench --model cross-encoder/ms-marco-MiniLM-L6-v2
    """
    with reported(debug=measuring.debug, quiet=measuring.quiet):
        from crossjudge.cli.benching import measure

        encoder = model.cross_encoder()
        report = measure(
            encoder,
            budget_s=_QUICK_BUDGET_S if measuring.quick else _BUDGET_S,
            alone=measuring.alone,
            quiet=measuring.quiet,
        )
        if measuring.as_json:
            print(json.dumps(report.to_dict()))
        else:
            _show(report)


def _show(report: QuickReport) -> None:
    from crossjudge.cli.terminal import facts, new_console

    console = new_console()
    console.print(facts("This machine", list(report.machine.items())))
    for one in report.measured:
        console.print()
        console.print(_table(one, report.reference))
    console.print()
    console.print(f"{report.beside}.")
    if report.parity is not None:
        console.print(
            f"On {report.parity.n_pairs} pairs the two differ by {report.parity.max_drift:.1e} in a logit at most, and "
            f"{report.parity.flips} decision(s) differ."
        )


def _table(measured: Measured, reference: str | None) -> object:
    from rich.table import Table

    timings = measured.timings
    pairs = len(measured.workload.pairs)
    title = f"{measured.workload.title} ({len(measured.workload.calls)} call(s), {pairs:,} pairs)"
    table = Table(box=None, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    table.padding = (0, 1, 0, 0)
    table.add_column("  engine", overflow="fold")
    for heading in ("pairs/s", "k tokens/s", "p50 ms", "p99 ms", "ratio"):
        table.add_column(heading, justify="right")
    base_s = None if reference is None else timings[reference].best_s
    for name, timing in timings.items():
        table.add_row(
            f"  {name}",
            f"{timing.pairs_per_s:,.0f}",
            f"{timing.tokens_per_s / 1e3:,.1f}",
            f"{timing.latency_ms(0.5):,.2f}",
            f"{timing.latency_ms(0.99):,.2f}",
            "" if base_s is None else f"{base_s / timing.best_s:,.1f}",
        )
    return table
