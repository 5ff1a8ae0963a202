"""Checked answers as one HTML page that needs nothing else: sentences in colour, their evidence on hover or focus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from crossjudge.errors import InputError

TITLE = "Checked answers"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was asked of the checker, and what it answered.

    `answer`: the text, or the claims, that the report is about; `InputError` where it is about another.
    """

    source: str | list[str]
    answer: str | list[str]
    report: CheckReport

    def __post_init__(self) -> None:
        if not isinstance(self.report, CheckReport):
            raise InputError(
                f"Showing a checked answer: its report is a {type(self.report).__name__}; expected a CheckReport, as a "
                "ClaimChecker gives it."
            )
        if not isinstance(self.answer, str) and len(self.answer) != len(self.report.claims):
            raise InputError(
                f"Showing a checked answer: it is a list of {len(self.answer)} claims, and its report has "
                f"{len(self.report.claims)}. Expected the report on this very answer."
            )
        for place, claim in enumerate(self.report.claims):
            if claim.claim != self._asked(place, claim):
                raise InputError(
                    f"Showing a checked answer: claim {place + 1} of its report does not stand in the answer where the "
                    "report says. Expected the report on this very answer."
                )

    def _asked(self, place: int, claim: ClaimVerdict) -> str:
        if isinstance(self.answer, str):
            return self.answer[claim.start : claim.end]
        return self.answer[place]


def page(checked: Sequence[Checked], *, title: str = TITLE) -> str:
    """The page, as HTML; raises `InputError` for anything that is not several `Checked`."""
    # Anything else than a collection is as wrong as a collection of anything else.
    checked = list(checked) if isinstance(checked, Iterable) else [None]
    if not all(isinstance(one, Checked) for one in checked):
        raise InputError(
            "Showing checked answers: expected a list of Checked(source, answer, report). Wrap each in one."
        )
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


def flags_in_words(claim: ClaimVerdict) -> list[str]:
    """What the flags of a claim say, each where it looked: in the evidence, or in all sources where there is none."""
    cited = claim.evidence is not None or claim.counter_evidence is not None
    return [_flag_in_words(flag, cited=cited) for flag in claim.flags]


def _flag_in_words(flag: Flag, *, cited: bool) -> str:
    if flag.kind == OVERSTATED:
        return f"definite, where the source says “{flag.text}”"
    if not cited:
        return f"the {flag.kind} “{flag.text}” is in no source"
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
    lines += [f"Look again: {escape(words)}" for words in flags_in_words(claim)]
    return "".join(f"<p>{line}</p>" for line in lines)


def _quoted(evidence: Evidence) -> str:
    quoted = f"<q>{escape(evidence.text)}</q> ({where(evidence)})"
    return quoted if evidence.joined_with is None else f"{quoted} with {_quoted(evidence.joined_with)}"
