"""`Sockets`: conversations with a server over connections that block, for many threads."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import TypeVar

from crossjudge.apps.checking.results import ClaimVerdict
from crossjudge.client.addresses import Address
from crossjudge.client.asking import asked
from crossjudge.client.idle import Idle
from crossjudge.client.live_checks import QUIET_S, LiveCheck, as_pieces
from crossjudge.client.steps import Answer, Break, Broken, Exchange, Outcome, Request, Step
from crossjudge.client.wire import FAILURES, Reply, Wire, broken_by

T = TypeVar("T")

CONNECT_S = 10.0
_CHUNK_BYTES = 64 * 2**10


class Channel:
    """One connection, for one request at a time. Times out and breaks as sockets do: `OSError`, `TimeoutError`."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, *, within_s: float) -> None:
        connection = socket.create_connection((address.host, address.port), timeout=min(CONNECT_S, within_s))
        self._socket = connection if tls is None else _encrypted(connection, tls, address.host)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = Wire()

    def send(self, data: bytes, *, within_s: float) -> None:
        """Send all of it."""
        self._socket.settimeout(within_s)
        self._socket.sendall(data)

    def receive(self, *, within_s: float) -> bytes:
        """What comes next; nothing where the other side has closed."""
        self._socket.settimeout(within_s)
        return self._socket.recv(_CHUNK_BYTES)

    def arrived(self) -> bytes | None:
        """What is there by now; None where nothing is."""
        self._socket.settimeout(0)
        try:
            return self._socket.recv(_CHUNK_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None

    def close(self) -> None:
        """End it."""
        self._socket.close()


class Sockets:
    """Connections to one server, at most `most` of them in use at once; whoever wants one more waits for it."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, *, most: int) -> None:
        self._address, self._tls = address, tls
        self._places = threading.BoundedSemaphore(most)
        self._idle: Idle[Channel] = Idle()
        # A client that nobody closes does not leave that to the sockets, which would warn of it.
        weakref.finalize(self, self._idle.clear)

    def run(self, exchange: Exchange[T]) -> T:
        """What comes of a conversation, or the error that it raises."""
        try:
            step = next(exchange)
            while True:
                step = exchange.send(self._done(step))
        except StopIteration as end:
            result: T = end.value
            return result

    def converse(self, live: LiveCheck, pieces: Iterable[str]) -> Iterator[ClaimVerdict]:
        """What comes back while `pieces` go out; each is taken in this thread, when the one before it has been sent."""
        answer = self.run(asked(live.server, live.ask))
        channel: Channel = answer.channel
        try:
            yield from live.begun(answer)
            for piece in as_pieces(pieces):
                line = channel.wire.more(live.line(piece))
                with _failing_as(live):
                    channel.send(line, within_s=QUIET_S)
                while not live.is_over and (data := _told(live, channel, wait=False)) is not None:
                    yield from live.heard(data)
            with _failing_as(live):
                channel.send(channel.wire.end(), within_s=QUIET_S)
            while not live.is_over:
                live.check_goes_on(is_over=channel.wire.is_over)
                yield from live.heard(_told(live, channel, wait=True) or b"")
        finally:
            channel.close()

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        self._idle.clear()

    def _done(self, step: Step) -> Outcome:
        if isinstance(step, Request):
            # The wait for a place is not the server's slowness.
            with contextlib.nullcontext() if step.streams else self._places:
                return self._answered(step)
        time.sleep(step.seconds)
        return None

    def _answered(self, request: Request) -> Answer | Broken:
        """A connection that was kept may have been closed meanwhile: then a new one is taken, at once and once."""
        started = time.monotonic()
        kept = self._idle.take(started)
        if kept is not None:
            outcome = self._asked(kept, request, started)
            if isinstance(outcome, Answer) or outcome.kind is not Break.BROKEN or kept.wire.is_answered:
                return outcome
            self._idle.clear()
        try:
            channel = Channel(self._address, self._tls, within_s=_left(request, started))
        except OSError as error:
            return broken_by(error, connecting=True, took_s=time.monotonic() - started)
        return self._asked(channel, request, started)

    def _asked(self, channel: Channel, request: Request, started: float) -> Answer | Broken:
        reply = Reply(channel.wire, request)
        try:
            # A server may answer, and hang up, before it has read all: its words count, not the broken pipe.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                channel.send(channel.wire.written(request), within_s=_left(request, started))
            while not reply.fed(channel.receive(within_s=_left(request, started))):
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
            self._idle.put(channel, time.monotonic())
        else:
            channel.close()


def _told(live: LiveCheck, channel: Channel, *, wait: bool) -> bytes | None:
    """What the server says next; without `wait`, None where it says nothing now."""
    with _failing_as(live):
        data = channel.receive(within_s=QUIET_S) if wait else channel.arrived()
        return None if data is None else channel.wire.body_in(data)


@contextlib.contextmanager
def _failing_as(live: LiveCheck) -> Iterator[None]:
    """Around what the connection may fail at, and nothing else: an error of whoever writes the answer is theirs."""
    try:
        yield
    except FAILURES as error:
        raise live.broken(broken_by(error, connecting=False, took_s=0.0)) from None


def _left(request: Request, started: float) -> float:
    """Seconds that are left; raises `TimeoutError` where none are."""
    left = request.within_s - (time.monotonic() - started)
    if left <= 0:
        raise TimeoutError
    return left


def _encrypted(connection: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise
