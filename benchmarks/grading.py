"""Agreement with teachers: `python benchmarks/grading.py --data FOLDER beetle.test scientsbank.test`.

Grades students' answers with `Grader` and prints, for each set and each part of it (answers, questions or domains that
training has not seen): the number of answers, the share graded alike in three grades and in two (right or not) with 95%
Wilson intervals, macro F1, and quadratic kappa with a bootstrap interval. The sets' labels contradictory, incorrect and
correct are taken as INCORRECT, PARTIAL and CORRECT. `--without-question` grades as if nobody knew the question.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from crossjudge import Judge
from crossjudge.apps.agreement import Agreement, Figure, agreement
from crossjudge.apps.grading import CORRECT, INCORRECT, PARTIAL, Grader
from crossjudge.datasets import GradedAnswer, find_set, read_grades, read_jsonl
from crossjudge.datasets.rows import set_path

GRADE_OF = {"contradictory": INCORRECT, "incorrect": PARTIAL, "correct": CORRECT}


@dataclass(frozen=True, slots=True)
class Row:
    """A student's answer, and the part of the set that it belongs to."""

    answer: GradedAnswer
    part: str

    @property
    def gold(self) -> str:
        """The teacher's grade."""
        return GRADE_OF[self.answer.label]


def main() -> None:
    """Grade and print a table, or with --json one object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", help="NAME.SPLIT, for example beetle.test")
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    parser.add_argument("--limit", type=int, default=None, help="about N answers of each set, evenly spread")
    parser.add_argument("--without-question", action="store_true", help="do not tell the grader the question")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    judge = Judge(options.model)
    for name in options.sets:
        rows = read_rows(*name.split("."), folder=options.data)
        rows = rows[:: max(1, len(rows) // options.limit)] if options.limit else rows
        given = grade(rows, judge, with_question=not options.without_question)
        for part in dict.fromkeys(("all", *(row.part for row in rows))):
            chosen = [place for place, row in enumerate(rows) if part in ("all", row.part)]
            figures = agreement([given[place] for place in chosen], [rows[place].gold for place in chosen])
            print(json.dumps(record(name, part, judge, figures)) if options.json else line_of(name, part, figures))


def read_rows(name: str, split: str, *, folder: Path) -> list[Row]:
    """The answers of one split with their parts."""
    parts = (str(fields.get("split_kind", "all")) for _, fields in read_jsonl(set_path(find_set(name), split, folder)))
    return [Row(one, part) for one, part in zip(read_grades(name, split, folder=folder), parts, strict=True)]


def grade(rows: Sequence[Row], judge: Judge, *, with_question: bool) -> list[str]:
    """A grade for each row; the answers to one question are graded together."""
    by_question: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, row in enumerate(rows):
        by_question.setdefault((row.answer.question, row.answer.references), []).append(place)
    given: dict[int, str] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for (question, references), places in bar.track(by_question.items(), description="grading"):
            grader = Grader(references, question=question if with_question else None, model=judge)
            results = grader.batch([rows[place].answer.answer for place in places])
            given |= {place: result.grade for place, result in zip(places, results, strict=True)}
    return [given[place] for place in range(len(rows))]


def record(name: str, part: str, judge: Judge, figures: Agreement) -> dict[str, Any]:
    """One set or part of it as plain JSON values."""
    return {"set": name, "part": part, "model": judge.model.name, **figures.to_dict()}


def line_of(name: str, part: str, figures: Agreement) -> str:
    """One set or part of it on one line."""
    return (
        f"{name:17} {part:16} n={figures.n:5,}  three-way {shown(figures.three_way)}  "
        f"two-way {shown(figures.two_way)}  macro F1 {figures.macro_f1:.3f}  kappa {shown(figures.kappa)}"
    )


def shown(figure: Figure) -> str:
    """A figure with its interval."""
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


if __name__ == "__main__":
    main()
