"""What a conversation with a server is made of: steps for whoever holds the connections, and what came of each.

A conversation is a generator of steps. It waits for nothing itself, so that one of it serves a client that blocks and
one that awaits; it reads no clock, and is told how long things took.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A step: ask this, and give up after `within_s` seconds.

    `headers`: besides those of every request. `streams`: the body goes on after `body`, while the answer is read.
    """

    method: str
    path: str
    # Keys and texts stay out of logs and tracebacks.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    within_s: float
    streams: bool = False

    def within(self, seconds: float) -> Request:
        """The same, with this long to be answered."""
        return replace(self, within_s=seconds)


@dataclass(frozen=True, slots=True)
class Pause:
    """A step: do nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. `headers` by name in lower case; `channel`: where a streamed answer goes on."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    took_s: float
    channel: Any = None


class Break(Enum):
    """Where a request came to nothing."""

    UNREACHABLE = "nobody answered"
    UNTRUSTED = "the certificate was refused"
    BROKEN = "the connection broke"
    FOREIGN = "what answered speaks no HTTP"
    LATE = "no answer came in time"


@dataclass(frozen=True, slots=True)
class Broken:
    """What came of a request that got no answer. `words`: the system's, without any text of the request."""

    kind: Break
    words: str
    took_s: float


Step: TypeAlias = Request | Pause
Outcome: TypeAlias = Answer | Broken | None
"""None after a pause."""

Exchange: TypeAlias = Generator[Step, Outcome, T]


def sent(request: Request) -> Exchange[Answer | Broken]:
    """One request, once."""
    outcome = yield request
    assert outcome is not None
    return outcome
