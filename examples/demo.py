"""What `make demo` shows: one passage, nine claims about it, and what the embedded model says of each."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from crossjudge import Judge, Verdict

PASSAGE = (
    "The Stonemouth footbridge was opened in May 1931 to replace a ferry that had carried mill workers across the "
    "river Arle for two centuries. It was designed by Clara Venn, a local engineer, and built from steel that was left "
    "over from a railway project. The bridge is 84 metres long and rests on three granite piers. During the flood of "
    "1952 the water rose above the deck, but the structure held and nobody was hurt. Cars have never been allowed on "
    "it. In 2004 the town closed the bridge for eleven months to replace the wooden planks, and since then it has been "
    "lit at night. About six thousand people cross it on an ordinary weekday, most of them on bicycles."
)

CLAIMS = {
    "The bridge replaced a ferry.": "entailment",
    "Clara Venn designed the bridge.": "entailment",
    "Most people who cross the bridge ride bicycles.": "entailment",
    "The bridge collapsed in the flood of 1952.": "contradiction",
    "Cars drive across the bridge every day.": "contradiction",
    "The bridge is completely dark at night.": "contradiction",
    "The ferry was expensive to run.": "neutral",
    "Clara Venn also designed the town hall.": "neutral",
    "The mill closed in 1960.": "neutral",
}
"""Claim -> what a careful reader of the passage would say."""

WORDS = {
    "entailment": ("supported", "green"),
    "contradiction": ("contradicted", "red"),
    "neutral": ("not mentioned", "yellow"),
}
"""Label -> how a reader of a passage would say it, and its colour."""

NEXT = """\
{activate}In Python:
    from crossjudge import Judge
    judge = Judge()
    print(judge("The shop closes at six.", "The shop closes at nine.").label)

On the command line:
    crossjudge judge "The shop closes at six." "The shop closes at nine."
    crossjudge models        the models that crossjudge knows, and what each is for
    crossjudge doctor        what runs on this machine

In this folder: examples/, one file for each question; README.md has the rest.
"""


def main() -> None:
    """Judge every claim and print the table."""
    console = Console()
    started = time.perf_counter()
    judge = Judge()
    judge(PASSAGE, next(iter(CLAIMS)))  # the first call warms up, so that the second time below is the work alone
    loaded = time.perf_counter()
    verdicts = judge.batch([(PASSAGE, claim) for claim in CLAIMS])
    judged = time.perf_counter()

    console.print(Panel(PASSAGE, title="The passage", box=box.ROUNDED))
    console.print(table_of(verdicts))
    console.print(
        f"The model was ready after {loaded - started:.2f} s; {len(CLAIMS)} claims took {(judged - loaded) * 1000:.0f} "
        "ms. The passage was read once for all of them.\n"
    )
    console.print(NEXT.format(activate=activation()), markup=False, highlight=False, soft_wrap=True)


def table_of(verdicts: list[Verdict]) -> Table:
    """One row for each claim: what the model says of it, how sure it is, and whether a reader would agree."""
    table = Table(box=box.ROUNDED)
    table.add_column("Claim")
    table.add_column("The model says", no_wrap=True)
    table.add_column("Probability", justify="right")
    table.add_column("A reader says")
    for (claim, gold), verdict in zip(CLAIMS.items(), verdicts, strict=True):
        word, colour = WORDS[verdict.label]
        reader = Text("the same", style="dim") if verdict.label == gold else Text(WORDS[gold][0], style="bold")
        table.add_row(claim, Text(word, style=colour), f"{verdict.probabilities[verdict.label]:.0%}", reader)
    return table


def activation() -> str:
    """How to put this environment on the PATH, where it is not there yet."""
    if shutil.which("crossjudge"):
        return ""
    return f"To try more, put this environment on the PATH:\n    source {Path(sys.executable).parent / 'activate'}\n\n"


if __name__ == "__main__":
    main()
