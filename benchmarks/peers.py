"""Ours beside its peers, same weights, same texts, one run: `python benchmarks/peers.py`, or `make bench`.

Installs each peer into an environment of its own, writes the embedded model's weights as folders that every one of them
can open, measures all of them in turn, and writes DOCS/benchmarks/peers.json, DOCS/benchmarks.md and its pictures.
Nothing is downloaded while it measures. `--report` writes text and pictures anew from the figures that are there.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

import environments
import report
from checkpoints import make_checkpoints
from comparison import Found, check, compare, in_turn, log_of, measure, to_dict
from crossjudge import CrossEncoder
from crossjudge.benchmark.texts import claims_on_a_source, in_windows, passages_of_a_query, shared_premise
from crossjudge.benchmark.tokens import useful_tokens
from crossjudge.benchmark.workloads import WARM_UP_SEED, Workload, mixed, single, tags
from engines import Engine, Environment, chosen, read_table
from machine import facts
from processes import Process

ROOT = Path(__file__).parent.parent
ONCE = {"many_tags"}
"""Workloads so long that one round of them is steady enough."""


def main() -> None:
    options = _options()
    console = Console(width=150, highlight=False)
    results = options.docs / "benchmarks" / "peers.json"
    if not options.report:
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(run(options, console), indent=1) + "\n", encoding="utf-8")
    content = json.loads(results.read_text(encoding="utf-8"))
    report.show(content, console)
    for path in report.write(content, options.docs):
        console.print(f"wrote {path}")


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Install, check, measure: everything as plain JSON values."""
    table, engines = read_table()
    engines = chosen(engines, options.engines)
    used = {engine.environment: table[engine.environment] for engine in engines if engine.environment}
    missing = _install(used, options, console)
    graphs = {name: one for name, one in used.items() if name not in missing} | _exporters(
        table, engines, options, console
    )
    make_checkpoints(options.models, options.venvs, graphs, say=console.print)
    workloads = workloads_of(options.scale)
    asked = options.models / "workloads.json"
    asked.write_text(json.dumps([one.to_dict() for one in workloads]), encoding="utf-8")
    open_engine = partial(_open, used=used, options=options, asked=asked)
    found = [Found(engine=engine, error=missing.get(engine.environment or "")) for engine in engines]
    _check_all(found, workloads, open_engine, console)
    for number in range(options.rounds):
        for one in in_turn([one for one in found if not one.error], number):
            console.print(f"round {number + 1} of {options.rounds}: {one.engine.title}")
            measure(one, _asked(one.engine, workloads, first=number == 0), open_engine)
    tokens = {one.name: useful_tokens(CrossEncoder(backend="fake").tokenizer, one.pairs) for one in workloads}
    return {
        "machine": facts(),
        "threads": options.threads,
        "rounds": options.rounds,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "environments": {
            name: environments.versions(options.venvs, one) for name, one in used.items() if name not in missing
        },
        "workloads": {one.name: _described(one, tokens[one.name]) for one in workloads},
        "engines": [to_dict(one, workloads, tokens) for one in found],
    }


def workloads_of(scale: float) -> list[Workload]:
    """What every engine is asked; `scale` below 1 makes it quicker and the figures rougher."""

    def times(count: int) -> int:
        return max(1, round(scale * count))

    claims = [claims_on_a_source(seed=seed) for seed in range(times(4))]
    warm = [claims_on_a_source(3, seed=WARM_UP_SEED)]
    cut = partial(in_windows, num_words=400, overlap=50)
    texts = times(20)
    many = [pair for seed in range(100, 100 + texts) for pair in shared_premise(seed=seed)]
    few = shared_premise(seed=WARM_UP_SEED + 100)
    rank = [passages_of_a_query(seed=seed) for seed in range(times(4))]
    return [
        mixed(times(2_000)),
        Workload(
            name="rerank",
            title="re-ranking 100 passages for a query",
            calls=tuple(rank),
            warm_up=(passages_of_a_query(30, seed=WARM_UP_SEED),),
            num_labels=1,
        ),
        tags(times(6)),
        Workload(name="many_tags", title=f"{texts} texts with 50 hypotheses each", calls=(many,), warm_up=(few,)),
        Workload(
            name="claims",
            title="10 claims on a source of 2,000 tokens, cut to the first 512",
            calls=tuple(claims),
            warm_up=tuple(warm),
        ),
        Workload(
            name="claims_windows",
            title="10 claims on a source of 2,000 tokens, all of it, in 6 windows",
            calls=tuple(cut(call) for call in claims),
            warm_up=tuple(cut(call) for call in warm),
        ),
        single(times(200)),
    ]


def _install(used: dict[str, Environment], options: argparse.Namespace, console: Console) -> dict[str, str]:
    """Make the environments; what could not be made, and why."""
    missing = {}
    for name, environment in used.items():
        try:
            environments.install(options.venvs, environment, torch=options.torch_install, say=console.print)
        except RuntimeError as error:
            console.print(f"{name}: {error}")
            missing[name] = str(error).splitlines()[-1]
    return missing


def _exporters(
    table: dict[str, Environment], engines: Sequence[Engine], options: argparse.Namespace, console: Console
) -> dict[str, Environment]:
    """The environments that write the graphs which the chosen engines open."""
    needed = {
        name: table[name]
        for kind, name in (("onnx", "sentence-transformers-onnx"), ("openvino", "sentence-transformers-openvino"))
        if any(engine.relevance.endswith(f"-{kind}") for engine in engines)
    }
    missing = _install(needed, options, console)
    return {name: one for name, one in needed.items() if name not in missing}


def _open(engine: Engine, *, used: dict[str, Environment], options: argparse.Namespace, asked: Path) -> Process:
    return Process(
        engine,
        used.get(engine.environment or ""),
        venvs=options.venvs,
        models=options.models,
        workloads=asked,
        threads=options.threads,
        prefix=shlex.split(options.prefix),
        log=log_of(options.models / "logs", engine),
    )


def _asked(engine: Engine, workloads: Sequence[Workload], *, first: bool) -> list[Workload]:
    return [one for one in workloads if engine.runs(one.name) and (first or one.name not in ONCE)]


def _check_all(found: Sequence[Found], workloads: Sequence[Workload], open_engine: Any, console: Console) -> None:
    by_name = {one.engine.name: one for one in found}
    labels = CrossEncoder(backend="fake").labels
    for one in found:
        if one.error is None:
            console.print(f"checking: {one.engine.title}")
            check(one, _asked(one.engine, workloads, first=False), open_engine)
        if one.error:
            console.print(f"  not here: {one.error}")
        compare(one, by_name[one.engine.reference], labels)


def _described(workload: Workload, tokens: int) -> dict[str, Any]:
    pairs = len(workload.pairs)
    return {
        "title": workload.title,
        "num_pairs": pairs,
        "num_calls": len(workload.calls),
        "tokens_per_pair": tokens / pairs,
        "one_label": workload.num_labels == 1,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="*", default=[], metavar="NAME", help="only those whose names begin so")
    parser.add_argument("--rounds", type=int, default=3, help="measure every engine so often, in turn (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="processors of every engine (default: 2)")
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 for a tenth of the texts, to try it out")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where to write (default: docs)")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venvs" / "peers", help="where the environments are")
    parser.add_argument("--models", type=Path, default=ROOT / ".venvs" / "models", help="where the checkpoints are")
    parser.add_argument("--torch-install", default="torch==2.13.0", help="what pip is given to bring PyTorch")
    parser.add_argument("--prefix", default="", help="a command to put before every engine, such as 'nice -n -5'")
    parser.add_argument("--report", action="store_true", help="measure nothing: text and pictures from the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
