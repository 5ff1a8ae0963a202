"""`Patience`: how long, and how often, a request is tried again."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 8.0


@dataclass(slots=True)
class Patience:
    """What is left of a request's time and tries. `chance`: a number from 0 to 1, another one each time.

    Each wait is twice as long as the last, up to `LONGEST_WAIT_S`, and by chance up to a half shorter: clients that
    were refused together do not come back together.
    """

    left_s: float
    tries: int
    chance: Callable[[], float] = random.random
    waited: int = 0

    def spend(self, seconds: float) -> None:
        """So much time has gone by."""
        self.left_s -= seconds

    def wait_s(self, asked_s: float | None) -> float | None:
        """How long to wait before the next try, at least `asked_s` where the server asks for it; None for: give up."""
        if self.waited >= self.tries:
            return None
        longest: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self.waited)
        wait_s = longest * (1 + self.chance()) / 2 if asked_s is None else asked_s + longest * self.chance() / 2
        if wait_s >= self.left_s:
            return None
        self.waited += 1
        return wait_s


def asked_wait_s(retry_after: str | None, date: str | None = None) -> float | None:
    """Seconds that a `Retry-After` asks for: it states them, or a time, to be compared with the answer's own `Date`."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    until, now = _moment(retry_after), _moment(date)
    if until is None or now is None:
        return None
    seconds = (until - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(stated: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(stated or "")
    except ValueError:
        return None
    return found if found.tzinfo else None
