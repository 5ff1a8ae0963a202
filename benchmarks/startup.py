"""Cold start and memory, each in fresh processes: `python benchmarks/startup.py`. Prints figures, asserts nothing."""

from __future__ import annotations

import subprocess
import sys
import time

from machine import describe

COMMANDS = {
    "import crossjudge": [sys.executable, "-c", "import crossjudge"],
    "crossjudge --help": [sys.executable, "-m", "crossjudge", "--help"],
    "first CLI verdict": [sys.executable, "-m", "crossjudge", "judge", "The shop opens at nine.", "The shop opens."],
}
MEMORY = """
import resource, sys
from crossjudge import CrossEncoder
model = CrossEncoder()
model.predict([(f"Sentence number {n} says something. " * (1 + n % 12), f"It says {n}.") for n in range(2000)])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> None:
    """Print the best of five cold starts of each command, and the peak memory of 2,000 pairs."""
    print(describe())
    bare_s = best_of([sys.executable, "-c", "pass"])
    print(f"{'python alone':22} {bare_s:6.2f} s")
    for name, command in COMMANDS.items():
        print(f"{name:22} {best_of(command):6.2f} s")
    peak = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{'peak memory':22} {int(peak):6d} MB (embedded model, 2,000 pairs)")


def best_of(command: list[str], times: int = 5) -> float:
    """Seconds of the quickest of several fresh processes."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    main()
