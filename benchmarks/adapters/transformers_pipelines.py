# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""transformers' pipelines: text-classification of pairs, and zero-shot classification with the hypotheses as labels."""

from __future__ import annotations

import torch
from transformers import pipeline

from adapters.grouping import requests
from adapters.watching import watch_calls

BATCH_SIZE = 32
"""A pipeline computes one pair at a time unless it is told otherwise; this is what sentence-transformers takes."""


class TextClassification:
    scale = "logits"

    def __init__(self, folder, *, threads):
        torch.set_num_threads(threads)
        self.pipe = pipeline("text-classification", model=str(folder), device="cpu", dtype=torch.float32)
        self.labels = list(self.pipe.model.config.label2id)

    def score(self, pairs):
        asked = [{"text": first, "text_pair": second} for first, second in pairs]
        # Without the softmax, so that scores can be compared.
        found = self.pipe(asked, batch_size=BATCH_SIZE, top_k=None, function_to_apply="none", truncation=True)
        by_label = [{one["label"]: one["score"] for one in row} for row in found]
        return [[row[label] for label in self.labels] for row in by_label]

    def watch(self, seen):
        watch_calls(self.pipe.model, seen)


class ZeroShot:
    scale = "probability"

    def __init__(self, folder, *, threads):
        torch.set_num_threads(threads)
        self.pipe = pipeline("zero-shot-classification", model=str(folder), device="cpu", dtype=torch.float32)

    def score(self, pairs):
        return [[score] for text, labels in requests(pairs) for score in self._scores(text, labels)]

    def _scores(self, text, labels):
        answer = self.pipe(text, labels, hypothesis_template="{}", multi_label=True, batch_size=BATCH_SIZE)
        by_label = dict(zip(answer["labels"], answer["scores"], strict=True))
        return [by_label[label] for label in labels]

    def watch(self, seen):
        watch_calls(self.pipe.model, seen)
