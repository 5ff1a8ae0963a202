"""Agreement with teachers: `python benchmarks/grading.py --data FOLDER [SET.SPLIT ...]`.

Grades students' answers with `Grader` and shows, for each set and each part of it (answers, questions or domains that
training has not seen): the number of answers, the share graded alike in three grades and in two (right or not) with 95%
Wilson intervals, macro F1, and quadratic kappa with a bootstrap interval. The sets' labels contradictory, incorrect and
correct are taken as INCORRECT, PARTIAL and CORRECT. `--without-question` grades as if nobody knew the question.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

import figures
from crossjudge import Judge
from crossjudge.apps.agreement import Agreement, Figure, agreement
from crossjudge.apps.grading import CORRECT, INCORRECT, PARTIAL, Grader
from crossjudge.datasets import GradedAnswer, find_set, read_grades, read_jsonl
from crossjudge.datasets.rows import set_path
from figures import Block, Table

GRADE_OF = {"contradictory": INCORRECT, "incorrect": PARTIAL, "correct": CORRECT}
SETS = ("beetle.test", "scientsbank.test")
WHOLE = "all"


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
    """Grade, and show or write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS, help=f"NAME.SPLIT (default: {' '.join(SETS)})")
    parser.add_argument("--without-question", action="store_true", help="do not tell the grader the question")
    figures.add_options(parser, limit=None)
    options = parser.parse_args()
    figures.run(
        options,
        lambda judge, bar: measure(
            judge,
            options.data,
            limit=options.limit,
            bar=bar,
            sets=options.sets,
            with_question=not options.without_question,
        ),
        use=Grader,
    )


def measure(
    judge: Judge,
    data: Path,
    *,
    limit: int | None,
    bar: Progress,
    sets: Sequence[str] = SETS,
    with_question: bool = True,
) -> Iterator[Block]:
    """One table of all sets and their parts."""
    found: list[tuple[str, str, Agreement]] = []
    for name in sets:
        rows = figures.spread(read_rows(*name.split("."), folder=data), limit)
        given = grade(rows, judge, bar, name, with_question=with_question)
        for part in dict.fromkeys((WHOLE, *(row.part for row in rows))):
            chosen = [place for place, row in enumerate(rows) if part in (WHOLE, row.part)]
            found.append((name, part, agreement([given[n] for n in chosen], [rows[n].gold for n in chosen])))
    yield of_agreement(found)


def read_rows(name: str, split: str, *, folder: Path) -> list[Row]:
    """The answers of one split with their parts."""
    parts = (str(fields.get("split_kind", WHOLE)) for _, fields in read_jsonl(set_path(find_set(name), split, folder)))
    return [Row(one, part) for one, part in zip(read_grades(name, split, folder=folder), parts, strict=True)]


def grade(rows: Sequence[Row], judge: Judge, bar: Progress, name: str, *, with_question: bool) -> list[str]:
    """A grade for each row; the answers to one question are graded together."""
    by_question: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, row in enumerate(rows):
        by_question.setdefault((row.answer.question, row.answer.references), []).append(place)
    given: dict[int, str] = {}
    for (question, references), places in bar.track(by_question.items(), description=name):
        grader = Grader(references, question=question if with_question else None, model=judge)
        results = grader.batch([rows[place].answer.answer for place in places])
        given |= {place: result.grade for place, result in zip(places, results, strict=True)}
    return [given[place] for place in range(len(rows))]


def of_agreement(found: Sequence[tuple[str, str, Agreement]]) -> Block:
    """A line for each set and part."""
    head = ("set", "part", "n", "three grades alike", "right or not alike", "macro F1", "quadratic kappa")
    rows = [
        [
            name, part, f"{one.n:,}", _shown(one.three_way), _shown(one.two_way), f"{one.macro_f1:.3f}",
            _shown(one.kappa),
        ]
        for name, part, one in found
    ]  # fmt: skip
    numbers = [{"set": name, "part": part, **one.to_dict()} for name, part, one in found]
    return Block("grading.sets", "Agreement with teachers", Table(head, rows, (2, 5)), numbers)


def _shown(figure: Figure) -> str:
    return figures.share(figure.value, figure.low, figure.high)


if __name__ == "__main__":
    main()
