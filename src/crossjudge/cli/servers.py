"""Who answers a command: a model on this machine, or a server's. The one place where commands tell the two apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from crossjudge.cli.failures import say
from crossjudge.cli.options import ONLY_HERE, ModelOptions, option
from crossjudge.errors import InputError

if TYPE_CHECKING:
    from crossjudge.cli.uses import Uses

_SERVER = "Server"
_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class UseOptions:
    """What every use's options have."""

    @property
    def here(self) -> dict[str, Any]:
        """Settings that only a model on this machine can honour, as the library names them."""
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedModelOptions(ModelOptions):
    """Which model a command uses, here or on a server."""

    server: Annotated[
        str | None,
        option(
            "--server", _SERVER, "Ask the `crossjudge serve` at this address instead; --model is then a name that it "
            "serves.", metavar="URL",
        ),
    ] = None  # fmt: skip
    # Left out of the repr: what is shown in logs and tracebacks must not hold it.
    api_key: Annotated[
        str | None,
        option(
            "--api-key", _SERVER, "The server's key. Others on this machine can see it: better is the variable "
            "CROSSJUDGE_API_KEY.", metavar="KEY",
        ),
    ] = field(default=None, repr=False)  # fmt: skip
    timeout: Annotated[
        float | None,
        option("--timeout", _SERVER, "How long one request may take, 60 if left out; a file is many requests.",
               metavar="SECONDS"),
    ] = None  # fmt: skip

    @contextmanager
    def uses(self, use: UseOptions, *, quiet: bool) -> Iterator[Uses]:
        """What makes a judge, a tagger and so on: from a model that is loaded here, or from a server's.

        Raises `InputError` where the options say both.
        """
        if self.server is None:
            self._refuse_server_options()
            from crossjudge.cli.uses import UsesHere

            yield UsesHere(self, use.here)
            return
        refuse_only_here(self, use)
        from crossjudge.client.blocking import Client

        timeout_s = _TIMEOUT_S if self.timeout is None else self.timeout
        client = Client(self.server, api_key=self.api_key, model=self.model, timeout_s=timeout_s)
        with nullcontext() if quiet else _waits_told(), client:
            yield client

    def _refuse_server_options(self) -> None:
        for flag, value in (("--api-key", self.api_key), ("--timeout", self.timeout)):
            if value is not None:
                raise InputError(f"Reading the arguments: {flag} is about a server, and none is named. Pass --server.")


def refuse_only_here(*groups: Any) -> None:
    """Raise `InputError` if one of these groups of options states what a server does not take."""
    for group in groups:
        hints: Mapping[str, Any] = get_type_hints(type(group), include_extras=True)
        for one in fields(group):
            is_only_here = ONLY_HERE in getattr(hints[one.name], "__metadata__", ())
            if is_only_here and getattr(group, one.name) != one.default:
                flag = f"--{one.name.replace('_', '-')}"
                raise InputError(
                    f"Reading the arguments: {flag} is for a model on this machine, and --server asks one elsewhere, "
                    "which takes no such setting. Leave out one of the two."
                )


@contextmanager
def _waits_told() -> Iterator[None]:
    """While a server is busy, people hear that it is waited for."""
    logger, handler = logging.getLogger("crossjudge.client"), _Saying()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


class _Saying(logging.Handler):
    """Says what is logged, on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        say(record.getMessage())
