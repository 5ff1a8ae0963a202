# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""fastembed: `TextCrossEncoder.rerank_pairs` with a custom model in a local folder, default batch size."""

from __future__ import annotations

from fastembed.common.model_description import ModelSource
from fastembed.rerank.cross_encoder import TextCrossEncoder

from adapters.watching import WatchedSession


class Adapter:
    scale = "logits"

    def __init__(self, folder, *, threads, graph="onnx/model.onnx"):
        name = f"benchmark/{graph}"
        TextCrossEncoder.add_custom_model(model=name, sources=ModelSource(hf=name), model_file=graph)
        self.encoder = TextCrossEncoder(name, threads=threads, specific_model_path=str(folder), cuda=False)

    def score(self, pairs):
        return [[float(score)] for score in self.encoder.rerank_pairs([tuple(pair) for pair in pairs])]

    def watch(self, seen):
        inner = self.encoder.model
        inner.model = WatchedSession(inner.model, seen)
