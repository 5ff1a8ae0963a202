"""`Streams`: conversations with a server over connections that are awaited, for the tasks of an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

from crossjudge.apps.checking.results import ClaimVerdict
from crossjudge.client.addresses import Address
from crossjudge.client.asking import asked
from crossjudge.client.idle import Idle
from crossjudge.client.live_checks import QUIET_S, LiveCheck, as_pieces
from crossjudge.client.sockets import CONNECT_S
from crossjudge.client.steps import Answer, Break, Broken, Exchange, Outcome, Request, Step
from crossjudge.client.wire import FAILURES, Reply, Wire, broken_by

T = TypeVar("T")

_CHUNK_BYTES = 64 * 2**10


class Channel:
    """One connection, for one request at a time; `connected` makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.wire = Wire()

    @classmethod
    async def connected(cls, address: Address, tls: ssl.SSLContext | None) -> Channel:
        """Raises `OSError`, and `TimeoutError`."""
        known_as = address.host if tls else None
        async with asyncio.timeout(CONNECT_S):
            found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            for family, *_, place in found:
                # One by one: of several that fail, the event loop tells in words that nobody wants to read.
                host, port = str(place[0]), address.port
                try:
                    opened = await asyncio.open_connection(host, port, family=family, ssl=tls, server_hostname=known_as)
                except OSError as error:
                    last = error
                else:
                    return cls(*opened)
            raise last

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        """What comes next; nothing where the other side has closed."""
        return await self._reader.read(_CHUNK_BYTES)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(RuntimeError):  # of an event loop that is closed, and the connection with it
            self._writer.transport.abort()


class _Loop:
    """What belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.places = asyncio.BoundedSemaphore(most)
        self.idle: Idle[Channel] = Idle()


class Streams:
    """Connections to one server, at most `most` of them in use at once; whoever wants one more waits for it.

    They belong to the event loop that runs; in another one, they are made anew.
    """

    def __init__(self, address: Address, tls: ssl.SSLContext | None, *, most: int) -> None:
        self._address, self._tls, self._most = address, tls, most
        self._last: _Loop | None = None

    async def run(self, exchange: Exchange[T]) -> T:
        """What comes of a conversation, or the error that it raises."""
        try:
            step = next(exchange)
            while True:
                step = exchange.send(await self._done(step))
        except StopIteration as end:
            result: T = end.value
            return result

    async def converse(
        self, live: LiveCheck, pieces: Iterable[str] | AsyncIterable[str]
    ) -> AsyncIterator[ClaimVerdict]:
        """What comes back while `pieces` go out, each as soon as it is there."""
        answer = await self.run(asked(live.server, live.ask))
        channel: Channel = answer.channel
        sending = asyncio.ensure_future(_sent(live, channel, pieces))
        sending.add_done_callback(_looked_at)
        try:
            for claim in live.begun(answer):
                yield claim
            while not live.is_over:
                for claim in live.heard(await _told(live, channel, sending)):
                    yield claim
        finally:
            sending.cancel()
            channel.close()

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        if self._last is not None:
            self._last.idle.clear()

    @property
    def _here(self) -> _Loop:
        if self._last is None or self._last.loop is not asyncio.get_running_loop():
            self.close()
            self._last = _Loop(self._most)
        return self._last

    async def _done(self, step: Step) -> Outcome:
        if isinstance(step, Request):
            # The wait for a place is not the server's slowness.
            async with contextlib.nullcontext() if step.streams else self._here.places:
                return await self._answered(step)
        await asyncio.sleep(step.seconds)
        return None

    async def _answered(self, request: Request) -> Answer | Broken:
        """A connection that was kept may have been closed meanwhile: then a new one is taken, at once and once."""
        started = time.monotonic()
        kept = self._here.idle.take(started)
        if kept is not None:
            outcome = await self._asked(kept, request, started)
            if isinstance(outcome, Answer) or outcome.kind is not Break.BROKEN or kept.wire.is_answered:
                return outcome
            self._here.idle.clear()
        try:
            async with asyncio.timeout(_left(request, started)):
                channel = await Channel.connected(self._address, self._tls)
        except OSError as error:
            return broken_by(error, connecting=True, took_s=time.monotonic() - started)
        return await self._asked(channel, request, started)

    async def _asked(self, channel: Channel, request: Request, started: float) -> Answer | Broken:
        reply = Reply(channel.wire, request)
        try:
            async with asyncio.timeout(_left(request, started)):
                # A server may answer, and hang up, before it has read all: its words count, not the broken pipe.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    await channel.send(channel.wire.written(request))
                while not reply.fed(await channel.receive()):
                    pass
        except FAILURES as error:
            channel.close()
            return broken_by(error, connecting=False, took_s=time.monotonic() - started)
        except BaseException:
            channel.close()
            raise
        if not reply.goes_on:
            self._keep(channel)
        return reply.answer(time.monotonic() - started, channel)

    def _keep(self, channel: Channel) -> None:
        if channel.wire.renewed():
            self._here.idle.put(channel, time.monotonic())
        else:
            channel.close()


async def _sent(live: LiveCheck, channel: Channel, pieces: Iterable[str] | AsyncIterable[str]) -> None:
    """Send all pieces, and then the end. An error of whoever writes the answer ends the connection, too."""
    try:
        async for piece in _each(pieces):
            await _passed_on(channel, channel.wire.more(live.line(piece)))
        await _passed_on(channel, channel.wire.end())
    except BaseException:
        channel.close()
        raise


async def _passed_on(channel: Channel, data: bytes) -> None:
    """What a connection fails at is seen, and told of, by whoever reads from it."""
    with contextlib.suppress(*FAILURES):
        await channel.send(data)


async def _each(pieces: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in as_pieces(pieces):
            yield piece


async def _told(live: LiveCheck, channel: Channel, sending: asyncio.Future[None]) -> bytes:
    """What the server says next. An error of whoever writes the answer is theirs, and is raised as it was."""
    live.check_goes_on(is_over=channel.wire.is_over)
    try:
        async with asyncio.timeout(QUIET_S):
            return channel.wire.body_in(await channel.receive())
    except FAILURES as error:
        if sending.done() and (theirs := sending.exception()) is not None:
            raise theirs from None
        raise live.broken(broken_by(error, connecting=False, took_s=0.0)) from None


def _looked_at(sending: asyncio.Future[None]) -> None:
    """Its error is known, or nobody waits for it any more."""
    if not sending.cancelled():
        sending.exception()


def _left(request: Request, started: float) -> float:
    """Seconds that are left; an `asyncio.timeout` of none or less ends at once."""
    return request.within_s - (time.monotonic() - started)
