"""`manifest.json` of our own folders: size and sha256 of every file, written at export and checked at load."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from crossjudge.errors import MissingFileError
from crossjudge.models.integrity import check_inside, corrupt, fresh_hash, missing, read_json

MANIFEST = "manifest.json"
SMALL_BYTES = 1_000_000
"""Files up to this size are hashed at every load; larger ones are measured, and hashed by `verify_manifest`."""


def write_manifest(folder: Path, *, without: Collection[str] = ()) -> None:
    """Write `manifest.json`: size and sha256 of every other file under `folder`, but for names in `without`."""
    left_out = {MANIFEST, *without}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in left_out)
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": fresh_hash(path)}
        for path in paths
    }
    (folder / MANIFEST).write_text(json.dumps({"format": 1, "files": files}, indent=1) + "\n", encoding="utf-8")


def verify_manifest(folder: Path) -> None:
    """Hash every file that `folder`'s manifest names; `CorruptFileError` or `MissingFileError` at the first difference.

    Files that the manifest does not name are ignored: nothing is ever loaded from them.
    """
    _compare(folder, read_manifest(folder), up_to_bytes=None)


def check_manifest(folder: Path, needed: Iterable[str]) -> dict[str, str]:
    """The quick form used at every load: all sizes, the hashes of small files. Returns name -> sha256 hex.

    `needed` names files that the manifest must list.
    """
    listed = read_manifest(folder)
    if unlisted := sorted(set(needed) - listed.keys()):
        raise corrupt(folder / MANIFEST, f"it does not list {', '.join(unlisted)}, which the model needs")
    _compare(folder, listed, up_to_bytes=SMALL_BYTES)
    return {name: digest for name, (_, digest) in listed.items()}


def read_manifest(folder: Path) -> dict[str, tuple[int, str]]:
    """What `manifest.json` says: file name -> (size in bytes, sha256 hex)."""
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingFileError(
            f"Loading {folder}: there is no {MANIFEST}, which one-way models are checked against. Export the model "
            "again, or copy its whole folder.",
            path=path,
        )
    try:
        listed = {str(name): (int(one["bytes"]), str(one["sha256"])) for name, one in read_json(path)["files"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise corrupt(path, f"it does not list files with bytes and sha256 ({error!r})") from error
    check_inside(path, listed)
    return listed


def _compare(folder: Path, listed: Mapping[str, tuple[int, str]], *, up_to_bytes: int | None) -> None:
    for name, (size, digest) in listed.items():
        path = folder / name
        if not path.is_file():
            raise missing(path, "its manifest lists it")
        if path.stat().st_size != size:
            raise corrupt(path, f"it has {path.stat().st_size} bytes and the manifest says {size}")
        if (up_to_bytes is None or size <= up_to_bytes) and fresh_hash(path) != digest:
            raise corrupt(path, "its sha256 is not the one in the manifest")
