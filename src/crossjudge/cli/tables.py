"""Outcomes as people read them: rows of fixed width, so that a long file can be shown as it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias

from rich.console import JustifyMethod, OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from crossjudge.cli.inputs import Q, Source
from crossjudge.cli.terminal import WIDE, new_console, shortened
from crossjudge.cli.work import Outcome, T
from crossjudge.files import BadRow
from crossjudge.types import Pair

_LINE_WIDTH = 7
_GAP = 2
_LEAST_TEXT = 12
_LEAST_FOLDED = 20
_LINES_OF_TEXT = 3


TextOf: TypeAlias = tuple[str, Callable[[Q], str]]
"""The heading of a column of texts, and which text of a row stands there."""


def pair_texts(first: str = "first text", second: str = "second text") -> tuple[TextOf[Pair], TextOf[Pair]]:
    """Both texts of a pair, under these headings."""
    return (first, lambda pair: pair.text_a), (second, lambda pair: pair.text_b)


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column of results: its heading, its width in characters, and how a result fills it."""

    heading: str
    width: int
    cell: Callable[[T], Text]
    right: bool = False


class OutcomeTable(Generic[Q, T]):
    """Shows outcomes chunk by chunk under one heading: the row's place, its texts, then `columns`.

    Texts from the command line share a first text: it is shown once, above, and the others in up to three lines each;
    texts from files are cut to one. `texts`: which texts of a row are shown. `wide`: further columns for a
    terminal that is wide enough. `named`: whether what a row is called (`Source.id_of`) stands before its text.
    """

    def __init__(
        self,
        source: Source[Q],
        columns: Sequence[Column[T]],
        *,
        texts: Sequence[TextOf[Q]],
        wide: Sequence[Column[T]] = (),
        named: bool = False,
    ) -> None:
        self._console = new_console()
        self._source = source
        self._named = named
        self._started = False
        self._texts = texts if source.premise is None else texts[1:]
        self._columns = self._fitting((*columns, *wide) if self._console.width >= WIDE else tuple(columns))

    def show(self, chunk: Sequence[Outcome[Q, T]]) -> None:
        """Print the next outcomes."""
        table = self._new_table()
        for outcome in chunk:
            table.add_row(*self._place(outcome), *self._shown_texts(outcome), *self._results(outcome))
        if not self._started and self._source.premise is not None:
            premise = shortened(self._source.premise, most=_LINES_OF_TEXT * self._console.width)
            self._console.print(premise, end="\n\n")
        self._started = True
        self._console.print(table)

    def _fitting(self, columns: tuple[Column[T], ...]) -> tuple[Column[T], ...]:
        """In a narrow terminal the widest column is folded, so that the short words of the others are not."""
        lacking = len(self._texts) * _LEAST_TEXT - self._room(columns)
        widest = max(columns, key=lambda column: column.width)
        if lacking <= 0 or widest.width <= _LEAST_FOLDED:
            return columns
        folded = replace(widest, width=max(widest.width - lacking, _LEAST_FOLDED))
        return tuple(folded if column is widest else column for column in columns)

    def _room(self, columns: Sequence[Column[T]]) -> int:
        """Characters that are left for texts."""
        places = 0 if self._source.premise is not None else _LINE_WIDTH + _GAP
        results = sum(column.width + _GAP for column in columns)
        return self._console.width - places - results - _GAP * len(self._texts)

    def _text_width(self) -> int:
        return max(self._room(self._columns) // len(self._texts), _LEAST_TEXT)

    def _new_table(self) -> Table:
        table = Table(box=None, show_header=not self._started, header_style="bold", pad_edge=False)
        table.padding = (0, _GAP, 0, 0)
        from_files = self._source.premise is None
        if from_files:
            table.add_column("line", width=_LINE_WIDTH, justify="right", no_wrap=True)
        for heading, _ in self._texts:
            overflow: OverflowMethod = "ellipsis" if from_files else "fold"
            table.add_column(heading, width=self._text_width(), no_wrap=from_files, overflow=overflow)
        for column in self._columns:
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(column.heading, width=column.width, justify=justify, overflow="fold")
        return table

    def _place(self, outcome: Outcome[Q, T]) -> list[Text]:
        return [] if self._source.premise is not None else [Text(str(outcome.item.row.line), style="dim")]

    def _shown_texts(self, outcome: Outcome[Q, T]) -> list[Text]:
        row = outcome.item.row
        if isinstance(row, BadRow):
            return [Text("") for _ in self._texts]
        name = self._source.id_of(row) if self._named else None
        texts = [of(row.content) for _, of in self._texts]
        if name not in (None, ""):
            texts[0] = f"{name}: {texts[0]}"
        return [shortened(text, most=_LINES_OF_TEXT * self._text_width()) for text in texts]

    def _results(self, outcome: Outcome[Q, T]) -> list[Text]:
        if outcome.result is None:
            no_result = Text("! no result", style="bold red")
            return [no_result, *(Text("") for _ in self._columns[1:])]
        return [column.cell(outcome.result) for column in self._columns]


class OutcomeBlocks(Generic[Q, T]):
    """Shows each outcome as a block of its own: a row's text, and all that was found about it below.

    `heading`: the text of a row. `body`: what is shown of a result.
    """

    def __init__(self, heading: Callable[[Q], str], body: Callable[[T], RenderableType]) -> None:
        self._console = new_console()
        self._heading, self._body = heading, body

    def show(self, chunk: Sequence[Outcome[Q, T]]) -> None:
        """Print the next outcomes."""
        for outcome in chunk:
            row = outcome.item.row
            if not isinstance(row, BadRow):
                self._console.print(shortened(self._heading(row.content), most=_LINES_OF_TEXT * self._console.width))
            no_result = Text("! no result", style="bold red")
            self._console.print(no_result if outcome.result is None else self._body(outcome.result))
            self._console.print()
