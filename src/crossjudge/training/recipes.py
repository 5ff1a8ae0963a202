"""How a set becomes rows to train on: a recipe for each shape of data."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from crossjudge.datasets import (
    find_set,
    read_examples,
    read_file,
    read_grades,
    read_hedges,
    read_paragraphs,
    read_questions,
    read_texts,
)
from crossjudge.errors import InputError
from crossjudge.training.augmentation import MadePair, made_pairs
from crossjudge.training.augmentation.applications.rules import policies_on
from crossjudge.training.by_hand import written_pairs
from crossjudge.training.heads import UNLABELLED, Gold
from crossjudge.training.tag_hypotheses import tag_examples


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One set of a mixture. `limit`: at most so many rows, drawn at random; `labels` renames gold labels.

    `recipe`: how its rows come about, one of `RECIPES`. `head`: which head learns from it (a made pair says itself
    what it teaches). `weight`: how much a row counts. `repeat`: how often it comes in one epoch. `tags`: only rows of
    these categories. `texts` and `paragraphs`: the sets of plain text, and how many paragraphs of each, whose sentences
    made pairs may be made of. `path`: a file of the user's own (columns as `crossjudge.files` knows them, and `label`)
    in place of a set known by name; `licence`: its terms, needed where the weights ship.
    """

    name: str
    split: str = "train"
    recipe: str = "pairs"
    head: str = "nli"
    weight: float = 1.0
    repeat: int = 1
    limit: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    paragraphs: int = 2000
    path: Path | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair, what is known of it (head -> gold), its set and category there, and how much it counts."""

    text_a: str
    text_b: str
    golds: Mapping[str, Gold]
    source: str
    tag: str = ""
    weight: float = 1.0
    repeat: int = 1


Recipe = Callable[[Source, Path | None, random.Random], list[Row]]


def _pairs(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Labelled pairs as they are."""
    if source.path is not None:
        examples = read_file(source.path, source.name)
    else:
        examples = read_examples(source.name, source.split, folder=folder)
    return [_row(source, one.text_a, one.text_b, one.gold, one.tag) for one in examples]


def _unlabelled(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Pairs as they are, without what is known of them: all is left to a teacher of a head with exclusive labels."""
    return [replace(row, golds={source.head: UNLABELLED}) for row in _pairs(source, folder, rng)]


def _reversed(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Pairs turned round; their gold does not tell what the second text says of the first, so a teacher must."""
    return [replace(row, text_a=row.text_b, text_b=row.text_a) for row in _unlabelled(source, folder, rng)]


def _tags(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Texts with a topic or another label, each with hypotheses that tagging asks."""
    examples = tag_examples(source.name, source.split, folder=folder, rng=rng)
    return [_row(source, one.text_a, one.text_b, one.gold, one.tag) for one in examples]


def _policies(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Harmless texts of somebody else's, with policies that they keep, and with a part put in that breaks one.

    Of a set of plain text at most `paragraphs`; of a set of labelled texts all, whatever their labels.
    """
    if find_set(source.name).kind == "text":
        read = read_paragraphs(source.name, source.split, folder=_needed(folder, source))
        texts = list(islice(read, source.paragraphs))
    else:
        texts = [text for text, _label in read_texts(source.name, source.split, folder=folder)]
    pairs = [pair for text in texts for pair in policies_on(rng, _SENTENCE_END.split(_beginning(text)))]
    return [_row(source, one.text_a, one.text_b, str(one.nli), one.kind) for one in pairs]


def _alike(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Pairs of a similarity set as duplicates: those that people found equal in meaning, and those well below."""
    examples = read_examples(source.name, source.split, folder=folder)
    scored = [(one, float(one.gold)) for one in examples]
    return [
        _row(source, one.text_a, one.text_b, float(score >= EQUAL), one.tag)
        for one, score in scored
        if score >= EQUAL or score <= UNEQUAL
    ]


def _asked(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Pairs of a sentence and a question, as relevance: the question is the query, the sentence answers it or not."""
    examples = read_examples(source.name, source.split, folder=folder)
    return [
        Row(one.text_b, one.text_a, {"relevance": float(one.gold == "entailment")}, source.name, one.tag, source.weight)
        for one in examples
    ]


EQUAL, UNEQUAL = 0.9, 0.6
"""Of a similarity from 0 to 1: from where on texts mean the same but for detail (4.5 of 5), and up to where they differ
in something that matters (3 of 5)."""


def _cloze(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """A sentence taken out of its paragraph asks for the rest of it, and not for one that shares words with it.

    The inverse cloze task (Lee et al. 2019, arXiv 1906.00300). `limit` rows, a third of them relevant.
    """
    folder = _needed(folder, source)
    paragraphs = list(islice(read_paragraphs(source.name, source.split, folder=folder), source.paragraphs))
    rng.shuffle(paragraphs)
    words = [set(_WORD.findall(text.lower())) for text in paragraphs]
    rows: list[Row] = []
    for place, text in enumerate(paragraphs):
        sentences = [one for one in _SENTENCE_END.split(text) if len(one.split()) >= 6]
        if len(sentences) < 3 or (source.limit is not None and len(rows) >= source.limit):
            continue
        asked = rng.choice(sentences)
        rest = text.replace(asked, " ") if rng.random() < 0.8 else text
        telling = set(_WORD.findall(asked.lower()))
        others = [other for other in rng.sample(range(len(paragraphs)), min(60, len(paragraphs))) if other != place]
        others.sort(key=lambda other: len(telling & words[other]), reverse=True)
        for passage, gold in ((rest, 1.0), *((paragraphs[other], 0.0) for other in others[:2])):
            rows.append(_row(source, asked, _beginning(passage), gold))
    return rows


def _passages(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """A sentence beside its paragraph and those that follow, 20 to 220 words of them, with nothing said of the two."""
    folder = _needed(folder, source)
    paragraphs = list(islice(read_paragraphs(source.name, source.split, folder=folder), source.paragraphs))
    rows = []
    for place, text in enumerate(paragraphs):
        words = " ".join(paragraphs[place : place + 4]).split()[: rng.randint(20, 220)]
        rows.append(_row(source, rng.choice(_SENTENCE_END.split(text)), " ".join(words), UNLABELLED))
    return rows


def _beginning(text: str) -> str:
    return " ".join(text.split()[:PASSAGE_WORDS])


PASSAGE_WORDS = 80
_WORD = re.compile(r"[^\W_]{4,}")


def _hedges(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Single texts that are hedged or certain: half beside nothing, half beside themselves, so not weakened."""
    rows = []
    for text, gold in read_hedges(source.name, source.split, folder=_needed(folder, source)):
        alone = rng.random() < 0.5
        rows.append(_row(source, "" if alone else text, text, gold if alone else f"as {gold}"))
    return rows


def _grades(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Students' answers, each a hypothesis of the first reference answer."""
    answers = read_grades(source.name, source.split, folder=_needed(folder, source))
    return [_row(source, one.references[0], one.answer, one.label) for one in answers]


def _candidates(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """Questions on a context: the right candidate is entailed, one wrong one is not."""
    rows = []
    for one in read_questions(source.name, source.split, folder=_needed(folder, source)):
        premise = f"{one.context} {one.question}".strip()
        wrong = [text for place, text in enumerate(one.candidates) if place not in one.right]
        for gold, candidates in (
            ("entailment", [one.candidates[place] for place in sorted(one.right)]),
            ("not_entailment", rng.sample(wrong, min(1, len(wrong)))),
        ):
            rows += [_row(source, premise, f"The answer is {text.rstrip('.')}.", gold) for text in candidates]
    return rows


def _made(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """`limit` pairs of one family of `training.augmentation`, made by rule."""
    if source.limit is None:
        raise InputError(f"Reading a mixture: the made set {source.name!r} has no limit. State how many pairs to make.")
    sentences = [sentence for name in source.texts for sentence in _sentences(name, source, folder)]
    pairs = made_pairs(source.name, source.limit, seed=rng.randrange(2**32), sentences=sentences)
    return [
        Row(one.text_a, one.text_b, _golds(one), source.name, one.kind, source.weight, source.repeat) for one in pairs
    ]


def _by_hand(source: Source, folder: Path | None, rng: random.Random) -> list[Row]:
    """All that was written by hand for the uses; `tags` are the names of its files."""
    return [
        Row(one.text_a, one.text_b, one.golds, source.name, one.use, source.weight, source.repeat)
        for one in written_pairs()
    ]


def _golds(pair: MadePair) -> dict[str, Gold]:
    """Head -> what the rule that made the pair knows."""
    golds: dict[str, Gold] = {}
    if pair.nli is not None:
        golds["nli"] = pair.nli
    if pair.duplicate is not None:
        golds["duplicate"] = float(pair.duplicate)
    if pair.relevance is not None:
        golds["relevance"] = pair.relevance
    if pair.hedged is not None:
        certainty = "hedged" if pair.hedged else "certain"
        kept = {None: certainty, False: f"as {certainty}", True: "weakened"}
        golds["certainty"] = kept[pair.weakened]
    return golds


def _sentences(name: str, source: Source, folder: Path | None) -> Iterator[str]:
    for paragraph in islice(read_paragraphs(name, "train", folder=_needed(folder, source)), source.paragraphs):
        yield from _SENTENCE_END.split(paragraph)


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def _needed(folder: Path | None, source: Source) -> Path:
    if folder is None:
        raise InputError(
            f"Reading the set {source.name!r} by the recipe {source.recipe!r}: such sets are read from a folder, and "
            "none was named. Name it with `data`."
        )
    return folder


def _row(source: Source, text_a: str, text_b: str, gold: Gold, tag: str = "") -> Row:
    gold = source.labels.get(str(gold), gold)
    return Row(text_a, text_b, {source.head: gold}, source.name, tag, source.weight, source.repeat)


RECIPES: Mapping[str, Recipe] = {
    "pairs": _pairs,
    "unlabelled": _unlabelled,
    "reversed": _reversed,
    "alike": _alike,
    "asked": _asked,
    "cloze": _cloze,
    "passages": _passages,
    "tags": _tags,
    "policies": _policies,
    "made": _made,
    "by_hand": _by_hand,
    "hedges": _hedges,
    "grades": _grades,
    "candidates": _candidates,
}
