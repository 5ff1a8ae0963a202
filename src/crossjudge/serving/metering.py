"""What a request reads: counted for its usage, and bounded, where the pairs that it leads to are known."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from crossjudge.judge import Judge
from crossjudge.models.pairs import to_pairs
from crossjudge.serving.limits import Limits
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Verdict


@dataclass(slots=True)
class Meter:
    """`tokens` of texts that the model has read for a request, and the `pairs` that it judged."""

    tokens: int = 0
    pairs: int = 0

    def to_dict(self) -> dict[str, int]:
        """As answers carry it."""
        return {"tokens": self.tokens, "pairs": self.pairs}


class MeteredJudge(Judge):
    """A judge of the pool, for one request: the same verdicts, counted, and refused (413) before they cost too much."""

    def __init__(self, judge: Judge, meter: Meter, limits: Limits) -> None:
        vars(self).update(vars(judge))
        self.meter, self.limits = meter, limits

    def batch(self, pairs: Any, *, progress: Callable[[int, int], None] | None = None) -> list[Verdict]:
        """See `Judge.batch`; raises `Refused`."""
        checked = to_pairs(pairs)
        self.limits.at_most("pairs", self.meter.pairs + len(checked))
        texts = {text for pair in checked for text in (pair.text_a, pair.text_b)}
        check_tokens(self.model.tokenizer, texts, self.limits)
        verdicts = super().batch(checked, progress=progress)
        self.meter.pairs += len(verdicts)
        self.meter.tokens += sum(verdict.tokens_read for verdict in verdicts)
        return verdicts


def check_tokens(tokenizer: PairTokenizer, texts: Collection[str], limits: Limits) -> None:
    """Refuse (413) texts with too many tokens together. A text has no more tokens than bytes, so few are counted."""
    if sum(len(text.encode()) for text in texts) > limits.tokens:
        ids = tokenizer.token_ids(texts)
        limits.at_most("tokens", sum(map(len, ids.values())))
