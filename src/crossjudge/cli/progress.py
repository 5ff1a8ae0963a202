"""The progress bar of long work, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextmanager
def row_bar(total: int | None, *, noun: str = "pair") -> Iterator[Callable[[int], None]]:
    """A bar that vanishes when done; call what it gives with the number of rows done. `total` None: not known."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # Standard output is not the bar's to redirect: left to itself, it would print the results on standard error.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(f"{noun}s", total=total)
        # An estimate may be short of the truth: a bar must not pass its own end.
        yield lambda done: bar.update(task, completed=done, total=None if total is None else max(total, done))
