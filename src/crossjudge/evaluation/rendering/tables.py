"""A table as the report means it, before it is HTML or Markdown: cells with their intervals, and how dark they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.evaluation.rendering.notation import NOTHING, number, percent, percent_range
from crossjudge.evaluation.results import Estimate, Rate


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` with a smaller `detail`, such as an interval. `shade`: 0 to 1, how alarming it is; None for not."""

    text: str
    detail: str = ""
    shade: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of cells under a head; each row's first cell names the row. `words`: how many first columns hold words, the
    others hold numbers. Backticks mark names of models.
    """

    caption: str
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


def table(caption: str, head: Sequence[str | Cell], rows: Sequence[Sequence[str | Cell]], *, words: int = 1) -> Table:
    """A table of which plain texts become cells."""
    return Table(caption=caption, head=_cells(head), rows=tuple(_cells(row) for row in rows), words=words)


def _cells(row: Sequence[str | Cell]) -> tuple[Cell, ...]:
    return tuple(one if isinstance(one, Cell) else Cell(one) for one in row)


def named(name: str) -> str:
    """A model's name as every table and sentence has it."""
    return f"`{name.replace('`', '')}`"


def of_rate(found: Rate | None, *, shaded: bool = False, counted: bool = False) -> Cell:
    """A share with its interval below; `shaded` where more is worse, `counted` with how many of how many."""
    if found is None:
        return Cell(NOTHING)
    detail = percent_range(found.low, found.high)
    if counted:
        detail = f"{found.count:,} of {found.n:,}, {detail}"
    return Cell(percent(found.value), detail, found.value if shaded else None)


def of_estimate(found: Estimate | None, decimals: int = 2) -> Cell:
    """A number with its interval below."""
    if found is None:
        return Cell(NOTHING)
    if found.low is None or found.high is None:
        return Cell(number(found.value, decimals))
    return Cell(number(found.value, decimals), f"{number(found.low, decimals)} to {number(found.high, decimals)}")
