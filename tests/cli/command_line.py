"""The command line as a user meets it: in this process with the fake backend, or in a new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from crossjudge.cli.main import app

NEEDS_MODEL = ("judge", "predict", "tag", "check", "answer", "score", "guard", "grade", "calibrate", "rerank", "search")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """`--json` output, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def crossjudge(*words: str | Path, stdin: str | bytes = "", width: int | None = None) -> Answer:
    """Run a command here; models are fake, unless a server's is asked."""
    arguments = [str(word) for word in words]
    if arguments and arguments[0] in NEEDS_MODEL and not {"--help", "--server"} & set(arguments):
        arguments[1:1] = ["--backend", "fake"]
    environment = {"COLUMNS": None if width is None else str(width)}
    result = CliRunner().invoke(app, arguments, input=stdin, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def in_new_process(*words: str | Path, stdin: bytes = b"", **environment: str) -> Answer:
    """Run a command as a shell would."""
    command = [sys.executable, "-m", "crossjudge", *map(str, words)]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env={**os.environ, **environment})
    return Answer(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def write(path: Path, *lines: str) -> Path:
    """A text file of these lines."""
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path
