"""A text that is too long to be judged at once, in overlapping pieces that are not."""

from __future__ import annotations

from collections.abc import Callable

from crossjudge.text.windows import windows

_OVERLAP_SHARE = 4
"""Neighbours share a quarter: a sentence on a border is whole in one of them."""


def tokens_if_long(text: str, *, room: int, count: Callable[[str], int]) -> int:
    """The tokens of a text, or 0 of one so short that they fit into `room`: no token is shorter than a byte."""
    return 0 if len(text.encode("utf-8", "replace")) < room else count(text)


def pieces(text: str, *, room: int, count: Callable[[str], int]) -> list[str]:
    """`text` itself if its tokens (`count`) fit into `room`, else pieces of it that do and together cover it."""
    tokens = tokens_if_long(text, room=room, count=count)
    if tokens <= room or len(text) == 1:
        return [text]
    size = max(1, len(text) * room * 9 // (tokens * 10))
    spans = windows(len(text), size=size, overlap=size // _OVERLAP_SHARE)
    return [piece for span in spans for piece in pieces(text[span.start : span.end], room=room, count=count)]
