"""How one pair is read: whole where it fits, else in windows, cut, or refused; with an account of every token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from crossjudge.errors import InputError, TooLongError
from crossjudge.text.windows import windows
from crossjudge.types import Encoding, IntArray

ON_OVERFLOW = ("window", "truncate", "error")
PROTECTED_STEP = 32
"""The room kept for the protected text grows in steps, so that hypotheses of like length ask of the same windows of a
premise, which is then encoded once for all of them."""
READ_SHARE = 4
"""The text that gives way keeps at least a quarter of every window; a protected text that would leave less is read in
parts too."""
OVERLAP_SHARE = 4
"""Neighbouring windows share a quarter of their length: a sentence on a border is whole in one of them."""
MOST_WINDOWS = 8_192
UNREADABLE_SHARE = 2
"""A text of which half the tokens or more are unknown ones (another script, nothing but emoji) was not read: those
count as dropped. A stray one, which the words around it make up for, does not."""

Assemble = Callable[[IntArray, IntArray], Encoding]


@dataclass(frozen=True, slots=True)
class Reading:
    """The encodings to be judged, `shape` = (windows of the protected text, windows of the read text), row-major.

    `is_readable`: neither text mostly consists of unknown tokens.
    """

    encodings: list[Encoding]
    shape: tuple[int, int]
    tokens_read: int
    tokens_dropped: int
    is_readable: bool = True


def grouped(readings: Iterable[Reading], *, most_encodings: int) -> Iterator[list[Reading]]:
    """Consecutive readings whose encodings together number at most `most_encodings`, or a single longer one."""
    group: list[Reading] = []
    count = 0
    for reading in readings:
        if group and count + len(reading.encodings) > most_encodings:
            yield group
            group, count = [], 0
        group.append(reading)
        count += len(reading.encodings)
    if group:
        yield group


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Reads pairs of one model.

    `room`: tokens of text that fit a pair, at least 2; `read_side`: "a" or "b", the text that gives way.
    `unknown_id`: what the tokenizer puts in place of words it does not know, None where it knows every byte.
    """

    assemble: Assemble
    room: int
    read_side: str
    on_overflow: str
    unknown_id: int | None = None

    def __post_init__(self) -> None:
        if self.on_overflow not in ON_OVERFLOW:
            raise InputError(
                f"Making a judge: on_overflow is {self.on_overflow!r}; expected one of {', '.join(ON_OVERFLOW)}."
            )

    def read(self, ids_a: IntArray, ids_b: IntArray, *, index: int) -> Reading:
        """Plan one pair, given each text's token ids uncut; `index` is named in errors."""
        reading = self._planned(ids_a, ids_b, index=index)
        unread = self._unreadable(ids_a) + self._unreadable(ids_b)
        if not unread:
            return reading
        read = max(reading.tokens_read - unread, 0)
        dropped = len(ids_a) + len(ids_b) - read
        return replace(reading, tokens_read=read, tokens_dropped=dropped, is_readable=False)

    def _unreadable(self, ids: IntArray) -> int:
        """The unknown tokens of a text that mostly consists of them, else 0."""
        if self.unknown_id is None or not len(ids):
            return 0
        unknown = int(np.count_nonzero(ids == self.unknown_id))
        return unknown if UNREADABLE_SHARE * unknown >= len(ids) else 0

    def _planned(self, ids_a: IntArray, ids_b: IntArray, *, index: int) -> Reading:
        total = len(ids_a) + len(ids_b)
        if total <= self.room:
            return Reading([self.assemble(ids_a, ids_b)], (1, 1), total, 0)
        if self.on_overflow == "error":
            raise TooLongError(
                f"Judging pair {index}: {len(ids_a)} and {len(ids_b)} tokens, and {self.room} fit. Shorten the texts, "
                "or use on_overflow='window' to read them in parts or 'truncate' to cut them.",
                index=index,
            )
        protected, long = (ids_b, ids_a) if self.read_side == "a" else (ids_a, ids_b)
        if self.on_overflow == "truncate":
            return self._cut(protected, long)
        return self._in_windows(protected, long, index)

    def _cut(self, protected: IntArray, long: IntArray) -> Reading:
        """Keep what windows would keep of the protected text, and as much of the other as fits."""
        kept = protected[: max(self._most_protected, self.room - len(long))]
        rest = long[: self.room - len(kept)]
        read = len(kept) + len(rest)
        return Reading([self._joined(kept, rest)], (1, 1), read, len(protected) + len(long) - read)

    def _in_windows(self, protected: IntArray, long: IntArray, index: int) -> Reading:
        """Every part of one text meets every part of the other; the protected text is whole wherever that can be."""
        reserved = self._reserved(len(protected))
        size = self.room - reserved
        parts = windows(len(protected), size=reserved, overlap=reserved // OVERLAP_SHARE)
        spans = windows(len(long), size=size, overlap=size // OVERLAP_SHARE)
        if len(parts) * len(spans) > MOST_WINDOWS:
            raise TooLongError(
                f"Judging pair {index}: {len(protected)} and {len(long)} tokens make {len(parts) * len(spans)} "
                f"windows; at most {MOST_WINDOWS} are judged for one pair. Split the texts, or pass "
                "on_overflow='truncate'.",
                index=index,
            )
        encodings = [
            self._joined(protected[part.start : part.end], long[span.start : span.end])
            for part in parts
            for span in spans
        ]
        return Reading(encodings, (len(parts), len(spans)), len(protected) + len(long), 0)

    @property
    def _most_protected(self) -> int:
        return self.room - max(1, self.room // READ_SHARE)

    def _reserved(self, length: int) -> int:
        """Tokens of each window that a protected text of `length` tokens gets."""
        if length > self._most_protected:
            # Equal halves make the fewest windows once both texts are in parts.
            return self.room // 2
        return min(-(-max(length, 1) // PROTECTED_STEP) * PROTECTED_STEP, self._most_protected)

    def _joined(self, protected: IntArray, read: IntArray) -> Encoding:
        return self.assemble(read, protected) if self.read_side == "a" else self.assemble(protected, read)
