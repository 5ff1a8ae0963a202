"""A request and a response to it, as texts to be judged: one; where they are long several, each with the response."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossjudge.apps.pieces import pieces, tokens_if_long
from crossjudge.types import Verdict

_LEAST_SHARE = 4
"""Of the room, a quarter must be left for the request."""


def premises(request: str, response: str, *, room: int, count: Callable[[str], int]) -> list[str]:
    """Request and response as one text, if its tokens (`count`) fit into `room`.

    Else parts of the request, each with the whole response: what a response says wrong is then beside every part, and
    no part without it speaks for it. A response that leaves no room for a request stays one text with it, which is read
    in windows.
    """
    whole = f"{request} {response}"
    if tokens_if_long(whole, room=room, count=count) <= room:
        return [whole]
    left = room - count(response)
    if left < room // _LEAST_SHARE or not request.strip():
        return [whole]
    return [f"{part} {response}" for part in pieces(request, room=left, count=count)]


def deciding(verdicts: Sequence[Verdict]) -> Verdict:
    """The surest of those that leave nothing open, or of all; of equals the first."""
    decided = [one for one in verdicts if one.label != "neutral"] or verdicts
    return max(decided, key=lambda one: max(one.probabilities["entailment"], one.probabilities["contradiction"]))
