"""How near is each engine to what this machine can multiply? `python benchmarks/limit.py`.

Measures the rate of matrix products of the model's own shapes in fp32, bf16 and int8, by the best library that is
installed, then the rate of useful operations of a whole run: linear layers and attention, without softmax, norms,
padding or tokenizing. The share of the two is what a perfect engine would bring to 100%. Writes
DOCS/benchmarks/limit.json, which `peers.py` puts into the report.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from comparison import plain
from crossjudge import CrossEncoder
from crossjudge.benchmark.joint_twin import write_joint_twin
from crossjudge.benchmark.texts import sentence
from crossjudge.benchmark.timing import timed_calls
from crossjudge.errors import CrossjudgeError
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_export import read_config
from crossjudge.types import Pair
from engines import read_table
from machine import describe, facts
from multiplying import limits, measure_rates, shapes_of

ROWS = 2_048
HYPOTHESIS_TOKENS = 12
BATCHES = {"long": (8, 256), "short": (64, 32)}
"""Name -> pairs and tokens of a pair: 2,048 tokens either way."""
REPEATED = 4
"""How many such batches are given at once, so that batches can overlap as they do in a long run."""
CALLS = 4
"""Calls that are measured, after one to warm up; the best one counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="processors to use (default: 2)")
    parser.add_argument("--seconds", type=float, default=0.5, help="measure each product so long")
    parser.add_argument("--docs", type=Path, default=Path(__file__).parent.parent / "docs", help="where to write")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    console = Console(width=120, highlight=False)
    console.print(describe())
    config = read_config(EMBEDDED / "config.json")
    rates = list(measure_rates(shapes_of(config, ROWS), options.threads, seconds=options.seconds))
    found = {
        "machine": facts(),
        "threads": options.threads,
        "rates": [asdict(rate) for rate in rates],
        "limits": limits(rates),
    }
    found["engines"] = list(measure_engines(config, found["limits"], options.threads))
    out = options.docs / "benchmarks" / "limit.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found, console)


def measure_engines(config: OneWayConfig, limits_of: dict[str, float], threads: int) -> Iterator[dict[str, Any]]:
    """Each of ours on long and on short pairs: useful operations a second, and the share of its precision's limit."""
    with tempfile.TemporaryDirectory() as folder:
        twin = write_joint_twin(Path(folder) / "joint")
        for engine in (one for one in read_table()[1] if one.is_ours):
            path = None if engine.nli == "embedded" else twin
            try:
                model = CrossEncoder(path, num_threads=threads, **engine.options)
            except CrossjudgeError as error:
                yield {"title": engine.title, "error": plain(error)}
                continue
            yield {"title": engine.title, "error": None, **_shares(model, config, limits_of)}


def _shares(model: CrossEncoder, config: OneWayConfig, limits_of: dict[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    one_way = model.attention == "one_way"
    for name, (num_pairs, length) in BATCHES.items():
        hypothesis = HYPOTHESIS_TOKENS + (2 if one_way else 1)
        one_call = REPEATED * num_pairs
        operations = one_call * useful_operations(config, length - hypothesis, hypothesis, one_way=one_way)
        # Other texts in every call: what an engine keeps of a premise must not help.
        calls = [
            model.tokenizer.encode([Pair(*texts) for texts in independent_pairs(one_call, length, seed=seed)])
            for seed in range(CALLS + 1)
        ]
        best_s = min(timed_calls(model.logits_of, calls)[1:])
        rate = operations / best_s / 1e12
        limit = limits_of.get(model.precision)
        found[name] = {
            "tera_ops": rate,
            "share": limit and rate / limit,
            "tokens_per_s": sum(map(len, calls[0])) / best_s,
        }
    return {"precision": model.precision, **found}


def useful_operations(config: OneWayConfig, premise: int, hypothesis: int, *, one_way: bool) -> float:
    """Operations (a multiplication and an addition are two) that one pair of these lengths needs in linear layers and
    attention. One-way: the premise sees itself alone, and the last layer computes one row of the hypothesis.
    """
    hidden, inner, tokens = config.hidden_size, config.intermediate_size, premise + hypothesis
    row = 2 * (4 * hidden * hidden + 2 * hidden * inner)
    if not one_way:
        return config.num_layers * (tokens * row + 4 * hidden * tokens * tokens)
    seen = premise * premise + hypothesis * tokens
    full = tokens * row + 4 * hidden * seen
    keys_and_values = 2 * tokens * 2 * hidden * hidden
    last = keys_and_values + row - 2 * 2 * hidden * hidden + 4 * hidden * tokens
    return (config.num_layers - 1) * full + last


def independent_pairs(count: int, length: int, *, seed: int) -> list[tuple[str, str]]:
    """Pairs of `length` tokens, the three special ones included, no two with a text in common."""
    rng = random.Random(1_000 * length + seed)
    words = length - 3 - HYPOTHESIS_TOKENS
    # The full stop is a token too.
    return [(sentence(rng, words - 1), sentence(rng, HYPOTHESIS_TOKENS - 1)) for _ in range(count)]


def show(found: dict[str, Any], console: Console) -> None:
    """Two tables: what the machine can, and what the engines do."""
    products = Table("precision", "library", "rows x inner x columns", "tera-operations/s", title="Matrix products")
    for rate in found["rates"]:
        shape = f"{rate['rows']} x {rate['inner']} x {rate['columns']}"
        products.add_row(rate["precision"], rate["library"], shape, f"{rate['tera_ops']:.2f}")
    console.print(products)
    limits_shown = ", ".join(f"{name} {value:.2f}" for name, value in found["limits"].items())
    console.print(f"limits over a whole layer, tera-operations/s: {limits_shown}")
    table = Table("engine", "batch", "thousand tokens/s", "tera-operations/s", "share of its limit", title="Engines")
    for engine in found["engines"]:
        if engine["error"]:
            table.add_row(engine["title"], "not here", "", "", "")
            continue
        for name, (num_pairs, length) in BATCHES.items():
            one = engine[name]
            share = "-" if one["share"] is None else f"{one['share']:.0%}"
            speed = f"{one['tokens_per_s'] / 1e3:.1f}"
            table.add_row(engine["title"], f"{num_pairs} x {length}", speed, f"{one['tera_ops']:.2f}", share)
    console.print(table)


if __name__ == "__main__":
    main()
