"""The models of a worker: encoders that count the tokens they compute, with the head that the task wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Encoding, FloatArray


@dataclass(frozen=True, slots=True)
class Counts:
    """What was computed: tokens, and premises of which some were at hand."""

    tokens: int = 0
    premises: int = 0
    premise_hits: int = 0

    def since(self, before: Counts) -> Counts:
        """What was computed between then and now."""
        return Counts(
            self.tokens - before.tokens, self.premises - before.premises, self.premise_hits - before.premise_hits
        )


class CountedEncoder(CrossEncoder):
    """`tokens_computed`: tokens of all encodings so far, special tokens included and padding not."""

    tokens_computed = 0

    def logits_of(
        self,
        encodings: Sequence[Encoding],
        *,
        batch_size: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> FloatArray:
        """See `CrossEncoder.logits_of`."""
        answers = super().logits_of(encodings, batch_size=batch_size, progress=progress)
        self.tokens_computed += sum(map(len, encodings))
        return answers

    def counts(self) -> Counts:
        """What it has computed so far."""
        cache = self.premise_cache
        premises, hits = (cache.hits + cache.misses, cache.hits) if cache else (0, 0)
        return Counts(self.tokens_computed, premises, hits)

    @property
    def is_exact(self) -> bool:
        """Whether a pair's logits are the same to the last bit whatever it is batched with."""
        return self.backend == "fake" or (self.backend == "onnx" and self.attention == "one_way")


class CountedBiEncoder(BiEncoder):
    """`tokens_computed`: tokens of all encodings so far, special tokens included and padding not."""

    tokens_computed = 0

    def vectors_of(self, encodings: Sequence[Encoding], *, batch_size: int | None = None) -> FloatArray:
        """See `BiEncoder.vectors_of`."""
        vectors = super().vectors_of(encodings, batch_size=batch_size)
        self.tokens_computed += sum(map(len, encodings))
        return vectors


def open_encoder(model: Mapping[str, Any], *, objective: str | None, num_threads: int) -> CountedEncoder:
    """The model of a plan, with its head for the objective where it has several and the plan names none."""
    given = {"num_threads": num_threads, **model}
    opened = CountedEncoder(**given)
    changed: dict[str, Any] = {}
    if objective in opened.checkpoint.heads and opened.head != objective and "head" not in model:
        changed["head"] = objective
    if opened.premise_cache is not None and not opened.is_exact and "premise_cache_bytes" not in model:
        # What is at hand would depend on which shards this worker did before, and so would the last bits of a row.
        changed["premise_cache_bytes"] = 0
    return CountedEncoder(**given | changed) if changed else opened
