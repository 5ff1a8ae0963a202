"""`Recognizer`: finds the spans of one kind in a text by rule; and the ones that come with crossjudge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from crossjudge.apps.guarding.numbers import cards, ibans, ip_addresses, phones, social_security_numbers
from crossjudge.apps.guarding.secrets import known_keys, secrets
from crossjudge.types import Span

_EMAIL_AT = r"(?:@|\s?[\[({]\s?at\s?[\])}]\s?)"
_EMAIL_DOT = r"(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)"
_EMAIL_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(
    rf"(?<!\w)\w[\w.%+&'-]{{0,63}}{_EMAIL_AT}"
    rf"(?:{_EMAIL_LABEL}{_EMAIL_DOT}){{1,8}}[^\W\d_]{{2,24}}(?![\w@])",
    re.IGNORECASE,
)
_PATH = re.compile(r":[\w.~-]{0,100}/")
"""Behind an account on a machine, which is no address: git@host.example:group/project.git."""


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` (inclusive) to `end` (exclusive) of a text, and the kind of thing they are."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Recognizer:
    """Finds one kind of thing: `find(text)` gives spans in any order. `kind` is a word such as "email"."""

    kind: str
    find: Callable[[str], Iterable[Span]]


def emails(text: str) -> Iterator[Span]:
    """Email addresses, also as `name [at] host [dot] org`."""
    for match in _EMAIL.finditer(text):
        if not _PATH.match(text, match.end()):
            yield Span(*match.span())


@cache
def default_recognizers() -> tuple[Recognizer, ...]:
    """Those that come with crossjudge, the most certain first."""
    return (
        Recognizer("key", known_keys),
        Recognizer("email", emails),
        Recognizer("iban", ibans),
        Recognizer("card", cards),
        Recognizer("ip", ip_addresses),
        Recognizer("ssn", social_security_numbers),
        Recognizer("secret", secrets),
        Recognizer("phone", phones),
    )


def recognize(text: str, recognizers: Sequence[Recognizer] | None = None) -> list[Found]:
    """What is found in `text`, from its start; no two overlap: an earlier recogniser takes what a later one would."""
    taken = bytearray(len(text))
    found: list[Found] = []
    for recognizer in default_recognizers() if recognizers is None else recognizers:
        for span in recognizer.find(text):
            if span.start < span.end and not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
                found.append(Found(span.start, span.end, recognizer.kind))
    return sorted(found, key=lambda one: one.start)
