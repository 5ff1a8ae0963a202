# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""rerankers: `Reranker(...).rank`, one request for each query, its default batch size."""

from __future__ import annotations

import torch
from rerankers import Reranker

from adapters.grouping import requests
from adapters.watching import watch_calls


class Adapter:
    scale = "logits"

    def __init__(self, folder, *, threads):
        torch.set_num_threads(threads)
        self.ranker = Reranker(str(folder), model_type="cross-encoder", device="cpu", dtype="float32", verbose=0)

    def score(self, pairs):
        rows = []
        for query, documents in requests(pairs):
            ranked = self.ranker.rank(query=query, docs=documents, doc_ids=list(range(len(documents))))
            rows += [[one.score] for one in sorted(ranked.results, key=lambda one: one.document.doc_id)]
        return rows

    def watch(self, seen):
        watch_calls(self.ranker.model, seen)
