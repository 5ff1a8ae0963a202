"""`crossjudge job`: run a plan over files larger than memory, or say beforehand what it would cost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import option, with_options
from crossjudge.extras import require

_WORK, _MACHINES, _OUTPUT = "Work", "Machines", "Output"

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="A toml file: task, input, output.")]

job = typer.Typer(
    no_args_is_help=True,
    help="Judge, tag, check, guard, grade, rerank or deduplicate files larger than memory, here or on a Ray cluster.",
)


class Engine(StrEnum):
    """Who does the work."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkOptions:
    """What is used in place of the same setting of the plan."""

    engine: Annotated[Engine | None, option("--engine", _WORK, "Processes of this machine, or a Ray cluster.")] = None
    workers: Annotated[int | None, option("--workers -w", _WORK, "How many work at once.", min=1)] = None
    max_errors: Annotated[
        int | None, option("--max-errors", _WORK, "Stop when more rows than this have no result.", min=0)
    ] = None

    def given(self) -> dict[str, Any]:
        """The settings that were named, by name."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineOptions:
    """What would do the job."""

    sample: Annotated[int, option("--sample", _MACHINES, "Rows that are tried here.", min=1)] = 256
    machines: Annotated[int, option("--machines", _MACHINES, "How many machines.", min=1)] = 1
    cores: Annotated[int | None, option("--cores", _MACHINES, "Cores of each; as here if left out.", min=1)] = None
    price: Annotated[
        float | None, option("--price", _MACHINES, "What a machine costs an hour, in any money.", metavar="NUMBER")
    ] = None
    tokens_per_s: Annotated[
        float | None,
        option("--tokens-per-s", _MACHINES, "Of one core there; measured here if left out.", metavar="NUMBER"),
    ] = None
    efficiency: Annotated[
        float,
        option("--efficiency", _MACHINES, "Share of that speed which is left when all cores work.", metavar="NUMBER"),
    ] = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SayingOptions:
    """How much is said."""

    as_json: Annotated[bool, option("--json", _OUTPUT, "One JSON object, for programs.")] = False
    quiet: Annotated[bool, option("--quiet -q", _OUTPUT, "Errors only: no progress, warnings or notes.")] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@job.command("run")
@with_options
def run(plan: PlanFile, *, work: WorkOptions, saying: SayingOptions) -> None:
    """Do what a plan says. Stopped and run again, it goes on where it was; finished, it does nothing.

    Rows that cannot be used have the reason in the column `error`, and the job goes on.

    crossjudge job run plan.toml --workers 2 --max-errors 100
    """
    with reported(debug=saying.debug, quiet=saying.quiet):
        from crossjudge.cli.jobs import run_plan

        run_plan(plan, work.given(), as_json=saying.as_json, quiet=saying.quiet)


@job.command("plan")
@with_options
def estimate(plan: PlanFile, *, machines: MachineOptions, saying: SayingOptions) -> None:
    """Say what a plan would cost: rows, tokens, hours, money. A sample of the rows is done here; nothing is written.

    crossjudge job plan plan.toml --machines 10 --cores 32 --price 1.5
    """
    with reported(debug=saying.debug, quiet=saying.quiet):
        require("pyarrow", to="plan a job", extra="jobs")
        from crossjudge.cli.jobs import estimate_plan
        from crossjudge.jobs.estimate import Machines

        there = Machines(
            count=machines.machines,
            cores=machines.cores,
            price=machines.price,
            tokens_per_s=machines.tokens_per_s,
            efficiency=machines.efficiency,
        )
        estimate_plan(plan, there, sample_rows=machines.sample, as_json=saying.as_json)
