"""One run at a time works on a folder: a lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from crossjudge.errors import JobError
from crossjudge.jobs.folder import Folder

LOCK_FILE = "lock"

RENEWED_EVERY_S = 15.0
LEASE_S = 120.0
"""Where there are no locks (object stores) the holder renews a lease; one not renewed for so long is over."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on a folder. `renewed`: seconds since 1970, of that machine's clock."""

    host: str
    pid: int
    renewed: float

    def to_json(self) -> bytes:
        """As it stands in the lock file."""
        return json.dumps(asdict(self)).encode()


@contextmanager
def locked(folder: Folder, *, output: str) -> Iterator[None]:
    """Hold the lock of a folder that is there; raises `JobError` naming whoever holds it. `output`: for the message."""
    held = None if folder.is_remote else _file_lock(folder, output)
    with _leased(folder, output) if held is None else held:
        yield


def _file_lock(folder: Folder, output: str) -> IO[bytes] | None:
    """The lock file, locked until it is closed or the process ends; None where the file system has no locks.

    The file stays when the lock goes, and says who had it last.
    """
    if os.name != "posix":
        return None
    import fcntl

    path = Path(folder.path, LOCK_FILE)
    path.touch()
    stream = path.open("r+b", buffering=0)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        if error.errno in _NO_LOCKS:
            return None
        raise _taken(_holder(folder), output) from error
    stream.truncate()
    stream.write(_ourselves().to_json())
    return stream


@contextmanager
def _leased(folder: Folder, output: str) -> Iterator[None]:
    if not folder.create(LOCK_FILE, _ourselves().to_json()):
        before = _holder(folder)
        if before is None or not _is_over(before):
            raise _taken(before, output, lease=True)
        folder.remove([LOCK_FILE])
        if not folder.create(LOCK_FILE, _ourselves().to_json()):
            raise _taken(_holder(folder), output, lease=True)

    def renew() -> None:
        if _is_ours(_holder(folder)):  # a machine that slept may wake to find it somebody else's
            folder.write(LOCK_FILE, _ourselves().to_json())

    try:
        with _every(RENEWED_EVERY_S, renew):
            yield
    finally:
        if _is_ours(_holder(folder)):
            folder.remove([LOCK_FILE])


@contextmanager
def _every(seconds: float, work: Callable[[], None]) -> Iterator[None]:
    """Do `work` again and again, in a thread that ends with the block; what fails once is tried again."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(seconds):
            with suppress(Exception):
                work()

    thread = threading.Thread(target=repeat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _ourselves() -> Holder:
    return Holder(socket.gethostname(), os.getpid(), time.time())


def _holder(folder: Folder) -> Holder | None:
    """Who holds it, as far as it was written down yet."""
    try:
        return Holder(**json.loads(folder.read(LOCK_FILE)))
    except (OSError, ValueError, TypeError):
        return None


def _is_ours(holder: Holder | None) -> bool:
    return holder is not None and (holder.host, holder.pid) == (socket.gethostname(), os.getpid())


def _is_over(before: Holder) -> bool:
    """Whether a lease has run out, or its holder is known to have ended."""
    if before.host == socket.gethostname() and not _is_alive(before.pid):
        return True
    return time.time() - before.renewed > LEASE_S


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, signal 0 would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _taken(holder: Holder | None, output: str, *, lease: bool = False) -> JobError:
    who = f"process {holder.pid} on {holder.host}" if holder else "another process"
    hint = f" If it was killed, its claim is over {LEASE_S:.0f} s after it was last renewed." if lease else ""
    return JobError(
        f"Running the job in {output}: {who} is at work on that folder; expected one run at a time. Wait for it or "
        f"stop it, and run again to go on, or name another output.path.{hint}"
    )
