"""Load for a server: requests made beforehand, sent over kept connections, in closed and in open loops.

The generator shares the processor with the server, so it does little: bytes out, bytes in, and a look at the status
line. Bodies are not parsed; each is checked for the number of results that it must have.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

NO_ANSWER = 0
"""The status of a request whose connection ended before its answer did."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as bytes. `pairs`: that it asks to be judged. `marks`: `mark` must be in the answer so often."""

    content: bytes
    pairs: int
    mark: bytes
    marks: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: when it was due, sent, and answered (seconds, `time.perf_counter`), and how."""

    due: float
    sent: float
    done: float
    status: int
    pairs: int
    right: bool = True


@dataclass(slots=True)
class Measured:
    """What came of a loop that ran for `seconds`."""

    seconds: float
    samples: list[Sample] = field(default_factory=list)

    @property
    def good(self) -> list[Sample]:
        """Answered with 200 and with as many results as asked."""
        return [one for one in self.samples if one.status == 200 and one.right]

    def to_dict(self) -> dict[str, Any]:
        """Throughput, statuses, and latencies in milliseconds from when a request was due; `errors`: all but good."""
        good = self.good
        waits = sorted(one.done - one.due for one in good)
        return {
            "seconds": self.seconds,
            "requests": len(self.samples),
            "errors": len(self.samples) - len(good),
            "statuses": dict(Counter(str(one.status) for one in self.samples)),
            "requests_per_s": len(good) / self.seconds,
            "pairs_per_s": sum(one.pairs for one in good) / self.seconds,
            "p50_ms": quantile(waits, 0.50) * 1000,
            "p99_ms": quantile(waits, 0.99) * 1000,
        }


def request(
    path: str, body: Any, *, pairs: int, mark: str, marks: int, port: int, timeout_s: float | None = None
) -> Request:
    """A POST of JSON; `timeout_s` is stated to the server as the client's patience."""
    content = json.dumps(body).encode()
    patience = "" if timeout_s is None else f"X-Request-Timeout: {timeout_s}\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{patience}"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return Request(head.encode() + content, pairs, mark.encode(), marks)


class Connection:
    """One kept connection; opened again when it has ended."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: Request, due: float | None = None) -> Sample:
        """Send one request and read its answer; `due`: when it should have been sent, for an open loop."""
        sent = time.perf_counter()
        try:
            status, body = await self._exchange(asked.content)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            status, body = NO_ANSWER, b""
        right = status != 200 or body.count(asked.mark) == asked.marks
        return Sample(sent if due is None else due, sent, time.perf_counter(), status, asked.pairs, right)

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, content: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        reader, writer = self._streams
        writer.write(content)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
        body = await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), body


async def closed_loop(
    port: int, requests: Sequence[Request], *, clients: int, seconds: float, wait: Awaitable[None] | None = None
) -> Measured:
    """Each client sends its next request when the last one is answered, until `seconds` are over.

    Requests are taken in turn, so that none comes again before all have been sent. `wait`: something to be done
    meanwhile.
    """
    started = time.perf_counter()
    numbers = count()
    samples: list[Sample] = []

    async def client() -> None:
        connection = Connection(port)
        while time.perf_counter() - started < seconds:
            samples.append(await connection.ask(requests[next(numbers) % len(requests)]))
            if samples[-1].status == NO_ANSWER:
                await asyncio.sleep(0.05)  # a server that has gone is not asked in a tight loop
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)), *([] if wait is None else [wait]))
    return Measured(time.perf_counter() - started, samples)


async def open_loop(port: int, requests: Sequence[Request], *, per_s: float, seconds: float, seed: int = 0) -> Measured:
    """Requests come as a Poisson process, whether or not earlier ones are answered; latency counts from when due."""
    started = time.perf_counter()
    free: list[Connection] = []
    samples: list[Sample] = []

    async def one(asked: Request, due: float) -> None:
        connection = free.pop() if free else Connection(port)
        samples.append(await connection.ask(asked, due))
        free.append(connection)

    sending: set[asyncio.Task[None]] = set()
    for number, due in enumerate(arrivals(per_s, seconds, seed=seed)):
        await asyncio.sleep(max(0.0, started + due - time.perf_counter()))
        task = asyncio.create_task(one(requests[number % len(requests)], started + due))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)
    for connection in free:
        connection.close()
    return Measured(time.perf_counter() - started, samples)


def arrivals(per_s: float, seconds: float, *, seed: int) -> Iterator[float]:
    """Seconds after the start at which requests come."""
    rng, now = random.Random(seed), 0.0
    while (now := now + rng.expovariate(per_s)) < seconds:
        yield now


def run(loop: Callable[[], Awaitable[Measured]]) -> Measured:
    """The outcome of a loop, from ordinary code."""

    async def measured() -> Measured:
        return await loop()

    return asyncio.run(measured())


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of `ordered` values do not exceed; NaN of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
