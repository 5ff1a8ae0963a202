"""The address that the server listens on: open early, and never to everybody without a key."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

from crossjudge.errors import InputError

BACKLOG = 2048


def listening_socket(host: str, port: int, *, has_keys: bool) -> socket.socket:
    """A socket that already takes connections; port 0 is any free one.

    Raises `InputError` for an address that others can reach while there is no key, and for one that cannot be had.
    """
    if not has_keys and not is_loopback(host):
        raise InputError(
            f"Listening on {host}: others can reach this address, and no key is set. Set one (--api-key-file, or "
            "CROSSJUDGE_API_KEYS), or listen on 127.0.0.1."
        )
    with contextlib.ExitStack() as undo:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listening = undo.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError as error:
            raise InputError(
                f"Listening on {host}, port {port}: {error.strerror or error}. Choose another with --host or --port."
            ) from error
        undo.pop_all()
    return listening


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; a name is looked up, and all of its addresses count."""
    if not host:
        return False
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)
