"""Ours against sentence-transformers, same weights, same texts, same run: `python benchmarks/engine.py`.

Needs the `torch` extra and sentence-transformers. Prints milliseconds, thousands of useful tokens per second and
ratios; asserts nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from crossjudge import CrossEncoder
from joint_twin import write_joint_twin
from machine import describe
from texts import mixed_pairs, shared_premise

Predict = Callable[[list[tuple[str, str]]], Any]


def main() -> None:
    """Run both workloads and print one table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="measure each engine this often, keep the best")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads of every engine (default: usable cores)")
    parser.add_argument("--pairs", type=int, default=2_000, help="mixed-length pairs")
    options = parser.parse_args()
    console = Console(width=120)
    console.print(describe())
    with tempfile.TemporaryDirectory() as folder:
        twin = write_joint_twin(Path(folder) / "twin")
        engines = open_engines(twin, options.threads)
        workloads = {
            f"{options.pairs:,} mixed-length pairs": mixed_pairs(options.pairs),
            "one 250-token premise, 50 hypotheses of 12 tokens": shared_premise(),
            "one pair": shared_premise(1),
        }
        for title, pairs in workloads.items():
            console.print(table_of(title, pairs, engines, options.repeat))


def open_engines(twin: Path, threads: int | None) -> dict[str, Predict]:
    """Every engine on the same weights, the reference first."""
    import torch
    from sentence_transformers import CrossEncoder as Reference

    if threads is not None:
        torch.set_num_threads(threads)
    reference = Reference(str(twin), device="cpu")
    joint = CrossEncoder(twin, backend="onnx", num_threads=threads)
    one_way = CrossEncoder(num_threads=threads)
    return {
        "sentence-transformers, torch fp32, joint": lambda pairs: reference.predict(pairs, show_progress_bar=False),
        "crossjudge, ONNX fp32, joint": joint.predict,
        "crossjudge, ONNX int8, one-way (as shipped)": one_way.predict,
    }


def table_of(title: str, pairs: list[tuple[str, str]], engines: dict[str, Predict], repeat: int) -> Table:
    """Best time of `repeat` for each engine, and how many times faster than the first it is."""
    tokens = useful_tokens(pairs)
    table = Table("engine", "ms", "thousand tokens/s", "times the reference", title=title, title_justify="left")
    reference_s = None
    for name, predict in engines.items():
        predict(pairs[:64])
        elapsed_s = min(timed(predict, pairs) for _ in range(repeat))
        reference_s = reference_s or elapsed_s
        table.add_row(
            name, f"{elapsed_s * 1e3:,.1f}", f"{tokens / elapsed_s / 1e3:,.1f}", f"{reference_s / elapsed_s:,.1f}"
        )
    return table


def useful_tokens(pairs: list[tuple[str, str]]) -> int:
    """Tokens of all pairs as an ordinary cross-encoder reads them: premise, hypothesis and three special tokens."""
    tokenizer = CrossEncoder(backend="fake").tokenizer
    ids = tokenizer.token_ids(text for pair in pairs for text in pair)
    return int(np.sum([len(ids[a]) + len(ids[b]) + 3 for a, b in pairs]))


def timed(predict: Predict, pairs: list[tuple[str, str]]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    predict(pairs)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
