"""Our server under load, beside infinity-emb with the same weights: `python benchmarks/serving.py --out PAGE.md`.

One run: the engine in this process without a server, then our server with the embedded model, our server with the joint
twin of its weights, and infinity-emb with that twin, each alone on the machine. Then what only ours is asked: mixed
requests, arrivals that do not wait (at half and four fifths of what it can do, and at twice that), memory over
`--minutes`, and SIGTERM under load. `--out` gets the text; the figures stand beside it as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import random
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import environments
from checkpoints import make_checkpoints
from crossjudge import CrossEncoder
from crossjudge.benchmark.texts import claims_on_a_source, mixed_pairs, passages_of_a_query, sentence
from engines import read_table
from load import NO_ANSWER, Request, closed_loop, open_loop, quantile, request, run
from machine import facts
from servers import Server

ROOT = Path(__file__).parent.parent
CLIENTS, PAIRS = 32, 32
OVERLOAD_TIMEOUT_S = 10.0
"""What a client of the overload test waits for its answer."""
TERM_AFTER_S = 3.0
MEMORY_EVERY_S = 5.0


def rerankings(number: int, *, pairs: int, port: int, path: str, seed: int, **more: Any) -> list[Request]:
    """Requests with a query and `pairs` passages each, no text in two of them."""
    asked = []
    for place in range(number):
        found = passages_of_a_query(pairs, seed=seed + place)
        body = {"query": found[0][0], "documents": [text for _, text in found], "return_documents": False, **more}
        asked.append(request(path, body, pairs=pairs, mark='"relevance_score"', marks=pairs, port=port))
    return asked


def mixed(number: int, *, port: int, seed: int, timeout_s: float | None = None) -> list[Request]:
    """What an office of different clients asks: rankings of 4 to 64 passages, pairs, tags and claims."""
    rng, asked = random.Random(seed), list[Request]()
    for place in range(number):
        kind, texts = rng.choice(("rank", "pair", "judge", "tag", "check")), random.Random(seed * 100_003 + place)
        if kind == "rank":
            pairs = rng.choice((4, 16, 64))
            found = passages_of_a_query(pairs, seed=seed * 100_003 + place)
            body: dict[str, Any] = {"query": found[0][0], "texts": [text for _, text in found], "truncate": True}
            made = ("/rerank", body, pairs, '"index"', pairs)
        elif kind == "pair":
            made = ("/predict", {"inputs": mixed_pairs(1, seed=seed * 100_003 + place)[0]}, 1, '"label"', 3)
        elif kind == "judge":
            made = ("/v1/judge", {"pairs": mixed_pairs(8, seed=seed * 100_003 + place)}, 8, '"probabilities"', 8)
        elif kind == "tag":
            body = {"text": sentence(texts, 60), "labels": [sentence(texts, 2) for _ in range(10)]}
            made = ("/v1/tag", body, 10, '"hypothesis"', 10)
        else:
            claims = claims_on_a_source(5, num_words=200, seed=seed * 100_003 + place)
            body = {"source": claims[0][0], "answer": [claim for _, claim in claims]}
            made = ("/v1/check", body, 5, '"outcome"', 5)
        path, body, pairs, mark, marks = made
        asked.append(request(path, body, pairs=pairs, mark=mark, marks=marks, port=port, timeout_s=timeout_s))
    return asked


def in_process(options: argparse.Namespace, *, path: str | None, head: str | None) -> dict[str, Any]:
    """Pairs a second without a server: as many pairs a call as all clients together have under way."""
    model = CrossEncoder(path, head=head, num_threads=options.threads)
    calls = [
        [pair for place in range(CLIENTS) for pair in passages_of_a_query(PAIRS, seed=7_000_000 + CLIENTS * n + place)]
        for n in range(1 + options.calls)
    ]
    model.logits(calls[0])
    started = time.perf_counter()
    for call in calls[1:]:
        model.logits(call)
    seconds = time.perf_counter() - started
    singles = [passages_of_a_query(1, seed=8_000_000 + n) for n in range(50)]
    began = time.perf_counter()
    for single in singles:
        model.logits(single)
    return {
        "pairs_per_s": sum(map(len, calls[1:])) / seconds,
        "single_pairs_per_s": len(singles) / (time.perf_counter() - began),
        "backend": model.backend,
        "precision": model.precision,
    }


def compared(server: Server, options: argparse.Namespace, *, path: str, model: str) -> dict[str, Any]:
    """What every server is asked: 32 clients with 32 pairs each, then one pair a request."""
    port, seconds = server.port, options.seconds
    more = {"path": path, "port": port, "model": model}
    warm = rerankings(CLIENTS, pairs=PAIRS, seed=1_000_000, **more)
    run(lambda: closed_loop(port, warm, clients=CLIENTS, seconds=min(5.0, seconds)))
    many = rerankings(options.requests, pairs=PAIRS, seed=2_000_000, **more)
    single = rerankings(options.requests * 4, pairs=1, seed=3_000_000, **more)
    return {
        "started_s": server.started_s,
        "many": run(lambda: closed_loop(port, many, clients=CLIENTS, seconds=seconds)).to_dict(),
        "single": run(lambda: closed_loop(port, single, clients=CLIENTS, seconds=seconds)).to_dict(),
        "alone": run(lambda: closed_loop(port, single[::-1], clients=1, seconds=seconds)).to_dict(),
        "resident_bytes": server.resident_bytes,
    }


def open_loops(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Mixed requests in a closed loop, which says what can be done; then arrivals at shares of it, and at twice it."""
    asked = mixed(options.requests, port=server.port, seed=4)
    closed = run(lambda: closed_loop(server.port, asked, clients=CLIENTS, seconds=options.seconds)).to_dict()
    found = {"closed": closed}
    for number, share in enumerate((0.5, 0.8)):
        asked = mixed(options.requests, port=server.port, seed=5 + number)
        rate = share * closed["requests_per_s"]
        found[f"at_{share}"] = run(
            lambda asked=asked, rate=rate: open_loop(server.port, asked, per_s=rate, seconds=options.seconds)
        ).to_dict()
    return found


def overload(server: Server, options: argparse.Namespace, *, capacity_per_s: float) -> dict[str, Any]:
    """Twice as many requests as can be answered: who is refused hears it soon, who is accepted is answered in time."""
    asked = mixed(options.requests, port=server.port, seed=8, timeout_s=OVERLOAD_TIMEOUT_S)
    rate = 2 * capacity_per_s
    measured = run(lambda: open_loop(server.port, asked, per_s=rate, seconds=2 * options.seconds))
    refused = sorted(one.done - one.sent for one in measured.samples if one.status == 429)
    answered = sorted(one.done - one.sent for one in measured.good)
    return {
        **measured.to_dict(),
        "offered_per_s": rate,
        "timeout_s": OVERLOAD_TIMEOUT_S,
        "refused_p50_ms": quantile(refused, 0.5) * 1000,
        "refused_p99_ms": quantile(refused, 0.99) * 1000,
        "accepted_p99_ms": quantile(answered, 0.99) * 1000,
        "late": sum(one > OVERLOAD_TIMEOUT_S for one in answered) + sum(one.status == 504 for one in measured.samples),
        "ready_afterwards": server.is_ready(),
    }


def memory(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Resident memory while mixed requests come in a closed loop; the first fifth of the time is for warming up."""
    seconds = options.minutes * 60
    # Many texts, or what grows with each new one would stop growing when they come round again.
    asked = mixed(options.requests * 4, port=server.port, seed=9)
    track: list[tuple[float, int]] = []
    started = time.perf_counter()

    async def watch() -> None:
        while (now := time.perf_counter() - started) < seconds:
            track.append((now, server.resident_bytes))
            await asyncio.sleep(min(MEMORY_EVERY_S, seconds / 20))

    measured = run(lambda: closed_loop(server.port, asked, clients=CLIENTS, seconds=seconds, wait=watch()))
    kept = np.array([point for point in track if point[0] >= seconds / 5] or track)
    slope = float(np.polyfit(kept[:, 0], kept[:, 1], 1)[0]) if len(kept) > 1 else float("nan")
    return {
        **measured.to_dict(),
        "minutes": options.minutes,
        "first_bytes": int(kept[0, 1]),
        "last_bytes": int(kept[-1, 1]),
        "most_bytes": int(kept[:, 1].max()),
        "bytes_per_minute": slope * 60,
    }


def termination(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """SIGTERM under load. Lost: sent before the signal and not answered, or an answer that broke off."""
    asked = mixed(options.requests, port=server.port, seed=11)
    told = [0.0]

    async def tell() -> None:
        await asyncio.sleep(TERM_AFTER_S)
        told[0] = time.perf_counter()
        server.terminate()

    measured = run(lambda: closed_loop(server.port, asked, clients=CLIENTS, seconds=TERM_AFTER_S + 3, wait=tell()))
    code = server.exit_code()
    before = [one for one in measured.samples if one.sent < told[0] <= one.done]
    after = [one for one in measured.samples if one.sent >= told[0]]
    return {
        "under_way": len(before),
        "lost": sum(one.status != 200 or not one.right for one in before),
        "wrong_before": sum(one.status != 200 for one in measured.samples if one.done < told[0]),
        "came_later": len(after),
        "came_later_answered": sum(one.status == 200 for one in after),
        "came_later_told_503": sum(one.status == 503 for one in after),
        "came_later_not_connected": sum(one.status == NO_ANSWER for one in after),
        "exit_code": code,
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole run, as plain JSON values."""
    options.models.mkdir(parents=True, exist_ok=True)
    twin = options.models / "joint-relevance"
    make_checkpoints(options.models, options.venvs, {}, say=_say)
    found: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": facts(),
        "options": {name: getattr(options, name) for name in ("seconds", "minutes", "threads")},
        "in_process": {
            "embedded": in_process(options, path=None, head="relevance"),
            "twin": in_process(options, path=str(twin), head=None),
        },
        "servers": {},
    }
    ours = [*shlex.split(options.prefix), *shlex.split(options.ours), "--port", "{port}"]
    ours += ["--threads", str(options.threads), "--log-level", "warning"]
    for name, command, path, model in (
        ("ours, embedded model", ours, "/v1/rerank", "embedded"),
        ("ours, joint twin in fp32", [*ours, "--model", f"twin={twin}"], "/v1/rerank", "twin"),
    ):
        _say(name)
        with Server(name, command, ready="/readyz", log=options.models / f"serving-{model}.log") as server:
            found["servers"][name] = compared(server, options, path=path, model=model)
    if not options.ours_only:
        found["servers"]["infinity-emb, joint twin in fp32"] = _infinity(options, twin)
    _say("ours, mixed requests")
    with Server("ours", ours, ready="/readyz", log=options.models / "serving-mixed.log") as server:
        found["mixed"] = open_loops(server, options)
        found["overload"] = overload(server, options, capacity_per_s=found["mixed"]["closed"]["requests_per_s"])
        _say(f"memory over {options.minutes:g} minute(s)")
        found["memory"] = memory(server, options)
        _say("SIGTERM under load")
        found["termination"] = termination(server, options)
    return found


def _infinity(options: argparse.Namespace, twin: Path) -> dict[str, Any]:
    table, _ = read_table()
    # Its server needs two packages more than its engine, which benchmarks/peers.py measures.
    environment = environments.Environment(
        name="infinity-server",
        requirements=(
            *(one.replace("[torch]", "[torch,server]") for one in table["infinity"].requirements),
            "click<8.2",
        ),
        torch=True,
        shows=table["infinity"].shows,
    )
    environments.install(options.venvs, environment, torch=options.torch_install, say=_say)
    _say("infinity-emb")
    binary = environments.python_of(options.venvs, environment).with_name("infinity_emb")
    command = [
        *shlex.split(options.prefix), str(binary), "v2", "--model-id", str(twin), "--served-model-name", "twin",
        "--engine", "torch", "--device", "cpu", "--dtype", "float32", "--no-bettertransformer", "--no-model-warmup",
        "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning",
    ]  # fmt: skip
    threads = str(options.threads)
    settings = {
        "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "OMP_NUM_THREADS": threads, "PYTHONPATH": "",
    }  # fmt: skip
    with Server(
        "infinity-emb", command, ready="/health", log=options.models / "serving-infinity.log", environment=settings
    ) as server:
        measured = compared(server, options, path="/rerank", model="twin")
    return {**measured, "versions": environments.versions(options.venvs, environment)}


def text_of(found: dict[str, Any]) -> str:
    """The figures as a page."""
    engine = found["in_process"]
    rows = []
    for name, one in found["servers"].items():
        whole = engine["embedded" if "embedded" in name else "twin"]["pairs_per_s"]
        many, single, alone = one["many"], one["single"], one["alone"]
        rows.append(
            f"| {name} | {many['pairs_per_s']:,.0f} | {_share(name, many['pairs_per_s'] / whole)} | "
            f"{many['p50_ms']:,.0f} | {many['p99_ms']:,.0f} | {many['errors']} of {many['requests']:,} | "
            f"{single['pairs_per_s']:,.0f} | {alone['pairs_per_s']:,.0f} | {one['started_s']:.1f} | "
            f"{one['resident_bytes'] / 2**20:,.0f} |"
        )
    mixed_rows = [
        f"| {title} | {one['requests_per_s']:,.1f} | {one['pairs_per_s']:,.0f} | {one['p50_ms']:,.0f} | "
        f"{one['p99_ms']:,.0f} | {one['errors']} of {one['requests']:,} |"
        for title, one in (
            (f"closed loop, {CLIENTS} clients", found["mixed"]["closed"]),
            ("open loop at 50% of that", found["mixed"]["at_0.5"]),
            ("open loop at 80% of that", found["mixed"]["at_0.8"]),
        )
    ]
    much, kept, term, machine = found["overload"], found["memory"], found["termination"], found["machine"]
    return "\n".join([
        "# The server under load",
        "",
        "<!-- Written by `python benchmarks/serving.py --out ...`. Do not edit. -->",
        "",
        f"One run on {found['date']}, on {machine['processor']} with {machine['cores']} usable core(s), which the load "
        f"generator shares with each server; {found['options']['seconds']:g} s a figure, {found['options']['threads']} "
        "threads a server. No text comes twice within a figure unless all have been sent. Without a server, in this "
        f"process: {engine['embedded']['pairs_per_s']:,.0f} pairs/s with the embedded model "
        f"({engine['embedded']['single_pairs_per_s']:,.0f} one at a time), {engine['twin']['pairs_per_s']:,.0f} with "
        "its joint twin in fp32.",
        "",
        f"## {CLIENTS} clients with {PAIRS} pairs each, and pairs one by one",
        "",
        "| server | pairs/s | of the engine | p50 ms | p99 ms | errors | 1 pair a request: pairs/s | 1 client: pairs/s "
        "| ready after s | MiB |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        *_times_infinity(found["servers"]),
        "## Mixed requests, ours",
        "",
        "Rankings of 4 to 64 passages, single pairs, batches of 8, 10 tags of a text, 5 claims on a source. Latency of "
        "an open loop counts from when a request was due.",
        "",
        "| load | requests/s | pairs/s | p50 ms | p99 ms | errors |",
        "|---|---|---|---|---|---|",
        *mixed_rows,
        "",
        "## Twice what it can do",
        "",
        f"{much['offered_per_s']:,.1f} requests/s offered, each waiting at most {much['timeout_s']:g} s: statuses "
        f"{_statuses(much)}. A refusal (429) took {much['refused_p50_ms']:,.0f} ms in the median and "
        f"{much['refused_p99_ms']:,.0f} ms at p99; of those accepted {much['late']} came late or expired (p99 "
        f"{much['accepted_p99_ms']:,.0f} ms). Ready afterwards: {'yes' if much['ready_afterwards'] else 'no'}.",
        "",
        f"## Memory over {kept['minutes']:g} minutes",
        "",
        f"{kept['requests']:,} mixed requests, {kept['errors']} errors; after the first fifth of the time "
        f"{kept['first_bytes'] / 2**20:,.0f} MiB, at the end {kept['last_bytes'] / 2**20:,.0f}, at most "
        f"{kept['most_bytes'] / 2**20:,.0f}; {kept['bytes_per_minute'] / 2**20:+.2f} MiB a minute by least squares.",
        "",
        "## SIGTERM under load",
        "",
        f"{term['under_way']} requests were under way: {term['lost']} lost. Of {term['came_later']} sent after the "
        f"signal {term['came_later_answered']} were answered, {term['came_later_told_503']} told 503 and "
        f"{term['came_later_not_connected']} not connected. Exit code {term['exit_code']}.",
        "",
    ])  # fmt: skip


def _share(name: str, share: float) -> str:
    return "" if name.startswith("infinity") else f"{share:.0%}"


def _times_infinity(servers: dict[str, Any]) -> list[str]:
    theirs = next((one for name, one in servers.items() if name.startswith("infinity")), None)
    if theirs is None:
        return []
    told = [
        f"{name}: {one['many']['pairs_per_s'] / theirs['many']['pairs_per_s']:.1f} times infinity-emb's pairs/s at "
        f"{PAIRS} pairs a request, {one['single']['pairs_per_s'] / theirs['single']['pairs_per_s']:.1f} times at one."
        for name, one in servers.items()
        if one is not theirs
    ]
    versions = ", ".join(f"{package} {version}" for package, version in theirs["versions"].items())
    return ["\n".join(told), "", f"infinity-emb ran with {versions}.", ""]


def _statuses(measured: dict[str, Any]) -> str:
    names = {str(NO_ANSWER): "no answer"}
    return ", ".join(f"{names.get(status, status)} {number:,} times" for status, number in measured["statuses"].items())


def _say(told: str) -> None:
    print(told, flush=True)


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the page to write; figures go beside it as .json")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each figure (default: 30)")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the memory test (default: 10)")
    parser.add_argument("--requests", type=int, default=800, help="different requests of each kind (default: 800)")
    parser.add_argument(
        "--calls", type=int, default=8, help="timed calls without a server, of 1,024 pairs (default: 8)"
    )
    parser.add_argument("--threads", type=int, default=2, help="of every server (default: 2)")
    parser.add_argument("--ours", default=f"{sys.executable} -m crossjudge serve", help="the command that starts ours")
    parser.add_argument("--ours-only", action="store_true", help="leave infinity-emb out")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venvs" / "peers", help="where the environments are")
    parser.add_argument("--models", type=Path, default=ROOT / ".venvs" / "models", help="where the checkpoints are")
    parser.add_argument("--torch-install", default="torch==2.13.0", help="what pip is given to bring PyTorch")
    parser.add_argument("--prefix", default="", help="a command to put before every server, such as 'nice -n -5'")
    return parser.parse_args(arguments)


def main() -> None:
    options = _options()
    found = measure(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    options.out.write_text(text_of(found), encoding="utf-8")
    _say(f"wrote {options.out}")


if __name__ == "__main__":
    main()
