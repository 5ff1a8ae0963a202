"""What is finished: the output folder itself, and a file that says of which plan and input it is the output."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from crossjudge.errors import InputError
from crossjudge.jobs.job import make_job, note_name, part_name
from crossjudge.jobs.notes import Note
from crossjudge.jobs.places import Folder, Place
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import File
from crossjudge.jobs.scanning import Chunk, Scan, common_schema, scan
from crossjudge.jobs.shards import Piece, Shard

JOB_FILE = "job.json"
_FORMAT = 1


class Ledger:
    """The ledger of one output folder: what the job is, and which shards of it are finished.

    A shard is finished exactly if its output file and its note are there; both are written whole, the note first.
    """

    def __init__(self, plan: Plan, folder: Folder) -> None:
        self.plan, self.folder = plan, folder
        self.files: tuple[File, ...] = ()
        self.schema: pa.Schema = pa.schema([])
        self.shards: tuple[Shard, ...] = ()

    def exists(self) -> bool:
        """Whether a job was begun here."""
        return JOB_FILE in self.folder.names()

    def has_results(self) -> bool:
        """Whether any row was written here."""
        return any(name.startswith("part-") for name in self.folder.names())

    def begin(self, scans: Sequence[Scan], shards: Sequence[Shard]) -> None:
        """Write down what the job is, before anything is done."""
        others = [name for name in self.folder.names() if name.startswith("part-") or name.endswith(".parquet")]
        if others:
            raise InputError(
                f"Beginning a job in {self.folder.path}: there are results of something else ({sorted(others)[0]}); "
                "expected a new or empty folder. Name another output.path."
            )
        self.schema, self.shards = common_schema(scans), tuple(shards)
        self.files = tuple(File(one.place.path, one.place.format, one.names) for one in scans)
        make_job(self.plan, self.files, self.schema)  # refuses columns that are not there
        inputs = [
            [one.place.path, one.place.format, one.place.size, one.place.stamp, one.digest, list(one.names)]
            for one in scans
        ]
        content = {
            "format": _FORMAT,
            "hash": self.plan.hash(),
            "plan": self.plan.identity(),
            "inputs": inputs,
            "schema": base64.b64encode(self.schema.serialize().to_pybytes()).decode(),
            "shards": [[_as_row(piece) for piece in shard.pieces] for shard in shards],
        }
        self.folder.make()
        self.folder.write(JOB_FILE, json.dumps(content, ensure_ascii=False).encode("utf-8"))

    def resume(self, places: Sequence[Place]) -> None:
        """Take up what was written down; raises `InputError` if plan or input are not those of then."""
        content = json.loads(self.folder.read(JOB_FILE))
        if content["format"] != _FORMAT:
            raise self._refused(f"it was written in format {content['format']}, and this version knows {_FORMAT}")
        if content["hash"] != self.plan.hash():
            raise self._refused(f"the plan has changed: {_difference(content['plan'], self.plan.identity())}")
        self._check_inputs(content["inputs"], places)
        self.files = tuple(
            File(place.path, row[1], tuple(row[5])) for place, row in zip(places, content["inputs"], strict=True)
        )
        self.schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(content["schema"])))
        self.shards = tuple(
            Shard(number, tuple(map(_as_piece, pieces))) for number, pieces in enumerate(content["shards"])
        )

    def finished(self) -> dict[int, Note]:
        """The notes of the shards that are finished, by number."""
        names = self.folder.names()
        return {
            shard.number: Note.from_json(self.folder.read(note_name(shard.number)))
            for shard in self.shards
            if {part_name(shard.number, self.plan), note_name(shard.number)} <= names
        }

    def _check_inputs(self, before: Sequence[Sequence[Any]], places: Sequence[Place]) -> None:
        if len(before) != len(places):
            raise self._refused(f"the input was {len(before)} file(s) and is {len(places)} now")
        for (path, _, size, stamp, digest, _), place in zip(before, places, strict=True):
            if (size, stamp) == (place.size, place.stamp):
                continue
            # Written anew, but maybe with the same content.
            if size != place.size or scan(place).digest != digest:
                raise self._refused(f"the input has changed: {place.path} is not what {path} was when the job began")

    def _refused(self, problem: str) -> InputError:
        return InputError(
            f"Going on with the job in {self.folder.path}: {problem}. Its finished rows would not go together with new "
            "ones. Restore plan and input, or name another output.path."
        )


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    changed = [name for name in now if before.get(name) != now[name]]
    name = changed[0] if changed else "plan"
    return f"{name} was {json.dumps(before.get(name))} and is {json.dumps(now.get(name))} now"


def _as_row(piece: Piece) -> list[int]:
    chunk = piece.chunk
    return [piece.file, chunk.start, chunk.stop, chunk.rows, chunk.line]


def _as_piece(row: Sequence[int]) -> Piece:
    return Piece(row[0], Chunk(*row[1:]))
