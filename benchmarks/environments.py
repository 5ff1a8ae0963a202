"""A virtual environment for each peer, made once: what one library pins is no other's business."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from engines import Environment

STAMP = "installed.json"
"""Written last: what was asked for, so that a changed table or a half-made environment is installed anew."""

_VERSIONS = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


def python_of(root: Path, environment: Environment) -> Path:
    """The interpreter of that environment."""
    return root / environment.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(root: Path, environment: Environment, *, torch: str, say: Callable[[str], None]) -> None:
    """Make the environment if it is not there as asked. `torch`: what pip is given to bring PyTorch."""
    folder, python = root / environment.name, python_of(root, environment)
    wanted = {"requirements": list(environment.requirements), "torch": torch if environment.torch else None}
    stamp = folder / STAMP
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
        return
    say(f"installing {', '.join(environment.requirements)} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if environment.torch:
        # First, or the resolver would take the largest build there is.
        _run([*pip, *torch.split()])
    _run([*pip, *environment.requirements])
    stamp.write_text(json.dumps(wanted), encoding="utf-8")


def versions(root: Path, environment: Environment) -> dict[str, str]:
    """The packages that matter there -> their versions."""
    asked = [str(python_of(root, environment)), "-c", _VERSIONS, *environment.shows]
    found: dict[str, str] = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
