"""How many of our own cases does each use get right? `python benchmarks/cases.py [USE ...] [--model NAME]`.

The cases lie in `benchmarks/cases`, one file a use (tag, check, answer, grade, guard, rubric, dedupe), and nothing was
ever tuned on them; and one of what is to be flagged in claims (flags), some of whose misses were mended once. Each goes
through the use's own public call with its usual settings. Shown are the share that is right, with its 95% Wilson
interval, and every case that is not.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import figures
from crossjudge import (
    AnswerPicker,
    ClaimChecker,
    CrossEncoder,
    Deduplicator,
    Grader,
    Guardrail,
    Judge,
    RubricScorer,
    Tagger,
)
from crossjudge.apps.checking.results import OVERSTATED
from crossjudge.datasets import read_jsonl
from crossjudge.models.parity import wilson
from figures import Block, Table

FOLDER = Path(__file__).parent / "cases"

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What a use answered to a case, in words, and whether that is what the case expects."""

    answer: str
    right: bool


def main() -> None:
    """Ask every case of the uses named, and show the scores and the misses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uses", nargs="*", metavar="USE", help=f"some of {', '.join(ANSWERERS)} (default: all)")
    figures.add_options(parser, limit=None, data=False)
    options = parser.parse_args()
    unknown = sorted(set(options.uses) - set(ANSWERERS))
    if unknown:
        parser.error(f"no use is called {unknown[0]!r}; expected some of {', '.join(ANSWERERS)}")
    uses = options.uses or list(ANSWERERS)
    judges = figures.Judges(options)
    figures.show(
        options,
        lambda _: (block for use in uses for block in measure(judges.of(USES[use]), use, limit=options.limit)),
    )


def measure(judge: Judge, use: str, *, limit: int | None = None) -> Iterator[Block]:
    """The score of one use, then its misses."""
    cases = figures.spread(cases_of(use), limit)
    given = ANSWERERS[use](judge, cases)
    right, asked = sum(one.right for one in given), figures.which(judge)
    low, high = wilson(right, len(cases))
    scored = {"use": use, "n": len(cases), "right": right, "value": right / len(cases), "low": low, "high": high}
    shown = [[f"{len(cases)}", f"{right}", figures.share(right / len(cases), low, high)]]
    yield Block(
        f"cases.{use}", f"Own cases of {use}", Table(("cases", "right", "share (95%)"), shown, (0, 1)), [scored],
        asked=asked,
    )  # fmt: skip
    yield of_misses(use, [(case, one) for case, one in zip(cases, given, strict=True) if not one.right], asked)


def of_misses(use: str, missed: Sequence[tuple[Case, Given]], asked: str) -> Block:
    """A line for each case that is not right."""
    rows = [
        [case["id"], _asked(case), json.dumps(case["expect"], ensure_ascii=False), one.answer] for case, one in missed
    ]
    head = ("case", "asked", "expected", "answered")
    numbers = [dict(zip(head, row, strict=True)) for row in rows]
    return Block(f"misses.{use}", f"Misses of {use}", Table(head, rows), numbers, asked=asked)


def cases_of(use: str) -> list[Case]:
    """The cases of one use, in the order of its file."""
    return [case for _, case in read_jsonl(FOLDER / f"{use}.jsonl")]


def tag(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: exactly the expected labels are chosen."""
    labels = [case["labels"] for case in cases]
    results = Tagger(labels[0], model=judge).batch([case["text"] for case in cases], labels)
    return [
        Given(
            ", ".join(f"{one.name} {one.probability:.2f}" for one in result.tags),
            set(result.chosen) == set(case["expect"]),
        )
        for case, result in zip(cases, results, strict=True)
    ]


def check(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the claim has the expected outcome, and the expected kinds of flags where the case names them."""
    checker = ClaimChecker(model=judge)
    given = []
    for case in cases:
        (found,) = checker(case["source"], [case["claim"]]).claims
        kinds = sorted({flag.kind for flag in found.flags})
        flagged = kinds == sorted(case.get("flags", kinds))
        given.append(Given(f"{found.outcome} {kinds}", found.outcome == case["expect"] and flagged))
    return given


def flags(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: what is expected is flagged as what it is, and nothing else; where a name or figure ends is not asked."""
    results = ClaimChecker(model=judge).batch([(case["source"], [case["claim"]]) for case in cases])
    given = []
    for case, result in zip(cases, results, strict=True):
        found = [(flag.kind, "" if flag.kind == OVERSTATED else flag.text) for flag in result.claims[0].flags]
        expected = [(one["kind"], one.get("text", "")) for one in case["expect"]]
        shown = json.dumps([{"kind": kind, **({"text": text} if text else {})} for kind, text in found])
        given.append(Given(shown, all_met(expected, found)))
    return given


def all_met(expected: Sequence[tuple[str, str]], found: Sequence[tuple[str, str]]) -> bool:
    """Whether each kind and text meets one of the other side: of the same kind, with all words of one in the other."""
    left = list(found)
    for kind, text in expected:
        words = _words(text)
        met = [one for one in left if one[0] == kind and (words <= _words(one[1]) or words >= _words(one[1]))]
        if not met:
            return False
        left.remove(met[0])
    return not left


def _words(text: str) -> set[str]:
    """Its words and figures, without signs of currency, percent and the like."""
    return set(re.findall(r"\w+", text))


def answer(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the expected candidate is best and not abstained from; where null is expected, abstained."""
    results = AnswerPicker(model=judge).batch([(one["context"], one["question"], one["candidates"]) for one in cases])
    return [
        Given(
            f"{result.best} {result.ranking[0][1]:.2f}{' (abstained)' if result.abstained else ''}",
            result.abstained if case["expect"] is None else result.best == case["expect"] and not result.abstained,
        )
        for case, result in zip(cases, results, strict=True)
    ]


def grade(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the expected grade, and the expected points missing where the case names them."""
    given = []
    for case in cases:
        result = Grader(case["reference"], question=case.get("question"), model=judge)(case["answer"])
        points = set(result.missing) == set(case.get("missing", result.missing))
        given.append(Given(f"{result.grade}, missing {result.missing}", result.grade == case["expect"] and points))
    return given


def guard(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the policy is passed or failed as expected."""
    given = []
    for case in cases:
        found = Guardrail({"policy": case["policy"]}, model=judge)(case["text"]).checks["policy"]
        given.append(Given(f"{found.score:.2f}", found.passed == (case["expect"] == "pass")))
    return given


def rubric(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the score of each criterion is in its expected range."""
    given = []
    for case in cases:
        scores = RubricScorer(case["criteria"], model=judge)(case["request"], case["response"]).scores
        shown = ", ".join(f"{name} {score:.2f}" for name, score in scores.items())
        given.append(Given(shown, all(low <= scores[name] <= high for name, (low, high) in case["expect"].items())))
    return given


def dedupe(judge: Judge, cases: Sequence[Case]) -> list[Given]:
    """Right: the texts stand together exactly as expected. The head for duplicates is asked, where there is one."""
    model = judge.model
    if "duplicate" in model.checkpoint.heads:
        model = CrossEncoder(model.checkpoint.folder, backend=model.backend, head="duplicate")
    results = Deduplicator(model=model).batch([case["texts"] for case in cases])
    groups = [[cluster.indices for cluster in result] for result in results]
    return [Given(str(found), found == case["expect"]) for case, found in zip(cases, groups, strict=True)]


ANSWERERS: Mapping[str, Callable[[Judge, Sequence[Case]], list[Given]]] = {
    "tag": tag,
    "check": check,
    "flags": flags,
    "answer": answer,
    "grade": grade,
    "guard": guard,
    "rubric": rubric,
    "dedupe": dedupe,
}
"""Use -> what it answers to its cases."""
USES: Mapping[str, type] = {
    "tag": Tagger,
    "check": ClaimChecker,
    "flags": ClaimChecker,
    "answer": AnswerPicker,
    "grade": Grader,
    "guard": Guardrail,
    "rubric": RubricScorer,
    "dedupe": Deduplicator,
}


def _asked(case: Case) -> str:
    """What is asked, and of which text, short enough for a table."""
    keys = ("claim", "question", "policy", "answer", "response", "text", "texts")
    asked = next(str(case[key]) for key in keys if key in case)
    return asked if len(asked) <= 70 else asked[:67] + "..."


if __name__ == "__main__":
    main()
