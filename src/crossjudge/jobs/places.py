"""Where the input lies: files of this machine and behind URLs, folders and globs of them."""

from __future__ import annotations

import glob
import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.files import ENDINGS

FORMATS = {**ENDINGS, ".arrow": "arrow", ".feather": "arrow"}
"""Ending -> format; `arrow` is what `datasets` saves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file to read. `stamp`: changes whenever the file is written, as far as its file system tells."""

    path: str
    format: str
    size: int
    stamp: str


def is_url(path: str) -> bool:
    """Whether a file system other than this machine's is named."""
    return "://" in path


def without_file_scheme(path: str) -> str:
    """`file:///folder` is a path of this machine, where files can be written in one step."""
    return next((path[len(scheme) :] for scheme in ("file://", "local://") if path.startswith(scheme)), path)


def open_bytes(path: str) -> IO[bytes]:
    """A file as bytes, seekable; `.gz` is unpacked on the way."""
    packed = path.lower().endswith(".gz")
    if is_url(path):
        return cast(IO[bytes], _fsspec().open(path, "rb", compression="gzip" if packed else None).open())
    return cast(IO[bytes], gzip.open(path, "rb") if packed else open(path, "rb"))


def find(paths: Sequence[str], *, file_format: str | None) -> list[Place]:
    """The files that paths, folders, globs and URLs name, in the order of the names, each once.

    Raises `InputError` for a path that names none, and for a file whose ending does not state its kind.
    """
    found: dict[str, Place] = {}
    for path in paths:
        some = sorted(_urls(path) if is_url(path) else _local(path))
        if not some:
            raise InputError(
                f"Reading the input: {path} names no file; expected one of {', '.join(FORMATS)}, or a folder or glob "
                "of them. Check input.path."
            )
        for name, size, stamp in some:
            found.setdefault(name, Place(name, _format_of(name, file_format), size, stamp))
    return list(found.values())


def _format_of(path: str, stated: str | None) -> str:
    found = stated or next((kind for ending, kind in FORMATS.items() if path.lower().endswith(ending)), None)
    if found is None:
        raise InputError(
            f"Reading {path}: unknown kind of file; expected one of {', '.join(FORMATS)}. Rename it, or state "
            "input.format."
        )
    return found


def _is_data(path: str) -> bool:
    """Whether a file in a folder is meant: hidden ones and notes of other tools are not."""
    name = path.rsplit("/", 1)[-1]
    return not name.startswith((".", "_")) and any(name.lower().endswith(ending) for ending in FORMATS)


def _local(path: str) -> Iterator[tuple[str, int, str]]:
    if os.path.isdir(path):
        names = [str(one) for one in Path(path).rglob("*") if one.is_file() and _is_data(one.as_posix())]
    elif os.path.isfile(path):
        names = [path]
    else:
        names = [one for one in glob.glob(path, recursive=True) if os.path.isfile(one)]
    for name in names:
        stat = os.stat(name)
        yield name, stat.st_size, str(stat.st_mtime_ns)


def _urls(path: str) -> Iterator[tuple[str, int, str]]:
    system, inner = file_system(path)
    system.invalidate_cache()
    try:
        if any(sign in inner for sign in "*?["):
            names = list(system.glob(inner))
        else:
            names = [one for one in system.find(inner) if one == inner or _is_data(one)]
    except FileNotFoundError:
        return
    for name in names:
        details = system.info(name)
        if details["type"] == "file":
            # Some servers do not say how large a file is.
            yield system.unstrip_protocol(name), int(details["size"] or 0), str(system.ukey(name))


def file_system(url: str) -> tuple[Any, str]:
    """Who knows the files behind a URL (a file system of fsspec's), and what it calls this one."""
    library = _fsspec()
    try:
        system, inner = library.core.url_to_fs(url)
    except ImportError as error:
        raise InputError(
            f"Opening {url}: its file system is not installed ({error}). Install what is named."
        ) from error
    except ValueError as error:
        raise InputError(
            f"Opening {url}: {error}; expected a path, or a URL that fsspec knows, as s3://bucket/folder. Correct it."
        ) from error
    return system, str(inner)


def _fsspec() -> Any:
    return require("fsspec", to="read and write files behind URLs")
