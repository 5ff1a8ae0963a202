"""What `crossjudge export` does with each kind of model: make its graph, or copy the folder that holds one already."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.files import BadRow, read_pairs
from crossjudge.models.boxed import EMBEDDED, EMBEDDED_NAME
from crossjudge.models.certificates import Certificate, load_certificates
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.export import CERTIFICATES
from crossjudge.models.export import export as export_joint
from crossjudge.models.manifest import MANIFEST, read_manifest, verify_manifest
from crossjudge.models.new_folder import put_in_place, require_new
from crossjudge.models.one_way_folder import is_trained
from crossjudge.types import Pair

JOINT_PRECISION, TRAINED_PRECISION = "fp32", "int8"
"""What a graph computes with where nobody says."""

_CARD = "README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRequest:
    """What is exported where. `precision`, `max_length`: None for the model's own; `announce` hears what is made."""

    model: str
    out: Path
    precision: str | None
    max_length: int | None
    announce: Callable[[str], None]
    calibration: tuple[Pair, ...] | None = None


def calibration_pairs(path: Path) -> tuple[Pair, ...]:
    """The pairs in a file; a row that is none is an error here, since nobody would miss it later."""
    pairs = []
    for row in read_pairs(path):
        if isinstance(row, BadRow):
            raise row.error
        pairs.append(row.content)
    return tuple(pairs)


def certificates_of(folder: Path) -> list[Certificate]:
    """What an int8 export found, from the folder it wrote; none for any other."""
    found = sorted(folder.rglob(CERTIFICATES))
    return load_certificates(found[0]) if found else []


def write_folder(request: ExportRequest, load: Callable[[str | Path], Checkpoint]) -> str:
    """Write `request.out` and return its precision. `load` opens a checkpoint, on disk or the hub.

    Raises `InputError` for a folder in use and for a precision that this kind of model cannot be written in.
    """
    require_new(request.out, doing="Exporting")
    if request.model != EMBEDDED_NAME and is_trained(Path(request.model)):
        return _export_trained(Path(request.model), request)
    checkpoint = load(EMBEDDED if request.model == EMBEDDED_NAME else request.model)
    if checkpoint.attention == "one_way":
        return _copy_exported(checkpoint, request)
    precision = request.precision or JOINT_PRECISION
    request.announce(f"exporting {request.model} ({checkpoint.architecture}) in {precision}; this may take a minute.")
    export_joint(checkpoint, request.out, precision=precision, calibration=request.calibration)
    return precision


def _export_trained(trained: Path, request: ExportRequest) -> str:
    """The graphs of a one-way model of one's own."""
    require("onnx", to=f"export '{trained}'")
    from crossjudge.models.one_way_export import export_one_way

    precision = request.precision or TRAINED_PRECISION
    request.announce(f"exporting {trained} (one_way) in {precision}; this may take a minute.")
    put_in_place(
        request.out,
        lambda fresh: export_one_way(
            trained, fresh, precision=precision, max_length=request.max_length, calibration=request.calibration
        ),
    )
    return precision


def _copy_exported(checkpoint: Checkpoint, request: ExportRequest) -> str:
    """A one-way folder holds its graphs already: its files, and nothing that happens to lie beside them."""
    saved = checkpoint.raw["crossjudge"]
    held = str(saved["precision"])
    for option, asked, has in (
        ("--precision", request.precision, held),
        ("--max-length", request.max_length, saved["max_length"]),
    ):
        if asked not in (None, has):
            raise InputError(
                f"Exporting {request.model}: it is an inference graph already, with {option} {has}, and copied as it "
                f"is; {option} {asked} needs the folder that training left. Leave {option} out, or name that folder."
            )
    put_in_place(request.out, lambda fresh: _copy(checkpoint.folder, fresh))
    return held


def _copy(folder: Path, fresh: Path) -> None:
    names = [*read_manifest(folder), MANIFEST, *([_CARD] if (folder / _CARD).is_file() else [])]
    for name in names:
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, fresh / name)
    verify_manifest(fresh)
