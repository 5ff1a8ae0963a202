"""A Chromium without a window, spoken to over its debugging pipe: no package is needed, only the browser itself."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell")
PATIENCE_S = 120
"""How long one answer may take on a busy machine before the browser counts as hung."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the page under test is ours, and root in a container has no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)


def find_browser() -> str | None:
    """The path of a Chromium or Chrome; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page; `log` holds what the page complained of, `requested` every address it asked for."""

    def __init__(self, executable: str, profile: Path) -> None:
        self._number, self._unread = 0, b""
        self.log: list[str] = []
        self.requested: list[str] = []
        self._events: list[str] = []
        child_reads, self._to = (_above_ten(end) for end in os.pipe())
        self._from, child_writes = (_above_ten(end) for end in os.pipe())
        silence = os.open(os.devnull, os.O_RDWR)
        moved = {0: silence, 1: silence, 2: silence, 3: child_reads, 4: child_writes}
        self._pid = os.posix_spawn(
            executable,
            [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ | {"HOME": str(profile)},
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in moved.items()],
            setpgroup=0,
        )
        for end in (child_reads, child_writes, silence):
            os.close(end)
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Send one command of the DevTools protocol and wait for its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._note(answer)

    def open(self, page: Path | str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a file from disk, or an address, in a window of this size and colour scheme, and wait for it."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=page if isinstance(page, str) else page.resolve().as_uri())
        self._await_load()

    def leave(self, script: str) -> None:
        """Run what makes the page load itself or another, and wait for that."""
        self._events.clear()
        self.run(script)
        self._await_load()

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "", *, ctrl: bool = False) -> None:
        """One key, down and up; `code` is its Windows virtual key code, as the protocol wants it."""
        held = {"modifiers": 2} if ctrl else {}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text, **held
            )

    def screenshot(self, path: Path, *, whole_page: bool = True) -> None:
        """What the page looks like, as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole_page)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print_pdf(self) -> bytes:
        """The page as it prints."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def close(self) -> None:
        """End this browser and every process it started."""
        for end in (self._to, self._from):
            os.close(end)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _await_load(self) -> None:
        while "Page.loadEventFired" not in self._events:
            self._note(self._next_message())

    def _next_message(self) -> Any:
        give_up = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0.0, give_up - time.monotonic()))
            piece = os.read(self._from, 1 << 20) if ready else b""
            assert piece, "the browser ended or did not answer"
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def _note(self, event: Any) -> None:
        method, params = event.get("method", ""), event.get("params", {})
        self._events.append(method)
        if method == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.log.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.log.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.log.append(str(params["args"]))


def _above_ten(end: int) -> int:
    """The same end of a pipe under a number that 3 and 4, which the browser listens on, cannot clash with."""
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved


@contextmanager
def browser(executable: str, profile: Path) -> Iterator[Browser]:
    """A browser for the length of a `with` block."""
    found = Browser(executable, profile)
    try:
        yield found
    finally:
        found.close()
