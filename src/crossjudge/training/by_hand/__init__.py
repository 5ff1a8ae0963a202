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
from dataclasses import dataclass, replace
from importlib.resources import files
from zlib import crc32

from crossjudge.apps.statements import statement
from crossjudge.apps.templates import fill
from crossjudge.errors import InputError
from crossjudge.training.heads import Gold

MARKS = "+-?>"
ANSWER = "The answer is {}."
WRONG_ANSWERS = 2
REPEATED_SHARE, MOST_TIMES = 6, 12
"""Of every sixth graded block the answers come again, each said 2 to 12 times."""


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


_CLOSED = {"+": "entailment", "-": "not_entailment", "?": "neutral"}
"""Labels where a statement may be false because the text does not have what it says."""
_CONTRARY = _CLOSED | {"-": "contradiction"}
_MET_OR_NOT = _CLOSED | {"?": "not_entailment"}


def _labelled(premise: str, block: Block, labels: Mapping[str, str]) -> Asked:
    for mark, said in block.marked:
        yield premise, said, {"nli": labels[mark]}


def _stated(block: Block) -> Asked:
    """The statements as they are; what is false of a text because the text does not have it is only not entailed."""
    return _labelled(block.text, block, _CLOSED)


def _contrary(block: Block) -> Asked:
    """Statements of which the false ones contradict."""
    return _labelled(block.text, block, _CONTRARY)


def _graded(block: Block) -> Asked:
    """Answers as they are; of some blocks also said over and over, which makes none of them better."""
    yield from _contrary(block)
    number = crc32(block.text.encode())
    if number % REPEATED_SHARE == 0:
        times = MOST_TIMES - number // REPEATED_SHARE % (MOST_TIMES - 1)
        repeated = ((mark, " ".join([said] * times)) for mark, said in block.marked)
        yield from _contrary(replace(block, marked=tuple(repeated)))


def _criteria(block: Block) -> Asked:
    """Criteria as `RubricScorer` asks them, of a request and its response as one text."""
    return _labelled(f"{block.question} {block.text}", block, _MET_OR_NOT)


def _answers(block: Block) -> Asked:
    """Candidates as `AnswerPicker` asks them: all as statements where each makes one, and by its template.

    Of the wrong ones so many that right ones are no rarity: a network that rarely sees one abstains.
    """
    block = replace(block, marked=_few_wrong(block))
    said = [(mark, statement(block.question, one)) for mark, one in block.marked]
    stated = tuple((mark, one) for mark, one in said if one is not None)
    if len(stated) == len(said):
        yield from _stated(replace(block, marked=stated))
    filled = tuple((mark, fill(ANSWER, one.rstrip("."))) for mark, one in block.marked)
    yield from _labelled(f"{block.text} {block.question}", replace(block, marked=filled), _CLOSED)


def _few_wrong(block: Block) -> tuple[tuple[str, str], ...]:
    """All that is right, and of the rest two for each, or one where nothing is; which ones, the text decides."""
    right = [one for one in block.marked if one[0] == "+"]
    wrong = sorted(
        (one for one in block.marked if one[0] != "+"), key=lambda one: crc32((block.text + one[1]).encode())
    )
    kept = {*right, *wrong[: WRONG_ANSWERS * len(right) or 1]}
    return tuple(one for one in block.marked if one in kept)


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
    "grade": _graded,
    "guard": _contrary,
    "rubric": _criteria,
}
