"""Guarding on the command line: policies and thresholds as they are stated, decisions as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from rich.table import Table
from rich.text import Text

from crossjudge.apps.guarding import FittedThresholds, GuardrailResult, PolicyCheck, policy_set
from crossjudge.apps.guarding.guardrail import Decision, Thresholds
from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import BAR_WIDTH, bar, shortened, sign
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyGuardrail
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError

DECISIONS: tuple[str, ...] = get_args(Decision)
_LABEL_LIKE = {"ALLOW": "entailment", "BLOCK": "contradiction", "REVIEW": "neutral"}
"""Decision -> the label whose sign and colour it takes."""
_DECISION_WIDTH = 9
_FAILED_WIDTH = 40
_POLICY_SHOWN = 200
_REDACTED_SHOWN = 2_000


def _of_words(words: tuple[str, ...]) -> Sequence[str]:
    if not words:
        raise InputError("Reading the arguments: found nothing; expected texts, or a file of texts. Add one.")
    return words


GUARDED: Form[str] = Form(
    fields=(Field(name="text", also=("message", "prompt", "response")),),
    of_fields=lambda text: text,
    of_words=_of_words,
    noun="text",
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """One text's result, and the text without what was found in it, if that was asked for."""

    result: GuardrailResult
    redacted: str | None

    def to_dict(self) -> dict[str, Any]:
        """The result's fields, and `redacted` if there is one."""
        return self.result.to_dict() | ({} if self.redacted is None else {"redacted": self.redacted})


def read_policies(sets: Iterable[str], topic: str | None, policies: Iterable[str]) -> dict[str, str]:
    """The policies of the ready sets, each entry one or several, then those of one's own."""
    names = [name.strip() for entry in sets for name in entry.split(",")]
    chosen = policy_set(*names, topic=topic) if names else {}
    for entry in policies:
        name, text = _split(entry, "--policy", "NAME=TEXT")
        if name in chosen:
            raise InputError(f"Reading --policy: {name!r} stands there twice; expected different names. Rename one.")
        chosen[name] = text
    if not chosen:
        raise InputError("Reading the policies: found none; expected --set or --policy. Add one.")
    return chosen


def read_thresholds(policies: Mapping[str, str], stated: Iterable[str], path: str | None) -> Thresholds:
    """One number for all, numbers by name, or fitted ones from a file; None where nothing is stated."""
    entries = list(stated)
    if path is not None:
        if entries:
            raise InputError("Reading --threshold: --thresholds names fitted ones beside it. Leave one of them out.")
        return FittedThresholds.load(path)
    thresholds: dict[str, float] = {}
    for entry in entries:
        name, number = _split(entry, "--threshold", "NUMBER or NAME=NUMBER") if "=" in entry else ("", entry)
        try:
            thresholds |= dict.fromkeys([name] if name else policies, float(number))
        except ValueError:
            raise InputError(f"Reading --threshold: {entry!r}; expected NUMBER or NAME=NUMBER. Correct it.") from None
    return thresholds or None


def guard_task(guardrail: AnyGuardrail, *, redacts: bool, fail_on: Iterable[str]) -> Task[str, Guarded]:
    """What `crossjudge guard` does. Raises `LabelError` if `fail_on` names what is no decision."""
    gate = read_gate((entry.upper() for entry in fail_on), DECISIONS)

    def work(texts: list[str], progress: Progress) -> list[Guarded]:
        results = guardrail.batch(texts, progress=progress)
        return [
            Guarded(result, result.redacted(text) if redacts else None)
            for text, result in zip(texts, results, strict=True)
        ]

    redacted: dict[str, type] = {"redacted": str} if redacts else {}
    return Task(
        work=work,
        fields=Guarded.to_dict,
        columns={"checks": dict, "overall": float, "decision": str, **redacted},
        table=lambda source: _show(source, guardrail, redacts=redacts),
        fails=lambda guarded: guarded.result.decision in gate,
    )


def _split(entry: str, flag: str, form: str) -> tuple[str, str]:
    name, sign_between, value = entry.partition("=")
    if not (sign_between and name.strip() and value.strip()):
        raise InputError(f"Reading {flag}: {entry[:60]!r}; expected {form}. Correct it.")
    return name.strip(), value.strip()


def _show(source: Source[str], guardrail: AnyGuardrail, *, redacts: bool) -> Show[str, Guarded]:
    """A line for each text of a file; for texts of the command line, one for each policy."""
    if not source.files:
        blocks: OutcomeBlocks[str, Guarded] = OutcomeBlocks(str, lambda one: _block(one, guardrail.policies))
        return blocks.show
    columns: list[Column[Guarded]] = [
        Column("decision", _DECISION_WIDTH, lambda guarded: _decision_cell(guarded.result)),
        Column(
            "overall", BAR_WIDTH, lambda guarded: Text(f"{bar(guarded.result.overall)} {guarded.result.overall:.2f}")
        ),
        Column("failed", _FAILED_WIDTH, lambda guarded: _failed_cell(guarded.result)),
    ]
    if redacts:
        columns.append(Column("redacted", _FAILED_WIDTH, _redacted_cell))
    return OutcomeTable(source, columns, texts=[("text", str)]).show


def _redacted_cell(guarded: Guarded) -> Text:
    return shortened(guarded.redacted or "", most=_FAILED_WIDTH - 1)


def _decision_cell(result: GuardrailResult) -> Text:
    symbol, colour = sign(_LABEL_LIKE[result.decision])
    return Text(f"{symbol} {result.decision}", style=f"bold {colour}")


def _failed_cell(result: GuardrailResult) -> Text:
    failed = [f"{name}{_found(check)}" for name, check in result.checks.items() if not check.passed]
    return shortened(", ".join(failed), most=_FAILED_WIDTH - 1)


def _score_cell(score: float) -> Text:
    return Text(f"{bar(score)} {score:.2f}")


def _block(guarded: Guarded, policies: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(_decision_cell(guarded.result))
    for name, check in guarded.result.checks.items():
        symbol, colour = sign("entailment" if check.passed else "contradiction")
        score = Text(f"{symbol} ", style=colour).append_text(_score_cell(check.score))
        policy = shortened(policies[name], most=_POLICY_SHOWN)
        table.add_row(score, Text(f"{name}{_found(check)}{_doubt(check)}", style="bold"), policy)
    if guarded.redacted is not None:
        table.add_row(Text("redacted", style="dim"), "", shortened(guarded.redacted, most=_REDACTED_SHOWN))
    return table


def _found(check: PolicyCheck) -> str:
    kinds = list(dict.fromkeys(span.kind for span in check.spans))
    return f" ({', '.join(kinds)})" if kinds else ""


def _doubt(check: PolicyCheck) -> str:
    doubts = ["abstained"] * check.abstained + [f"{check.tokens_dropped:,} tokens unread"] * bool(check.tokens_dropped)
    return f" [{', '.join(doubts)}]" if doubts else ""
