"""A reader who tries what a page shows: its Python as one session, its commands in a folder with what they name."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import traceback
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks import DATA, ROOT, RUN, Block, Page, commands_in

ENVIRONMENT = {"COLUMNS": "120", "TERM": "dumb", "PYTHONWARNINGS": "error"}
"""A terminal of one width without colours, and no warning that a reader would have to wonder about."""

NO_HUB = {"HF_HUB_OFFLINE": "1"}
NO_HUB_BUT_OUR_SERVER = {"HF_ENDPOINT": "http://127.0.0.1:9"}
"""Offline, the hub's own client would not speak to a server on this machine either."""

SHOWN_PORT = 8080
"""Where pages say that the server answers; while they are read it answers at a free port instead."""

SERVER_PATIENCE_S = 120
_SHELL = frozenset("();<>|&$`*?")


class BrokenPageError(Exception):
    """What a page shows does not work, or does something else than it says."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a block printed, line by line."""

    block: Block
    printed: list[str]


def why_not(block: Block) -> str | None:
    """Why a block is not run here; None if it is."""
    missing = [name for name in block.needs if importlib.util.find_spec(name) is None]
    return block.not_run or (f"{', '.join(missing)} is not installed here" if missing else None)


def read(page: Page, folder: Path) -> Iterator[Seen]:
    """Do what a page shows, block by block, in `folder`; raises `BrokenPageError` at what does not work."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    os.environ |= ENVIRONMENT | (NO_HUB_BUT_OUR_SERVER if page.with_server else NO_HUB)
    os.environ.setdefault("CROSSJUDGE_CACHE_DIR", str(folder / ".cache"))
    os.chdir(folder)
    warnings.simplefilter("error")
    with _server() if page.with_server else _no_server() as port:
        session = Session(page, port)
        for block in page.blocks:
            if why_not(block) is None:
                yield session.try_out(block)


class Session:
    """One reading of one page. `port`: where the server answers, if there is one."""

    def __init__(self, page: Page, port: int | None) -> None:
        self.page, self.port = page, port
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def try_out(self, block: Block) -> Seen:
        """Do what one block asks for."""
        code = block.code if self.port is None else block.code.replace(f":{SHOWN_PORT}", f":{self.port}")
        if block.file is not None:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(code, encoding="utf-8")
        elif block.language == "python":
            return Seen(block, self._python(block, code).splitlines())
        elif block.language == "console":
            for command in commands_in(code):
                self._command(block, command)
        elif block.language == "sh":
            self._shell(block, code)
        elif block.language not in DATA:
            raise self._broken(
                block,
                f"a block in {block.language or 'no language'}; expected {', '.join(sorted(RUN | DATA))}. State it "
                "behind the backticks: 'text' for what is no code.",
            )
        self._check_data(block)
        return Seen(block, [])

    def _python(self, block: Block, code: str) -> str:
        # Blank lines before it, so that a traceback names the line of the page.
        compiled = compile("\n" * (block.line - 1) + code, self.page.name, "exec")
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                exec(compiled, self.names)
        except Exception as error:
            raise self._broken(block, traceback.format_exc()) from error
        return printed.getvalue()

    def _command(self, block: Block, command: str) -> None:
        """A plain `crossjudge ...` in this process, which saves most of its time; anything else by the shell."""
        words = shlex.split(command, comments=True)
        if words[0] != "crossjudge" or _SHELL & set(_unquoted(command)):
            self._shell(block, command)
            return
        code, said = _crossjudge(words)
        if code not in ((0, 1) if "--fail-on" in words else (0,)):
            raise self._broken(block, f"$ {command}\n{said}\nexit code {code}")

    def _shell(self, block: Block, script: str) -> None:
        function = f'crossjudge() {{ "{sys.executable}" -m crossjudge "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-c", f"set -eo pipefail\n{function}{script}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            raise self._broken(block, f"{script}\n{done.stdout}{done.stderr}\nexit code {done.returncode}")

    def _check_data(self, block: Block) -> None:
        readers = {"toml": tomllib.loads, "json": json.loads}
        if block.language not in readers:
            return
        try:
            readers[block.language](block.code)
        except ValueError as error:
            raise self._broken(block, f"this is not {block.language}: {error}") from error

    def _broken(self, block: Block, what: str) -> BrokenPageError:
        return BrokenPageError(f"{self.page.name}, line {block.line}:\n{what}")


def _unquoted(command: str) -> str:
    """A command without what stands in quotes."""
    kept, quote = [], ""
    for letter in command:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            kept.append(letter)
    return "".join(kept)


def _crossjudge(words: list[str]) -> tuple[int, str]:
    """Exit code and output of a command line."""
    from crossjudge.cli.main import main

    said, before, nothing = io.StringIO(), sys.argv, sys.stdin
    try:
        with redirect_stdout(said), redirect_stderr(said), Path(os.devnull).open(encoding="utf-8") as sys.stdin:
            sys.argv = words
            main()
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    finally:
        sys.argv, sys.stdin = before, nothing
    return 0, said.getvalue()


@contextmanager
def _no_server() -> Iterator[None]:
    yield None


@contextmanager
def _server() -> Iterator[int]:
    """A server on a free port, ready, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with Path("server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "crossjudge", "serve", "--port", str(port)], stdout=log, stderr=log
        )
    try:
        _wait_until_ready(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(SERVER_PATIENCE_S)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + SERVER_PATIENCE_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise BrokenPageError(f"no server was ready on port {port}:\n{Path('server.log').read_text('utf-8')}")
