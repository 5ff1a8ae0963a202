"""`LiveCheck`: an answer checked while it is written: pieces go out, and claims come back as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from crossjudge.apps.base import seen
from crossjudge.apps.checking.results import ClaimVerdict
from crossjudge.client.errands import encoded
from crossjudge.client.refusals import refusal, said_in, trouble_with
from crossjudge.client.server import Ask, Server
from crossjudge.client.steps import Answer, Broken
from crossjudge.errors import CrossjudgeError, ForeignServerError, InputError
from crossjudge.plain_values import from_plain

P = TypeVar("P", bound=Iterable[str])

PATH = "/v1/check/stream"

QUIET_S = 45.0
"""A server that lives says so every 15 seconds; after three of them without a sound it is given up."""


class LiveCheck:
    """One check; it is told what has arrived, and tells what to send. `first_line`: settings and sources."""

    def __init__(self, server: Server, first_line: Mapping[str, Any]) -> None:
        self.server = server
        self.ask = Ask(path=PATH, body=encoded(first_line) + b"\n", streams=True)
        self.is_over = False
        self._events = _Events()

    def line(self, piece: Any) -> bytes:
        """What to send for a piece of the answer."""
        if not isinstance(piece, str):
            raise InputError(f"Checking: a piece of the answer is {seen(piece)}; expected a text. Convert it.")
        return encoded(piece) + b"\n"

    def begun(self, answer: Answer) -> Iterator[ClaimVerdict]:
        """The claims that came with the head of the answer; raises `ForeignServerError` for one that is no stream."""
        self.check_goes_on(is_over=not answer.headers.get("content-type", "").startswith("text/event-stream"))
        return self.heard(answer.body)

    def check_goes_on(self, *, is_over: bool) -> None:
        """Raise `ForeignServerError` for an answer that is over without a report."""
        if is_over:
            raise self._foreign("the answer ended without a report; expected server-sent events of a crossjudge server")

    def heard(self, data: bytes) -> Iterator[ClaimVerdict]:
        """The claims in what has arrived; raises what the server says went wrong."""
        for name, content in self._events.fed(data):
            if name == "claim":
                yield self._claim(content)
            elif name == "error":
                raise self._refused(content)
            elif name == "report":
                self.is_over = True

    def broken(self, broken: Broken) -> CrossjudgeError:
        """The error of a connection that broke on the way: what was sent is not sent again."""
        trouble = trouble_with(broken, server=self.server, path=PATH)
        assert trouble is not None
        return trouble.error

    def _claim(self, content: bytes) -> ClaimVerdict:
        try:
            return from_plain(ClaimVerdict, json.loads(content))
        except ValueError as error:
            words = str(error) if isinstance(error, InputError) else "it is no JSON"
            raise self._foreign(f"a claim cannot be read ({words})") from None

    def _refused(self, content: bytes) -> CrossjudgeError:
        said = said_in(content)
        if said is None:
            return self._foreign("got an error in another shape than those of a crossjudge server")
        address = str(self.server.address)
        return refusal(said, place=f"{address}{PATH}", address=address)

    def _foreign(self, seen: str) -> ForeignServerError:
        address = str(self.server.address)
        advice = "Something else listens there, or stands before it, or another version of crossjudge. Correct it."
        return ForeignServerError(f"Asking {address}{PATH}: {seen}. {advice}", address=address)


def as_pieces(answer: P) -> P | tuple[str]:
    """A text as one piece of it: letter by letter it would come to the same, and take long."""
    return (answer,) if isinstance(answer, str) else answer


class _Events:
    """Server-sent events as they come in: name and data. Comments, and events without data, are passed over."""

    def __init__(self) -> None:
        self._waiting = b""

    def fed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Those that have arrived in whole."""
        # Together with what waits: the two halves of a line's end may come apart.
        *blocks, self._waiting = (self._waiting + data).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            fields = [line.partition(b": ") for line in block.split(b"\n")]
            content = b"\n".join(value for name, _, value in fields if name == b"data")
            if content:
                name = next((value for name, _, value in fields if name == b"event"), b"")
                yield name.decode("latin-1"), content
