"""`crossjudge doctor`: what is installed, what runs here, and whether it works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from crossjudge.cli.failures import GATE_FAILED, reported

if TYPE_CHECKING:
    from crossjudge.cli.diagnosis import Check, Diagnosis


def doctor(
    network: Annotated[bool, typer.Option("--network", help="Also ask whether the hub can be reached.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
) -> None:
    """Look into this installation and judge two obvious pairs; exit code 1 if that fails."""
    with reported(debug=debug):
        from crossjudge.cli.diagnosis import diagnose

        diagnosis = diagnose(network=network)
        if as_json:
            print(json.dumps(diagnosis.to_dict()))
        else:
            _show(diagnosis)
    raise typer.Exit(0 if diagnosis.healthy else GATE_FAILED)


def _show(diagnosis: Diagnosis) -> None:

    from crossjudge.cli.terminal import facts, new_console

    console = new_console()
    console.print(f"crossjudge {diagnosis.version}, Python {diagnosis.python}, {diagnosis.system}\n")
    for title, rows in (
        ("Packages", [(name, version or "not installed") for name, version in diagnosis.packages.items()]),
        ("Extras", _extras(diagnosis)),
        ("Processor", _processor(diagnosis)),
        ("Where things are kept", _places(diagnosis)),
    ):
        console.print(facts(title, rows), end="\n\n")
    console.print(facts("Checks", [(check.name, _outcome(check)) for check in diagnosis.checks]))


def _extras(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [
        (extra.name, f"missing {', '.join(extra.missing)}: {extra.install}" if extra.missing else "installed")
        for extra in diagnosis.extras
    ]


def _processor(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    processor = diagnosis.processor
    rows = [("name", processor.name), ("threads chosen", str(processor.cores))]
    if processor.features is None:
        return [*rows, ("features", "this system does not say")]
    has, lacks = ([name for name, there in processor.features.items() if there is wanted] for wanted in (True, False))
    return [*rows, ("has", ", ".join(has) or "none"), ("lacks", ", ".join(lacks) or "none")]


def _places(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    rows = [(cache.holds, f"{cache.path} ({cache.size_bytes / 1e6:,.1f} MB)") for cache in diagnosis.caches]
    return [*rows, ("offline mode", "on (HF_HUB_OFFLINE)" if diagnosis.offline else "off")]


def _outcome(check: Check) -> str:
    from crossjudge.cli.terminal import sign

    symbol, _ = sign("entailment" if check.passed else "contradiction" if check.required else "neutral")
    return f"{symbol} {check.detail}"
