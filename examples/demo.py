"""What `make demo` shows: one passage, nine claims about it, what the embedded model says of each, and by what."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from crossjudge import ClaimChecker
from crossjudge.apps.checking.results import ClaimVerdict

PASSAGE = (
    "The Stonemouth footbridge was opened in May 1931 to replace a ferry that had carried mill workers across the "
    "river Arle for two centuries. It was designed by Clara Venn, a local engineer, and built from steel that was left "
    "over from a railway project. The bridge is 84 metres long and rests on three granite piers. During the flood of "
    "1952 the water rose above the deck, but the structure held and nobody was hurt. Cars have never been allowed on "
    "it. In 2004 the town closed the bridge for eleven months to replace the wooden planks, and since then it has been "
    "lit at night. About six thousand people cross it on an ordinary weekday, most of them on bicycles."
)

CLAIMS = {
    "The bridge replaced a ferry.": "supported",
    "Clara Venn designed the bridge.": "supported",
    "Most people who cross the bridge ride bicycles.": "supported",
    "The bridge collapsed in the flood of 1952.": "contradicted",
    "Cars drive across the bridge every day.": "contradicted",
    "The bridge is completely dark at night.": "contradicted",
    "The ferry was expensive to run.": "not_mentioned",
    "Clara Venn also designed the town hall.": "not_mentioned",
    "The mill closed in 1960.": "not_mentioned",
}
"""Claim -> what a careful reader of the passage would say."""

COLOURS = {"supported": "green", "contradicted": "red", "not_mentioned": "yellow", "unread": "magenta"}
"""Outcome -> its colour."""

DECIDES = {"supported": "entailment", "contradicted": "contradiction", "not_mentioned": "neutral"}
"""Outcome -> the label whose probability it comes from."""

LONGEST_QUOTE = 240
"""Characters of evidence that are shown."""

NEXT = """\
{activate}In Python:
    from crossjudge import ClaimChecker
    check = ClaimChecker()
    print(check("The shop closes at six.", ["The shop closes at nine."]).claims[0].outcome)

On the command line:
    crossjudge check "The shop closes at six." "The shop closes at nine."
    crossjudge models        the models that crossjudge knows, and what each is for
    crossjudge doctor        what runs on this machine

In this folder: examples/, one file for each question; README.md has the rest.
"""


def main() -> None:
    """Check every claim and print the table."""
    console = Console()
    started = time.perf_counter()
    check = ClaimChecker()
    check(PASSAGE, [next(iter(CLAIMS))])  # the first call warms up, so that the second time below is the work alone
    loaded = time.perf_counter()
    report = check(PASSAGE, list(CLAIMS))
    checked = time.perf_counter()

    console.print(Panel(PASSAGE, title="The passage", box=box.ROUNDED))
    console.print(table_of(report.claims))
    ready, taken = loaded - started, (checked - loaded) * 1000
    console.print(f"The model was ready after {ready:.2f} s; {len(CLAIMS)} claims took {taken:.0f} ms.\n")
    console.print(NEXT.format(activate=activation()), markup=False, highlight=False, soft_wrap=True)


def table_of(claims: list[ClaimVerdict]) -> Table:
    """One row for each claim: the outcome, how sure it is, by which words, and whether a reader would agree."""
    table = Table(box=box.ROUNDED, show_lines=True)
    table.add_column("Claim")
    table.add_column("The model says", no_wrap=True)
    table.add_column("A reader says")
    for (claim, gold), found in zip(CLAIMS.items(), claims, strict=True):
        agrees = found.outcome == gold
        table.add_row(
            Text.assemble(claim, (quoted(found), "dim italic")),
            Text(f"{said(found.outcome)} {found.probabilities[DECIDES[found.outcome]]:.0%}", COLOURS[found.outcome]),
            Text("the same", style="dim") if agrees else Text(said(gold), style="bold"),
        )
    return table


def quoted(found: ClaimVerdict) -> str:
    """What decided, on a line below the claim; nothing where none did."""
    by = {"supported": found.evidence, "contradicted": found.counter_evidence}.get(found.outcome)
    if by is None:
        return ""
    pieces = [by.text, by.joined_with.text] if by.joined_with else [by.text]
    return "\n" + " ".join(map(clipped, pieces))


def clipped(text: str) -> str:
    """A text; of a long one, which is several sentences, how it begins and most of how it ends."""
    if len(text) <= LONGEST_QUOTE:
        return text
    begins, ends = textwrap.shorten(text, LONGEST_QUOTE // 4, placeholder=""), text[-LONGEST_QUOTE * 3 // 4 :]
    return f"{begins} ... {ends.partition(' ')[2]}"


def said(outcome: str) -> str:
    """An outcome as people write it."""
    return outcome.replace("_", " ")


def activation() -> str:
    """How to put this environment on the PATH, where it is not there yet."""
    if shutil.which("crossjudge"):
        return ""
    return f"To try more, put this environment on the PATH:\n    source {Path(sys.executable).parent / 'activate'}\n\n"


if __name__ == "__main__":
    main()
