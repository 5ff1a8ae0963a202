"""What `--fail-on` names, among the words that a result can answer with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossjudge.errors import LabelError


def read_gate(entries: Iterable[str], known: Sequence[str]) -> frozenset[str]:
    """The words of `entries`, each entry one or several; raises `LabelError` for one that is not among `known`."""
    named = frozenset(word.strip() for entry in entries for word in entry.split(","))
    unknown = sorted(named - {*known})
    if unknown:
        raise LabelError(
            f"Reading --fail-on: no result is ever {unknown[0]!r}; expected one of {', '.join(known)}. Correct it."
        )
    return named
