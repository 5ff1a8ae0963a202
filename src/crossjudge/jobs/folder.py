"""A folder of results, on this machine or behind a URL: a file in it is whole, or is not there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from crossjudge.errors import InputError
from crossjudge.jobs.places import file_system, is_url

_WORK_FILE = ".tmp"


class Folder:
    """One folder; it need not be there yet."""

    def __init__(self, path: str) -> None:
        self.path = path.rstrip("/")
        self._system: Any = None
        self._inner = self.path
        if is_url(path):
            self._system, self._inner = file_system(self.path)

    @property
    def is_remote(self) -> bool:
        """Whether it lies behind a URL."""
        return self._system is not None

    def inside(self, name: str) -> Folder:
        """The folder of that name in this one."""
        return Folder(f"{self.path}/{name}")

    def make(self) -> None:
        """Make sure that it is there."""
        if self._system is not None:
            self._system.makedirs(self._inner, exist_ok=True)
            return
        try:
            Path(self.path).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(
                f"Writing results: {error.filename} is a file; expected a folder. Correct output.path."
            ) from error
        except OSError as error:
            raise InputError(
                f"Writing results: {self.path} cannot be made ({error.strerror}). Correct output.path."
            ) from error

    def names(self) -> set[str]:
        """What lies directly in it; nothing where there is no such folder."""
        if self._system is None:
            return set(os.listdir(self.path)) if os.path.isdir(self.path) else set()
        with suppress(FileNotFoundError):
            found = self._system.ls(self._inner, detail=False, refresh=True)
            return {one.rstrip("/").rsplit("/", 1)[-1] for one in found}
        return set()

    def read(self, name: str) -> bytes:
        """The content of one file."""
        if self._system is None:
            return Path(self.path, name).read_bytes()
        return bytes(self._system.cat_file(f"{self._inner}/{name}"))

    def open(self, name: str) -> IO[bytes]:
        """One file behind a URL, to be read here and there."""
        return cast(IO[bytes], self._system.open(f"{self._inner}/{name}", "rb"))

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

    def create(self, name: str, content: bytes) -> bool:
        """Put a file there unless one is; whether it was put. As sure as the file system is of what is there."""
        try:
            if self._system is not None:
                self._system.pipe_file(f"{self._inner}/{name}", content, mode="create")
            else:
                with Path(self.path, name).open("xb") as stream:
                    stream.write(content)
        except FileExistsError:
            return False
        return True

    def remove(self, names: Iterable[str]) -> None:
        """Drop files; those that are not there are no matter."""
        for name in names:
            with suppress(FileNotFoundError):
                if self._system is not None:
                    self._system.rm_file(f"{self._inner}/{name}")
                else:
                    os.remove(Path(self.path, name))

    def clear_work_files(self) -> None:
        """Drop what killed workers had begun to write."""
        if self._system is None:
            self.remove(name for name in self.names() if name.startswith(".") and name.endswith(_WORK_FILE))
