"""An index on disk: segments that never change, and a manifest that says which of them count, replaced as a whole.

    FOLDER/manifest.json              every file that counts, with its size and sha256; written last
    FOLDER/segments/NAME/documents.jsonl, words.json, vectors.npy, arrays.npz
    FOLDER/lock                       held by whoever writes

What the manifest does not name is what a writer that was stopped left behind: it is not read, and the next one
removes it. So an index is as the last complete change left it, or it is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from crossjudge.errors import CorruptFileError, InputError
from crossjudge.files import json_line
from crossjudge.models.integrity import fresh_hash
from crossjudge.search.documents import Document
from crossjudge.search.lexical import Postings
from crossjudge.search.segments import Contents, Segment

FORMAT = 1
MANIFEST, SEGMENTS, LOCK = "manifest.json", "segments", "lock"
_DOCUMENTS, _WORDS, _VECTORS, _ARRAYS = "documents.jsonl", "words.json", "vectors.npy", "arrays.npz"
_FILES = (_DOCUMENTS, _WORDS, _VECTORS, _ARRAYS)
_ATTEMPTS = 5

Files = Mapping[str, Mapping[str, Any]]
"""File of a segment -> its `bytes` and `sha256`."""


class IndexFolder:
    """The folder of one index; nothing is created before something is written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.is_index and not _is_empty(self.path):
            raise InputError(
                f"Opening the index {self.path}: it has no {MANIFEST}, and is neither new nor empty. Name the folder "
                "of an index, or a new one."
            )

    @property
    def is_index(self) -> bool:
        """Whether an index was begun here."""
        return (self.path / MANIFEST).is_file()

    @property
    def bytes(self) -> int:
        """What the files that count take on disk."""
        segments = _read_manifest(self.path / MANIFEST)["segments"] if self.is_index else {}
        return sum(int(one["bytes"]) for files in segments.values() for one in files.values())

    def read(self, known: Contents) -> Contents:
        """What the manifest names now, every file checked; segments that are `known` are not read again.

        Raises `CorruptFileError` for what is damaged.
        """
        for attempt in range(_ATTEMPTS):
            manifest = _read_manifest(self.path / MANIFEST) if self.is_index else None
            try:
                return self._contents(manifest, known) if manifest else Contents()
            except CorruptFileError:
                # Somebody may have replaced these segments by others since their manifest was read.
                if attempt + 1 == _ATTEMPTS or manifest == _read_manifest(self.path / MANIFEST):
                    raise
        raise AssertionError

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until nobody else writes, and keep others from it meanwhile."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("a+b") as stream:
            _lock(stream.fileno())
            yield

    def write(self, contents: Contents) -> None:
        """Make these the contents: all of them, or, if this is interrupted, none. Only while `locked`."""
        if not self.is_index:
            # From now on segments without a manifest are a damaged index, not an index that was never begun.
            self._write_manifest(Contents(), {})
        there: Mapping[str, Files] = _read_manifest(self.path / MANIFEST)["segments"]
        files = {one.name: there.get(one.name) or self._write_segment(one) for one in contents.segments}
        self._write_manifest(contents, files)
        for folder in (self.path / SEGMENTS).glob("*"):
            if folder.name not in files:
                # On Windows a file that another process has mapped stays; the next writer removes it.
                shutil.rmtree(folder, ignore_errors=True)

    def _contents(self, manifest: Mapping[str, Any], known: Contents) -> Contents:
        at_hand = {segment.name: segment for segment in known.segments}
        segments = (
            at_hand.get(name) or _read_segment(self.path / SEGMENTS / name, files)
            for name, files in manifest["segments"].items()
        )
        return Contents(tuple(segments), manifest["encoder"], manifest["encoder_name"], manifest["ever_added"])

    def _write_segment(self, segment: Segment) -> Files:
        folder = self.path / SEGMENTS / segment.name
        folder.mkdir(parents=True)
        postings = segment.postings
        lines = "".join(json_line(asdict(document), ascii_only=True) + "\n" for document in segment.documents)
        (folder / _DOCUMENTS).write_text(lines, encoding="utf-8")
        (folder / _WORDS).write_text(json.dumps(postings.words), encoding="utf-8")
        np.save(folder / _VECTORS, segment.vectors)
        np.savez(
            folder / _ARRAYS,
            owners=segment.owners,
            starts=postings.starts,
            places=postings.places,
            counts=postings.counts,
            lengths=postings.lengths,
        )
        for name in _FILES:
            _settle(folder / name)
        return {name: {"bytes": (folder / name).stat().st_size, "sha256": fresh_hash(folder / name)} for name in _FILES}

    def _write_manifest(self, contents: Contents, segments: Mapping[str, Files]) -> None:
        body = {
            "format": FORMAT,
            "encoder": contents.encoder,
            "encoder_name": contents.encoder_name,
            "ever_added": contents.ever_added,
            "segments": segments,
        }
        fresh = self.path / f"{MANIFEST}.new"
        fresh.write_text(json.dumps({**body, "sha256": _digest_of(body)}, indent=1) + "\n", encoding="utf-8")
        _settle(fresh)
        os.replace(fresh, self.path / MANIFEST)


def _is_empty(path: Path) -> bool:
    """Whether nothing is there, or only what a writer leaves that was stopped before it began."""
    return path.is_dir() and {one.name for one in path.iterdir()} <= {LOCK, f"{MANIFEST}.new"}


def _lock(descriptor: int) -> None:
    """Held until the file is closed, also by a process that dies."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _settle(path: Path) -> None:
    """On disk, and not only on its way there."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _digest_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        digest = manifest.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CorruptFileError(
            f"Opening the index: {path} cannot be read ({type(error).__name__}: {error}). {_ANEW}", path=path
        ) from error
    if digest != _digest_of(manifest):
        raise CorruptFileError(f"Opening the index: {path} was changed since it was written. {_ANEW}", path=path)
    if manifest["format"] != FORMAT:
        raise CorruptFileError(
            f"Opening the index: {path} has format {manifest['format']}; this crossjudge reads {FORMAT}. {_ANEW}",
            path=path,
        )
    return manifest


_ANEW = (
    f"The documents lie in {SEGMENTS}/*/{_DOCUMENTS} beside it, one JSON object a line: restore the folder from a "
    "copy, or add those files to a new index."
)


def _read_segment(folder: Path, files: Files) -> Segment:
    for name, stated in files.items():
        path = folder / name
        have = path.stat().st_size if path.is_file() else 0
        if have != stated["bytes"] or fresh_hash(path) != stated["sha256"]:
            seen = f"it has {have:,} of {stated['bytes']:,} bytes" if have != stated["bytes"] else "its bytes changed"
            raise CorruptFileError(f"Opening the index: {path} is damaged ({seen}). {_ANEW}", path=path)
    try:
        lines = (folder / _DOCUMENTS).read_text(encoding="utf-8").splitlines()
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            owners, *parts = (arrays[name] for name in ("owners", "starts", "places", "counts", "lengths"))
        words = tuple(json.loads((folder / _WORDS).read_text(encoding="utf-8")))
        return Segment(
            documents=tuple(Document(**json.loads(line)) for line in lines),
            vectors=np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False),
            owners=owners,
            postings=Postings(words, *parts),
            name=folder.name,
        )
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise CorruptFileError(
            f"Opening the index: {folder} cannot be read ({type(error).__name__}: {error}). {_ANEW}", path=folder
        ) from error
