"""Options that a part hands on to its framework, which would drop the ones that it does not know in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from crossjudge.errors import InputError


def refuse_unknown(options: Iterable[str], *, making: str, own: Sequence[str], of_framework: Iterable[str]) -> None:
    """Raise `InputError` for one that neither the part (`own`) nor its framework takes: a slip left a default."""
    known = [*own, *of_framework]
    for name in options:
        if name not in known:
            near = get_close_matches(name, own, n=1) or get_close_matches(name, known, n=1)
            correct = f"Did you mean {near[0]}?" if near else "Leave it out."
            raise InputError(
                f"Making a {making}: got {name}; expected {', '.join(own)}, or what the framework's own part of this "
                f"kind takes. {correct}"
            )
