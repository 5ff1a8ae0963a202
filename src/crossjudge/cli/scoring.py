"""Rubrics on the command line: how they are stated, their scores as a table, and which scores fail a gate."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from crossjudge.apps.scoring import CriterionScore, RubricResult
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import BAR_WIDTH, bar, new_console, shortened
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyScorer
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError
from crossjudge.evaluation.gates import Bound, read_bound

OVERALL = "overall"

_NAME_WIDTH = 15  # "0.08 hardly met"
_NAME_SHOWN = 60
_GAP = 2
_BESIDE_CRITERIA = 38
"""Characters of a table's line for its number, a response cut short, and the overall score."""

Asked = tuple[str, str]
"""A request and a response."""


def _of_words(words: tuple[str, ...]) -> Sequence[Asked]:
    if len(words) < 2:
        raise InputError(
            f"Reading the arguments: found {len(words)} text(s); expected a request and at least one response, or a "
            "file. Add them."
        )
    return [(words[0], response) for response in words[1:]]


SCORED: Form[Asked] = Form(
    fields=(Field(name="request", also=("question", "prompt")), Field(name="response", also=("answer", "completion"))),
    of_fields=lambda request, response: (request, response),
    of_words=_of_words,
    noun="response",
)


def read_rubric(
    path: str | None, criteria: Iterable[str], weights: Iterable[str]
) -> tuple[dict[str, str], dict[str, float]]:
    """Criteria and weights by name: those of the file, if any, then those of the command line."""
    table = {} if path is None else _read_toml(path)
    rubric: dict[str, str] = dict(table.get("criteria", {}))
    chosen: dict[str, float] = dict(table.get("weights", {}))
    for entry in criteria:
        name, text = _split(entry, "--criterion", "NAME=TEXT")
        if name in rubric:
            raise InputError(f"Reading --criterion: {name!r} stands there twice; expected different names. Rename one.")
        rubric[name] = text
    for entry in weights:
        name, number = _split(entry, "--weight", "NAME=NUMBER")
        try:
            chosen[name] = float(number)
        except ValueError:
            raise InputError(f"Reading --weight: {entry!r}; expected NAME=NUMBER. Correct it.") from None
    if not rubric:
        raise InputError("Reading the rubric: found no criterion; expected --criterion NAME=TEXT or --rubric. Add one.")
    return rubric, chosen


def _read_toml(path: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Reading the rubric {path}: {error.strerror}; expected a toml file. Name one.") from error
    except ValueError as error:
        raise InputError(f"Reading the rubric {path}: {error}; expected a toml file. Correct it.") from error
    unknown = [name for name, value in table.items() if name not in ("criteria", "weights") or type(value) is not dict]
    if unknown or "criteria" not in table:
        raise InputError(
            f"Reading the rubric {path}: found {', '.join(map(repr, table)) or 'nothing'}; expected the table "
            "[criteria], and [weights] if they differ. Correct it."
        )
    return table


def _split(entry: str, flag: str, form: str) -> tuple[str, str]:
    name, sign, value = entry.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise InputError(f"Reading {flag}: {entry[:60]!r}; expected {form}. Correct it.")
    return name.strip(), value.strip()


def score_task(scorer: AnyScorer, *, fail_on: Iterable[str]) -> Task[Asked, RubricResult]:
    """What `crossjudge score` does. Raises `InputError` for a gate on a score that is not there."""
    gates = [_read_gate(expression, scorer) for expression in fail_on]

    def work(asked: list[Asked], progress: Progress) -> list[RubricResult]:
        return scorer.batch(asked, progress=progress)

    return Task(
        work=work,
        fields=RubricResult.to_dict,
        columns={"scores": dict, "overall": float, "criteria": dict},
        table=lambda source: _table(source, scorer),
        fails=lambda result: any(bound.holds(_figure(result, name)) for name, bound in gates),
    )


def _read_gate(expression: str, scorer: AnyScorer) -> tuple[str, Bound]:
    found = read_bound(expression)
    known = (OVERALL, *scorer.rubric)
    if found is None or found[0].strip() not in known:
        raise InputError(
            f"Reading --fail-on {expression!r}: expected NAME<NUMBER, the name one of {', '.join(known)}. Correct it."
        )
    return found[0].strip(), found[1]


def _figure(result: RubricResult, name: str) -> float:
    """A criterion that is called "overall" is found under its name."""
    return result.scores.get(name, result.overall)


def _table(source: Source[Asked], scorer: AnyScorer) -> Show[Asked, RubricResult]:
    """A line for each response of a file; for texts of the command line, every criterion and why."""
    if not source.files:
        return OutcomeBlocks[Asked, RubricResult](_response_of, _block).show
    overall: Column[RubricResult] = Column(OVERALL, BAR_WIDTH, lambda result: _scored(result.overall))
    names, room = list(scorer.rubric), _columns_that_fit()
    count = len(names) if len(names) <= room else room - 1
    each = [_column(place, name) for place, name in enumerate(names[:count])]
    rest: list[Column[RubricResult]] = [_not_shown(len(names) - count)] if count < len(names) else []
    return OutcomeTable(source, [overall, *each, *rest], texts=[("response", _response_of)]).show


def _response_of(asked: Asked) -> str:
    return asked[1] if asked[1].strip() else "(blank)"


def _columns_that_fit() -> int:
    """How many columns of criteria the terminal has room for, beside the response and its overall score."""
    return max((new_console().width - _BESIDE_CRITERIA) // (_NAME_WIDTH + _GAP), 2)


def _column(place: int, name: str) -> Column[RubricResult]:
    heading = shortened(name, most=_NAME_WIDTH - 1).plain
    return Column(heading, _NAME_WIDTH, lambda result: _criterion_cell(result.criteria[place]))


def _not_shown(count: int) -> Column[RubricResult]:
    """So that nobody takes the criteria that are shown for all of them."""
    return Column(f"{count} more", _NAME_WIDTH, lambda _: Text("see --json", style="dim"))


def _criterion_cell(one: CriterionScore) -> Text:
    return Text(f"{one.score:.2f} {one.explanation.partition(':')[0]}")


def _scored(score: float) -> Text:
    return Text(f"{bar(score)} {score:.2f}")


def _block(result: RubricResult) -> Table:
    """The overall score, then each criterion with its weight, where that is not 1, and its explanation."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(_scored(result.overall), Text(OVERALL, style="bold"), "")
    for one in result.criteria:
        counts = "" if one.weight == 1 else f" (weight {one.weight:g})"
        name = shortened(one.name, most=_NAME_SHOWN).append(counts, style="dim")
        table.add_row(_scored(one.score), name, Text(one.explanation))
    return table
