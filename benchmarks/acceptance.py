"""How many worked cases does a model get right? `python benchmarks/acceptance.py --cases FILE [--model NAME]`.

FILE is JSON-lines, one case a line, `app` says which: tag (`text`, `hypothesis`, `expect` 1 or 0), check (`source`,
`claim`, `expect` a label), answer (`context`, `question`, `candidates`, `expect`), grade (`reference`, `answer`,
`expect` CORRECT, PARTIAL or INCORRECT), guard (`text`, `policy`, `expect` pass or fail), rubric (`request`,
`response`, `criteria`, `expect` as score ranges). Each is asked through the public call of its use, as a user would.
What is kept of a run are counts; the texts are somebody else's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import table as rich
from rich.console import Console

import figures
from cases import USES
from crossjudge import AnswerPicker, ClaimChecker, Grader, Guardrail, Judge, RubricScorer, Tagger
from crossjudge.datasets import read_jsonl
from crossjudge.models.parity import wilson
from figures import Block, Table

WORKED = Path("acceptance") / "introduction_examples.jsonl"
"""The cases in a folder of local sets, where it has them."""
OUTCOMES = {"entailment": "supported", "neutral": "not_mentioned", "contradiction": "contradicted"}

ABSTAINED = " (abstained)"
"""Said of a best candidate that the picker does not stand by."""

Case = Mapping[str, Any]


def main() -> None:
    """Judge every case and show it with its outcome, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="JSON-lines file of cases")
    figures.add_options(parser, limit=None, data=False)
    options = parser.parse_args()
    judges = figures.Judges(options)
    figures.show(options, lambda bar: measure(lambda app: judges.of(USES[app]), options.cases, console=bar.console))


def measure(judge_of: Callable[[str], Judge], path: Path, *, console: Console | None = None) -> Iterator[Block]:
    """How many are right, by use; each case is shown on the console, if there is one. `judge_of`: of a use."""
    cases = [case for _, case in read_jsonl(path)]
    given = [ANSWERERS[case["app"]](judge_of(case["app"]), case) for case in cases]
    if console is not None:
        console.print(_each(cases, given))
    numbers = []
    for app in [*dict.fromkeys(case["app"] for case in cases), "all"]:
        passed = [right for case, (_, right) in zip(cases, given, strict=True) if app in ("all", case["app"])]
        low, high = wilson(sum(passed), len(passed))
        numbers.append({"use": app, "n": len(passed), "right": sum(passed), "low": low, "high": high})
    rows = [[f"{row['use']}", f"{row['n']}", f"{row['right']}"] for row in numbers]
    asked = "; ".join(dict.fromkeys(figures.which(judge_of(case["app"])) for case in cases))
    unsure = sum(right and answered.endswith(ABSTAINED) for answered, right in given)
    note = f"An answer is right if it is put first; from {unsure} of those right the picker abstains all the same."
    table = Table(("use", "cases", "right"), rows, (1, 2))
    yield Block("worked", "Worked cases", table, numbers, note=note if unsure else "", asked=asked)


def _each(cases: list[Case], given: list[tuple[str, bool]]) -> rich.Table:
    table = rich.Table("", "use", "asked", "expected", "answered")
    for case, (answered, passed) in zip(cases, given, strict=True):
        table.add_row("✓" if passed else "✗", case["app"], _asked(case), str(case["expect"]), answered)
    return table


def tag(judge: Judge, case: Case) -> tuple[str, bool]:
    """`Tagger`: a hypothesis applies or does not."""
    result = Tagger({"asked": case["hypothesis"]}, model=judge)(case["text"])
    return f"{result.tags[0].probability:.2f}", bool(result.chosen) == bool(case["expect"])


def check(judge: Judge, case: Case) -> tuple[str, bool]:
    """`ClaimChecker`: the outcome of the claim."""
    [claim] = ClaimChecker(model=judge)(case["source"], [case["claim"]]).claims
    return claim.outcome, claim.outcome == OUTCOMES[case["expect"]]


def answer(judge: Judge, case: Case) -> tuple[str, bool]:
    """`AnswerPicker`: the best candidate, also of a picker that abstains from it."""
    found = AnswerPicker(model=judge)(case["context"], case["question"], case["candidates"])
    return found.best + ABSTAINED * found.abstained, found.best == case["expect"]


def grade(judge: Judge, case: Case) -> tuple[str, bool]:
    """`Grader`: the grade beside the reference answer."""
    given = Grader(case["reference"], model=judge)(case["answer"]).grade
    return given, given == case["expect"]


def guard(judge: Judge, case: Case) -> tuple[str, bool]:
    """`Guardrail`: whether the policy is kept."""
    check = Guardrail({"asked": case["policy"]}, model=judge)(case["text"]).checks["asked"]
    return f"{check.score:.2f}", ("pass" if check.passed else "fail") == case["expect"]


def rubric(judge: Judge, case: Case) -> tuple[str, bool]:
    """`RubricScorer`: every criterion's score lies in its range."""
    scores = RubricScorer(case["criteria"], model=judge)(case["request"], case["response"]).scores
    shown = ", ".join(f"{name} {score:.2f}" for name, score in scores.items())
    return shown, all(low <= scores[name] <= high for name, (low, high) in case["expect"].items())


ANSWERERS: Mapping[str, Callable[[Judge, Case], tuple[str, bool]]] = {
    "tag": tag,
    "check": check,
    "answer": answer,
    "grade": grade,
    "guard": guard,
    "rubric": rubric,
}


def _asked(case: Case) -> str:
    asked = next(
        str(case[key]) for key in ("hypothesis", "claim", "question", "answer", "policy", "response") if key in case
    )
    return asked if len(asked) <= 60 else asked[:57] + "..."


if __name__ == "__main__":
    main()
