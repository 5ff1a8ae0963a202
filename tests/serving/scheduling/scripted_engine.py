"""An engine whose answers a test states, and that waits where a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from crossjudge.serving.scheduling import Ticket
from crossjudge.serving.scheduling.work import Work
from crossjudge.types import Encoding, FloatArray, Pair

PATIENCE_S = 30
"""Nothing here takes a second; a test that hangs fails after so long."""


def encoding(token: int, tokens: int = 1) -> Encoding:
    """`tokens` times the same token."""
    ids = np.full(tokens, token, dtype=np.int64)
    return Encoding(ids, np.zeros_like(ids), premise_len=0, kept_a=tokens, dropped_a=0)


class ScriptedEngine:
    """Answers an encoding with (its first token, its number of tokens); a pair, by the lengths of its texts.

    `calls`: the first tokens of every call. `poison`: first tokens that make a call raise; `broken`: that give NaN.
    `at_call` is called before each answer; `gate` must be open for a call to go on, and `entered` says that one waits.
    """

    name, width = "scripted", 2

    def __init__(self, *, round_tokens: int = 1_000) -> None:
        self.round_tokens = round_tokens
        self.calls: list[list[int]] = []
        self.poison: dict[int, BaseException] = {}
        self.broken: set[int] = set()
        self.at_call: Callable[[], None] = lambda: None
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()

    def encode(self, pairs: Sequence[Pair]) -> list[Encoding]:
        return [encoding(len(pair.text_a), max(1, len(pair.text_b))) for pair in pairs]

    def costs(self, encodings: Sequence[Encoding]) -> list[int]:
        return [len(one) for one in encodings]

    def compute(self, encodings: Sequence[Encoding]) -> FloatArray:
        firsts = [int(one.input_ids[0]) for one in encodings]
        self.calls.append(firsts)
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        self.at_call()
        for first in firsts:
            if first in self.poison:
                raise self.poison[first]
        answer = np.array([[first, len(one)] for first, one in zip(firsts, encodings, strict=True)], dtype=np.float32)
        answer[[first in self.broken for first in firsts]] = np.nan
        return answer

    def block(self) -> None:
        """From now on a call waits until `gate` is set."""
        self.entered.clear()
        self.gate.clear()


def work(engine: ScriptedEngine, costs: Sequence[int], *, key: str = "", token: int = 0) -> Work:
    """Encodings of one request, as long as they cost."""
    return Work(engine, [encoding(token, cost) for cost in costs], list(costs), Ticket(key=key))
