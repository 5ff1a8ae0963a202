"""What the terminal can show: its width and encoding, signs and bars, and texts that cannot steer it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

WIDE = 120
"""Characters from which there is room for what is good to know."""

_YES, _NO, _OPEN = ("✓", "+", "green"), ("✗", "x", "red"), ("○", "o", "yellow")

SIGNS: dict[str, tuple[str, str, str]] = {
    "entailment": _YES,
    "contradiction": _NO,
    "neutral": _OPEN,
    "similar": _YES,
    "not_similar": _NO,
    "duplicate": _YES,
    "not_duplicate": _NO,
    "relevant": _YES,
    "not_relevant": _NO,
}
"""Label -> its sign, the sign where only ASCII can be shown, and its colour: colour never stands alone."""

_BAR_CELLS = 8

BAR_WIDTH = _BAR_CELLS + 5
"""A bar, and the number after it."""


def new_console() -> Console:
    """Standard output for people; what its encoding lacks is shown as a question mark.

    A file or a pipe has no width of its own: it gets `WIDE`, unless the user states COLUMNS.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    stated = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, markup=False, emoji=False, width=None if stated else WIDE)


def shortened(text: str, *, most: int) -> Text:
    """At most `most` characters of `text`, on one line, and nothing in it that could steer the terminal."""
    start = " ".join(text[: 2 * most].split())
    if len(start) > most or len(text) > 2 * most:
        start = f"{start[:most]}…"
    return Text("".join(letter if _is_harmless(letter) else "\ufffd" for letter in start))


def _is_harmless(letter: str) -> bool:
    """Neither control character nor lone surrogate; joiners, which some scripts and emoji need, may pass."""
    return letter.isprintable() or letter in "\u200c\u200d"


def sign(label: str) -> tuple[str, str]:
    """A label's sign, as far as the terminal can show it, and its colour."""
    best, plain, colour = SIGNS.get(label, _OPEN)
    return (best if _can_show(best) else plain), colour


def bar(share: float) -> str:
    """A share of 0 to 1 as a small bar of fixed width."""
    full, empty = ("█", "░") if _can_show("█░") else ("#", ".")
    cells = round(min(max(share, 0.0), 1.0) * _BAR_CELLS)
    return full * cells + empty * (_BAR_CELLS - cells)


def _can_show(symbols: str) -> bool:
    try:
        symbols.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def facts(title: str, rows: Sequence[tuple[str, Any]]) -> Group:
    """A titled table of names and values, each value whole.

    The title is a line of its own: as the table's it would be folded where the values are short.
    """
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(f"  {name}", value if isinstance(value, Text) else Text(str(value)))
    return Group(Text(title, style="bold"), table)
