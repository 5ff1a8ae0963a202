# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""FlashRank: `Ranker.rerank`, one request for each query. It knows its models by name, so ours goes by one of them."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from flashrank import Ranker, RerankRequest
from flashrank.Config import model_file_map

from adapters.grouping import requests
from adapters.watching import WatchedSession

NAME = "ms-marco-MiniLM-L-12-v2"
"""The name that our files stand under in FlashRank's cache folder; its weights are not used."""


class Adapter:
    scale = "probability"

    def __init__(self, folder, *, threads, graph="onnx/model.onnx"):
        # FlashRank leaves the threads of its session to ONNX Runtime: one for each core that the worker may use.
        logging.disable(logging.INFO)
        folder = Path(folder)
        cache = Path(tempfile.mkdtemp(prefix="flashrank-"))
        shelf = cache / NAME
        shelf.mkdir()
        for path in (*folder.glob("*.json"), *(folder / graph).parent.glob("*.onnx_data")):
            (shelf / path.name).symlink_to(path)
        (shelf / model_file_map[NAME]).symlink_to(folder / graph)
        self.ranker = Ranker(model_name=NAME, cache_dir=str(cache), max_length=512)

    def score(self, pairs):
        rows = []
        for query, documents in requests(pairs):
            passages = [{"id": index, "text": text} for index, text in enumerate(documents)]
            ranked = self.ranker.rerank(RerankRequest(query=query, passages=passages))
            rows += [[float(one["score"])] for one in sorted(ranked, key=lambda one: one["id"])]
        return rows

    def watch(self, seen):
        self.ranker.session = WatchedSession(self.ranker.session, seen)
