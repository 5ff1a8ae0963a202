"""Settings in toml: read, and checked for names that are unknown or missing."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from crossjudge.errors import InputError


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The content of `path`; `what` it is stands in the `InputError` for a file that is missing or no toml."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Reading {what}: {path} cannot be read ({error.strerror}). Check the name.") from error
    except ValueError as error:
        raise InputError(f"Reading {what}: {path} is not valid toml ({error}). Correct the file.") from error


def check_keys(content: Mapping[str, Any], *, known: Set[str], needed: Set[str], where: str) -> None:
    """Raise `InputError` for a name in `content` that is not `known`, or one that is `needed` and not there."""
    for name in content:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(known))}."
            raise InputError(f"Reading {where}: there is no setting {name!r}; {hint}")
    missing = sorted(needed - content.keys())
    if missing:
        raise InputError(f"Reading {where}: {', '.join(map(repr, missing))} must be set, and is not.")
