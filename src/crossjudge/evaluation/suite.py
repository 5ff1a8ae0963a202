"""Suites of labelled pairs: what a row is, and reading a suite: shipped, generated or of one's own.

`suites/README.md` describes the fields and the rules by which the shipped pairs were labelled.
"""

from __future__ import annotations

import difflib
import hashlib
import logging
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crossjudge.errors import FileRowError, InputError
from crossjudge.evaluation.suite_checks import (
    NEGATIVE_CONTROL,
    NLI_LABELS,
    POSITIVE_CONTROL,
    RULES,
    Checker,
    SuiteProblem,
    file_checker,
    row_checker,
    row_id,
)
from crossjudge.files import BadRow, Record, format_of, json_line, read_records

__all__ = [
    "NEGATIVE_CONTROL",
    "NLI_LABELS",
    "POSITIVE_CONTROL",
    "Suite",
    "SuiteCard",
    "SuitePair",
    "SuiteProblem",
    "check_suite",
    "find_suite",
    "iter_suite",
    "load_suite",
    "pair_line",
    "sha256_of",
    "shipped_suites",
]

_log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "suites"
_ROWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SuitePair:
    """One labelled pair. None in a gold field means that nobody knows; a measure that needs it leaves the pair out.

    `nli_forward`: one of `NLI_LABELS`, premise `text_a` and hypothesis `text_b`; `nli_backward`: the texts swapped.
    `duplicate`: whether a careful reader would merge the two as one statement. `note`: what changed.
    """

    id: str
    category: str
    text_a: str
    text_b: str
    nli_forward: str | None = None
    nli_backward: str | None = None
    duplicate: bool | None = None
    note: str = ""
    domain: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The row as it stands in a file, in the schema's key order."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteCard:
    """What is known of a suite before it is read: a file, or a generator with its seed and number of pairs."""

    name: str
    description: str = ""
    licence: str = "not stated"
    source: str = ""
    path: Path | None = None
    generator: str | None = None
    seed: int = 0
    n_pairs: int = 0


@dataclass(frozen=True, slots=True)
class Suite:
    """A whole suite in memory. `sha256`: of its pairs as `pair_line`s, whatever file they came from."""

    name: str
    description: str
    licence: str
    source: str
    sha256: str
    pairs: tuple[SuitePair, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """Each category once, in the order of first appearance."""
        return tuple(dict.fromkeys(pair.category for pair in self.pairs))


@cache
def shipped_suites() -> Mapping[str, SuiteCard]:
    """The suites that come with crossjudge, by name."""
    table = tomllib.loads((_FOLDER / "suites.toml").read_text(encoding="utf-8"))
    return {name: _card(name, row) for name, row in table.items()}


def _card(name: str, row: Mapping[str, Any]) -> SuiteCard:
    known = {key: value for key, value in row.items() if key not in {"file", "n"}}
    path = _FOLDER / row["file"] if "file" in row else None
    return SuiteCard(name=name, path=path, n_pairs=row.get("n", 0), **known)


def find_suite(name_or_path: str | Path) -> SuiteCard:
    """The card of a shipped suite, or of a `.jsonl` or `.jsonl.gz` file of one's own.

    Raises `InputError` with near names for what is neither. Whether a file is there is for its reader to say.
    """
    shipped = shipped_suites().get(str(name_or_path))
    if shipped is not None:
        return shipped
    if format_of(name_or_path) == "jsonl":
        path = Path(name_or_path)
        return SuiteCard(name=Path(path.name.removesuffix(".gz")).stem, source=path.name, path=path)
    near = difflib.get_close_matches(str(name_or_path), shipped_suites(), n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(shipped_suites())}."
    raise InputError(
        f"Reading the suite {str(name_or_path)!r}: no suite has this name, and it does not end in .jsonl or .jsonl.gz. "
        f"{hint}"
    )


def iter_suite(name_or_path: str | Path) -> Iterator[SuitePair]:
    """The pairs of a suite in order, one in memory at a time.

    Raises `InputError` at once for a suite that is unknown or not there. At the first row that is not a labelled pair
    it raises `FileRowError`, having looked through the rest of the file: the message names every bad row, up to
    10 of them. Rows are looked at one by one: to find repeated ids and pairs too, call `check_suite`.
    """
    card = find_suite(name_or_path)
    if card.path is None:
        return _generated(card)
    return _pairs(read_records(card.path), str(card.path), row_checker(str(card.path)))


def load_suite(name_or_path: str | Path) -> Suite:
    """A whole suite. Raises as `iter_suite` does, for repeated ids and pairs too."""
    card = find_suite(name_or_path)
    name = str(card.path or card.name)
    pairs = tuple(_pairs(_records(card), name, file_checker(name)))
    return Suite(card.name, card.description, card.licence, card.source, sha256_of(pairs), pairs)


def pair_line(pair: SuitePair) -> str:
    """A pair as one line of JSON without its newline; the shipped files consist of such lines."""
    return json_line(pair.to_dict())


def sha256_of(pairs: Iterable[SuitePair]) -> str:
    """sha256 hex of the pairs' lines, each with its newline."""
    content = hashlib.sha256()
    for pair in pairs:
        content.update(f"{pair_line(pair)}\n".encode())
    return content.hexdigest()


def check_suite(name_or_path: str | Path) -> list[SuiteProblem]:
    """Everything wrong with a suite, in the order of its lines; empty for a faultless one.

    Errors are what reading refuses: a line that is not JSON, a missing text, a bad label, a repeated id, a pair that
    a category holds twice (in either order), a control whose `duplicate` says the opposite. Warnings are what is merely
    odd: an unknown field, a text that is in two pairs of a category, gold labels that do not fit together.
    """
    card = find_suite(name_or_path)
    check = file_checker(str(card.path or card.name))
    return [problem for record in _records(card) for problem in check(record)]


def _generated(card: SuiteCard) -> Iterator[SuitePair]:
    module, _, function = str(card.generator).partition(":")
    generate: Callable[[int, int], Iterator[SuitePair]] = getattr(import_module(module), function)
    return generate(card.seed, card.n_pairs)


def _records(card: SuiteCard) -> Iterator[Record | BadRow]:
    if card.path is not None:
        return read_records(card.path)
    return (Record(number, pair.to_dict()) for number, pair in enumerate(_generated(card), start=1))


def _pairs(records: Iterator[Record | BadRow], name: str, check: Checker) -> Iterator[SuitePair]:
    told: set[str] = set()
    for record in records:
        errors = _errors(check(record))
        if errors:
            later = (_errors(check(other)) for other in records)
            raise _bad_rows(name, chain([errors], filter(None, later)))
        _tell_unknown_fields(name, record, told)
        yield _pair(record)


def _errors(problems: Iterable[SuiteProblem]) -> list[SuiteProblem]:
    return [problem for problem in problems if problem.is_error]


def _pair(record: Record | BadRow) -> SuitePair:
    row = {name: value for name, value in record.fields.items() if name in RULES and value is not None}
    return SuitePair(**{**row, "id": row_id(record)})


def _tell_unknown_fields(name: str, record: Record | BadRow, told: set[str]) -> None:
    for unknown in [column for column in record.fields if column not in RULES and column not in told]:
        told.add(unknown)
        _log.warning("%s line %d: unknown field %r, which is not read.", name, record.line, unknown)


def _bad_rows(name: str, rows: Iterator[list[SuiteProblem]]) -> FileRowError:
    """The error that names the first bad rows, given the problems of each, and counts them all."""
    shown = list(islice(rows, _ROWS_SHOWN))
    count = len(shown) + sum(1 for _ in rows)
    what = f"{count} row{'s' if count > 1 else ''} cannot be used"
    part = f"; the first {len(shown)}" if count > len(shown) else ""
    listed = "".join(f"\n  {problem.place}" for problem in chain.from_iterable(shown))
    return FileRowError(
        f"Reading the suite {name}: {what}{part}.{listed}\nCorrect these rows, or leave them out.",
        path=name,
        line=shown[0][0].line,
        column=shown[0][0].field or None,
    )
