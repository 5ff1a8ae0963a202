# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""infinity: its engine without the server, all requests at once, so that it can batch across them as it does."""

from __future__ import annotations

import asyncio

import torch
from infinity_emb import AsyncEmbeddingEngine, EngineArgs

from adapters.grouping import requests
from adapters.watching import watch_calls


class Adapter:
    scale = "logits"

    def __init__(self, folder, *, threads):
        torch.set_num_threads(threads)
        arguments = EngineArgs(
            model_name_or_path=str(folder),
            engine="torch",
            device="cpu",
            dtype="float32",
            bettertransformer=False,
            model_warmup=False,
            trust_remote_code=False,
        )
        self.engine = AsyncEmbeddingEngine.from_args(arguments)
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.engine.astart())

    def score(self, pairs):
        return self.loop.run_until_complete(self._score(pairs))

    async def _score(self, pairs):
        asked = [self.engine.rerank(query=q, docs=docs, raw_scores=True) for q, docs in requests(pairs)]
        answers = await asyncio.gather(*asked)
        return [[one.relevance_score] for ranked, _ in answers for one in sorted(ranked, key=lambda one: one.index)]

    def watch(self, seen):
        for replica in self.engine._model_replicas:
            watch_calls(replica.model, seen)

    def close(self):
        self.loop.run_until_complete(self.engine.astop())
