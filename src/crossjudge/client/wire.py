"""HTTP/1.1 without its sockets: requests to bytes, and bytes to an answer, also while the request is still going on."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass, field

import h11

from crossjudge.client.steps import Answer, Break, Broken, Request

MOST_BYTES = 512 * 2**20
"""Of one answer: more is nobody's result."""

FAILURES: tuple[type[Exception], ...] = (OSError, h11.RemoteProtocolError)
"""What a connection fails with."""

_BEGINNING = b"HTTP/"
"""Of every answer; h11 would wait for a whole head before it looks."""

_REUSABLE = (h11.DONE, h11.DONE)


class EndedEarlyError(ConnectionError):
    """The other side closed the connection before its answer had ended."""


class Wire:
    """One connection's state. `is_answered`: whether the answer to its last request has begun to come."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT)
        self._begun = b""
        self.is_answered = False

    def written(self, request: Request) -> bytes:
        """The bytes of a request; without its end, if it streams. `headers` must have what every request needs."""
        length = ("Transfer-Encoding", "chunked") if request.streams else ("Content-Length", str(len(request.body)))
        head = h11.Request(method=request.method, target=request.path, headers=[*request.headers, length])
        begun = self._bytes(head) + (self.more(request.body) if request.body else b"")
        return begun if request.streams else begun + self.end()

    def more(self, data: bytes) -> bytes:
        """The bytes of more body."""
        return self._bytes(h11.Data(data))

    def end(self) -> bytes:
        """The bytes that end a request."""
        return self._bytes(h11.EndOfMessage())

    def received(self, data: bytes) -> list[h11.Event]:
        """What has arrived in whole; no `data` means that the other side has closed the connection.

        Raises `h11.RemoteProtocolError` for what is no HTTP, and `EndedEarlyError`.
        """
        events: list[h11.Event] = []
        self._begun += data[: len(_BEGINNING) - len(self._begun)]
        if not _BEGINNING.startswith(self._begun):
            raise h11.RemoteProtocolError("its first bytes are none of HTTP")
        try:
            self._http.receive_data(data)
            while isinstance(event := self._http.next_event(), h11.Event):
                self.is_answered = self.is_answered or isinstance(event, h11.Response)
                events.append(event)
        except h11.RemoteProtocolError as error:
            if data:
                raise
            place = "in the middle of the answer" if self.is_answered else "before an answer came"
            raise EndedEarlyError(f"it was closed {place}") from error
        return events

    def body_in(self, data: bytes) -> bytes:
        """What of an answer's body has arrived."""
        return b"".join(bytes(event.data) for event in self.received(data) if isinstance(event, h11.Data))

    @property
    def is_over(self) -> bool:
        """Whether the whole answer has come."""
        return self.is_answered and self._http.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)

    def renewed(self) -> bool:
        """Whether another request may follow on this connection, which is then ready for it."""
        if (self._http.our_state, self._http.their_state) != _REUSABLE:
            return False
        self._http.start_next_cycle()
        self.is_answered = False
        return True

    def _bytes(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""


@dataclass(slots=True)
class Reply:
    """An answer as it comes in. `request`: what it answers; `body`: of a stream, what came together with its head."""

    wire: Wire
    request: Request
    head: h11.Response | None = None
    body: bytearray = field(default_factory=bytearray, repr=False)

    def fed(self, data: bytes) -> bool:
        """Take in what has arrived; whether that is all. Of a stream that was accepted the head is all."""
        for event in self.wire.received(data):
            if isinstance(event, h11.Response):
                self.head = event
            elif isinstance(event, h11.Data):
                self.body += event.data
        if len(self.body) > MOST_BYTES:
            raise h11.RemoteProtocolError(f"an answer of more than {MOST_BYTES:,} bytes")
        return self.goes_on or self.wire.is_over

    @property
    def goes_on(self) -> bool:
        """Whether the rest of the answer is for whoever streams."""
        return self.request.streams and self.head is not None and self.head.status_code == 200

    def answer(self, took_s: float, channel: object) -> Answer:
        """What came."""
        assert self.head is not None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.head.headers}
        return Answer(self.head.status_code, headers, bytes(self.body), took_s, channel if self.goes_on else None)


def broken_by(error: Exception, *, connecting: bool, took_s: float) -> Broken:
    """What became of a request that ended in `error`: one of the system's, of TLS, or of HTTP."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Broken(Break.UNTRUSTED, error.verify_message, took_s)
    if isinstance(error, ssl.SSLError):
        return Broken(Break.FOREIGN if connecting else Break.BROKEN, f"TLS: {error.reason or error}", took_s)
    if isinstance(error, h11.ProtocolError):
        return Broken(Break.FOREIGN, str(error), took_s)
    if isinstance(error, TimeoutError):
        return Broken(Break.UNREACHABLE if connecting else Break.LATE, "it took too long", took_s)
    return Broken(Break.UNREACHABLE if connecting else Break.BROKEN, _in_words(error), took_s)


def _in_words(error: Exception) -> str:
    """What the system calls it; the event loop has words of its own, which name the address once more."""
    number = getattr(error, "errno", None)
    if number and not isinstance(error, socket.gaierror):
        return os.strerror(number).lower()
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
