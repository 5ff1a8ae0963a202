"""Run by the wheel's own interpreter, in a place where only the light core is installed: does it answer?"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

FRAMEWORKS = ("torch", "transformers", "sentence_transformers", "onnx", "onnxscript", "datasets", "pyarrow", "openvino")
"""Packages that the light core must do without."""

PREMISE = "The ferry to the island leaves at nine in the morning and comes back at six in the evening."
SUPPORTED = "The ferry comes back in the evening."
CONTRADICTED = "The ferry never goes to the island."


def main() -> None:
    """Check the installation from the inside, then from the command line."""
    started = time.perf_counter()
    import crossjudge

    print(f"import crossjudge: {(time.perf_counter() - started) * 1000:.0f} ms, version {crossjudge.__version__}")
    assert "site-packages" in str(crossjudge.__file__), f"not the installed package: {crossjudge.__file__}"
    present = [name for name in FRAMEWORKS if importlib.util.find_spec(name)]
    assert not present, f"the light core brought {present}"

    judge = crossjudge.Judge()
    verdict, other = judge.batch([(PREMISE, SUPPORTED), (PREMISE, CONTRADICTED)])
    assert (verdict.label, other.label) == ("entailment", "contradiction"), (verdict, other)
    print(f"Judge: {verdict.label} {verdict.probabilities[verdict.label]:.2f}, {other.label}")

    line = command_line("judge", PREMISE, SUPPORTED, "--json")
    assert json.loads(line)["label"] == "entailment", line
    print(command_line("doctor"))


def command_line(*arguments: str) -> str:
    """What `crossjudge ARGUMENTS` prints; a failure shows that and its own message, and ends this run."""
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("crossjudge")), *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
    print(f"crossjudge {arguments[0]}: {time.perf_counter() - started:.2f} s from a cold start")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
