"""`crossjudge export`: a checkpoint becomes a folder with an inference graph, which needs no torch to run."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossjudge.cli.failures import reported, say

if TYPE_CHECKING:
    from crossjudge.models.certificates import Certificate


class Kind(StrEnum):
    """What the checkpoint is."""

    CROSS_ENCODER = "cross-encoder"
    BI_ENCODER = "bi-encoder"


class ExportPrecision(StrEnum):
    """The numbers that the graph holds."""

    FP32 = "fp32"
    INT8 = "int8"


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A folder, a hub name, or 'embedded'.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is new or empty.")],
    precision: Annotated[
        ExportPrecision | None,
        typer.Option(
            "--precision",
            help="What the graph computes with. Checkpoints: fp32 if left out. One-way models that you trained: int8.",
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="PATH",
            help="Pairs that int8 scales are measured on (jsonl, csv, tsv, parquet); hand-written ones if left out.",
        ),
    ] = None,
    kind: Annotated[Kind, typer.Option("--kind", help="What the checkpoint is.")] = Kind.CROSS_ENCODER,
    max_length: Annotated[
        int | None, typer.Option("--max-length", min=1, help="Most tokens of a pair; the model's own if left out.")
    ] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="Branch, tag or commit of a hub model.")] = None,
    local_files_only: Annotated[bool, typer.Option("--local-files-only", help="Never ask the hub.")] = False,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Let the model run Python code of its own.")
    ] = False,
    token: Annotated[str | None, typer.Option("--token", envvar="HF_TOKEN", help="For private hub models.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
) -> None:
    """Write a checkpoint, or what training left, as a folder with an ONNX graph, which runs without torch.

    crossjudge export cross-encoder/ms-marco-MiniLM-L6-v2 ./reranker

    crossjudge export cross-encoder/ms-marco-MiniLM-L6-v2 ./reranker-int8 --precision int8 --calibration pairs.jsonl

    crossjudge export embedded ./judge
    """
    with reported(debug=debug, quiet=quiet):
        from crossjudge.cli.exporting import ExportRequest, calibration_pairs, certificates_of, write_folder
        from crossjudge.models.checkpoint import Checkpoint, load_checkpoint

        def load(path: str | Path) -> Checkpoint:
            return load_checkpoint(
                path,
                kind="cross_encoder" if kind is Kind.CROSS_ENCODER else "bi_encoder",
                max_length=max_length,
                revision=revision,
                local_files_only=local_files_only,
                trust_remote_code=trust_remote_code,
                token=token,
            )

        wanted = None if precision is None else precision.value
        announce = _say_nothing if quiet else say
        request = ExportRequest(
            model=model,
            out=out,
            precision=wanted,
            max_length=max_length,
            announce=announce,
            calibration=None if calibration is None else calibration_pairs(calibration),
        )
        made = write_folder(request, load)
        use = f"crossjudge predict --model {out} ..." if kind is Kind.CROSS_ENCODER else f'BiEncoder("{out}") in Python'
        _tell(out, made, use, certificates_of(out), as_json=as_json, quiet=quiet)


def _say_nothing(_: str) -> None:
    """What --quiet asks for."""


def _tell(
    folder: Path, precision: str, use: str, certificates: list[Certificate], *, as_json: bool, quiet: bool
) -> None:
    size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if as_json:
        certified = [one.to_dict() for one in certificates]
        print(json.dumps({"folder": str(folder), "precision": precision, "bytes": size_bytes, "parity": certified}))
    elif not quiet:
        for one in certificates:
            print(f"{one.sentence()}.")
        print(f"{folder} ({size_bytes / 1e6:,.1f} MB). Use it with: {use}")
