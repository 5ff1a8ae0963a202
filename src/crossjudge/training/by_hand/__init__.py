"""What was written by hand for the uses: a text, what is asked about it, and statements marked by what follows of it.

One file a use, `NAME.txt`, in blocks with an empty line between them:

    T a text
    Q a question or request that goes with it, in some files
    + a statement that the text makes true
    - one that it makes false
    ? one that it leaves open
    > one that follows but says less (of look-alikes)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from crossjudge.apps.statements import statement
from crossjudge.apps.templates import fill
from crossjudge.errors import InputError
from crossjudge.training.heads import Gold

MARKS = "+-?>"
ANSWER = "The answer is {}."


@dataclass(frozen=True, slots=True)
class Block:
    """A text, the question beside it or "", and (mark, statement) of all statements on it."""

    text: str
    question: str
    marked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WrittenPair:
    """Two texts, what is known of them by head, and the file they stand in."""

    text_a: str
    text_b: str
    golds: Mapping[str, Gold]
    use: str


def uses() -> tuple[str, ...]:
    """The names of all files."""
    names = (one.name for one in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt")))


def blocks(use: str) -> list[Block]:
    """The blocks of one file. Raises `InputError` for a line that is none of those above."""
    text = files(__name__).joinpath(f"{use}.txt").read_text(encoding="utf-8")
    return [_block(use, lines.splitlines()) for lines in text.strip().split("\n\n")]


def written_pairs() -> Iterator[WrittenPair]:
    """Every statement beside its text, as the use asks it."""
    for use in uses():
        asked = _ASKED.get(use, _stated)
        for block in blocks(use):
            for text_a, text_b, golds in asked(block):
                yield WrittenPair(text_a, text_b, golds, use)


def _block(use: str, lines: list[str]) -> Block:
    parts = [(line[:1], line[2:].strip()) for line in lines]
    marked = tuple((mark, said) for mark, said in parts if mark in MARKS)
    texts, questions = ([said for mark, said in parts if mark == one] for one in "TQ")
    known = len(texts) + len(questions) + len(marked)
    if len(texts) != 1 or len(questions) > 1 or not marked or known < len(lines) or not all(said for _, said in parts):
        raise InputError(
            f"Reading {use}.txt: a block begins {lines[0]!r}; expected one text (T), at most one question (Q) and "
            f"statements after one of {MARKS}. Repair that block."
        )
    return Block(texts[0], "".join(questions), marked)


Asked = Iterator[tuple[str, str, Mapping[str, Gold]]]


def _stated(block: Block) -> Asked:
    """The statements as they are; what is false of a text because the text does not have it is only not entailed."""
    for mark, said in block.marked:
        yield block.text, said, {"nli": {"+": "entailment", "-": "not_entailment", "?": "neutral"}[mark]}


def _contrary(block: Block) -> Asked:
    """Statements of which the false ones contradict."""
    for mark, said in block.marked:
        yield block.text, said, {"nli": {"+": "entailment", "-": "contradiction", "?": "neutral"}[mark]}


def _answers(block: Block) -> Asked:
    """Candidates as `AnswerPicker` asks them: all as statements where each makes one, and by its template."""
    said = [statement(block.question, one) for _, one in block.marked]
    labels = [{"+": "entailment", "-": "not_entailment", "?": "neutral"}[mark] for mark, _ in block.marked]
    if None not in said:
        yield from ((block.text, str(one), {"nli": label}) for one, label in zip(said, labels, strict=True))
    for (_, one), label in zip(block.marked, labels, strict=True):
        yield f"{block.text} {block.question}", fill(ANSWER, one.rstrip(".")), {"nli": label}


def _criteria(block: Block) -> Asked:
    """Criteria as `RubricScorer` asks them, of a request and its response as one text."""
    for mark, said in block.marked:
        label = {"+": "entailment", "-": "not_entailment", "?": "not_entailment"}[mark]
        yield f"{block.question} {block.text}", said, {"nli": label}


def _alike(block: Block) -> Asked:
    """Look-alikes both ways: what means the same is a duplicate, and nothing else is."""
    for mark, said in block.marked:
        there, back = {
            "+": ("entailment", "entailment"),
            "-": ("contradiction", "contradiction"),
            "?": ("neutral", "not_entailment"),
            ">": ("entailment", "not_entailment"),
        }[mark]
        yield block.text, said, {"nli": there, "duplicate": float(mark == "+")}
        yield said, block.text, {"nli": back}


_ASKED: Mapping[str, Callable[[Block], Asked]] = {
    "alike": _alike,
    "answer": _answers,
    "check": _contrary,
    "grade": _contrary,
    "guard": _contrary,
    "rubric": _criteria,
}
