"""`crossjudge bundle` and `crossjudge verify`: a model sealed in one folder, and the proof that it is the same."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crossjudge.cli.failures import GATE_FAILED, reported
from crossjudge.cli.options import option, with_options

_MODEL, _OUTPUT = "Model", "Output"

ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A folder, a hub name, or 'embedded'.")]
OutFolder = Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is new or empty.")]
BundleFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="What `crossjudge bundle` wrote.")]
AsJson = Annotated[bool, option("--json", _OUTPUT, "One JSON object, for programs.")]
Quiet = Annotated[bool, option("--quiet -q", _OUTPUT, "Errors only.")]
Debug = Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")]


class VerifyingBackend(StrEnum):
    """What may compute a bundle's probe."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCH = "torch"


@with_options
def bundle(
    model: ModelName,
    out: OutFolder,
    *,
    calibration: Annotated[
        list[Path] | None,
        option("--calibration", _MODEL, "A calibration of this model to put in; may be repeated.", metavar="PATH"),
    ] = None,
    labels: Annotated[
        str | None,
        option("--labels", _MODEL, "Label names by id, where the model does not name them.", metavar="A,B,C"),
    ] = None,
    objective: Annotated[
        str | None,
        option("--objective", _MODEL, "What the model was trained for, where nothing says it.", metavar="NAME"),
    ] = None,
    revision: Annotated[
        str | None, option("--revision", _MODEL, "Branch, tag or commit of a hub model.", metavar="NAME")
    ] = None,
    local_files_only: Annotated[bool, option("--local-files-only", _MODEL, "Never ask the hub.")] = False,
    token: Annotated[
        str | None, option("--token", _MODEL, "For private hub models.", metavar="TEXT", envvar="HF_TOKEN")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Seal a model in one folder: graphs, tokenizer, labels, calibrations, cards, a probe, and a hash of every file.

    It needs no network, is taken as a model by every command, and gives the model's own numbers and fingerprint.

    crossjudge bundle embedded ./sealed
    """
    with reported(debug=debug, quiet=quiet):
        from crossjudge.cli.bundling import BundleRequest, write

        write(
            BundleRequest(
                model=model,
                out=out,
                calibrations=tuple(calibration or ()),
                labels=labels,
                objective=objective,
                where={"revision": revision, "local_files_only": local_files_only, "token": token},
            ),
            as_json=as_json,
            quiet=quiet,
        )


@with_options
def verify(
    folder: BundleFolder,
    *,
    digest: Annotated[
        str | None,
        option(
            "--digest", _MODEL, "What `crossjudge bundle` printed: proves that it is that very bundle.", metavar="HEX"
        ),
    ] = None,
    backend: Annotated[
        list[VerifyingBackend] | None,
        option(
            "--backend", _MODEL, "Ask the probe on this alone; may be repeated. All that are installed if left out."
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Prove a bundle: every file as it was sealed, none missing or added, and the numbers those that were stored.

    What is wrong is named, and the exit code is 1. With PyTorch installed, the reference computes the numbers too.

    crossjudge verify ./sealed --backend onnx
    """
    with reported(debug=debug, quiet=quiet):
        from crossjudge.cli.bundling import show_verification
        from crossjudge.models.bundle_verification import verify_bundle

        found = verify_bundle(folder, digest=digest, backends=None if not backend else [one.value for one in backend])
        show_verification(found, as_json=as_json, quiet=quiet)
        if not found.passed:
            raise typer.Exit(GATE_FAILED)
