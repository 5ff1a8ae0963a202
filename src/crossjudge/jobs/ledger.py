"""What is finished: the output folder itself, and a file in it that says of which plan and input it is the output."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pyarrow as pa

from crossjudge.errors import InputError
from crossjudge.jobs.folder import Folder
from crossjudge.jobs.job import ATTEMPT_ENDING, WORK_ENDING, WORK_FOLDER, make_job, note_file, part_file, work_file
from crossjudge.jobs.lock import LOCK_FILE
from crossjudge.jobs.notes import Note
from crossjudge.jobs.places import Place
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import File
from crossjudge.jobs.scanning import Chunk, Scan, common_schema, scan
from crossjudge.jobs.shards import Piece, Shard, numbered

JOB_FILE = "job.json"
_FORMAT = 1


class KeepsFiles(Protocol):
    """What the ledger has to know of a stage; see `Stage`."""

    @property
    def name(self) -> str:
        """It stands in the names of the stage's files."""
        ...

    @property
    def is_last(self) -> bool:
        """Whether they are the job's results."""
        ...

    @property
    def needs_model(self) -> bool:
        """Whether a model made them."""
        ...


class Ledger:
    """The ledger of one output folder: what the job is, and which units of each stage are finished.

    A unit is finished exactly if its file and its note are there; both are written whole, the note first.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = Folder(plan.output.path)
        self.work = self.folder.inside(WORK_FOLDER)
        self.files: tuple[File, ...] = ()
        self.schema: pa.Schema = pa.schema([])
        self.shards: tuple[Shard, ...] = ()
        self.notes: dict[str, dict[int, Note]] = {}
        """Stage -> number -> the note on a finished unit, as far as `look_up` was called or a worker told of it."""

    @property
    def total_rows(self) -> int:
        """Rows of the whole input."""
        return sum(shard.rows for shard in self.shards)

    def exists(self) -> bool:
        """Whether a job was begun here."""
        return JOB_FILE in self.work.names()

    def has_results(self) -> bool:
        """Whether any row was written here."""
        return any(name.startswith("part-") for name in self.folder.names())

    def look_up(self, stage: KeepsFiles, units: Iterable[int]) -> dict[int, Note]:
        """The notes of those units of a stage that are finished."""
        there = self.there(stage, units)
        found = {number: Note.from_json(self.work.read(note_file(stage.name, number))) for number in there}
        self.notes[stage.name] = found
        return found

    def there(self, stage: KeepsFiles, units: Iterable[int]) -> list[int]:
        """Which of those units of a stage are finished."""
        notes = self.work.names()
        files = self.folder.names() if stage.is_last else notes

        def file(number: int) -> str:
            return part_file(number, self.plan) if stage.is_last else work_file(stage.name, number)

        return [number for number in units if file(number) in files and note_file(stage.name, number) in notes]

    def recall(self, stages: Iterable[KeepsFiles]) -> None:
        """Read the notes on all units of some stages, whose files may be gone."""
        names = self.work.names()
        for stage in stages:
            numbers = _numbers(names, stage.name)
            self.notes[stage.name] = {
                number: Note.from_json(self.work.read(note_file(stage.name, number))) for number in numbers
            }

    def fingerprint(self, stages: Sequence[KeepsFiles]) -> str | None:
        """Of the model that did what is finished, None where nothing is."""
        names = self.work.names()
        for stage in stages:
            for number in _numbers(names, stage.name) if stage.needs_model else ():
                if found := self.look_up(stage, [number]):
                    return found[number].fingerprint
        return None

    def noted(self, stage: str) -> list[Note]:
        """The notes on a stage's finished units, in order."""
        return [note for _, note in sorted(self.notes.get(stage, {}).items())]

    def sources(self, stage: str) -> dict[int, tuple[int, ...]]:
        """Receiver -> the files of a finished stage that hold a parcel for it."""
        found: dict[int, list[int]] = {}
        for note in self.noted(stage):
            for receiver in note.details["receivers"]:
                found.setdefault(receiver, []).append(note.number)
        return {receiver: tuple(numbers) for receiver, numbers in found.items()}

    def begin_run(self) -> None:
        """Drop what earlier runs left half done."""
        self.work.clear_work_files()
        self.folder.clear_work_files()
        self.work.remove(name for name in self.work.names() if name.endswith(ATTEMPT_ENDING))

    def clear(self) -> None:
        """Drop what only unfinished jobs need."""
        self.work.remove(name for name in self.work.names() if name.endswith((WORK_ENDING, ATTEMPT_ENDING)))

    def check(self, scans: Sequence[Scan]) -> None:
        """Raise `InputError` where the task lacks a column, files do not go together or the folder holds other results.

        Nothing is written.
        """
        others = [name for name in self.folder.names() if name.startswith("part-") or name.endswith(".parquet")]
        if others:
            raise InputError(
                f"Beginning a job in {self.folder.path}: there are results of something else ({sorted(others)[0]}); "
                "expected a new or empty folder. Name another output.path."
            )
        self.schema = common_schema(scans)
        self.files = tuple(File(one.place.path, one.place.format, one.names) for one in scans)
        make_job(self.plan, self.files, self.schema)

    def begin(self, scans: Sequence[Scan], shards: Sequence[Shard]) -> None:
        """Write down what the job is, before anything is done."""
        self.check(scans)
        self.shards = tuple(shards)
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
        for name in self.work.names():
            if name != LOCK_FILE:  # left by a job that finished nothing
                self.work.remove([name])
        self.work.write(JOB_FILE, json.dumps(content, ensure_ascii=False).encode("utf-8"))

    def resume(self, places: Sequence[Place]) -> None:
        """Take up what was written down; raises `InputError` if plan or input are not those of then."""
        content = json.loads(self.work.read(JOB_FILE))
        if content["format"] != _FORMAT:
            raise self._refused(f"it was written in format {content['format']}, and this version knows {_FORMAT}")
        if content["hash"] != self.plan.hash():
            raise self._refused(f"the plan has changed: {_difference(content['plan'], self.plan.identity())}")
        self._check_inputs(content["inputs"], places)
        self.files = tuple(
            File(place.path, row[1], tuple(row[5])) for place, row in zip(places, content["inputs"], strict=True)
        )
        self.schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(content["schema"])))
        self.shards = tuple(numbered(tuple(map(_as_piece, pieces)) for pieces in content["shards"]))

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


def _numbers(names: Iterable[str], stage: str) -> list[int]:
    """The numbers of the units of a stage on which there is a note."""
    found = (re.fullmatch(rf"{re.escape(stage)}-(\d+)\.json", name) for name in names)
    return sorted(int(one[1]) for one in found if one)


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    changed = [name for name in now if before.get(name) != now[name]]
    name = changed[0] if changed else "plan"
    return f"{name} was {json.dumps(before.get(name))} and is {json.dumps(now.get(name))} now"


def _as_row(piece: Piece) -> list[int]:
    chunk = piece.chunk
    return [piece.file, chunk.start, chunk.stop, chunk.rows, chunk.line]


def _as_piece(row: Sequence[int]) -> Piece:
    return Piece(row[0], Chunk(*row[1:]))
