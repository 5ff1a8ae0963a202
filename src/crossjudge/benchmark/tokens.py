"""How many tokens are worth counting: those of each pair as an ordinary cross-encoder reads it."""

from __future__ import annotations

from collections.abc import Sequence

from crossjudge.benchmark.texts import TextPair
from crossjudge.text.tokenization import PairTokenizer

_SPECIAL = 3


def useful_tokens(tokenizer: PairTokenizer, pairs: Sequence[TextPair], *, max_length: int = 512) -> int:
    """Tokens of all pairs: both texts and three special tokens, cut to `max_length`, whatever an engine computes."""
    ids = tokenizer.token_ids(text for pair in pairs for text in pair)
    return sum(min(max_length, len(ids[first]) + len(ids[second]) + _SPECIAL) for first, second in pairs)
