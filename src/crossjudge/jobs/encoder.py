"""The model of a worker: a `CrossEncoder` that counts the tokens it computes, with the head that the task wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Encoding, FloatArray


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

    @property
    def is_exact(self) -> bool:
        """Whether a pair's logits are the same to the last bit whatever it is batched with."""
        return self.backend == "fake" or (self.backend == "onnx" and self.attention == "one_way")


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
