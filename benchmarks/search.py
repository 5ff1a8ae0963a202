"""Search, measured: `python benchmarks/search.py --data FOLDER scifact cranfield xquad_en`, or `--size 100000`.

For each set: its corpus is indexed, and nDCG@10 and MRR@100 of each first stage alone and re-ranked are printed with
95% bootstrap intervals over queries, the paired difference that re-ranking makes, and the time of a query (p50, p99).
Every query with a judged document counts, of sets with splits those not trained on; `--limit N` takes about N, evenly
spread. FOLDER holds `relevance/SET/` with corpus, queries and qrels as gzip JSON-lines.

`--no-fuse` lets the second stage decide alone. `--size N` fills an index with N generated documents instead, and prints
what that took: time, bytes, memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from crossjudge import BiEncoder, SearchIndex
from crossjudge.apps.reranking import Ranked
from crossjudge.benchmark.texts import sentence
from crossjudge.datasets import read_jsonl
from crossjudge.evaluation.results import Estimate
from crossjudge.evaluation.statistics import Bootstrap
from retrieval import ndcg

STAGES = ("lexical", "dense", "hybrid")
DEPTH = 100
"""Documents of a ranking that are looked at, and candidates that are re-ranked."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A corpus, and queries with the grades of their judged documents, by id."""

    name: str
    documents: list[dict[str, str]]
    queries: dict[str, str]
    grades: Mapping[str, Mapping[str, float]]


def main() -> None:
    """Print a line for each figure, or with --json one object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["scifact", "cranfield", "xquad_en"], help="names of sets")
    parser.add_argument("--data", type=Path, default=None, help="folder of local sets")
    parser.add_argument("--model", default=None, help="what re-ranks (default: the embedded model)")
    parser.add_argument("--encoder", default=None, help="what embeds (default: the embedded model)")
    parser.add_argument(
        "--fuse",
        action=argparse.BooleanOptionalAction,
        help="both stages by rank, or the second alone (default: both for models in the box)",
    )
    parser.add_argument("--limit", type=int, default=None, help="about N queries of each set")
    parser.add_argument("--size", type=int, default=None, help="fill an index with N generated documents instead")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    if options.size is None and options.data is None:
        parser.error("name the folder of sets with --data, or a --size")
    rows = of_size(options.size, options) if options.size else of_sets(options)
    for row in rows:
        print(
            json.dumps(row) if options.json else "  ".join(f"{name} {value}" for name, value in row.items()), flush=True
        )


def of_sets(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The figures of each set, stage by stage."""
    for name in options.sets:
        one = read_set(name, options.data)
        chosen = list(one.grades)[:: max(1, len(one.grades) // options.limit)] if options.limit else list(one.grades)
        with TemporaryDirectory() as folder:
            index = SearchIndex(folder, model=options.model, encoder=options.encoder, fuse=options.fuse)
            seconds = timed(partial(index.add, one.documents))[1]
            info = index.info
            yield {"set": name, "documents": info.documents, "passages": info.passages, "build_s": round(seconds, 1),
                   "bytes": info.bytes, "queries": len(chosen)}  # fmt: skip
            for stage in STAGES:
                yield from of_stage(one, index, stage, chosen)


def of_stage(one: RetrievalSet, index: SearchIndex, stage: str, chosen: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One first stage alone, re-ranked, and what the second changed."""
    measured: dict[bool, dict[str, np.ndarray]] = {}
    for rerank in (False, True):
        index.search(one.queries[chosen[0]], DEPTH, stage, DEPTH, rerank=rerank)  # opened before the clock starts
        found, times = [], []
        with Progress(console=Console(stderr=True), transient=True) as bar:
            for query in bar.track(chosen, description=f"{one.name} {stage}"):
                ranked, seconds = timed(partial(index.search, one.queries[query], DEPTH, stage, DEPTH, rerank=rerank))
                found.append(ranked)
                times.append(1000 * seconds)
        measured[rerank] = figures_of(found, [one.grades[query] for query in chosen])
        p50, p99 = np.percentile(times, [50, 99])
        shown = {name: interval(Bootstrap().mean(values)) for name, values in measured[rerank].items()}
        yield {
            "set": one.name,
            "stage": stage,
            "reranked": rerank,
            **shown,
            "p50_ms": round(p50, 1),
            "p99_ms": round(p99, 1),
        }
    changes = {
        name: interval(Bootstrap().mean_difference(values, measured[False][name]))
        for name, values in measured[True].items()
    }
    yield {"set": one.name, "stage": stage, "change": "re-ranked minus first stage", **changes}


def figures_of(found: Sequence[Sequence[Ranked]], grades: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """nDCG@10, MRR@100, and the share of relevant documents among the first 100, of each query, `(n_queries,)`."""
    rows = []
    for ranked, judged in zip(found, grades, strict=True):
        seen = [judged.get(one.id or "", 0.0) for one in ranked]
        first = next((place for place, grade in enumerate(seen, start=1) if grade > 0), None)
        rows.append(
            (ndcg(seen, list(judged.values())), 1 / first if first else 0.0, sum(g > 0 for g in seen) / len(judged))
        )
    return dict(zip(("ndcg10", "mrr", "recall100"), np.array(rows, dtype=np.float64).T, strict=True))


def read_set(name: str, folder: Path) -> RetrievalSet:
    """A set with its own title and text as one document; of a set with splits, the queries held out from training."""
    rows = {part: [row for _, row in read_jsonl(folder / "relevance" / name / f"{part}.jsonl.gz")]
            for part in ("corpus", "queries", "qrels")}  # fmt: skip
    documents = [{"id": row["id"], "text": f"{row.get('title') or ''} {row['text']}".strip()} for row in rows["corpus"]]
    grades: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows["qrels"]:
        if row.get("split") != "train" and row["grade"] > 0:
            grades[row["query_id"]][row["document_id"]] = float(row["grade"])
    return RetrievalSet(name, documents, {row["id"]: row["text"] for row in rows["queries"]}, grades)


def of_size(size: int, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """An index of generated documents of 30 to 90 words."""
    rng = random.Random(0)
    documents = [sentence(rng, rng.randint(30, 90)) for _ in range(size)]
    queries = [sentence(rng, 8) for _ in range(50)]
    encoder = BiEncoder(options.encoder)
    with TemporaryDirectory() as folder:
        index = SearchIndex(folder, model=options.model, encoder=encoder)
        build_s = timed(partial(index.add, documents))[1]
        one_more_s = timed(partial(index.add, [sentence(rng, 60)]))[1]
        open_s = timed(partial(SearchIndex, folder, encoder=encoder))[1]
        bytes_on_disk = index.info.bytes
        yield {"documents": size, "build_s": round(build_s, 1), "one_more_s": round(one_more_s, 2),
               "open_s": round(open_s, 2), "bytes": bytes_on_disk}  # fmt: skip
        for stage in STAGES:
            index.search(queries[0], 10, stage, rerank=False)
            times = [1000 * timed(partial(index.search, query, 10, stage, rerank=False))[1] for query in queries]
            p50, p99 = np.percentile(times, [50, 99])
            yield {"documents": size, "stage": stage, "p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}
    # Linux counts in KiB.
    yield {"documents": size, "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gave, and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def interval(figure: Estimate) -> list[float | None]:
    """[value, low, high]."""
    return [None if one is None else round(one, 4) for one in (figure.value, figure.low, figure.high)]


if __name__ == "__main__":
    main()
