"""What a benchmark of the uses found: numbers, and the table that a person reads; on the terminal, on disk, on a page.

Every script of the uses (`cases.py`, `groundedness.py`, `answering.py`, `tagging.py`, `grading.py`, `guarding.py`,
`acceptance.py`) yields `Block`s and has the options of `add_options`; `uses.py` runs them all and writes their pages.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich import table as rich
from rich.console import Console
from rich.progress import Progress

from crossjudge import CrossEncoder, Judge
from crossjudge.models.boxed import joint_runs

T = TypeVar("T")
_PLACE = re.compile(
    r"(?P<start><!-- figures of benchmarks/\w+\.py: (?P<name>[\w.-]+) -->\n).*?(?P<end><!-- end of figures -->)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as they are shown. `right`: the columns, from 0, that hold numbers."""

    head: tuple[str, ...]
    rows: list[list[str]]
    right: tuple[int, ...] = ()

    def markdown(self) -> str:
        """As it stands on a page."""
        rule = ["---:" if place in self.right else "---" for place in range(len(self.head))]
        lines = [self.head, rule, *(map(_escaped, row) for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def shown(self, title: str) -> rich.Table:
        """As it stands on a terminal."""
        table = rich.Table(title=title, title_justify="left")
        for place, name in enumerate(self.head):
            table.add_column(name, justify="right" if place in self.right else "left")
        for row in self.rows:
            table.add_row(*row)
        return table


@dataclass(frozen=True, slots=True)
class Block:
    """One table of one use. `name`: what a page calls it; `numbers`: all that was counted; `note`: said below it.

    `asked`: which model answered, where that is not the same in all of a script.
    """

    name: str
    title: str
    table: Table
    numbers: list[dict[str, Any]]
    note: str = ""
    asked: str = ""

    def markdown(self) -> str:
        """Table and note."""
        return self.table.markdown() + (f"\n\n{self.note}" if self.note else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @staticmethod
    def of(plain: dict[str, Any]) -> Block:
        """What `to_dict` gave, also after it was JSON."""
        table = plain["table"]
        made = Table(tuple(table["head"]), [list(row) for row in table["rows"]], tuple(table["right"]))
        return Block(plain["name"], plain["title"], made, plain["numbers"], plain["note"], plain.get("asked", ""))


def add_options(parser: argparse.ArgumentParser, *, limit: int | None, data: bool = True) -> None:
    """The options that all of them have; `limit`: the usual number of rows of a set, None for all."""
    if data:
        parser.add_argument("--data", type=Path, required=True, help="folder of local sets (docs/training.md)")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the use's own in the box)")
    parser.add_argument("--backend", default="auto")
    parser.add_argument(
        "--limit", type=int, default=limit, help=f"rows of each set, evenly spread (default: {limit or 'all'})"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a table")
    parser.add_argument("--out", type=Path, default=None, metavar="PATH.md", help="also write this, and PATH.json")


class Judges:
    """The model that the options name; where they name none, each use's own in the box, opened once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._opened: dict[str | None, Judge] = {}

    def of(self, use: type | None) -> Judge:
        """What this use asks; None: what answers where there is no use."""
        own = getattr(use, "unnamed_model", None) if joint_runs(backend=self._options.backend) else None
        name = self._options.model or own
        if name not in self._opened:
            self._opened[name] = Judge(CrossEncoder(name, backend=self._options.backend))
        return self._opened[name]


def which(judge: Judge) -> str:
    """The model, and what its numbers depend on."""
    return f"{judge.model.name} model, {judge.model.fingerprint}"


def run(
    options: argparse.Namespace, blocks: Callable[[Judge, Progress], Iterable[Block]], *, use: type | None = None
) -> None:
    """Measure a use, show each table when it is there, and write what `--out` asks for."""
    judge = Judges(options).of(use)
    show(options, lambda bar: blocks(judge, bar), asked=which(judge))


def show(options: argparse.Namespace, blocks: Callable[[Progress], Iterable[Block]], *, asked: str = "") -> None:
    """Each table when it is there; `asked`: which model, where a table does not say it."""
    console, found = Console(width=150), []
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for block in blocks(bar):
            found.append(block)
            if options.json:
                print(json.dumps(block.to_dict(), ensure_ascii=False), flush=True)
            else:
                console.print(block.table.shown(f"{block.title} ({block.asked or asked})"))
                console.print(block.note)
    if options.out:
        options.out.write_text("\n\n".join(f"## {one.title}\n\n{one.markdown()}" for one in found) + "\n", "utf-8")
        numbers = [one.to_dict() for one in found]
        options.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main(said: str | None, measure: Callable[..., Iterable[Block]], *, limit: int | None, use: type) -> None:
    """All of a script that has no options of its own; `said`: its docstring. See `add_options` for `limit`."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, limit=limit)
    options = parser.parse_args()
    run(options, lambda judge, bar: measure(judge, options.data, limit=options.limit, bar=bar), use=use)


def follow(bar: Progress, title: str) -> Callable[[int, int], None]:
    """Progress of one set, for a use's `progress`."""
    task = bar.add_task(title, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def spread(rows: Sequence[T], limit: int | None) -> list[T]:
    """At most `limit` of `rows`, evenly spread over all of them; the same ones each time."""
    if limit is None or limit >= len(rows):
        return list(rows)
    return [rows[place * len(rows) // limit] for place in range(limit)]


def share(value: float, low: float, high: float, *, digits: int = 3) -> str:
    """A figure with its 95% interval, as people read it."""
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def places(page: str) -> list[str]:
    """The names of the tables that a page has a place for."""
    return [found["name"] for found in _PLACE.finditer(page)]


def filled(page: str, blocks: dict[str, str]) -> str:
    """The page with Markdown in its places; a place whose table is not among `blocks` stays as it is."""

    def content(found: re.Match[str]) -> str:
        inside = blocks.get(found["name"])
        return found.group() if inside is None else f"{found['start']}{inside}\n{found['end']}"

    return _PLACE.sub(content, page)


def _escaped(cell: str) -> str:
    """Text that Markdown leaves alone, on one line."""
    line = " ".join(cell.split())
    return re.sub(r"([|*_`<>\[\]])", r"\\\1", line)
