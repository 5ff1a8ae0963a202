"""Servers to be measured, as processes of their own: started, waited for, weighed and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

START_S = 300.0
STOP_S = 60.0


class Server:
    """One server process on a free port. A context manager; leaving it ends the process.

    `command`: with `{port}` where the port goes. `ready`: a path that answers 200 once it serves.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, ready: str, log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.name, self.port = name, _free_port()
        self._log = log.open("w", encoding="utf-8")
        self._url = f"http://127.0.0.1:{self.port}{ready}"
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [one.replace("{port}", str(self.port)) for one in command],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | (environment or {}),
        )
        self.started_s = self._until_ready(started)

    @property
    def resident_bytes(self) -> int:
        """Memory of the process and of those it started."""
        return sum(_resident_bytes(pid) for pid in _family(self._process.pid))

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int | None:
        """Its exit code once it has ended; None where it does not end in time."""
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return None

    def is_ready(self) -> bool:
        """Whether it says so now."""
        try:
            with urllib.request.urlopen(self._url, timeout=10) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.terminate()
            if self.exit_code() is None:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def _until_ready(self, started: float) -> float:
        while not self.is_ready():
            if self._process.poll() is not None or time.perf_counter() - started > START_S:
                self._process.kill()
                raise SystemExit(f"{self.name} does not serve; see {self._log.name}")
            time.sleep(0.02)
        return time.perf_counter() - started


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _family(pid: int) -> list[int]:
    """A process and all that descend from it (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = children.read_text("utf-8").split() if children.exists() else []
    return [pid, *(one for child in found for one in _family(int(child)))]


def _resident_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)
