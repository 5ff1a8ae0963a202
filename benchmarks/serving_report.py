"""What was measured of servers, as the tables of docs/operations.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from load import NO_ANSWER

INFINITY = "infinity-emb, joint twin, torch fp32"
BEGIN, END = "<!-- figures of benchmarks/serving.py -->", "<!-- end of the figures -->"
ASKED_SHARE, ASKED_TIMES = 0.85, 3.0
"""What was asked for: of the engine's own throughput, and of infinity-emb's."""


def write(text: str, page: Path) -> Path:
    """Put `text` where the page has its figures; a page without such a place gets one at its end."""
    before = page.read_text(encoding="utf-8") if page.exists() else "# Running the server\n"
    head, begin, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2] if begin else "\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{head if begin else head + chr(10)}{BEGIN}\n\n{text}\n{END}{tail}", encoding="utf-8")
    return page


def text_of(found: dict[str, Any]) -> str:
    """The figures in markdown."""
    machine, options = found["machine"], found["options"]
    return "\n".join([
        f"Measured by `python benchmarks/serving.py` on {found['date']} in one run of {found['minutes_in_all']:.0f} "
        f"minutes on {machine['processor']} with {machine['cores']} usable core(s), which the load generator shares "
        f"with each server; {options['threads']} threads a server, {options['seconds']:g} s a figure. No text comes "
        "twice but where it says so.",
        "",
        *(_servers(found["servers"], options) if found["servers"] else []),
        *(_mixed(found) if "at_share" in found else []),
        *(_hardship(found) if "termination" in found else []),
    ])  # fmt: skip


def _servers(servers: dict[str, Any], options: dict[str, Any]) -> list[str]:
    clients = options["clients"]
    rows = [
        f"| {clients} clients, each with {options['pairs']} passages of 40 to 180 words | pairs/s | of the engine in "
        f"process | p50, p99 (s) | failed | {clients} clients with a pair each | one client | ready after (s) | MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in servers.items():
        many, alone = one["many"], one.get("in_process")
        share = "" if alone is None else f"{many['pairs_per_s'] / alone['pairs_per_s']:.0%}"
        singles = [f"{one[kind]['pairs_per_s']:,.0f}/s" if kind in one else "" for kind in ("single", "alone")]
        rows.append(
            f"| {name} | {many['pairs_per_s']:,.0f} | {share} | {many['p50_ms'] / 1000:.2f}, "
            f"{many['p99_ms'] / 1000:.2f} | {many['errors']} of {many['requests']:,} | {singles[0]} | {singles[1]} | "
            f"{one['started_s']:.1f} | {one['resident_bytes'] / 2**20:,.0f} |"
        )
    return [*rows, "", *_beside_the_engine(servers), *_times_infinity(servers), ""]


def _beside_the_engine(servers: dict[str, Any]) -> list[str]:
    first = next(iter(servers.values()))
    alone, share = first["in_process"], first["many"]["pairs_per_s"] / first["in_process"]["pairs_per_s"]
    return [
        f"The embedded model in a process without a server does {alone['pairs_per_s']:,.0f} pairs/s of those passages "
        f"(before and after: {', '.join(f'{rate:,.0f}' for rate in alone['rates'])}), and "
        f"{alone['single_pairs_per_s']:,.0f} one at a time. Asked was {ASKED_SHARE:.0%} of it: "
        f"{'met' if share >= ASKED_SHARE else 'missed'}."
    ]


def _times_infinity(servers: dict[str, Any]) -> list[str]:
    theirs = servers.get(INFINITY)
    if theirs is None:
        return ["infinity-emb was left out of this run."]
    times = {
        name: one["many"]["pairs_per_s"] / theirs["many"]["pairs_per_s"]
        for name, one in servers.items()
        if one is not theirs
    }
    told = "; ".join(f"{name.removeprefix('ours, ')}: {one:.1f} times" for name, one in times.items())
    versions = ", ".join(f"{package} {version}" for package, version in theirs["versions"].items())
    met = [name.removeprefix("ours, ") for name, one in times.items() if one >= ASKED_TIMES]
    return [
        f"Pairs a second beside infinity-emb ({versions}): {told}. Asked were {ASKED_TIMES:g} times: "
        f"{'met by ' + ' and by '.join(met) if met else 'missed'}."
    ]


def _mixed(found: dict[str, Any]) -> list[str]:
    steady, memory = found["steady"], found["steady"]["memory"]
    loads = {
        f"closed loop, {found['options']['clients']} clients, {steady['minutes']:g} minutes": steady,
        f"open loop, {found['at_share']['offered_per_s']:.1f} requests/s (80% of that)": found["at_share"],
    }
    rows = [
        f"| {title} | {one['requests_per_s']:.1f} | {one['pairs_per_s']:,.0f} | {one['p50_ms']:,.0f} | "
        f"{one['p99_ms']:,.0f} | {one['errors']} of {one['requests']:,} |"
        for title, one in loads.items()
    ]
    tenths = ", ".join(f"{one / 2**20:,.0f}" for one in memory["tenths_bytes"])
    return [
        "Mixed requests (rankings of 4 to 64 passages, single pairs, 8 pairs, 10 tags of a text, 5 claims on a source; "
        "every fifth one comes again), the embedded model:",
        "",
        "| load | requests/s | pairs/s | p50 ms | p99 ms | failed |",
        "|---|---:|---:|---:|---:|---:|",
        *rows,
        "",
        f"Memory at each tenth of the {steady['minutes']:g} minutes: {tenths} MiB, at most "
        f"{memory['most_bytes'] / 2**20:,.0f}; over the second half {memory['late_bytes_per_minute'] / 2**20:+.2f} MiB "
        "a minute by least squares.",
        "",
    ]  # fmt: skip


def _hardship(found: dict[str, Any]) -> list[str]:
    much, term, faults = found["overload"], found["termination"], found["faults"]
    told = "; ".join(
        f"{name}: {', '.join(f'{status} {n}x' for status, n in one.items() if status != 'seconds')}"
        for name, one in faults.items()
        if isinstance(one, dict) and name != "witnesses"
    )
    witnesses = faults["witnesses"]
    return [
        f"At twice what it can do ({much['offered_per_s']:.1f} requests/s, each giving {much['timeout_s']:g} s): "
        f"{_statuses(much)}. A refusal took {much['refused_p50_ms']:,.0f} ms in the median, "
        f"{much['refused_p99_ms']:,.0f} at p99; of the accepted {much['late']} came late or expired (p50 "
        f"{much['accepted_p50_ms'] / 1000:.1f} s, p99 {much['accepted_p99_ms'] / 1000:.1f} s). Ready afterwards: "
        f"{_yes(much)}.",
        "",
        f"SIGTERM with {term['under_way']} requests under way: {term['lost']} lost. Of {term['came_later']} that came "
        f"later {term['came_later_answered']} were answered, {term['came_later_told_503']} told 503, "
        f"{term['came_later_not_connected']} not connected. Exit code {term['exit_code']}.",
        "",
        f"Faults, while {witnesses['requests']} requests of others were answered ({_statuses(witnesses)}): {told}. "
        f"Ready afterwards: {_yes(faults)}.",
        "",
    ]


def _statuses(measured: dict[str, Any]) -> str:
    names = {str(NO_ANSWER): "no answer"}
    return ", ".join(f"{names.get(status, status)} {number:,}x" for status, number in measured["statuses"].items())


def _yes(found: dict[str, Any]) -> str:
    return "yes" if found["ready_afterwards"] else "no"
