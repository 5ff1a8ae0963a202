"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from crossjudge.errors import InputError


def require_new(out: Path, *, doing: str) -> Path:
    """`out`, absolute; raises `InputError` where it exists and is not an empty folder. `doing`: as in "Exporting"."""
    out = out.expanduser().absolute()
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise InputError(f"{doing} to {out}: it exists and is not an empty folder. Name a new one, or empty this.")
    return out


def put_in_place(out: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a new folder beside `out`, and give it that name once it is whole."""
    out = out.expanduser().absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        write(fresh)
        if out.is_dir():
            out.rmdir()
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
