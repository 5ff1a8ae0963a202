"""Our server under load, beside infinity-emb with the same weights: `python benchmarks/serving.py`.

One run, about a quarter of an hour: the engine in this process without a server and our server in turn, for the
embedded model and for the joint twin of its weights; infinity-emb with that twin; then what only ours is asked: ten
minutes of mixed requests in a closed loop, whose memory is watched; arrivals that do not wait, at four fifths of what
it can do and at twice that; faults; SIGTERM under load. Writes DOCS/benchmarks/serving.json, and the tables of
DOCS/operations.md.

    python benchmarks/serving.py --prepare                      # installs and exports what the run needs (minutes)
    python benchmarks/serving.py                                # on a quiet machine
    python benchmarks/serving.py --seconds 2 --minutes 0.3 --clients 8 --pairs 8 --docs /tmp/docs    # to try it out
    python benchmarks/serving.py --report                       # the tables anew, from the figures that are there
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import shlex
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import environments
import serving_faults
import serving_report
from crossjudge import CrossEncoder
from crossjudge.benchmark.joint_twin import write_joint_twin
from crossjudge.benchmark.texts import passages_of_a_query
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.manifest import MANIFEST
from engines import read_table
from load import NO_ANSWER, closed_loop, open_loop, quantile, run
from machine import facts
from servers import Server
from serving_requests import MixedRequests, rerankings

ROOT = Path(__file__).parent.parent
OVERLOAD_TIMEOUT_S = 10.0
"""What a client of the overload test waits for its answer."""
TERM_AFTER_S = 3.0
LOOKS = 120
"""How often memory is looked at."""
SINGLES = 4_000
"""Different requests of one pair; more than one figure asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """One model as a server and as the library open it. `whole`: whether all figures are wanted or one alone."""

    title: str
    model: str
    path: Path | None = None
    head: str | None = None
    backend: str = "auto"
    precision: str | None = None
    whole: bool = True

    def opened(self, threads: int) -> CrossEncoder:
        """Without a server."""
        return CrossEncoder(
            self.path, head=self.head, backend=self.backend, precision=self.precision, num_threads=threads
        )

    @property
    def arguments(self) -> list[str]:
        """With one."""
        named = [] if self.path is None else ["--model", f"{self.model}={self.path}"]
        chosen = ["--backend", self.backend, *([] if self.precision is None else ["--precision", self.precision])]
        return [*named, *chosen]


def engines(folder: Path) -> list[Engine]:
    """Ours: the model in the box, and the checkpoint that infinity-emb opens too, on two engines."""
    twin = folder / "twin"
    return [
        Engine(title="ours, embedded model (int8, one-way)", model="embedded", head="relevance"),
        Engine(title="ours, joint twin, ONNX Runtime fp32", model="twin", path=twin, backend="onnx"),
        Engine(
            title="ours, joint twin, OpenVINO bf16", model="twin", path=twin, backend="openvino", precision="bf16",
            whole=False,
        ),
    ]  # fmt: skip


def in_process(model: CrossEncoder, options: argparse.Namespace, seconds: float, *, seed: int) -> float:
    """Pairs a second without a server: as many pairs a call as all clients together have under way."""
    calls, started, asked = 0, 0.0, 0.0
    while asked < seconds or calls < 2:
        pairs = [
            pair
            for place in range(options.clients)
            for pair in passages_of_a_query(options.pairs, seed=seed + options.clients * calls + place)
        ]
        started = time.perf_counter()
        model.logits(pairs)
        if calls:  # the first warms up
            asked += time.perf_counter() - started
        calls += 1
    return (calls - 1) * options.clients * options.pairs / asked


def one_by_one(model: CrossEncoder, seconds: float) -> float:
    """Pairs a second of one caller who asks for one pair at a time."""
    pairs = [passages_of_a_query(1, seed=8_000_000 + number) for number in range(SINGLES)]
    started, number = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        model.logits(pairs[number % SINGLES])
        number += 1
    return number / (time.perf_counter() - started)


def compared(
    server: Server, options: argparse.Namespace, *, path: str, model: str, whole: bool, between: Callable[[], None]
) -> dict[str, Any]:
    """What every server is asked: 32 clients with 32 pairs each, then, if `whole`, one pair a request.

    `between` is called before and after the first, with the server idle.
    """
    port, seconds = server.port, options.seconds
    more = {"path": path, "port": port, "model": model}
    warm = rerankings(options.clients, pairs=options.pairs, seed=1_000_000, **more)
    run(lambda: closed_loop(port, warm, clients=options.clients, seconds=min(3.0, seconds)))
    many = rerankings(options.requests, pairs=options.pairs, seed=2_000_000, **more)
    between()
    found = {
        "started_s": server.started_s,
        "many": run(lambda: closed_loop(port, many, clients=options.clients, seconds=seconds)).to_dict(),
    }
    between()
    if whole:
        single = rerankings(SINGLES, pairs=1, seed=3_000_000, **more)
        for name, clients, share in (("single", options.clients, 0.5), ("alone", 1, 0.25)):
            asked = single if clients > 1 else single[::-1]
            found[name] = run(
                lambda asked=asked, clients=clients, share=share: closed_loop(
                    port, asked, clients=clients, seconds=share * seconds
                )
            ).to_dict()
    return {**found, "resident_bytes": server.resident_bytes}


def ours(engine: Engine, options: argparse.Namespace) -> dict[str, Any]:
    """Our server, and the same engine in this process before and after it was asked, since machines drift."""
    model = engine.opened(options.threads)
    rates: list[float] = []

    def measure_in_process() -> None:
        rates.append(in_process(model, options, options.seconds / 2, seed=7_000_000 + 100_000 * len(rates)))

    with _server(engine.title, options, *engine.arguments) as server:
        measured = compared(
            server, options, path="/v1/rerank", model=engine.model, whole=engine.whole, between=measure_in_process
        )
    alone = one_by_one(model, options.seconds / 4) if engine.whole else None
    engine_alone = {"pairs_per_s": statistics.mean(rates), "rates": rates, "single_pairs_per_s": alone}
    return {**measured, "in_process": engine_alone, "precision": f"{model.backend} {model.precision}"}


def infinity(options: argparse.Namespace, twin: Path) -> dict[str, Any]:
    """infinity-emb's server with the same weights, in float32."""
    environment = infinity_environment()
    binary = environments.python_of(options.venvs, environment).with_name("infinity_emb")
    command = [
        *shlex.split(options.prefix), str(binary), "v2", "--model-id", str(twin), "--served-model-name", "twin",
        "--engine", "torch", "--device", "cpu", "--dtype", "float32", "--no-bettertransformer", "--no-model-warmup",
        "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning",
    ]  # fmt: skip
    settings = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "OMP_NUM_THREADS": str(options.threads), "PYTHONPATH": ""}
    with Server(
        "infinity-emb", command, ready="/health", log=options.models / "infinity.log", environment=settings
    ) as server:
        measured = compared(server, options, path="/rerank", model="twin", whole=True, between=lambda: None)
    return {**measured, "versions": environments.versions(options.venvs, environment)}


def infinity_environment() -> environments.Environment:
    """Its server needs two packages more than its engine, which benchmarks/peers.py measures."""
    table, _ = read_table()
    needed = (one.replace("[torch]", "[torch,server]") for one in table["infinity"].requirements)
    return environments.Environment(
        name="infinity-server", requirements=(*needed, "click<8.2"), torch=True, shows=table["infinity"].shows
    )


def steady(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Mixed requests in a closed loop for `--minutes`: what can be done, and what it does to memory."""
    seconds = options.minutes * 60
    asked = MixedRequests(port=server.port, seed=9)
    track: list[tuple[float, int]] = []
    started = time.perf_counter()

    async def watch() -> None:
        while (now := time.perf_counter() - started) < seconds:
            track.append((now, server.resident_bytes))
            await asyncio.sleep(seconds / LOOKS)

    measured = run(lambda: closed_loop(server.port, asked, clients=options.clients, seconds=seconds, wait=watch()))
    return {**measured.to_dict(), "minutes": options.minutes, "memory": memory_of(track)}


def memory_of(track: Sequence[tuple[float, int]]) -> dict[str, Any]:
    """Resident bytes over time: at each tenth of the run, and how they grew in its second half."""
    seconds, resident = (np.array(column, dtype=np.float64) for column in zip(*track, strict=True))
    late = seconds >= seconds[-1] / 2
    slope = float(np.polyfit(seconds[late], resident[late], 1)[0]) if late.sum() > 1 else float("nan")
    tenths = [int(resident[place]) for place in np.linspace(0, len(resident) - 1, 11).round().astype(int)]
    return {"tenths_bytes": tenths, "most_bytes": int(resident.max()), "late_bytes_per_minute": slope * 60}


def at_share(server: Server, options: argparse.Namespace, *, capacity_per_s: float, share: float) -> dict[str, Any]:
    """Mixed requests that come whether or not earlier ones are answered."""
    asked, rate = MixedRequests(port=server.port, seed=5), share * capacity_per_s
    measured = run(lambda: open_loop(server.port, asked, per_s=rate, seconds=options.seconds))
    return {**measured.to_dict(), "offered_per_s": rate}


def overload(server: Server, options: argparse.Namespace, *, capacity_per_s: float) -> dict[str, Any]:
    """Twice as many requests as can be answered: who is refused hears it soon, who is accepted is answered in time."""
    asked = MixedRequests(port=server.port, seed=8, timeout_s=OVERLOAD_TIMEOUT_S)
    rate = 2 * capacity_per_s
    measured = run(lambda: open_loop(server.port, asked, per_s=rate, seconds=1.5 * options.seconds))
    refused = sorted(one.done - one.sent for one in measured.samples if one.status == 429)
    answered = sorted(one.done - one.sent for one in measured.good)
    return {
        **measured.to_dict(),
        "offered_per_s": rate,
        "timeout_s": OVERLOAD_TIMEOUT_S,
        "refused_p50_ms": quantile(refused, 0.5) * 1000,
        "refused_p99_ms": quantile(refused, 0.99) * 1000,
        "accepted_p50_ms": quantile(answered, 0.5) * 1000,
        "accepted_p99_ms": quantile(answered, 0.99) * 1000,
        "late": sum(one > OVERLOAD_TIMEOUT_S for one in answered) + sum(one.status == 504 for one in measured.samples),
        "ready_afterwards": server.is_ready(),
    }


def termination(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """SIGTERM under load. Lost: sent before the signal and not answered, or an answer that broke off."""
    asked = MixedRequests(port=server.port, seed=11)
    told = [0.0]

    async def tell() -> None:
        await asyncio.sleep(TERM_AFTER_S)
        told[0] = time.perf_counter()
        server.terminate()

    measured = run(
        lambda: closed_loop(server.port, asked, clients=options.clients, seconds=TERM_AFTER_S + 3, wait=tell())
    )
    code = server.exit_code()
    before = [one for one in measured.samples if one.sent < told[0] <= one.done]
    after = [one for one in measured.samples if one.sent >= told[0]]
    return {
        "under_way": len(before),
        "lost": sum(one.status != 200 or not one.right for one in before),
        "wrong_before": sum(one.status != 200 for one in measured.samples if one.done < told[0]),
        "ended_after_s": time.perf_counter() - told[0],
        "came_later": len(after),
        "came_later_answered": sum(one.status == 200 for one in after),
        "came_later_told_503": sum(one.status == 503 for one in after),
        "came_later_not_connected": sum(one.status == NO_ANSWER for one in after),
        "exit_code": code,
    }


def broken_into(options: argparse.Namespace) -> dict[str, Any]:
    """Faults, on a server that also has the poisoned model."""
    poisoned = options.models / "poisoned"
    limits = ["--limit", f"header_timeout_s={serving_faults.HEADER_S}"]
    with _server("faults", options, "--model", "embedded", "--model", f"poisoned={poisoned}", *limits) as server:
        found = run(lambda: serving_faults.faults(server.port, poisoned="poisoned", seconds=options.seconds / 4))
        return {**found, "ready_afterwards": server.is_ready()}


def prepare(options: argparse.Namespace) -> None:
    """Everything that takes long and is no measurement: weights as checkpoints, their graphs, infinity's packages."""
    options.models.mkdir(parents=True, exist_ok=True)
    stamp, made_of = options.models / "made_of.json", (EMBEDDED / MANIFEST).read_text(encoding="utf-8")
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made_of:
        _say(f"writing the weights as ordinary checkpoints into {options.models}")
        shutil.rmtree(options.models / "twin", ignore_errors=True)
        twin = write_joint_twin(options.models / "twin", one_label=True)
        serving_faults.write_poisoned(twin, options.models / "poisoned")
        stamp.write_text(made_of, encoding="utf-8")
    for engine in engines(options.models):
        engine.opened(options.threads).logits([("a", "b")])
    CrossEncoder(options.models / "poisoned", num_threads=options.threads)
    if not options.ours_only:
        environments.install(options.venvs, infinity_environment(), torch=options.torch_install, say=_say)


def measure(options: argparse.Namespace, save: Callable[[dict[str, Any]], None]) -> None:
    """The whole run, as plain JSON values; saved after each part, so that a broken end costs no beginning."""
    began = time.perf_counter()
    found: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": facts(),
        "options": {name: getattr(options, name) for name in ("seconds", "minutes", "threads", "clients", "pairs")},
        "servers": {},
    }

    def note(said: str, **more: Any) -> None:
        found.update(more, minutes_in_all=(time.perf_counter() - began) / 60)
        save(found)
        _say(f"{found['minutes_in_all']:5.1f} min: {said}")

    for engine in engines(options.models):
        note(engine.title)
        found["servers"][engine.title] = ours(engine, options)
    if not options.ours_only:
        note(serving_report.INFINITY)
        found["servers"][serving_report.INFINITY] = infinity(options, options.models / "twin")
    note("ours, faults")
    note("ours, mixed requests", faults=broken_into(options))
    with _server("mixed requests", options) as server:
        steadily = steady(server, options)
        capacity = steadily["requests_per_s"]
        note("ours, at 80% of that", steady=steadily)
        below = at_share(server, options, capacity_per_s=capacity, share=0.8)
        note("ours, at 200%", at_share=below)
        note("ours, SIGTERM under load", overload=overload(server, options, capacity_per_s=capacity))
        note("done", termination=termination(server, options))


def _server(name: str, options: argparse.Namespace, *arguments: str) -> Server:
    command = [*shlex.split(options.prefix), *shlex.split(options.ours), "--port", "{port}"]
    command += ["--threads", str(options.threads), "--log-level", "warning", *arguments]
    return Server(name, command, ready="/readyz", log=options.models / f"{name.split(',')[0].replace(' ', '-')}.log")


def _write(path: Path, found: dict[str, Any]) -> None:
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _say(told: str) -> None:
    print(told, flush=True)


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=16.0, help="of each figure (default: 16)")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the mixed requests (default: 10)")
    parser.add_argument("--clients", type=int, default=32, help="of the closed loops (default: 32)")
    parser.add_argument("--pairs", type=int, default=32, help="of each of their requests (default: 32)")
    parser.add_argument("--requests", type=int, default=400, help="different ones of those (default: 400)")
    parser.add_argument("--threads", type=int, default=2, help="of every server (default: 2)")
    parser.add_argument("--ours", default=f"{sys.executable} -m crossjudge serve", help="the command that starts ours")
    parser.add_argument("--ours-only", action="store_true", help="leave infinity-emb out")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where to write (default: docs)")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venvs" / "peers", help="where the environments are")
    parser.add_argument("--models", type=Path, default=ROOT / ".venvs" / "serving", help="where the checkpoints are")
    parser.add_argument("--torch-install", default="torch==2.13.0", help="what pip is given to bring PyTorch")
    parser.add_argument("--prefix", default="", help="a command to put before every server, such as 'nice -n -5'")
    parser.add_argument("--prepare", action="store_true", help="measure nothing: install and export what is needed")
    parser.add_argument("--report", action="store_true", help="measure nothing: the tables from the figures")
    return parser.parse_args(arguments)


def main() -> None:
    options = _options()
    figures = options.docs / "benchmarks" / "serving.json"
    if not options.report:
        prepare(options)
        if options.prepare:
            return
        figures.parent.mkdir(parents=True, exist_ok=True)
        measure(options, lambda found: _write(figures, found))
    text = serving_report.text_of(json.loads(figures.read_text(encoding="utf-8")))
    _say(text)
    for path in (figures, serving_report.write(text, options.docs / "operations.md")):
        _say(f"wrote {path}")


if __name__ == "__main__":
    main()
