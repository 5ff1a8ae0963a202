"""What a client is made of, checked, before anything is sent."""

from __future__ import annotations

import ssl

from crossjudge.apps.base import seen
from crossjudge.client.addresses import read_address, read_key
from crossjudge.client.server import Server
from crossjudge.errors import InputError
from crossjudge.extras import require


def opened(
    url: str, *, api_key: str | None, timeout_s: float, retries: int, ssl_context: ssl.SSLContext | None
) -> tuple[Server, ssl.SSLContext | None]:
    """The server, and how its connections are encrypted; raises `InputError`, and `MissingExtraError`."""
    require("h11", to="speak to a server")
    server = Server(read_address(url), read_key(api_key), timeout_s=timeout_s, retries=retries)
    if not server.address.is_encrypted:
        if ssl_context is not None:
            raise InputError(f"Making a client: an ssl_context is given for {server.address}; expected https://.")
        return server, None
    return server, ssl_context or ssl.create_default_context()


def checked_most(connections: int) -> int:
    """How many connections there may be; raises `InputError`."""
    if isinstance(connections, int) and not isinstance(connections, bool) and connections > 0:
        return connections
    raise InputError(f"Making a client: max_connections is {seen(connections)}; expected a whole number from 1 on.")
