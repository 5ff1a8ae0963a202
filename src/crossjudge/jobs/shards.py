"""Shards: which rows become which output file, decided by the plan and the input alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from crossjudge.jobs.scanning import Chunk, Scan

MOST_ROWS, FEWEST_ROWS, ENOUGH_SHARDS = 50_000, 1_000, 32
"""A shard has at most so many rows, and at least so many unless the input ends, and a job at least so many shards."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one file: the file's number, and a chunk as `scanning` cuts it."""

    file: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Shard:
    """The rows of one output file, in order. `first_row`: the first one's number, counted through the whole input."""

    number: int
    first_row: int
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """How many."""
        return sum(piece.chunk.rows for piece in self.pieces)


def shard_size(total_rows: int, stated: int | None) -> int:
    """Most rows of a shard: as stated, or so that a small input still keeps many workers busy."""
    return stated or min(MOST_ROWS, max(FEWEST_ROWS, -(-total_rows // ENOUGH_SHARDS)))


def cut(scans: Sequence[Scan], *, shard_rows: int) -> list[Shard]:
    """Every row of the input in one shard, in input order; files that are small share one."""
    return numbered(tuple(_merged(group)) for group in _grouped(_pieces(scans), shard_rows))


def numbered(shards: Iterable[tuple[Piece, ...]]) -> list[Shard]:
    """Shards of the whole input, by the pieces of each."""
    found: list[Shard] = []
    row = 0
    for number, pieces in enumerate(shards):
        found.append(Shard(number, row, pieces))
        row += found[-1].rows
    return found


def _pieces(scans: Sequence[Scan]) -> Iterable[Piece]:
    return chain.from_iterable((Piece(file, chunk) for chunk in one.chunks) for file, one in enumerate(scans))


def _grouped(pieces: Iterable[Piece], most: int) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    rows = 0
    for piece in pieces:
        if group and rows + piece.chunk.rows > most:
            yield group
            group, rows = [], 0
        group.append(piece)
        rows += piece.chunk.rows
    if group:
        yield group


def _merged(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbouring chunks of one file as one."""
    current = pieces[0]
    for piece in pieces[1:]:
        one, other = current.chunk, piece.chunk
        if piece.file == current.file and one.stop == other.start:
            current = Piece(current.file, Chunk(one.start, other.stop, one.rows + other.rows, one.line))
        else:
            yield current
            current = piece
    yield current
