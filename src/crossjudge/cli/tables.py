"""Outcomes as people read them: rows of fixed width, so that a long file can be shown as it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from rich.console import JustifyMethod, OverflowMethod
from rich.table import Table
from rich.text import Text

from crossjudge.cli.inputs import PairSource
from crossjudge.cli.terminal import WIDE, new_console, shortened
from crossjudge.cli.work import Outcome, T
from crossjudge.files import BadRow

_LINE_WIDTH = 7
_GAP = 2
_LEAST_TEXT = 12
_LINES_OF_TEXT = 3


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column of results: its heading, its width in characters, and how a result fills it."""

    heading: str
    width: int
    cell: Callable[[T], Text]
    right: bool = False


class OutcomeTable(Generic[T]):
    """Shows outcomes chunk by chunk under one heading: the row's place, its texts, then `columns`.

    Texts from the command line share a first text: it is shown once, above, and the others in up to three lines each;
    texts from files are cut to one. `headings`: what the two texts are called. `wide`: further columns for a
    terminal that is wide enough.
    """

    def __init__(
        self,
        source: PairSource,
        columns: Sequence[Column[T]],
        *,
        headings: tuple[str, str] = ("first text", "second text"),
        wide: Sequence[Column[T]] = (),
    ) -> None:
        self._console = new_console()
        self._source = source
        self._columns = (*columns, *wide) if self._console.width >= WIDE else tuple(columns)
        self._started = False
        self._texts = headings if source.premise is None else headings[1:]

    def show(self, chunk: Sequence[Outcome[T]]) -> None:
        """Print the next outcomes."""
        table = self._new_table()
        for outcome in chunk:
            table.add_row(*self._place(outcome), *self._shown_texts(outcome), *self._results(outcome))
        if not self._started and self._source.premise is not None:
            premise = shortened(self._source.premise, most=_LINES_OF_TEXT * self._console.width)
            self._console.print(premise, end="\n\n")
        self._started = True
        self._console.print(table)

    def _text_width(self) -> int:
        places = 0 if self._source.premise is not None else _LINE_WIDTH + _GAP
        results = sum(column.width + _GAP for column in self._columns)
        room = self._console.width - places - results - _GAP * len(self._texts)
        return max(room // len(self._texts), _LEAST_TEXT)

    def _new_table(self) -> Table:
        table = Table(box=None, show_header=not self._started, header_style="bold", pad_edge=False)
        table.padding = (0, _GAP, 0, 0)
        from_files = self._source.premise is None
        if from_files:
            table.add_column("line", width=_LINE_WIDTH, justify="right", no_wrap=True)
        for heading in self._texts:
            overflow: OverflowMethod = "ellipsis" if from_files else "fold"
            table.add_column(heading, width=self._text_width(), no_wrap=from_files, overflow=overflow)
        for column in self._columns:
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(column.heading, width=column.width, justify=justify, overflow="fold")
        return table

    def _place(self, outcome: Outcome[T]) -> list[Text]:
        return [] if self._source.premise is not None else [Text(str(outcome.item.row.line), style="dim")]

    def _shown_texts(self, outcome: Outcome[T]) -> list[Text]:
        row = outcome.item.row
        if isinstance(row, BadRow):
            return [Text("") for _ in self._texts]
        texts = (row.pair.text_b,) if self._source.premise is not None else (row.pair.text_a, row.pair.text_b)
        return [shortened(text, most=_LINES_OF_TEXT * self._text_width()) for text in texts]

    def _results(self, outcome: Outcome[T]) -> list[Text]:
        if outcome.result is None:
            no_result = Text("! no result", style="bold red")
            return [no_result, *(Text("") for _ in self._columns[1:])]
        return [column.cell(outcome.result) for column in self._columns]
