"""Whether a checkpoint's files are whole: JSON, safetensors headers, graphs; and their sha256."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from crossjudge.errors import CorruptFileError, MissingFileError

TensorShapes: TypeAlias = dict[str, tuple[int, ...]]
"""Tensor name -> shape."""

_MAX_HEADER_BYTES = 100_000_000
_DTYPE_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "F32": 32,
    "I64": 64,
    "F64": 64,
}
"""Bits per value of the common types; a type that is not here is not measured."""

_LFS_POINTER = b"version https://git-lfs"
_HUB_BLOB = re.compile(r"[0-9a-f]{64}")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; `CorruptFileError` when it is anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"it is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise corrupt(path, f"it holds a JSON {type(content).__name__} where an object is expected")
    return content


def read_json_list(path: Path) -> list[dict[str, Any]]:
    """The JSON list of objects in `path`; `CorruptFileError` when it is anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"it is not valid JSON ({error})") from error
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise corrupt(path, "it does not hold a JSON list of objects")
    return content


def check_safetensors(path: Path) -> TensorShapes:
    """The tensors that the header of `path` promises, after checking that the file is exactly as long as they need.

    The format: eight bytes with the header's length (little-endian), a JSON header with every tensor's type, shape and
    offsets, then the tensors' bytes without gaps. Only the header is read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
            raise corrupt(path, _not_tensors(path, size))
        header = _parse_header(path, file.read(length))
    end = max((offsets[1] for _, offsets in header.values()), default=0)
    if end != size - 8 - length:
        raise corrupt(path, f"its header promises {8 + length + end} bytes and it has {size}")
    return {name: shape for name, (shape, _) in header.items()}


def _parse_header(path: Path, text: bytes) -> dict[str, tuple[tuple[int, ...], tuple[int, int]]]:
    """Tensor name -> (shape, first and last byte)."""
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        header = {}
        for name, entry in entries.items():
            shape, (start, end) = tuple(entry["shape"]), entry["data_offsets"]
            bits = _DTYPE_BITS.get(entry["dtype"])
            if start < 0 or (bits is not None and (end - start) * 8 != math.prod(shape) * bits):
                raise ValueError(f"tensor {name!r} of shape {shape} has {end - start} bytes")
            header[name] = (shape, (start, end))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise corrupt(path, f"its safetensors header is damaged ({error})") from error
    return header


def _not_tensors(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return _pointer(file.read(64)) or f"its {size} bytes do not begin with a safetensors header"


def check_graph(path: Path) -> None:
    """That an ONNX file ends where its outermost fields say; nothing is parsed and no weights are read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if problem := _pointer(file.read(64)):
            raise corrupt(path, problem)
        file.seek(0)
        while (position := file.tell()) < size:
            if not _skip_field(file, size):
                raise corrupt(path, f"it is cut off or damaged (byte {position} of {size})")
    if size == 0:
        raise corrupt(path, "it is empty")


def _skip_field(file: BinaryIO, size: int) -> bool:
    """Move past one protobuf field; False when it does not fit the file."""
    wire_type = (_varint(file) or 0) & 7
    if wire_type == 0:
        return _varint(file) is not None
    length = {1: 8, 5: 4}.get(wire_type) if wire_type != 2 else _varint(file)
    if length is None or file.tell() + length > size:
        return False
    file.seek(length, 1)
    return True


def _varint(file: BinaryIO) -> int | None:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None


def _pointer(beginning: bytes) -> str | None:
    if beginning.startswith(_LFS_POINTER):
        return "it is a git-lfs pointer, not the file itself (run: git lfs pull)"
    return None


def file_hash(path: Path) -> str:
    """sha256 hex of a file's content, remembered while the file does not change.

    The hub's cache stores large files under their own sha256; that name is taken as it stands.
    """
    target = path.resolve()
    if target.parent.name == "blobs" and _HUB_BLOB.fullmatch(target.name):
        return target.name
    state = target.stat()
    return _remembered_hash(target, state.st_size, state.st_mtime_ns)


def fresh_hash(path: Path) -> str:
    """sha256 hex of a file's content, read now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=256)
def _remembered_hash(path: Path, size_bytes: int, modified_ns: int) -> str:
    return fresh_hash(path)


def files_hash(hashes: Mapping[str, str]) -> str:
    """One sha256 hex for several files (name -> sha256 hex), whatever their order; a single file's is its own."""
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def shard_names(index: Path) -> list[str]:
    """The safetensors files that an index spreads the weights over, each once, in order."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise corrupt(index, "it has no weight_map")
    names = list(dict.fromkeys(str(name) for name in weight_map.values()))
    check_inside(index, names)
    return names


def check_inside(path: Path, names: Iterable[str]) -> None:
    """Refuse file names that lead out of the folder."""
    for name in names:
        if not name.strip() or "\\" in name or ":" in name or name.startswith("/") or ".." in name.split("/"):
            raise corrupt(path, f"it names {name!r}, which is not a file inside its folder")


def missing(path: Path, why: str) -> MissingFileError:
    """The error for a file that should be there."""
    return MissingFileError(
        f"Loading {path.parent}: there is no file {path.name} ({why}). Copy or download the checkpoint again.",
        path=path,
    )


def corrupt(path: Path, what: str) -> CorruptFileError:
    """The error for a file that is there and wrong; `what` completes "Reading PATH: ..."."""
    return CorruptFileError(f"Reading {path}: {what}. Copy or download this file again.", path=path)


def first_existing(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of `names` that is a file in `folder`."""
    return next((folder / name for name in names if (folder / name).is_file()), None)
