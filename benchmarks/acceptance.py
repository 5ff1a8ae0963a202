"""How many worked cases does a model get right? `python benchmarks/acceptance.py --cases FILE [--model NAME]`.

FILE is JSON-lines, one case a line, `app` says which: tag (`text`, `hypothesis`, `expect` 1 or 0), check (`source`,
`claim`, `expect` a label), answer (`context`, `question`, `candidates`, `expect`), grade (`reference`, `answer`,
`expect` CORRECT, PARTIAL or INCORRECT), guard (`text`, `policy`, `expect` pass or fail), rubric (`request`,
`response`, `criteria`, `expect` as score ranges). Each is asked through `Judge` alone, by the rules that the uses of
crossjudge state.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from crossjudge import Judge
from crossjudge.datasets import read_jsonl

GRADES = {"entailment": "CORRECT", "neutral": "PARTIAL", "contradiction": "INCORRECT"}

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
    """A hypothesis applies when it is entailed with probability 0.5 or more."""
    probability = judge(case["text"], case["hypothesis"]).probabilities["entailment"]
    return f"{probability:.2f}", (probability >= 0.5) == bool(case["expect"])


def check(judge: Judge, case: Case) -> tuple[str, bool]:
    """The verdict's label is the answer."""
    label = judge(case["source"], case["claim"]).label
    return label, label == case["expect"]


def answer(judge: Judge, case: Case) -> tuple[str, bool]:
    """The candidate whose "The answer is ..." is most entailed by context and question."""
    premise = f"{case['context']} {case['question']}"
    verdicts = judge.batch([(premise, f"The answer is {candidate}.") for candidate in case["candidates"]])
    best = max(range(len(verdicts)), key=lambda place: verdicts[place].probabilities["entailment"])
    return case["candidates"][best], case["candidates"][best] == case["expect"]


def grade(judge: Judge, case: Case) -> tuple[str, bool]:
    """Entailed by the reference is CORRECT, contradicted INCORRECT, neither PARTIAL."""
    given = GRADES[judge(case["reference"], case["answer"]).label]
    return given, given == case["expect"]


def guard(judge: Judge, case: Case) -> tuple[str, bool]:
    """A policy is passed when its statement of compliance is entailed with probability 0.5 or more."""
    probability = judge(case["text"], case["policy"]).probabilities["entailment"]
    return f"{probability:.2f}", ("pass" if probability >= 0.5 else "fail") == case["expect"]


def rubric(judge: Judge, case: Case) -> tuple[str, bool]:
    """Each criterion scores clip(0.5 * neutral + entailment - contradiction, 0, 1) on request and response."""
    premise = f"{case['request']} {case['response']}"
    verdicts = judge.batch([(premise, criterion) for criterion in case["criteria"].values()])
    scores = {
        name: min(1.0, max(0.0, 0.5 * p["neutral"] + p["entailment"] - p["contradiction"]))
        for name, p in zip(case["criteria"], (verdict.probabilities for verdict in verdicts), strict=True)
    }
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
