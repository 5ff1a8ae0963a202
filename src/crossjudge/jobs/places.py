"""Where files lie: on this machine or behind a URL; what there is to read, and files written whole or not at all."""

from __future__ import annotations

import glob
import gzip
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.files import ENDINGS

FORMATS = {**ENDINGS, ".arrow": "arrow"}
"""Ending -> format; `arrow` is what `datasets` saves."""

_WORK_FILE = ".tmp"


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
    system, inner = _fsspec().core.url_to_fs(path)
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
            yield system.unstrip_protocol(name), int(details["size"]), str(system.ukey(name))


def _fsspec() -> Any:
    return require("fsspec", to="read and write files behind URLs")


# --- a folder to write to --------------------------------------------------------------------------------------------


class Folder:
    """The folder of a job's results. A file in it is whole, or is not there."""

    def __init__(self, path: str) -> None:
        self.path = path.rstrip("/")
        self._system: Any = None
        self._inner = self.path
        if is_url(path):
            self._system, self._inner = _fsspec().core.url_to_fs(self.path)

    def make(self) -> None:
        """Make sure that it is there."""
        if self._system is not None:
            self._system.makedirs(self._inner, exist_ok=True)
            return
        try:
            Path(self.path).mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise InputError(
                f"Writing results: {self.path} is a file; expected a folder. Correct output.path."
            ) from error

    def names(self) -> set[str]:
        """The files directly in it; none where there is no such folder."""
        if self._system is None:
            return set(os.listdir(self.path)) if os.path.isdir(self.path) else set()
        with suppress(FileNotFoundError):
            return {one.rsplit("/", 1)[-1] for one in self._system.ls(self._inner, detail=False, refresh=True)}
        return set()

    def read(self, name: str) -> bytes:
        """The content of one file."""
        if self._system is None:
            return Path(self.path, name).read_bytes()
        return bytes(self._system.cat_file(f"{self._inner}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, in one step: whoever looks sees nothing, or all of it."""
        if self._system is not None:
            # Object stores show an object when all of it has arrived.
            self._system.pipe_file(f"{self._inner}/{name}", content)
            return
        work = Path(self.path, f".{name}.{uuid.uuid4().hex}{_WORK_FILE}")
        with work.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(work, Path(self.path, name))

    def clear_work_files(self) -> None:
        """Drop what killed workers had begun to write."""
        if self._system is None:
            for name in self.names():
                if name.startswith(".") and name.endswith(_WORK_FILE):
                    with suppress(OSError):
                        os.remove(Path(self.path, name))
