"""Engines in processes of their own, spoken to in JSON-lines; see worker.py for the other end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from checkpoints import folder_of
from engines import Engine, Environment
from environments import python_of

SCRIPT = Path(__file__).with_name("worker.py")


class EngineError(Exception):
    """An engine could not do what it was asked; the message is its own."""


class Process:
    """One engine, open: `ask("load")`, `ask("time", workload=...)`. A context manager; leaving it ends the process."""

    def __init__(
        self,
        engine: Engine,
        environment: Environment | None,
        *,
        venvs: Path,
        models: Path,
        workloads: Path,
        threads: int,
        prefix: list[str],
        log: Path,
    ) -> None:
        python = sys.executable if environment is None else str(python_of(venvs, environment))
        spec = {
            "adapter": engine.adapter,
            "options": engine.options,
            "threads": threads,
            "workloads": str(workloads),
            "folders": {"nli": folder_of(models, engine.nli), "relevance": folder_of(models, engine.relevance)},
        }
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        path = Path(self._folder.name) / "spec.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        self._log = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [*prefix, python, str(SCRIPT), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=_environment_of(engine, threads, Path(self._folder.name)),
        )

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """The answer to one command. Raises `EngineError`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **more}), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise EngineError(f"the process is gone; see {self._log.name}") from None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"the process ended; see {self._log.name}"}
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(json.dumps({"do": "leave"}) + "\n", timeout=30)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()


def _environment_of(engine: Engine, threads: int, folder: Path) -> dict[str, str]:
    """Never the network; as many threads as all others; temporary files in a folder that goes with the process."""
    ours = dict(os.environ) if engine.is_ours else {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    number = str(threads)
    return ours | {
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": number,
        "RAYON_NUM_THREADS": number,
        "TMPDIR": str(folder),
    }
