"""Checked answers as one HTML page that needs nothing else: sentences in colour, their evidence on hover or focus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template

from crossjudge.apps.checking.results import (
    DATE,
    NAME,
    NUMBER,
    OVERSTATED,
    SUPPORTED,
    CheckReport,
    ClaimVerdict,
    Evidence,
    Flag,
)

TITLE = "Checked answers"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was asked of the checker, and what it answered."""

    source: str | list[str]
    answer: str | list[str]
    report: CheckReport


def page(checked: Sequence[Checked], *, title: str = TITLE) -> str:
    """The page, as HTML."""
    template = Template(resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    answers = "\n".join(_answer(place, one) for place, one in enumerate(checked, start=1))
    return template.substitute(title=escape(title), answers=answers)


def outcome_in_words(outcome: str) -> str:
    """As people read it."""
    return outcome.replace("_", " ")


def share_in_words(report: CheckReport) -> str:
    """How many claims are supported."""
    total = len(report.claims)
    return f"{sum(one.outcome == SUPPORTED for one in report.claims)} of {total} claim{'s' * (total != 1)} supported"


def where(evidence: Evidence) -> str:
    """Its place in words, characters counted from 0."""
    return f"source {evidence.source_index + 1}, characters {evidence.start} to {evidence.end}"


def flag_in_words(flag: Flag) -> str:
    """What the flag says."""
    if flag.kind == OVERSTATED:
        return f"definite, where the source says “{flag.text}”"
    place = "the source of the evidence" if flag.kind == NAME else "the evidence"
    return f"the {flag.kind} “{flag.text}” is not in {place}"


def _answer(place: int, checked: Checked) -> str:
    claims = checked.report.claims
    share = share_in_words(checked.report)
    if isinstance(checked.answer, str):
        text = _coloured(checked.answer, claims)
    else:
        text = "\n".join(_claim(claim) for claim in claims)
    sources = [checked.source] if isinstance(checked.source, str) else checked.source
    shown = "".join(f"<pre>{escape(source)}</pre>" for source in sources)
    return (
        f"<section>\n<h2>Answer {place}: {outcome_in_words(checked.report.decision)}</h2>\n"
        f'<p class="facts">{share}</p>\n<div class="answer">{text}</div>\n'
        f"<details><summary>{len(sources)} source{'s' * (len(sources) != 1)}</summary>{shown}</details>\n</section>"
    )


def _coloured(answer: str, claims: Sequence[ClaimVerdict]) -> str:
    """The answer as it was written, each claim marked."""
    parts: list[str] = []
    done = 0
    for claim in claims:
        parts += [escape(answer[done : claim.start]), _claim(claim)]
        done = claim.end
    return "".join([*parts, escape(answer[done:])])


def _claim(claim: ClaimVerdict) -> str:
    doubted = " overstated" if any(flag.kind == OVERSTATED for flag in claim.flags) else ""
    return (
        f'<mark class="{claim.outcome}{doubted}" tabindex="0">{_underlined(claim)}<aside>{_note(claim)}</aside></mark>'
    )


def _underlined(claim: ClaimVerdict) -> str:
    parts: list[str] = []
    done = 0
    for flag in claim.flags:
        if flag.kind in (NUMBER, DATE, NAME) and flag.start >= done:
            parts += [escape(claim.claim[done : flag.start]), f"<u>{escape(flag.text)}</u>"]
            done = flag.end
    return "".join([*parts, escape(claim.claim[done:])])


def _note(claim: ClaimVerdict) -> str:
    numbers = ", ".join(f"{label} {share:.2f}" for label, share in claim.probabilities.items())
    lines = [f"<strong>{outcome_in_words(claim.outcome)}</strong> ({numbers})"]
    lines += [f"For: {_quoted(claim.evidence)}"] if claim.evidence else []
    lines += [f"Against: {_quoted(claim.counter_evidence)}"] if claim.counter_evidence else []
    lines += [f"Look again: {escape(flag_in_words(flag))}" for flag in claim.flags]
    return "".join(f"<p>{line}</p>" for line in lines)


def _quoted(evidence: Evidence) -> str:
    quoted = f"<q>{escape(evidence.text)}</q> ({where(evidence)})"
    return quoted if evidence.joined_with is None else f"{quoted} with {_quoted(evidence.joined_with)}"
