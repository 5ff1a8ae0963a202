"""Picked answers on the command line: what a row holds, and its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from crossjudge.apps.picking import AnswerResult
from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import BAR_WIDTH, bar, shortened, sign
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyPicker
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError

Asked = tuple[str, str, list[str]]
"""Context, question, candidates."""

ABSTAINED = "abstained"
"""What --fail-on calls a question none of whose candidates is entailed."""

_ANSWER_WIDTH = 30
_CANDIDATES_SHOWN = 20


def _of_words(words: tuple[str, ...]) -> Sequence[Asked]:
    if len(words) < 3:
        raise InputError(
            f"Reading the arguments: found {len(words)} text(s); expected a context, a question and at least one "
            "candidate, or files (.jsonl, .csv, .tsv, .parquet), or - for standard input."
        )
    return [(words[0], words[1], list(words[2:]))]


def _of_fields(context: str, question: str, candidates: list[str]) -> Asked:
    return context, question, candidates


FORM: Form[Asked] = Form(
    fields=(Field(name="context"), Field(name="question"), Field(name="candidates", also=("choices",), many=True)),
    of_fields=_of_fields,
    of_words=_of_words,
    noun="question",
)


def pick_task(picker: AnyPicker, *, fail_on: Iterable[str]) -> Task[Asked, AnswerResult]:
    """What `crossjudge answer` does. Raises `LabelError` if `fail_on` names anything but 'abstained'."""
    gate = read_gate(fail_on, (ABSTAINED,))

    def work(asked: list[Asked], progress: Progress) -> list[AnswerResult]:
        return picker.batch(asked, progress=progress)

    return Task(
        work=work,
        fields=AnswerResult.to_dict,
        columns={"best": str, "ranking": dict, "abstained": bool, "hypotheses": dict, "tokens_dropped": int},
        table=_table,
        fails=lambda result: result.abstained and ABSTAINED in gate,
    )


def _question_of(asked: Asked) -> str:
    return asked[1]


def _table(source: Source[Asked]) -> Show[Asked, AnswerResult]:
    if not source.files:
        return OutcomeBlocks(_question_of, _block).show
    columns = [
        Column("answer", _ANSWER_WIDTH, _answer_cell),
        Column("probability", BAR_WIDTH, lambda result: _bar_cell(result.ranking[0][1])),
    ]
    return OutcomeTable(source, columns, texts=[("question", _question_of)]).show


def _answer_cell(result: AnswerResult) -> Text:
    symbol, colour = sign("neutral" if result.abstained else "entailment")
    cell = Text(f"{symbol} ", style=colour).append_text(shortened(result.best, most=3 * _ANSWER_WIDTH))
    return cell.append("\n  abstained", style="bold") if result.abstained else cell


def _bar_cell(probability: float) -> Text:
    return Text(f"{bar(probability)} {probability:.2f}")


def _block(result: AnswerResult) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for place, (candidate, probability) in enumerate(result.ranking[:_CANDIDATES_SHOWN]):
        symbol, colour = sign("entailment" if place == 0 and not result.abstained else "neutral")
        name = Text(f"  {symbol} ", style=colour).append_text(shortened(candidate, most=60))
        table.add_row(name, _bar_cell(probability), shortened(result.hypotheses[place], most=100))
    if result.abstained:
        table.add_row(Text("    abstained: the context entails none of them", style="bold"))
    return table
