"""What jobs cost beside the model: `python benchmarks/jobs.py overhead local ray memory`. Prints figures only.

overhead: processor time a row of a worker, less what it spends in `Judge.batch` (fake backend, one thread).
local: pairs a second of the local engine, one process a core, beside `Judge.batch` in one process on all cores.
ray: pairs a second of two one-core Ray workers beside one.
memory: highest memory of driver and workers over `--rows` generated rows and over a tenth of them (fake backend).

Times of whole runs include starting processes and loading the model; `working` leaves out what passed before the first
rows were told of. Use enough `--pairs` that the two are close. Needs a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossjudge import Judge
from crossjudge.jobs import run_job
from machine import describe

WORDS = (
    "ferry", "bridge", "museum", "ticket", "opens", "nine", "children", "free", "rain", "late", "cold", "cabin",
    "driver", "station", "river", "market", "tower", "garden", "guide", "ship", "train", "platform", "evening",
)  # fmt: skip
ROWS_OF_A_FILE = 250_000


def main() -> None:
    """Run the parts that are named."""
    parts: dict[str, Callable[[argparse.Namespace, Path], None]] = {
        "overhead": overhead, "local": local, "ray": ray, "memory": memory, "one": one,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=parts)
    parser.add_argument("--pairs", type=int, default=20_000, help="pairs of overhead, local and ray")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of memory")
    parser.add_argument("--plan", type=json.loads, help="the plan that `one` runs, as JSON")
    options = parser.parse_args()
    if options.parts != ["one"]:
        print(describe())
    with tempfile.TemporaryDirectory() as folder:
        for name in options.parts:
            parts[name](options, Path(folder))


def generate(folder: Path, count: int) -> Path:
    """Pairs in files of `ROWS_OF_A_FILE`: three hypotheses a premise, no two pairs alike. The same every time."""
    source = folder / f"pairs-{count}"
    source.mkdir(exist_ok=True)
    draw = random.Random(0)
    for start in range(0, count, ROWS_OF_A_FILE):
        with (source / f"{start:012}.jsonl").open("w", encoding="utf-8") as stream:
            for number in range(start, min(start + ROWS_OF_A_FILE, count)):
                if number % 3 == 0:
                    premise = f"{' '.join(draw.choices(WORDS, k=draw.randint(8, 40)))} {number}."
                hypothesis = " ".join(draw.choices(WORDS, k=draw.randint(3, 12)))
                stream.write(json.dumps({"id": number, "premise": premise, "hypothesis": hypothesis}) + "\n")
    return source


def read(source: Path) -> list[tuple[str, str]]:
    """All pairs of generated files."""
    rows = (json.loads(line) for path in sorted(source.iterdir()) for line in path.open(encoding="utf-8"))
    return [(row["premise"], row["hypothesis"]) for row in rows]


def overhead(options: argparse.Namespace, folder: Path) -> None:
    """One worker in this process; the best of three runs."""
    from crossjudge.jobs.job import make_job
    from crossjudge.jobs.ledger import Ledger
    from crossjudge.jobs.places import Folder, find
    from crossjudge.jobs.plan import read_plan
    from crossjudge.jobs.scanning import scan
    from crossjudge.jobs.shards import cut
    from crossjudge.jobs.worker import Worker

    source = generate(folder, options.pairs)
    plan = read_plan({**plan_of(source, folder / "overhead", "fake", 1), "work": {"remember": 0}})
    ledger = Ledger(plan, Folder(plan.output.path))
    began = time.process_time()
    scans = [scan(place) for place in find(plan.input.path, file_format=None)]
    scanning = (time.process_time() - began) / options.pairs
    ledger.begin(scans, cut(scans, shard_rows=50_000))
    worker = Worker(make_job(plan, ledger.files, ledger.schema), name="here")
    inside: list[float] = []
    worker.task.judge.batch = timed(worker.task.judge.batch, inside)  # type: ignore[attr-defined]
    runs = []
    for _ in range(3):
        began = time.process_time()
        for shard in ledger.shards:
            worker(shard)
        runs.append((time.process_time() - began - sum(inside), sum(inside)))
        inside.clear()
    beside, judging = min(runs)
    print(
        f"overhead: {1e6 * beside / options.pairs:.1f} us a row, the judge {1e6 * judging / options.pairs:.1f}; "
        f"the driver's look through the input {1e6 * scanning:.1f} ({options.pairs} rows, processor time)"
    )


def timed(work: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    """`work`, which notes the seconds of processor time of each call."""

    def call(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        result = work(*given, **named)
        taken.append(time.process_time() - began)
        return result

    return call


def local(options: argparse.Namespace, folder: Path) -> None:
    """The embedded model, as shipped."""
    source = generate(folder, options.pairs)
    pairs = read(source)
    judge = Judge()
    judge.batch(pairs[:64])
    began = time.perf_counter()
    judge.batch(pairs)
    alone = options.pairs / (time.perf_counter() - began)
    ran = in_new_process(plan_of(source, folder / "local", None, None))
    print(f"local: Judge.batch {alone:,.0f} pairs/s; engine {told(ran, options.pairs, alone)}")


def ray(options: argparse.Namespace, folder: Path) -> None:
    """The embedded model on one worker, then on two."""
    source = generate(folder, options.pairs)
    one_worker = in_new_process(plan_of(source, folder / "ray-1", None, 1) | {"engine": "ray"})
    two_workers = in_new_process(plan_of(source, folder / "ray-2", None, 2) | {"engine": "ray"})
    base = options.pairs / one_worker["working"]
    print(f"ray: one worker {told(one_worker, options.pairs, base)}; two {told(two_workers, options.pairs, base)}")


def told(ran: dict[str, float], pairs: int, base: float) -> str:
    """Speeds of a run, and what they are of `base`."""
    whole, working = pairs / ran["seconds"], pairs / ran["working"]
    return f"{whole:,.0f} pairs/s whole ({whole / base:.2f}), {working:,.0f} working ({working / base:.2f})"


def memory(options: argparse.Namespace, folder: Path) -> None:
    """One worker, a fresh process for each size."""
    for count in (options.rows // 10, options.rows):
        source = generate(folder, count)
        ran = in_new_process(plan_of(source, folder / f"memory-{count}", "fake", 1))
        print(
            f"memory: {count:,} rows, driver {ran['driver_mb']:,.0f} MB, worker {ran['worker_mb']:,.0f} MB, "
            f"{count / ran['seconds']:,.0f} rows/s"
        )


def plan_of(source: Path, output: Path, backend: str | None, workers: int | None) -> dict[str, Any]:
    """A plan that judges generated pairs."""
    return {
        "task": "judge",
        "input": {"path": str(source)},
        "output": {"path": str(output)},
        "model": {"backend": backend} if backend else {},
        "work": {"workers": workers} if workers else {},
    }


def in_new_process(plan: dict[str, Any]) -> dict[str, float]:
    """What `one` prints."""
    command = [sys.executable, __file__, "one", "--plan", json.dumps(plan)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]))


def one(options: argparse.Namespace, folder: Path) -> None:
    """Run one plan; seconds and highest memory as JSON."""
    first: list[float] = []

    def note_first(now: Any) -> None:
        if now.rows and not first:
            first.append(now.seconds)

    result = run_job(options.plan, progress=note_first)
    loading = max(0.0, min(first, default=0.0) - _first_shard_s(result))
    found = {
        "seconds": result.seconds,
        "working": result.seconds - loading,
        "driver_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    print(json.dumps(found))


def _first_shard_s(result: Any) -> float:
    """Seconds of work on a shard, on the average of all."""
    return result.summary.seconds / max(result.shards, 1)


if __name__ == "__main__":
    main()
