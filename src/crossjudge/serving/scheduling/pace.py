"""`Pace`: tokens a second of each engine, learnt while it computes, so that waits can be foretold."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from crossjudge.serving.scheduling.engines import Engine

WELL_FILLED = 0.5
"""Share of a full round from which a round shows what the engine can do; a smaller one is slower for each token."""
REMEMBERED = 0.8
"""Share of what was known in the new estimate, after each round."""


class Pace:
    """A moving estimate for each engine; one that has computed too little is taken for the quickest that is known."""

    def __init__(self) -> None:
        self._tokens_per_s: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()

    def learn(self, engine: Engine, tokens: int, seconds: float, *, full: int) -> None:
        """A round of so many tokens took so long; `full`: tokens of a full one.

        A small round only ever raises the estimate: it is slower than the engine, so what it shows can be had.
        """
        measured = tokens / max(seconds, 1e-6)
        known = self._tokens_per_s.get(engine)
        if tokens >= WELL_FILLED * full:
            self._tokens_per_s[engine] = measured if known is None else REMEMBERED * known + (1 - REMEMBERED) * measured
        elif known is not None:
            self._tokens_per_s[engine] = max(known, measured)

    def seconds(self, engine: Engine, tokens: int) -> float:
        """How long so many tokens should take; 0.0 as long as nothing is known."""
        speed = self._tokens_per_s.get(engine) or max(self._tokens_per_s.values(), default=0.0)
        return tokens / speed if speed else 0.0
