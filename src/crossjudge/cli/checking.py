"""Checking on the command line: what a row holds, claims in colour with their evidence, and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from crossjudge.apps.checking.checker import Answer
from crossjudge.apps.checking.rendering import Checked, flags_in_words, outcome_in_words, page, share_in_words, where
from crossjudge.apps.checking.results import CONTRADICTED, OUTCOMES, SUPPORTED, CheckReport, ClaimVerdict, Evidence
from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import BAR_WIDTH, bar, shortened, sign
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyChecker
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError

Keep: TypeAlias = Callable[[Checked], None]
"""Takes note of a checked answer, for the page."""

_LABEL_LIKE = {SUPPORTED: "entailment", CONTRADICTED: "contradiction"}
"""Outcome -> the label whose sign and colour it takes; the others stay open."""
_DECISION_WIDTH = 16
_CLAIMS_WIDTH = 44
_TEXT_SHOWN = 2_000
_INDENT = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What one row asks."""

    source: list[str]
    answer: Answer


def _of_fields(source: list[str], answer: str | None = None, claims: list[str] | None = None) -> Asked:
    return Asked(source, claims or answer or "")


def _of_words(words: tuple[str, ...]) -> Sequence[Asked]:
    if len(words) < 2:
        seen = f"found only {words[0][:60]!r}" if words else "found nothing"
        raise InputError(f"Reading the arguments: {seen}; expected one or several sources, then an answer. Add it.")
    return [Asked(list(words[:-1]), words[-1])]


CHECKED: Form[Asked] = Form(
    fields=(
        Field(name="source", also=("sources", "context", "document", "premise"), many=True),
        Field(name="answer", also=("response",), optional=True),
        Field(name="claims", also=("claim", "hypothesis"), many=True, optional=True),
    ),
    of_fields=_of_fields,
    of_words=_of_words,
    noun="answer",
    one_of=("answer", "claims"),
)


def check_task(checker: AnyChecker, *, fail_on: Iterable[str], keep: Keep) -> Task[Asked, CheckReport]:
    """What `crossjudge check` does. Raises `LabelError` if `fail_on` names what is no outcome."""
    gate = read_gate(fail_on, OUTCOMES)

    def work(asked: list[Asked], progress: Progress) -> list[CheckReport]:
        reports = checker.batch([(one.source, one.answer) for one in asked], progress=progress)
        for one, report in zip(asked, reports, strict=True):
            keep(Checked(one.source, one.answer, report))
        return reports

    return Task(
        work=work,
        fields=CheckReport.to_dict,
        columns={"claims": list, "supported": float, "decision": str},
        table=_show,
        fails=lambda report: any(claim.outcome in gate for claim in report.claims),
    )


@contextmanager
def page_writer(path: str | None) -> Iterator[Keep]:
    """Writes the page of all that was kept, at the end; nothing where no `path` is given."""
    kept: list[Checked] = []
    yield (lambda _: None) if path is None else kept.append
    if path is not None:
        Path(path).write_text(page(kept), encoding="utf-8")


def _show(source: Source[Asked]) -> Show[Asked, CheckReport]:
    """A line for each row of a file; for texts of the command line, every claim with its evidence."""
    if not source.files:
        return OutcomeBlocks[Asked, CheckReport](lambda asked: " | ".join(asked.source), _block).show
    columns: list[Column[CheckReport]] = [
        Column("decision", _DECISION_WIDTH, lambda report: _signed(report.decision)),
        Column("supported", BAR_WIDTH, lambda report: Text(f"{bar(report.supported)} {report.supported:.2f}")),
        Column("claims", _CLAIMS_WIDTH, _counts),
    ]
    return OutcomeTable(source, columns, texts=[("answer", _answer_text)]).show


def _answer_text(asked: Asked) -> str:
    return asked.answer if isinstance(asked.answer, str) else " ".join(asked.answer)


def _counts(report: CheckReport) -> Text:
    counts = Counter(claim.outcome for claim in report.claims)
    return Text(", ".join(f"{counts[one]} {outcome_in_words(one)}" for one in OUTCOMES if counts[one]))


def _signed(outcome: str) -> Text:
    symbol, colour = sign(_LABEL_LIKE.get(outcome, "neutral"))
    return Text(f"{symbol} {outcome_in_words(outcome)}", style=f"bold {colour}")


def _block(report: CheckReport) -> Group:
    """Every claim in the colour of its outcome, and below it what the sources say."""
    lines = [line for claim in report.claims for line in _claim_lines(claim)]
    return Group(*lines, Text(share_in_words(report), style="dim"))


def _claim_lines(claim: ClaimVerdict) -> Iterator[Padding | Text]:
    symbol, colour = sign(_LABEL_LIKE.get(claim.outcome, "neutral"))
    text = Text(f"{symbol} ", style=colour).append_text(shortened(claim.claim, most=_TEXT_SHOWN))
    yield text.append(f"  {outcome_in_words(claim.outcome)}", style="bold")
    for word, evidence in (("for", claim.evidence), ("against", claim.counter_evidence)):
        if evidence is not None:
            yield _indented(Text(f"{word}: ", style="dim").append_text(_quoted(evidence)))
    for words in flags_in_words(claim):
        yield _indented(Text("! ", style="bold").append_text(shortened(words, most=_TEXT_SHOWN)))


def _quoted(evidence: Evidence) -> Text:
    text = shortened(evidence.text, most=_TEXT_SHOWN).append(f"  ({where(evidence)})", style="dim")
    if evidence.joined_with is None:
        return text
    return text.append(" with ", style="dim").append_text(_quoted(evidence.joined_with))


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, _INDENT))
