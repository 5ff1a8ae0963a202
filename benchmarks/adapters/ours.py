# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""crossjudge itself, joint or one-way, with the backend and precision of its row."""

from __future__ import annotations

from crossjudge import CrossEncoder
from crossjudge.models import cross_encoder


class Adapter:
    scale = "logits"

    def __init__(self, folder, *, threads, **options):
        self.model = CrossEncoder(folder, num_threads=threads, **options)

    def score(self, pairs):
        return self.model.logits(pairs).tolist()

    def describe(self):
        return {"backend": self.model.backend, "precision": self.model.precision, "attention": self.model.attention}

    def watch(self, seen):
        forward_each = cross_encoder.forward_each

        def counted(backend, batches):
            batches = list(batches)
            seen(sum(batch.total_tokens for batch in batches))
            return forward_each(backend, batches)

        cross_encoder.forward_each = counted
