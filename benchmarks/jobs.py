"""What jobs cost and how they scale: `python benchmarks/jobs.py` (about a quarter of an hour on two quiet cores).

overhead  processor time a row beside the model's own: looking through the input, finding repeats, reading, writing,
          the report; generated jsonl, `fake` backend, one worker in this process, the best of three runs.
local     pairs a second of the local engine, one worker and one a core, beside `Judge.batch` in one process.
ray       the same of one and of two one-core workers of a Ray started here.
memory    highest memory of driver and workers over ten million generated rows beside a tenth of them, `fake` backend.

Speeds are slopes: a short and a longer job, each in a process of its own; what the longer one takes beyond the short
one. So starting processes and loading the model is left out, and stated beside it (`start`: seconds). Each part that is
named is measured, and all of them without a name; figures go to DOCS/benchmarks/jobs.json, and from there into the
table of DOCS/scaling.md. `--smoke` tries everything with figures that mean nothing, and writes no page.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crossjudge import Judge
from crossjudge.backends.cores import usable_cores
from crossjudge.jobs import run_job
from crossjudge.jobs.shards import MOST_ROWS
from jobs_page import write_table
from machine import describe, facts

ROOT = Path(__file__).parent.parent
WORDS = (
    "ferry", "bridge", "museum", "ticket", "opens", "nine", "children", "free", "rain", "late", "cold", "cabin",
    "driver", "station", "river", "market", "tower", "garden", "guide", "ship", "train", "platform", "evening",
)  # fmt: skip
ROWS_OF_A_FILE = 250_000


LONGER = 5
"""With three, three seconds' difference between two starts of Ray were 15% of its speed."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of each part. `pairs`: of the short job of a slope; the longer one has `LONGER` times as many."""

    overhead: int
    pairs: int
    rows: int


FULL, SMOKE = Sizes(overhead=100_000, pairs=6_000, rows=10_000_000), Sizes(overhead=2_000, pairs=300, rows=20_000)


def main() -> None:
    """Measure the parts that are named, or run one job for another process."""
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(one(json.loads(sys.argv[2]))))
        return
    parts: dict[str, Callable[[Sizes, Path], dict[str, Any]]] = {
        "overhead": overhead, "local": local, "ray": ray, "memory": memory,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="all of them if none is named")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: does everything run?")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where to write")
    options = parser.parse_args()
    print(describe())
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.parts or parts:
            began = time.perf_counter()
            found[name] = parts[name](SMOKE if options.smoke else FULL, Path(folder))
            print(f"{name} ({time.perf_counter() - began:.0f} s): {json.dumps(found[name])}", flush=True)
    if not options.smoke:
        write(found, options.docs)


def write(found: dict[str, Any], docs: Path) -> None:
    """Put what was measured in place of what was measured before, and into the page."""
    path = docs / "benchmarks" / "jobs.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    content |= {name: figures | {"date": today} for name, figures in found.items()}
    content["machine"] = facts()
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    write_table(content, docs / "scaling.md")
    print(f"wrote {path} and {docs / 'scaling.md'}")


# --- the parts -------------------------------------------------------------------------------------------------------


def overhead(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Everything of a job but the calls of the judge, in this process."""
    from crossjudge.jobs.plan import read_plan
    from crossjudge.jobs.running import run
    from crossjudge.jobs.worker import Worker

    source = pairs_file(folder, sizes.overhead)
    judging: list[float] = []

    @contextmanager
    def engine(job: Any, tracker: Any) -> Iterator[Callable[..., None]]:
        worker = Worker(job, name="here")
        task: Any = worker.open()
        task.judge.batch = timed(task.judge.batch, judging)
        yield lambda units, done: [done(worker(unit)) for unit in units]

    runs = []
    for number in range(3):
        plan = read_plan(plan_of(source, folder / f"overhead-{number}", backend="fake", workers=1))
        began = time.process_time()
        run(plan, progress=None, engine=engine)
        runs.append((time.process_time() - began - sum(judging), sum(judging)))
        judging.clear()
    beside, inside = min(runs)
    return {
        "rows": sizes.overhead,
        "us_a_row": 1e6 * beside / sizes.overhead,
        "judge_us_a_row": 1e6 * inside / sizes.overhead,
    }


def timed(work: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    """`work`, which notes the seconds of processor time of each call."""

    def call(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        result = work(*given, **named)
        taken.append(time.process_time() - began)
        return result

    return call


def local(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """The embedded model as shipped, on all cores: in one process, by the engine, and by the engine on one core."""
    cores = usable_cores()
    rounds = [(in_one_process(sizes, folder), slope(sizes, folder, "local", cores)) for _ in range(2)]
    alone, engine = max(alone for alone, _ in rounds), max((found for _, found in rounds), key=speed)
    one_worker = slope(sizes, folder, "local", 1)
    return {
        "cores": cores,
        "in_process": alone,
        "engine": engine,
        "share_of_in_process": speed(engine) / alone,
        "one_worker": one_worker,
        "times_one_worker": speed(engine) / speed(one_worker),
    }


def ray(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """The embedded model as shipped, on one one-core worker, and on two."""
    found = {f"workers_{count}": slope(sizes, folder, "ray", count) for count in (1, 2)}
    return found | {"times_one_worker": speed(found["workers_2"]) / speed(found["workers_1"])}


def memory(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """A process for each size, workers on all cores, shards of one size: what they hold at once is theirs."""
    found = {}
    for name, rows in (("tenth", sizes.rows // 10), ("whole", sizes.rows)):
        source = generate(folder, rows)
        plan = plan_of(source, folder / f"memory-{rows}", backend="fake", workers=usable_cores())
        plan["work"]["shard_rows"] = min(MOST_ROWS, sizes.rows // 10)
        ran = in_new_process(plan)
        found[name] = ran | {"rows": rows}
    return found | {
        "worker_times_tenth": found["whole"]["worker_mb"] / found["tenth"]["worker_mb"],
        "driver_times_tenth": found["whole"]["driver_mb"] / found["tenth"]["driver_mb"],
    }


# --- what they measure with ------------------------------------------------------------------------------------------


def in_one_process(sizes: Sizes, folder: Path) -> float:
    """Pairs a second of `Judge.batch`, for as many pairs as the slope of an engine is of."""
    found: dict[str, float] = in_new_process({"pairs": str(pairs_file(folder, sizes.pairs * (LONGER - 1)))})
    return (LONGER - 1) * sizes.pairs / found["seconds"]


def slope(sizes: Sizes, folder: Path, engine: str, workers: int) -> dict[str, float]:
    """Pairs a second of an engine, and the seconds that starting takes."""
    seconds = []
    for count in (sizes.pairs, LONGER * sizes.pairs):
        with tempfile.TemporaryDirectory(dir=folder) as output:
            plan = plan_of(pairs_file(folder, count), Path(output, "out"), workers=workers) | {"engine": engine}
            seconds.append(in_new_process(plan)["whole"])
    a_second = (LONGER - 1) * sizes.pairs / (seconds[1] - seconds[0])
    return {"pairs_per_s": a_second, "start": seconds[0] - sizes.pairs / a_second}


def speed(found: dict[str, float]) -> float:
    """Pairs a second."""
    return found["pairs_per_s"]


def pairs_file(folder: Path, count: int) -> Path:
    """Pairs of 8 to 40 and 3 to 12 words, three hypotheses a premise, no two alike. The same every time."""
    path = folder / f"pairs-{count}.jsonl"
    if path.exists():
        return path
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            if number % 3 == 0:
                premise = f"{' '.join(draw.choices(WORDS, k=draw.randint(8, 40)))} {number}."
            hypothesis = " ".join(draw.choices(WORDS, k=draw.randint(3, 12)))
            stream.write(json.dumps({"id": number, "premise": premise, "hypothesis": hypothesis}) + "\n")
    return path


def generate(folder: Path, count: int) -> Path:
    """A folder of parquet files: pairs of 12 and 5 words, three hypotheses a premise. The same every time."""
    source = folder / f"rows-{count}"
    source.mkdir()
    draw = np.random.default_rng(0)
    for start in range(0, count, ROWS_OF_A_FILE):
        rows = min(ROWS_OF_A_FILE, count - start)
        premises = _sentences(draw, -(-rows // 3), 12, start).take(pa.array(np.arange(rows) // 3))
        columns = {"id": np.arange(start, start + rows), "premise": premises}
        table = pa.table(columns | {"hypothesis": _sentences(draw, rows, 4, start)})
        pq.write_table(table, source / f"{start:012}.parquet")
    return source


def _sentences(draw: np.random.Generator, count: int, words: int, start: int) -> pa.Array:
    """So many random words, and a number so that no sentence is another."""
    known = pa.array(WORDS)
    columns = [known.take(pa.array(draw.integers(0, len(WORDS), count))) for _ in range(words)]
    return pc.binary_join_element_wise(*columns, pa.array(np.arange(start, start + count)).cast(pa.string()), " ")


def plan_of(source: Path, output: Path, *, workers: int, backend: str | None = None) -> dict[str, Any]:
    """A plan that judges generated pairs."""
    return {
        "task": "judge",
        "input": {"path": str(source)},
        "output": {"path": str(output)},
        "model": {"backend": backend} if backend else {},
        "work": {"workers": workers},
    }


def in_new_process(asked: dict[str, Any]) -> dict[str, float]:
    """What `one` finds, and the seconds of the whole process (`whole`)."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "one", json.dumps(asked)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ran.stdout.splitlines()[-1])) | {"whole": time.perf_counter() - began}


def one(asked: dict[str, Any]) -> dict[str, float]:
    """Run a plan, or judge a file of pairs in this process."""
    if "pairs" in asked:
        return judged(Path(asked["pairs"]))
    result = run_job(asked)
    return {
        "seconds": result.seconds,
        "driver_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def judged(path: Path) -> dict[str, float]:
    """Seconds of `Judge.batch` on all cores; the first pairs warm it up and are not counted."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    pairs = [(row["premise"], row["hypothesis"]) for row in rows]
    judge = Judge()
    judge.batch([(f"{premise} again", hypothesis) for premise, hypothesis in pairs[:256]])
    began = time.perf_counter()
    judge.batch(pairs)
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main()
