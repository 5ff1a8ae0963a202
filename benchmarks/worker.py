"""One engine in a process of its own: reads commands and writes answers, JSON-lines on standard input and output.

Runs in any of the environments, with nothing of crossjudge's: `python worker.py SPEC.json`. The spec names the
adapter, the checkpoints, the threads and the file of workloads. Commands: `{"do": "load"}`, `{"do": "time", "workload":
NAME}`, `{"do": "check", "workload": NAME}`, `{"do": "leave"}`. Each gets one answer; a fault is one too.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    commands, answers = _channel()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: spec["threads"]])
    worker = Worker(spec)
    for line in commands:
        command = json.loads(line)
        if command["do"] == "leave":
            break
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:  # a library fails in its own way, and the run goes on without it
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=float), file=answers, flush=True)


class Worker:
    """The engine's models (`nli` and `relevance`), opened when first needed, and the workloads."""

    def __init__(self, spec: dict) -> None:
        self.spec = spec
        self.workloads = {one["name"]: one for one in json.loads(Path(spec["workloads"]).read_text(encoding="utf-8"))}
        self.models: dict = {}

    def load(self) -> dict:
        """Open the model and score one pair: how long after the process began."""
        model = self._model("nli")
        model.score([("A man is eating.", "A man is eating food.")])
        described = model.describe() if hasattr(model, "describe") else {}
        return {"cold_start_s": _seconds_alive(), "described": described}

    def time(self, workload: str) -> dict:
        """Warm up, then the seconds of each call."""
        asked = self.workloads[workload]
        model = self._model(_head(asked))
        for call in asked["warm_up"]:
            model.score(call)
        seconds = []
        for call in asked["calls"]:
            began = time.perf_counter()
            model.score(call)
            seconds.append(time.perf_counter() - began)
        return {"seconds": seconds, "peak_bytes": _peak_bytes()}

    def check(self, workload: str) -> dict:
        """The scores of every pair, and how many tokens were computed for them (None: cannot be counted)."""
        asked = self.workloads[workload]
        model = self._model(_head(asked))
        if hasattr(model, "watch") and not hasattr(model, "watched_by"):
            model.watched_by = []
            model.watch(lambda tokens: model.watched_by.append(tokens))
        if hasattr(model, "watched_by"):
            model.watched_by.clear()
        scores = [row for call in asked["calls"] for row in model.score(call)]
        counted = getattr(model, "watched_by", [])
        return {"scores": scores, "scale": model.scale, "tokens_computed": sum(counted) or None}

    def _model(self, head: str):
        folder = self.spec["folders"][head]
        if folder not in self.models:
            module, _, name = self.spec["adapter"].partition(":")
            adapter = getattr(importlib.import_module(f"adapters.{module}"), name or "Adapter")
            self.models[folder] = adapter(folder, threads=self.spec["threads"], **self.spec["options"])
        return self.models[folder]


def _head(workload: dict) -> str:
    return "relevance" if workload["num_labels"] == 1 else "nli"


def _channel():
    """Standard input, and a standard output that no library can write into: what they print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return sys.stdin, answers


def _seconds_alive() -> float:
    """Since this process was started, to a hundredth; where the system does not say, since this file was."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return time.perf_counter() - BEGAN


def _peak_bytes() -> int:
    """The most memory that was ever resident. The kernel's own field: `ru_maxrss` starts at the parent's size."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


BEGAN = time.perf_counter()

if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
    # Some libraries leave threads behind that never end.
    os._exit(0)
