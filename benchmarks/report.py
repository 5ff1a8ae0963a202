"""The figures of one run as people read them: a table on the terminal, docs/benchmarks.md, and its pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from machine import describe
from pictures import draw

Row = dict[str, Any]
REFERENCE = "st-torch-fp32"
INDEPENDENT, SHARED, ONE_BY_ONE = "mixed", "tags", "single"
EXACT_ENOUGH = 0.995

HEAD = ("engine", "ms a call", "p50", "p99", "pairs/s", "k tokens/s", "tokens computed a pair", "times the reference")
INTRODUCTION = """\
# Speed, side by side

<!-- Written by `python benchmarks/peers.py` from docs/benchmarks/peers.json and limit.json. Do not edit. -->

One run on {date}, on {processor} with {cores} usable core(s) and {flags}; versions stand at the end. Every engine had
{threads} processors and a process of its own; {rounds} round(s), engines in turn, each in a fresh process and warmed up
with other texts. `ms a call` is the best round's mean; p50 and p99 are over the calls of all rounds. Texts are seeded
English words.

All engines multiply the same matrices: the embedded model's weights, written as an ordinary BERT checkpoint (*joint*
attention) for the peers and for ours marked joint. *One-way* rows are the embedded model as it is made to run, which
reads a shared premise once; its scores are its own, so it is compared with its own fp32. Peers that know one score
only, and all engines when they re-rank, have the logit of entailment minus that of contradiction as the one row of
their head. `k tokens/s` counts useful tokens, each pair read for itself and cut to 512, whatever an engine computes;
`tokens computed a pair` says that, padding included.

Run it: `make bench` (installs every peer: some 10 GB), or `crossjudge bench` for the quick part on your own machine and
model.
"""

NOTES = {
    "mixed": "All pairs in one call, or as near to it as a library comes: FlashRank and rerankers take a query a call.",
    "rerank": "One call for each query.",
    "tags": "One call for each text. The text is new in every call, so no cache of premises helps.",
    "claims": "The same call for all, who each cut the source on their own: they read a quarter of it.",
    "claims_windows": "Windows of 400 words that share 50, cut beforehand for all: every word of the source is read.",
}
"""Workload -> what a reader must know of how it was asked."""

SERVICE_NOTE = """\
First score: from the start of the process to the first score, imports and opening the model included, files in the
page cache. Memory: the most that was resident while opening the model and scoring the independent pairs. Difference:
of logits. Decision: the label of the highest logit, or the sign where there is one score."""

LIMIT_NOTE = """\
## How near the limit

The limit is the rate of matrix products of one layer of this model at 2,048 rows, {threads} threads, by the best of
oneDNN (through torch), OpenVINO and ONNX Runtime on each shape. Useful operations are those of the linear layers and of
attention; softmax, norms, GELU and what is done around them count as time only. `python benchmarks/limit.py`.

Limits in tera-operations a second: {limits}.
"""

SERVICE = ("engine", "first score, s", "peak memory, MB", "compared with", "largest difference", "same decision")


def show(content: dict[str, Any], console: Console) -> None:
    """Every table on the terminal."""
    console.print(describe(content["machine"]))
    for name, workload in content["workloads"].items():
        console.print(_rich(_title(workload), HEAD, speed_rows(content, name)))
    console.print(_rich("Start, memory and agreement", SERVICE, service_rows(content)))


def write(content: dict[str, Any], docs: Path) -> list[Path]:
    """Write the page and its pictures; `limit.json` and `notes.md` in `docs/benchmarks` go into it if they are there.

    The notes say what no figure says by itself: what holds an engine back, and what was measured apart.
    """
    notes = docs / "benchmarks" / "notes.md"
    limit_file = docs / "benchmarks" / "limit.json"
    limit = json.loads(limit_file.read_text(encoding="utf-8")) if limit_file.is_file() else None
    pictures = draw(content, docs / "images" / "benchmarks")
    page = docs / "benchmarks.md"
    parts = [*_page(content, limit, [path.relative_to(docs) for path in pictures])]
    if notes.is_file():
        parts.append(notes.read_text(encoding="utf-8"))
    page.write_text("\n".join(parts), encoding="utf-8")
    return [page, *pictures]


def speed_rows(content: dict[str, Any], workload: str) -> list[tuple[str, ...]]:
    """One row for each engine that ran `workload`, fastest last; strings as they are shown."""
    ran = [engine for engine in content["engines"] if workload in engine["workloads"]]
    base = next((one["workloads"][workload]["best_s"] for one in ran if one["name"] == REFERENCE), None)
    rows = []
    for engine in sorted(ran, key=lambda one: -one["workloads"][workload]["best_s"]):
        one = engine["workloads"][workload]
        computed = one["tokens_computed_per_pair"]
        rows.append(
            (
                engine["title"],
                f"{one['best_s'] / one['num_calls'] * 1e3:,.1f}",
                f"{one['p50_ms']:,.1f}",
                f"{one['p99_ms']:,.1f}",
                f"{one['pairs_per_s']:,.0f}",
                f"{one['tokens_per_s'] / 1e3:,.1f}",
                "-" if computed is None else f"{computed:,.0f}",
                "-" if base is None else f"{base / one['best_s']:,.1f}",
            )
        )
    return rows


def service_rows(content: dict[str, Any]) -> list[tuple[str, ...]]:
    """Cold start, memory and agreement of every engine that ran."""
    titles = {engine["name"]: engine["title"] for engine in content["engines"]}
    rows = []
    for engine in content["engines"]:
        if engine["cold_start_s"] is None:
            continue
        name, parity = next(iter(engine["parity"].items()), (None, None))
        rows.append(
            (
                engine["title"],
                f"{engine['cold_start_s']['median']:.2f}",
                f"{engine['peak_bytes']['median'] / 1e6:,.0f}",
                titles[engine["reference"]] if engine["reference"] != engine["name"] else "itself",
                _difference(parity),
                _agreement(parity, content["workloads"], name),
            )
        )
    return rows


def _difference(parity: Row | None) -> str:
    return "-" if parity is None else f"{parity['max_drift']:.2g}"


def _agreement(parity: Row | None, workloads: dict[str, Row], name: str | None) -> str:
    if parity is None or name is None:
        return "-"
    low, high = parity["agreement_low"], parity["agreement_high"]
    which = "" if name == INDEPENDENT else f", {workloads[name]['title']}"
    return f"{parity['agreement']:.2%} ({low:.2%} to {high:.2%}; {parity['n_pairs']:,} pairs{which})"


def _page(content: dict[str, Any], limit: dict[str, Any] | None, pictures: Sequence[Path]) -> Iterator[str]:
    machine = content["machine"]
    flags = ", ".join(machine["flags"]) or "no vector extensions"
    yield INTRODUCTION.format(**{**content, **machine, "flags": flags})
    yield from _reach(content, limit)
    for name, workload in content["workloads"].items():
        yield from (f"## {_title(workload)}", "")
        if name in NOTES:
            yield from (NOTES[name], "")
        yield from (*_markdown(HEAD, speed_rows(content, name)), "", *_picture(name, workload["title"], pictures))
    yield from ("## Start, memory and agreement", "", SERVICE_NOTE, "", *_markdown(SERVICE, service_rows(content)), "")
    yield from (*_picture("memory", "start and memory", pictures), *_limit(limit))
    yield from ("## What ran", "", *_versions(content), "", *_absent(content))


def _picture(name: str, title: str, pictures: Sequence[Path]) -> list[str]:
    return [line for path in pictures if path.stem == name for line in (f"![{title}]({path.as_posix()})", "")]


def _reach(content: dict[str, Any], limit: dict[str, Any] | None) -> Iterator[str]:
    """What the project set out to reach, and what this run shows."""
    yield from ("| aim | reached here | by |", "|---|---|---|")
    for title, workload, aim in (
        ("independent pairs, times sentence-transformers torch fp32", INDEPENDENT, "6"),
        ("50 hypotheses on a premise, times sentence-transformers torch fp32", SHARED, "60"),
    ):
        yield _reached(content, f"{title}: {aim}", workload, lambda one: one["name"] == REFERENCE)
    yield _reached(content, "independent pairs, times the best peer: 1.5", INDEPENDENT, lambda one: not one["is_ours"])
    ours = _ours(content, ONE_BY_ONE)
    if ours:
        best = min(ours, key=lambda one: one["workloads"][ONE_BY_ONE]["p50_ms"])
        p50_ms = best["workloads"][ONE_BY_ONE]["p50_ms"]
        yield f"| one pair, warm: under 2.5 ms | {p50_ms:.1f} ms (p50) | {best['title']} |"
    shares = [
        (engine["long"]["share"], engine["title"])
        for engine in (limit or {"engines": []})["engines"]
        if not engine["error"] and engine["precision"] == "int8" and engine["long"]["share"]
    ]
    if shares:
        yield f"| long batches, share of the int8 multiply limit: 60% | {max(shares)[0]:.0%} | {max(shares)[1]} |"
    yield ""
    yield f"Only engines of ours that decide as fp32 does in at least {EXACT_ENOUGH:.1%} of the pairs count here."
    yield ""


def _reached(content: dict[str, Any], title: str, workload: str, is_base: Any) -> str:
    ours = _ours(content, workload)
    bases = [one for one in content["engines"] if is_base(one) and workload in one["workloads"]]
    if not ours or not bases:
        return f"| {title} | not measured | |"
    best = min(ours, key=lambda one: one["workloads"][workload]["best_s"])
    base = min(bases, key=lambda one: one["workloads"][workload]["best_s"])
    ratio = base["workloads"][workload]["best_s"] / best["workloads"][workload]["best_s"]
    beside = "" if base["name"] == REFERENCE else f", beside {base['title']}"
    return f"| {title} | {ratio:.1f} | {best['title']}{beside} |"


def _ours(content: dict[str, Any], workload: str) -> list[Row]:
    return [one for one in content["engines"] if one["is_ours"] and workload in one["workloads"] and exact_enough(one)]


def exact_enough(engine: Row) -> bool:
    """Whether an engine decides as its reference does, on the independent pairs."""
    parity = engine["parity"].get(INDEPENDENT)
    return parity is not None and parity["agreement"] >= EXACT_ENOUGH


def _limit(limit: dict[str, Any] | None) -> Iterator[str]:
    if limit is None:
        return
    shown = ", ".join(f"{name} {value:.2f}" for name, value in limit["limits"].items())
    yield LIMIT_NOTE.format(threads=limit["threads"], limits=shown)
    rows = []
    for engine in limit["engines"]:
        for name, shape in (("long", "8 x 256"), ("short", "64 x 32")):
            if engine["error"]:
                continue
            one = engine[name]
            share = "-" if one["share"] is None else f"{one['share']:.0%}"
            rows.append((engine["title"], shape, f"{one['tokens_per_s'] / 1e3:,.1f}", f"{one['tera_ops']:.2f}", share))
    yield from _markdown(("engine", "pairs x tokens", "k tokens/s", "tera-operations/s", "share of its limit"), rows)
    yield ""


def _versions(content: dict[str, Any]) -> Iterator[str]:
    for name, versions in content["environments"].items():
        yield f"* {name}: " + ", ".join(f"{package} {version}" for package, version in versions.items())
    memory = content["machine"]["memory_bytes"]
    yield f"* the machine: {describe(content['machine'])}" + (f"; {memory / 2**30:.0f} GiB" if memory else "")


def _absent(content: dict[str, Any]) -> Iterator[str]:
    absent = [engine for engine in content["engines"] if engine["error"]]
    if absent:
        yield from ("Not measured:", "")
        yield from (f"* {engine['title']}: {engine['error'].splitlines()[0]}" for engine in absent)
        yield ""


def _title(workload: Row) -> str:
    title = workload["title"][0].upper() + workload["title"][1:]
    calls, pairs = workload["num_calls"], workload["num_pairs"]
    shape = f"{calls} calls of {pairs // calls:,} pair(s)" if calls > 1 else f"{pairs:,} pairs"
    return f"{title} ({shape}, {workload['tokens_per_pair']:.0f} tokens a pair)"


def _rich(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
