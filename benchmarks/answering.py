"""How often is the right candidate picked? `python benchmarks/answering.py --data FOLDER`.

Asks multiple-choice questions with `AnswerPicker`, as it comes and with the template alone, and shows the share of
questions whose best candidate is right, with its 95% interval (Wilson), beside what chance would get; and the share
that it abstains from.

* mctest.dev: children's stories; the set's candidates are statements made by rule, often ungrammatical.
* mctest.dev, phrases: the same, each candidate without what all four begin and end with, so that rules have work to do.
* mlqa_en.dev: questions on paragraphs; the right answer beside three answers to other questions (seeded), and, as
  questions without an answer, the same ones on another row's paragraph: there, abstaining is right.
* arc_challenge.test, commonsense_qa.test: no text is given, so the question is its own context. That asks for knowledge
  which a small model does not have, and is shown for what it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

import figures
from crossjudge import AnswerPicker, Judge
from crossjudge.apps.picking import AnswerResult
from crossjudge.datasets import Question, read_questions
from crossjudge.models.parity import wilson
from figures import Block, Table

WRONG = 3
"""Candidates beside the right answer, where a set has answers only."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question to be asked. `right`: places of right candidates, empty where abstaining is right."""

    context: str
    question: str
    candidates: list[str]
    right: frozenset[int]


def main() -> None:
    """Ask, and show or write a table."""
    figures.main(__doc__, measure, limit=None, use=AnswerPicker)


def measure(judge: Judge, data: Path, *, limit: int | None, bar: Progress) -> Iterator[Block]:
    """One table of all sets, each asked in both ways."""
    ways = {
        "statements": AnswerPicker(model=judge),
        "template alone": AnswerPicker(model=judge, statements=False),
    }
    rows, numbers = [], []
    for name, choices in sets(data):
        chosen = figures.spread(choices, limit)
        found = [_counted(one, chosen, bar, f"{name}, {way}") for way, one in ways.items()]
        chance = sum(len(one.right) / len(one.candidates) for one in chosen) / len(chosen)
        numbers += [{"set": name, "way": way, "chance": chance, **one} for way, one in zip(ways, found, strict=True)]
        first = [name, f"{len(chosen):,}", f"{chance:.2f}" if chance else ""]
        rows.append([*first, *(figures.share(one["value"], one["low"], one["high"]) for one in found),
                     f"{found[0]['abstained']:.2f}", f"{found[0]['by_rule']:.2f}"])  # fmt: skip
    head = ("set", "n", "chance", "right (95%)", "right with the template alone", "abstained", "stated by rule")
    note = (
        "Right: the best candidate is, whether it was abstained from or not; where the text holds no answer, the "
        "picker abstains. Abstained and stated by rule: shares of the questions, as the picker comes."
    )
    yield Block("answering.sets", "Candidates", Table(head, rows, (1, 2, 5, 6)), numbers, note)


def sets(data: Path) -> Iterator[tuple[str, list[Choice]]]:
    """Name -> questions, in the order of the table."""
    stories = [_of(one) for one in read_questions("mctest", "dev", folder=data)]
    yield "mctest.dev", stories
    yield "mctest.dev, phrases", [phrased for one in stories if (phrased := in_phrases(one)) is not None]
    paragraphs = with_wrong_answers(list(read_questions("mlqa_en", "dev", folder=data)))
    yield "mlqa_en.dev", paragraphs
    yield "mlqa_en.dev, another text", on_other_texts(paragraphs)
    for name in ("arc_challenge", "commonsense_qa"):
        yield f"{name}.test, no text", [_of(one) for one in read_questions(name, "test", folder=data)]


def _of(one: Question) -> Choice:
    return Choice(one.context or one.question, one.question, list(one.candidates), one.right)


def in_phrases(one: Choice) -> Choice | None:
    """Each candidate without the words that all begin and end with; None where nothing would be left of one."""
    split = [candidate.rstrip(".").split() for candidate in one.candidates]
    start = _shared(split)
    end = _shared([words[start:][::-1] for words in split])
    phrases = [" ".join(words[start : len(words) - end]) for words in split]
    return Choice(one.context, one.question, phrases, one.right) if all(phrases) else None


def _shared(split: Sequence[Sequence[str]]) -> int:
    """How many words all begin with."""
    return next((n for n, words in enumerate(zip(*split, strict=False)) if len(set(words)) > 1), min(map(len, split)))


def with_wrong_answers(questions: Sequence[Question]) -> list[Choice]:
    """The first accepted answer beside answers to other questions, in an order drawn with a fixed seed."""
    rng = random.Random(0)
    pool = [one.candidates[0] for one in questions]
    made = []
    for one in questions:
        accepted = {answer.casefold() for answer in one.candidates}
        wrong = list(dict.fromkeys(text for text in rng.sample(pool, 4 * WRONG) if text.casefold() not in accepted))
        candidates = [one.candidates[0], *wrong[:WRONG]]
        rng.shuffle(candidates)
        right = frozenset({candidates.index(one.candidates[0])})
        made.append(Choice(one.context, one.question, candidates, right))
    return made


def on_other_texts(choices: Sequence[Choice]) -> list[Choice]:
    """The same questions, each on the text half the set away: nothing in it answers them."""
    shift = len(choices) // 2
    return [
        Choice(choices[(place + shift) % len(choices)].context, one.question, one.candidates, frozenset())
        for place, one in enumerate(choices)
    ]


def _counted(picker: AnswerPicker, choices: Sequence[Choice], bar: Progress, title: str) -> dict[str, float]:
    """The share that is right with its interval, and the shares abstained from and stated by rule."""
    asked = [(one.context, one.question, one.candidates) for one in choices]
    results = picker.batch(asked, progress=figures.follow(bar, title))
    right = sum(is_right(one, result) for one, result in zip(choices, results, strict=True))
    low, high = wilson(right, len(choices))
    by_rule = sum(picker.questions(*one)[0][0] == one[0] for one in asked)
    return {
        "n": len(choices), "right": right, "value": right / len(choices), "low": low, "high": high,
        "abstained": sum(result.abstained for result in results) / len(choices), "by_rule": by_rule / len(choices),
    }  # fmt: skip


def is_right(one: Choice, result: AnswerResult) -> bool:
    """Whether the best candidate is right, or, where none is, the picker abstained."""
    return one.candidates.index(result.best) in one.right if one.right else result.abstained


if __name__ == "__main__":
    main()
