"""The model card of a release, written from its record so that no figure in it was typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossjudge.datasets import DatasetCard

INTRODUCTION = """\
---
license: apache-2.0
language: en
pipeline_tag: text-classification
---
# crossjudge embedded

The model that comes in the box: a one-way cross-encoder with 6 layers of 384, started from all-MiniLM-L6-v2 and
trained on natural language inference. It reads a premise once and judges any number of hypotheses against it. Labels:
contradiction, entailment, neutral. The premise's pooled states double as a sentence embedding (`BiEncoder()`).

**Use it for** checking claims against a source, tagging by hypothesis, a first judgement on a laptop without download.
**Do not use it for** decisions about people without review, languages other than English, or as a relevance or
similarity score: an entailment probability is neither.

**Known failures** (measured on models of this size and data; the stress evaluation will quantify them for this one):
swapped roles and before/after pairs are often called entailed, hedged statements are often taken for definite ones,
true paraphrases in other words are sometimes called neutral, and evidence far from the claim's words is missed. One
epoch on short premises: sources are best judged in passages of a few sentences.
"""

LEAK_NOTE = """\
64-bit hashes of every normalised training pair (`train_hashes.npy`) and every evaluation pair
(`evaluation_hashes.npy`) lie beside this card in the repository; a test intersects them. The starting weights were
themselves trained on SNLI, MultiNLI, Quora duplicates and other public sets, so no test of ours can prove that *they*
never saw an evaluation pair.
"""


def write_card(path: Path, record: Mapping[str, Any], sets: Mapping[str, DatasetCard]) -> None:
    """Write `README.md` from a release record (`rows`, `settings`, `figures`, `calibration`, `agreement`)."""
    parts = [INTRODUCTION, _figures(record), _data(record, sets), LEAK_NOTE, _settings(record)]
    path.write_text("\n".join(parts), encoding="utf-8")


def _figures(record: Mapping[str, Any]) -> str:
    lines = [
        "## Held-out figures (shipped int8 graph)\n",
        "| set | pairs | accuracy | 95% interval | macro F1 | calibration error |",
        "|---|---:|---:|---|---:|---:|",
    ]
    for one in record["figures"]:
        low, high = one["interval"]
        name = f"{one['name']} (entailment or not)" if one["two_way"] else one["name"]
        lines.append(
            f"| {name} | {one['pairs']:,} | {one['accuracy']:.3f} | {low:.3f} to {high:.3f} | {one['macro_f1']:.3f} "
            f"| {one['calibration_error']:.3f} |"
        )
    fitted = record["calibration"]
    lines += [
        "",
        f"Temperature {fitted['temperature']:.3f}; expected calibration error on {fitted['pairs']:,} held-out pairs "
        f"{fitted['error_before']:.3f} before, {fitted['error_after']:.3f} after. The set `fever.dev` was also used to "
        "fit the temperature (half of 2,000 rows), never to train.",
        "",
        "Decisions equal to the shipped graph's: "
        + ", ".join(f"{name} {share:.2%}" for name, share in record["agreement"].items())
        + ".",
        "",
        "Reproduce: `python benchmarks/accuracy.py --data FOLDER "
        + " ".join(one["name"] for one in record["figures"])
        + "`\n",
    ]
    return "\n".join(lines)


def _data(record: Mapping[str, Any], sets: Mapping[str, DatasetCard]) -> str:
    lines = ["## Training data\n", "| set | pairs | what it is | licence |", "|---|---:|---|---|"]
    lines += [
        f"| {name} | {count:,} | {sets[name].original} | {sets[name].licence} |"
        for name, count in record["rows"].items()
    ]
    total = sum(record["rows"].values())
    return "\n".join(
        [*lines, "", f"{total:,} distinct pairs in all. Starting weights: all-MiniLM-L6-v2, Apache-2.0.\n"]
    )


def _settings(record: Mapping[str, Any]) -> str:
    settings = record["settings"]
    shown = (
        "attention",
        "epochs",
        "learning_rate",
        "batch_size",
        "max_length",
        "precision",
        "embedding_weight",
        "seed",
    )
    return "## Training\n\n" + ", ".join(f"{key} {settings[key]}" for key in shown) + f"; {record['steps']:,} steps.\n"
