"""Verdicts on the command line: their fields, their table, and which of them fail a gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from rich.text import Text

from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeTable, pair_texts
from crossjudge.cli.terminal import BAR_WIDTH, bar, sign
from crossjudge.cli.uses import AnyJudge
from crossjudge.cli.work import Progress
from crossjudge.objectives.base import Objective
from crossjudge.types import Pair, Verdict

ABSTAINED = "abstained"
"""What --fail-on calls a verdict that the judge does not stand by."""

TEXT_NAMES = {"nli": ("premise", "hypothesis"), "relevance": ("query", "document")}
"""Objective -> what its two texts are called."""

_LABEL_WIDTH = 21
_SCORE_WIDTH = 7
_OTHERS_WIDTH = 40


def judge_task(judge: AnyJudge, *, fail_on: Iterable[str]) -> Task[Pair, Verdict]:
    """What `crossjudge judge` does. Raises `LabelError` if `fail_on` names a label that no verdict can have."""
    gate = read_gate(fail_on, (*judge.objective.labels, ABSTAINED))

    def work(pairs: list[Pair], progress: Progress) -> list[Verdict]:
        return judge.batch(pairs, progress=progress)

    return Task(
        work=work,
        fields=Verdict.to_dict,
        columns=_VERDICT_COLUMNS,
        table=lambda source: _table(source, judge.objective),
        fails=lambda verdict: verdict.label in gate or (verdict.abstained and ABSTAINED in gate),
    )


_KINDS: dict[str, type] = {"str": str, "float": float, "int": int, "bool": bool}
_VERDICT_COLUMNS = {one.name: _KINDS.get(str(one.type), dict) for one in fields(Verdict)}


def _table(source: Source[Pair], objective: Objective) -> Show[Pair, Verdict]:
    columns: list[Column[Verdict]] = [
        Column("verdict", _LABEL_WIDTH, _verdict_cell),
        Column("probability", BAR_WIDTH, _probability_cell),
    ]
    if objective.score_is_logit:
        columns.append(Column("score", _SCORE_WIDTH, lambda verdict: Text(f"{verdict.score:.2f}"), right=True))
    others = Column("other labels", _OTHERS_WIDTH, _others_cell)
    texts = pair_texts(*TEXT_NAMES.get(objective.name, ()))
    return OutcomeTable(source, columns, texts=texts, wide=[others]).show


def _verdict_cell(verdict: Verdict) -> Text:
    symbol, colour = sign(verdict.label)
    cell = Text(f"{symbol} {verdict.label}", style=f"dim {colour}" if verdict.abstained else f"bold {colour}")
    if verdict.abstained:
        cell.append("\n  abstained", style="bold")
    if verdict.tokens_dropped:
        cell.append(f"\n  {verdict.tokens_dropped:,} tokens unread", style="bold red")
    return cell


def _probability_cell(verdict: Verdict) -> Text:
    share = verdict.probabilities[verdict.label]
    return Text(f"{bar(share)} {share:.2f}")


def _others_cell(verdict: Verdict) -> Text:
    others = sorted((-share, label) for label, share in verdict.probabilities.items() if label != verdict.label)
    return Text("  ".join(f"{label} {-share:.2f}" for share, label in others), style="dim")
