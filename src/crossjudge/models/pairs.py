"""Whatever a caller calls pairs -> `Pair`s, or an error that names the one that is not two texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from crossjudge.errors import InputError, PairError
from crossjudge.types import Pair


def is_single(pairs: Any) -> bool:
    """Whether `pairs` is one pair rather than a list of them, by the reference's rule: its first item is a text."""
    if isinstance(pairs, np.ndarray):
        return pairs.size > 0 and pairs.ndim < 2
    if isinstance(pairs, (list, tuple)):
        return len(pairs) > 0 and isinstance(pairs[0], str)
    return isinstance(pairs, Pair)


def to_pairs(pairs: Any) -> list[Pair]:
    """Pairs in order; raises `PairError` (with `.index`) for anything that is not exactly two texts."""
    if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
        raise InputError(
            f"Reading pairs: got {_seen(pairs)}; expected a list of (text_a, text_b). "
            'For one pair pass ("first text", "second text").'
        )
    rows = pairs.tolist() if isinstance(pairs, np.ndarray) else pairs
    return [to_pair(row, index) for index, row in enumerate(rows)]


def to_pair(row: Any, index: int = 0) -> Pair:
    """One pair; `index` is named in the error."""
    if isinstance(row, Pair):
        row = (row.text_a, row.text_b)
    elif isinstance(row, np.ndarray):
        row = row.tolist()
    if isinstance(row, (str, bytes)) or not isinstance(row, Sequence):
        raise _error(index, f"got {_seen(row)} where a pair of texts is expected")
    if len(row) != 2:
        raise _error(index, f"got {len(row)} item(s) where exactly two texts are expected")
    for side, text in zip(("first", "second"), row, strict=True):
        if not isinstance(text, str):
            raise _error(index, f"the {side} text is {_seen(text)} where a string is expected", many=_is_many(text))
    return Pair(str(row[0]), str(row[1]))


def to_texts(texts: Any) -> list[str]:
    """Single texts in order, for bi-encoders and documents; raises `PairError` naming the index."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise InputError(f"Reading texts: got {_seen(texts)}; expected a list of strings.")
    checked = list(texts)
    for index, text in enumerate(checked):
        if not isinstance(text, str):
            raise PairError(
                f"Reading texts: text {index} is {_seen(text)}; expected a string. Remove or convert it.", index=index
            )
    return checked


def _is_many(value: Any) -> bool:
    """Whether it is several texts where one belongs, as by `judge(source, claims)`."""
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, str) for one in value)


def _error(index: int, what: str, *, many: bool = False) -> PairError:
    correct = "for several, make a pair of each: [(text_a, text_b), ...]" if many else "drop the row or convert it"
    return PairError(
        f"Reading pairs: pair {index}: {what}. Expected (text_a, text_b), both strings; {correct}.", index=index
    )


def _seen(value: Any) -> str:
    if value is None:
        return "None"
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 40 else shown[:37] + '...'}"
