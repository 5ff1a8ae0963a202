"""`ApiKeys`: the keys that open the server, from its start or from a file that may change while it runs."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

from crossjudge.errors import InputError

logger = logging.getLogger(__name__)

SHORT = 16
"""Keys of fewer characters can be guessed: warned of, and refused where others than this machine can try."""
LOOK_AGAIN_S = 1.0
"""How often the file is looked at, at most."""


class ApiKeys:
    """Keys are kept as digests. `file`: one key a line, `#` begins a comment; it is read again when it changes.

    A file that cannot be read later, or is empty then, changes nothing, and the log says so: a slip of the hand neither
    opens nor closes the server. `least_chars`: what a key must have; shorter ones raise `InputError`.
    """

    def __init__(self, keys: Iterable[str] = (), *, file: str | Path | None = None, least_chars: int = 1) -> None:
        self._salt = secrets.token_bytes(16)
        self._least_chars = least_chars
        self._given = [self._digest(key) for key in self._checked(keys, "the keys given")]
        self._file = None if file is None else Path(file)
        self._stamp: tuple[int, int, int] | None = None
        self._looked_s = 0.0
        self._from_file: list[bytes] = [] if self._file is None else self._read(self._file)

    @property
    def are_set(self) -> bool:
        """Whether a key is needed."""
        return bool(self._given or self._file is not None)

    def name_of(self, key: str) -> str | None:
        """A short name of the key for logs and fair shares, or None if it is none of ours.

        Takes as long for any wrong key. The name says nothing of the key, and is another after every start.
        """
        self._look_again()
        asked = self._digest(key)
        found = [hmac.compare_digest(asked, digest) for digest in (*self._given, *self._from_file)]
        return asked.hex()[:12] if any(found) else None

    def reread(self) -> None:
        """Look at the file now."""
        self._looked_s = 0.0
        self._stamp = None
        self._look_again()

    def _look_again(self) -> None:
        if self._file is None or time.monotonic() - self._looked_s < LOOK_AGAIN_S:
            return
        self._looked_s = time.monotonic()
        try:
            if _stamp_of(self._file) != self._stamp:
                self._from_file = self._read(self._file)
                logger.info("keys", extra={"keys": len(self._from_file)})
        except (OSError, UnicodeDecodeError, InputError) as error:
            logger.error("keys not read; the old ones hold", extra={"error": type(error).__name__})

    def _read(self, path: Path) -> list[bytes]:
        """Raises `InputError` for a file without keys."""
        self._stamp = _stamp_of(path)
        lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
        keys = self._checked([line for line in lines if line], f"the keys of {path}")
        if not keys:
            raise InputError(f"Reading keys: {path} holds none; expected one a line. Add one.")
        return [self._digest(key) for key in keys]

    def _checked(self, keys: Iterable[str], what: str) -> list[str]:
        checked = list(keys)
        for place, key in enumerate(checked):
            if not key or not key.isascii() or not key.isprintable() or key != key.strip():
                raise InputError(
                    f"Reading {what}: key {place + 1} is empty or has characters that a header cannot carry; expected "
                    "printable ASCII. Make one with: openssl rand -hex 24"
                )
            if len(key) < self._least_chars:
                raise InputError(
                    f"Reading {what}: key {place + 1} has {len(key)} characters, and others than this machine could "
                    f"guess it; expected at least {self._least_chars}. Make one with: openssl rand -hex 24"
                )
            if len(key) < SHORT:
                logger.warning("a short key can be guessed", extra={"characters": len(key)})
        return checked

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode("utf-8", "surrogateescape"), key=self._salt, digest_size=32).digest()


def keys_in(text: str | None) -> list[str]:
    """Keys separated by commas, as in an environment variable."""
    return [key.strip() for key in (text or "").split(",") if key.strip()]


def _stamp_of(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino
