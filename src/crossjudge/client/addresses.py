"""Where a server is and with which key it is asked, as a person states them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from crossjudge.apps.base import seen
from crossjudge.errors import InputError

DEFAULT_ADDRESS = "http://127.0.0.1:8080"
"""Where `crossjudge serve` listens unless told otherwise."""

KEY_VARIABLE = "CROSSJUDGE_API_KEY"

_PORTS = {"http": 80, "https": 443}
_BARE = re.compile(r"[\w.-]+(:\d{1,5})?")
"""A host as people write it, only without its scheme."""

_EXPECTED = f"expected http:// or https://, a host, and a port where it is not the usual one: {DEFAULT_ADDRESS}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """`prefix`: what stands before every route, where a proxy has put the server below a path; else nothing."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def is_encrypted(self) -> bool:
        """Whether it is asked by TLS."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """Host and port, as every request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.prefix}"


def read_address(text: Any) -> Address:
    """`text` as an address; raises `InputError`, which quotes nothing of one that holds a password."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except (AttributeError, ValueError):
        raise _no_address(text) from None
    if "@" in parts.netloc:
        raise InputError(
            "Reading the server's address: it holds a user name or password; expected none. Pass the key as api_key, "
            f"or in the variable {KEY_VARIABLE}."
        )
    host = _ascii_host(parts)
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment or not _is_plain(parts.path):
        raise _no_address(text)
    return Address(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], prefix=parts.path.rstrip("/"))


def read_key(given: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key that was given, else that of the environment, else none; raises `InputError`, which does not quote it."""
    key = given if given is not None else environment.get(KEY_VARIABLE) or None
    if key is None or (isinstance(key, str) and key and _is_plain(key)):
        return key
    place = "api_key" if given is not None else KEY_VARIABLE
    raise InputError(
        f"Reading the key in {place}: it is empty or has characters that a header cannot carry; expected printable "
        "ASCII without spaces. Pass it as the server's operator wrote it."
    )


def _ascii_host(parts: SplitResult) -> str:
    """The host as it goes over the wire; nothing for one that cannot."""
    try:
        return (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _no_address(text: Any) -> InputError:
    correct = f"Write http://{text}." if isinstance(text, str) and _BARE.fullmatch(text) else "Correct it."
    return InputError(f"Reading the server's address: got {seen(text)}; {_EXPECTED}. {correct}")
