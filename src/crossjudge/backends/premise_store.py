"""Premises' keys and values on disk, in a compact type: documents encoded once, whatever is asked of them later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import CorruptFileError, FingerprintError, InputError
from crossjudge.types import FloatArray, IntArray

Compact = Literal["float32", "float16", "int8"]
TYPES: dict[str, type] = {"float32": np.float32, "float16": np.float16, "int8": np.int8}
"""What a number is kept as. int8 has a float16 scale for each token and each layer's keys or values: a number is off by
at most a 253rd of the largest beside it; in float16 by at most a 2,048th of itself."""
_SMALLEST_SCALE = float(np.finfo(np.float16).smallest_subnormal)

FORMAT = 1
_HEADER, _PLACES, _NUMBERS = "premises.json", "places.npy", "numbers.bin"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreHeader:
    """What a store says of itself. `fingerprint`: of the model; `size`: numbers a token; `parts`: scales a token."""

    fingerprint: str
    compact: str
    size: int
    parts: int
    premises: int
    tokens: int
    format: int = FORMAT

    @property
    def token_bytes(self) -> int:
        """Bytes that one token takes on disk."""
        return self.size * np.dtype(TYPES[self.compact]).itemsize + (2 * self.parts if self.compact == "int8" else 0)


class PremiseStore:
    """A folder of premises, looked up by their token ids; numbers are mapped from disk, not read ahead."""

    def __init__(self, folder: str | Path, *, fingerprint: str) -> None:
        self.folder = Path(folder)
        self.header = _read_header(self.folder)
        if self.header.fingerprint != fingerprint:
            raise FingerprintError(
                f"Opening the premises in {folder}: they were encoded by {self.header.fingerprint}, and this model is "
                f"{fingerprint} (weights:tokenizer:backend:precision:head). Encode them again with this model."
            )
        self._places = _read_places(self.folder / _PLACES, self.header)
        self._numbers = _map_numbers(self.folder / _NUMBERS, self.header)

    def __len__(self) -> int:
        """How many premises there are."""
        return len(self._places)

    def __contains__(self, premise_ids: bytes) -> bool:
        """Whether a premise, the bytes of its int64 ids, is here."""
        return _digest(premise_ids) in self._places

    def get(self, premise_ids: bytes) -> FloatArray | None:
        """Keys and values `(premise_len, size)` float32, or None."""
        place = self._places.get(_digest(premise_ids))
        if place is None:
            return None
        start, tokens = place
        width = self.header.token_bytes
        return _unpacked(self._numbers[start * width : (start + tokens) * width].reshape(tokens, width), self.header)


def write_store(
    folder: str | Path,
    premises: Iterable[tuple[IntArray, FloatArray]],
    *,
    fingerprint: str,
    parts: int,
    compact: Compact = "int8",
) -> StoreHeader:
    """Write `premises`, ids `(premise_len,)` and keys and values `(premise_len, size)`, as they come; equal ones once.

    `folder` must be new or empty. `parts`: into how many stretches of equal size a token's numbers fall, two a layer.
    """
    out = Path(folder)
    if compact not in TYPES:
        raise InputError(f"Writing premises to {out}: no type {compact!r}; there are {', '.join(TYPES)}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"Writing premises to {out}: it is no empty folder. Name a new one, or empty this.")
    out.mkdir(parents=True, exist_ok=True)
    places: dict[bytes, tuple[int, int]] = {}
    tokens = size = 0
    with _unfinished(out / _NUMBERS) as numbers:
        for ids, keys_values in premises:
            key = _digest(np.ascontiguousarray(ids, dtype=np.int64).tobytes())
            if key in places:
                continue
            places[key] = (tokens, len(ids))
            size = keys_values.shape[1]
            numbers.write(_packed(keys_values, compact, parts))
            tokens += len(ids)
    table = np.array(
        [(key, *place) for key, place in places.items()], dtype=[("key", "V16"), ("start", "<i8"), ("tokens", "<i8")]
    )
    np.save(out / _PLACES, table, allow_pickle=False)
    header = StoreHeader(
        fingerprint=fingerprint, compact=compact, size=size, parts=parts, premises=len(places), tokens=tokens
    )
    # Last: a folder with a header is whole.
    (out / _HEADER).write_text(json.dumps(asdict(header), indent=1) + "\n", encoding="utf-8")
    return header


@contextmanager
def _unfinished(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name once it is whole."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        yield file
    fresh.rename(path)


def _read_header(folder: Path) -> StoreHeader:
    path = folder / _HEADER
    if not path.is_file():
        raise InputError(
            f"Opening the premises in {folder}: there is no {_HEADER}. Name a folder that `save_premises` finished."
        )
    try:
        header = StoreHeader(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CorruptFileError(f"Opening {path}: {error}. Encode the premises again.", path=path) from error
    if header.format != FORMAT or header.compact not in TYPES:
        raise CorruptFileError(
            f"Opening {path}: format {header.format}, type {header.compact!r}; this crossjudge reads format {FORMAT} "
            f"of {', '.join(TYPES)}. Encode the premises again.",
            path=path,
        )
    return header


def _read_places(path: Path, header: StoreHeader) -> dict[bytes, tuple[int, int]]:
    """Digest of a premise's ids -> its first token's place, and how many tokens it has."""
    try:
        table = np.load(path, allow_pickle=False)
        places = {row["key"].tobytes(): (int(row["start"]), int(row["tokens"])) for row in table}
    except (OSError, EOFError, ValueError, IndexError, TypeError) as error:
        raise CorruptFileError(f"Opening {path}: {error}. Encode the premises again.", path=path) from error
    tokens = sum(tokens for _, tokens in places.values())
    if (len(places), tokens) != (header.premises, header.tokens):
        raise CorruptFileError(
            f"Opening {path}: it lists {len(places)} premises of {tokens} tokens; expected {header.premises} of "
            f"{header.tokens}, as {_HEADER} says. Encode the premises again.",
            path=path,
        )
    return places


def _map_numbers(path: Path, header: StoreHeader) -> NDArray[np.uint8]:
    """All tokens' bytes in a row, read from disk when they are looked at."""
    have, expected = path.stat().st_size if path.is_file() else 0, header.tokens * header.token_bytes
    if have != expected:
        raise CorruptFileError(
            f"Opening {path}: it has {have} bytes; expected {expected} for {header.tokens} tokens. Encode the "
            "premises again.",
            path=path,
        )
    # An empty file cannot be mapped.
    return np.memmap(path, dtype=np.uint8, mode="r") if expected else np.zeros(0, dtype=np.uint8)


def _digest(premise_ids: bytes) -> bytes:
    return blake2b(premise_ids, digest_size=16).digest()


def _packed(keys_values: FloatArray, compact: str, parts: int) -> bytes:
    """`(premise_len, size)` -> bytes, token by token: its scales where there are any, then its numbers."""
    if compact != "int8":
        return keys_values.astype(TYPES[compact]).tobytes()
    stretches = keys_values.reshape(len(keys_values), parts, -1)
    scale = np.maximum(np.abs(stretches).max(axis=2) / 127, _SMALLEST_SCALE).astype(np.float16)
    rounded = np.clip(np.rint(stretches / scale[:, :, None].astype(np.float32)), -127, 127).astype(np.int8)
    tokens = len(keys_values)
    return np.concatenate(
        [scale.view(np.uint8).reshape(tokens, -1), rounded.view(np.uint8).reshape(tokens, -1)], axis=1
    ).tobytes()


def _unpacked(raw: NDArray[np.uint8], header: StoreHeader) -> FloatArray:
    """Bytes `(premise_len, token_bytes)` -> float32 `(premise_len, size)`."""
    if header.compact != "int8":
        values: FloatArray = np.ascontiguousarray(raw).view(TYPES[header.compact]).astype(np.float32)
        return values
    scale = np.ascontiguousarray(raw[:, : 2 * header.parts]).view(np.float16).astype(np.float32)
    numbers = np.ascontiguousarray(raw[:, 2 * header.parts :]).view(np.int8)
    stretches = numbers.reshape(len(raw), header.parts, -1) * scale[:, :, None]
    unpacked: FloatArray = stretches.reshape(len(raw), -1)
    return unpacked
