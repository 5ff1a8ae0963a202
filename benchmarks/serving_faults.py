"""What must not hurt a server: poison, nonsense, floods, clients that dawdle and clients that go, before witnesses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from crossjudge.benchmark.texts import passages_of_a_query
from load import NO_ANSWER, Connection, Request, request
from serving_requests import MixedRequests, rerankings

POISON = "volcano"
"""A word of the vocabulary that no measured text holds; the poisoned model answers NaN to whoever says it."""
UNMARKED = "\0"
"""Stands in no answer: whatever is answered will do."""
LORIS = 100
GONE = 50
HUGE_BYTES = 100_000_000
WITNESSES = 4
HEADER_S = 2.0
"""What the server is told to wait for a header; so the slow clients need not be waited for long."""


def write_poisoned(twin: Path, out: Path) -> Path:
    """A copy of an ordinary checkpoint that gives NaN for every pair with the word `POISON`."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(twin, out)
    vocabulary = json.loads((out / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    weights = dict(load_file(out / "model.safetensors"))
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name] = weights[name].copy()
    weights[name][vocabulary[POISON]] = np.nan
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    return out


async def faults(port: int, *, poisoned: str, seconds: float) -> dict[str, Any]:
    """Each fault in turn while other clients go on asking: what each was told, and how the others fared."""
    stop = asyncio.Event()
    witness = asyncio.create_task(_witness(port, stop))
    found: dict[str, Any] = {}
    for name, fault in FAULTS.items():
        began = time.perf_counter()
        found[name] = dict(await fault(port, poisoned)) | {"seconds": round(time.perf_counter() - began, 2)}
    await asyncio.sleep(max(0.0, seconds))
    stop.set()
    statuses = await witness
    found["witnesses"] = {"requests": sum(statuses.values()), "statuses": dict(statuses)}
    return found


async def _witness(port: int, stop: asyncio.Event) -> Counter[str]:
    """Well-behaved clients: what they were answered."""
    asked, told = MixedRequests(port=port, seed=31), Counter[str]()
    numbers = iter(range(len(asked)))

    async def one() -> None:
        connection = Connection(port)
        while not stop.is_set():
            sample = await connection.ask(asked[next(numbers)])
            told[str(sample.status) if sample.right else "wrong"] += 1
        connection.close()

    await asyncio.gather(*(one() for _ in range(WITNESSES)))
    return told


async def _poisoned_pair(port: int, poisoned: str) -> Counter[str]:
    """Good and bad requests together to the poisoned model, which may share a round: each is told its own."""
    good = rerankings(8, pairs=4, port=port, path="/v1/rerank", seed=41, model=poisoned)
    body = {"query": "the river", "documents": ["the city", f"the {POISON}"], "model": poisoned}
    bad = request("/v1/rerank", body, pairs=2, mark=UNMARKED, marks=0, port=port)
    samples = await asyncio.gather(*(Connection(port).ask(one) for one in [*good, *[bad] * 4]))
    return Counter(
        f"{kind} {sample.status}{'' if sample.right else ' wrong'}"
        for kind, sample in zip(["good"] * 8 + ["bad"] * 4, samples, strict=True)
    )


async def _not_a_number(port: int, _: str) -> Counter[str]:
    return await _told(port, b'{"text_a": "a", "text_b": "b", "abstain_below": NaN}')


async def _huge_body(port: int, _: str) -> Counter[str]:
    """100 MB to somebody who says no at once; the sender still reads the refusal."""
    return await _told(port, b"x" * HUGE_BYTES)


async def _slow_loris(port: int, _: str) -> Counter[str]:
    """Connections that say nothing, and headers that never end: all are closed."""

    async def one(number: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if number % 2:
            writer.write(b"POST /v1/judge HTTP/1.1\r\nHost: he")
        with contextlib.suppress(OSError):
            closed = await asyncio.wait_for(reader.read(100), HEADER_S + 20)
            writer.close()
            return "closed" if not closed else "answered"
        return "closed"

    return Counter(await asyncio.gather(*(one(number) for number in range(LORIS))))


async def _gone_clients(port: int, _: str) -> Counter[str]:
    """Requests whose clients hang up at once, before any answer."""
    body = {"query": "the river", "texts": [text for _, text in passages_of_a_query(32, seed=51)], "truncate": True}
    asked: Request = request("/rerank", body, pairs=32, mark=UNMARKED, marks=0, port=port)
    for _place in range(GONE):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked.content)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()
    return Counter({"hung up": GONE})


async def _told(port: int, body: bytes) -> Counter[str]:
    head = (
        f"POST /v1/judge HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    sample = await Connection(port).ask(Request(head.encode() + body, pairs=0, mark=UNMARKED.encode(), marks=0))
    return Counter({"no answer" if sample.status == NO_ANSWER else str(sample.status): 1})


Fault = Callable[[int, str], Awaitable[Counter[str]]]
FAULTS: dict[str, Fault] = {
    "poisoned pair": _poisoned_pair,
    "NaN in the body": _not_a_number,
    "body of 100 MB": _huge_body,
    "slow loris": _slow_loris,
    "clients that hang up": _gone_clients,
}
