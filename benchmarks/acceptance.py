"""How many worked cases does a model get right? `python benchmarks/acceptance.py --cases FILE [--model NAME]`.

FILE is JSON-lines, one case a line, `app` says which: tag (`text`, `hypothesis`, `expect` 1 or 0), check (`source`,
`claim`, `expect` a label), answer (`context`, `question`, `candidates`, `expect`), grade (`reference`, `answer`,
`expect` CORRECT, PARTIAL or INCORRECT), guard (`text`, `policy`, `expect` pass or fail), rubric (`request`,
`response`, `criteria`, `expect` as score ranges). Each is asked through the public call of its use, as a user would.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from crossjudge import AnswerPicker, ClaimChecker, Grader, Guardrail, Judge, RubricScorer, Tagger
from crossjudge.datasets import read_jsonl

OUTCOMES = {"entailment": "supported", "neutral": "not_mentioned", "contradiction": "contradicted"}

Case = Mapping[str, Any]


def main() -> None:
    """Judge every case and print it with its outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="JSON-lines file of cases")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    options = parser.parse_args()
    judge = Judge(options.model)
    table = Table("", "use", "asked", "expected", "answered", title=f"{judge.model.name}, {judge.model.fingerprint}")
    cases = [case for _, case in read_jsonl(options.cases)]
    right = 0
    for case in cases:
        answered, passed = ANSWERERS[case["app"]](judge, case)
        right += passed
        table.add_row("✓" if passed else "✗", case["app"], _asked(case), str(case["expect"]), answered)
    console = Console(width=140)
    console.print(table)
    console.print(f"{right} of {len(cases)} right")


def tag(judge: Judge, case: Case) -> tuple[str, bool]:
    """`Tagger`: a hypothesis applies or does not."""
    result = Tagger({"asked": case["hypothesis"]}, model=judge)(case["text"])
    return f"{result.tags[0].probability:.2f}", bool(result.chosen) == bool(case["expect"])


def check(judge: Judge, case: Case) -> tuple[str, bool]:
    """`ClaimChecker`: the outcome of the claim."""
    [claim] = ClaimChecker(model=judge)(case["source"], [case["claim"]]).claims
    return claim.outcome, claim.outcome == OUTCOMES[case["expect"]]


def answer(judge: Judge, case: Case) -> tuple[str, bool]:
    """`AnswerPicker`: the best candidate."""
    best = AnswerPicker(model=judge)(case["context"], case["question"], case["candidates"]).best
    return best, best == case["expect"]


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
