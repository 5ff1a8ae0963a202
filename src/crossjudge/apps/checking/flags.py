"""What in a claim deserves a second look, by rule: figures, dates and names from nowhere, and doubt left out."""

from __future__ import annotations

from crossjudge.apps.checking.doubt import hedge
from crossjudge.apps.checking.figures import figures_of
from crossjudge.apps.checking.names import missing_names
from crossjudge.apps.checking.results import OVERSTATED, Flag


def missing(claim: str, *, evidence: str, sources: str) -> list[Flag]:
    """Numbers and dates of a claim that are nowhere in `evidence`, and names that are nowhere in its `sources`.

    A source names somebody once and says "she" from then on, so the passage alone may lack a name that is right.
    """
    figures = [
        Flag(one.kind, one.start, one.end, claim[one.start : one.end])
        for one in figures_of(claim).beyond(figures_of(evidence))
    ]
    return sorted([*figures, *missing_names(claim, sources)], key=lambda flag: (flag.start, flag.end))


def overstated(claim: str, evidence: str) -> Flag | None:
    """A flag on the whole claim if its evidence has a word of doubt and it has none."""
    return says_less(claim, evidence) if hedge(evidence) and not hedge(claim) else None


def says_less(claim: str, evidence: str) -> Flag:
    """The flag on a claim whose evidence is less certain of it; its text is the word of doubt, else the evidence."""
    return Flag(OVERSTATED, 0, len(claim), hedge(evidence) or evidence)
