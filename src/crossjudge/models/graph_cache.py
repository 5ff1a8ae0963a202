"""Where graphs that were exported on this machine are kept, so that each is made once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crossjudge.errors import BackendError
from crossjudge.models.checkpoint import Checkpoint, Kind

EXPORTER_VERSION = 1
"""Raise it when the exporter changes what it writes: graphs of another version are not looked at again."""

GRAPH = "model.onnx"
RECORD = "made_by.json"


def cache_folder() -> Path:
    """`CROSSJUDGE_CACHE_DIR`, else `crossjudge` under `XDG_CACHE_HOME` or `~/.cache`; it need not exist."""
    chosen = os.environ.get("CROSSJUDGE_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crossjudge"


def graph_key(checkpoint: Checkpoint, kind: Kind) -> str:
    """A folder name that differs whenever the graph would: by weights, config, kind, labels and exporter."""
    settings = {
        "exporter": EXPORTER_VERSION,
        "kind": kind,
        "num_labels": checkpoint.num_labels,
        "weights": checkpoint.weights_hash(),
        "config": checkpoint.raw,
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=dict).encode()).hexdigest()
    return f"{checkpoint.architecture}-{digest[:32]}"


def folder_key(checkpoint: Checkpoint, dialect: str) -> str:
    """As `graph_key`, for all graphs of a one-way model as one engine wants them."""
    settings = {"exporter": EXPORTER_VERSION, "dialect": dialect, "weights": checkpoint.weights_hash()}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return f"{checkpoint.architecture}-{dialect}-{digest[:32]}"


def cached_folder(key: str) -> Path | None:
    """The folder of graphs kept under `key`, if there is one."""
    folder = cache_folder() / "graphs" / key
    return folder if folder.is_dir() else None


def cached_graph(key: str) -> Path | None:
    """The graph kept under `key`, if there is one."""
    folder = cached_folder(key)
    return folder / GRAPH if folder is not None and (folder / GRAPH).is_file() else None


def keep_graph(key: str, record: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """Have `make` write a graph to the path it is given, and keep it under `key` with `record` beside it."""

    def fill(folder: Path) -> None:
        make(folder / GRAPH)
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    return keep_folder(key, fill) / GRAPH


def keep_folder(key: str, fill: Callable[[Path], None]) -> Path:
    """Have `fill` write into the folder it is given, and keep that folder under `key`.

    The folder appears whole or not at all; of two processes that make the same, the first to finish keeps its own.
    Raises `BackendError` where nothing can be written.
    """
    shelf = cache_folder() / "graphs"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=shelf))
    except OSError as error:
        raise BackendError(
            f"Keeping an exported graph: cannot write to {shelf} ({error}). Set CROSSJUDGE_CACHE_DIR to a folder that "
            "can be written, or run `crossjudge export` and load its folder."
        ) from error
    try:
        fill(fresh)
        _move(fresh, shelf / key)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return shelf / key


def _move(fresh: Path, kept: Path) -> None:
    try:
        fresh.rename(kept)
    except OSError:
        # Somebody else was faster, and their graphs of the same key are as good as ours.
        if not kept.is_dir():
            raise
