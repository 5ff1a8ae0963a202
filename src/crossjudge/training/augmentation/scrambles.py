"""The family "scrambles": a real sentence whose words were kept and moved, with its meaning or without it.

Word order alone tells these pairs apart, as in PAWS (Zhang et al. 2019, arXiv 1904.01130): half of them exchange two
names, years or nouns and say something else; half move an adverbial or the parts of a list and say the same. Both
kinds are reworded alike, so that rewording is no sign of either.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from crossjudge.errors import InputError
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import edited, paraphrase_edit
from crossjudge.training.augmentation.relation import NOT_ENTAILMENT, Relation, same

FAMILY = "scrambles"
_SHARE_REWORDED = 0.4
_LENGTHS = range(7, 33)
_ENDS = re.compile(r"[a-z)]\.$")
_NAME = r"(?:[A-Z][\w'’-]+(?: (?:[A-Z][\w'’-]+|of|de|von|van)){0,3}[\w'’-])"
_LISTED = re.compile(
    rf"(?<=[a-z,] )({_NAME}) and ({_NAME})(?= [a-z]|[.,])|(?<=[a-z] )([a-z]{{4,}}) and ([a-z]{{4,}})(?=[.,])"
)
_FRONTED = re.compile(
    r"^((?:In|On|During|After|Before|At|By|From|Since|Throughout|Between) [^,]{3,40}), ([^,]{20,})\.$"
)
_TRAILING = re.compile(r"^([^,]{20,}) ((?:in|on|during|after|before|at) (?:[A-Z]\w+ )?(?:1[5-9]|20)\d\d)\.$")
_PRONOUN_CASE = re.compile(r"^(?:the|a|an|he|she|they|it|his|her|their|its|this|these|there) ", re.IGNORECASE)
_INNER_NAME = re.compile(rf"(?<=[a-z,] ){_NAME}")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_OF_THE = re.compile(r"\b([Tt]he|an?) ([a-z]{4,}) of (the|an?) ([a-z]{4,})\b")
_ACROSS = re.compile(r"\b(from|between|into|over|before|after|beside|behind|above|below) ")
_SYMMETRIC = re.compile(r"\b(?:and|or|between|with|both|border\w*|met|married|cousin\w*|respectively|same)\b")


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs of real sentences; `InputError` where there are none."""
    if not sentences:
        raise InputError("Making pairs of family 'scrambles': there are no sentences to move words in. Name `texts`.")
    fitting = [text for text in sentences if len(text.split()) in _LENGTHS and _ENDS.search(text)]
    while True:
        rules = _KEPT if rng.random() < 0.5 else _LOST
        relation = edited(rng, fitting, pick(rng, rules))
        if relation is not None:
            yield _paired(rng, _reworded(rng, relation))


def _paired(rng: random.Random, relation: Relation) -> MadePair:
    chosen = relation if rng.random() < 0.5 else relation.turned()
    return MadePair(chosen.first, chosen.second, FAMILY, chosen.kind, chosen.forward, chosen.duplicate)


def _reworded(rng: random.Random, relation: Relation) -> Relation:
    """One of the two texts said again in other words, where a rule for that applies."""
    again = paraphrase_edit(rng, relation.second) if rng.random() < _SHARE_REWORDED else None
    return relation if again is None else replace(relation, second=again.second)


# ------------------------------------------------------------------------------------------------------ meaning is kept


def _list_turned(rng: random.Random, text: str) -> Relation | None:
    """ "in Norway and Sweden" as "in Sweden and Norway"."""
    found = _LISTED.search(text)
    if found is None or "respectively" in text or "between" in text[: found.start()][-40:]:
        return None
    one, other = (found[1], found[2]) if found[1] else (found[3], found[4])
    return same("list turned", text, f"{text[: found.start()]}{other} and {one}{text[found.end() :]}")


def _moved_to_the_end(rng: random.Random, text: str) -> Relation | None:
    found = _FRONTED.match(text)
    if (
        found is None
        or not _PRONOUN_CASE.match(found[2])
        or re.search(r"\b(?:and|but|that|which|who|when)\b", found[2])
    ):
        return None
    return same("adverbial moved to the end", text, f"{sentence_case(found[2])} {found[1][:1].lower()}{found[1][1:]}.")


def _moved_to_the_front(rng: random.Random, text: str) -> Relation | None:
    found = _TRAILING.match(text)
    if found is None or re.search(r"\b(?:and|but|that|which|who|when|where|while|from|until)\b", found[1]):
        return None
    rest = f"{found[1][:1].lower()}{found[1][1:]}" if _PRONOUN_CASE.match(found[1]) else found[1]
    return same("adverbial moved to the front", text, f"{sentence_case(found[2])}, {rest}.")


# ------------------------------------------------------------------------------------------------------ meaning is lost


def _names_exchanged(rng: random.Random, text: str) -> Relation | None:
    """Two names trade places, unless they stand side by side in a list or the relation reads both ways."""
    names = list(_INNER_NAME.finditer(text))
    if len(names) < 2:
        return None
    one, other = sorted(rng.sample(names, 2), key=lambda name: name.start())
    between = text[one.end() : other.start()]
    alike = one[0] in other[0] or other[0] in one[0]
    if alike or between in (", ", " ") or _SYMMETRIC.search(text[max(0, one.start() - 20) : other.start()]):
        return None
    return _lost("names exchanged", text, _exchanged(text, one.span(), other.span()))


def _years_exchanged(rng: random.Random, text: str) -> Relation | None:
    years = list(_YEAR.finditer(text))
    if len(years) != 2 or years[0][0] == years[1][0] or " and " in text[years[0].end() : years[1].start()]:
        return None
    return _lost("years exchanged", text, _exchanged(text, years[0].span(), years[1].span()))


def _nouns_exchanged(rng: random.Random, text: str) -> Relation | None:
    """ "the roof of the house" as "the house of the roof"."""
    found = _OF_THE.search(text)
    if found is None or found[2] == found[4]:
        return None
    return _lost("nouns exchanged", text, _exchanged(text, found.span(2), found.span(4)))


def _sides_exchanged(rng: random.Random, text: str) -> Relation | None:
    """What stands before "from", "over" or "after" and what stands behind it: two nouns trade places."""
    found = _ACROSS.search(text)
    words = list(re.finditer(r"\b(?<=the )[a-z]{4,}\b", text))
    if found is None or len(words) < 2:
        return None
    before = [word for word in words if word.end() <= found.start()]
    behind = [word for word in words if word.start() >= found.end()]
    if not before or not behind or before[-1][0] == behind[0][0] or _SYMMETRIC.search(text):
        return None
    return _lost("sides exchanged", text, _exchanged(text, before[-1].span(), behind[0].span()))


def _lost(kind: str, first: str, second: str) -> Relation:
    return Relation(kind, first, second, NOT_ENTAILMENT, NOT_ENTAILMENT)


def _exchanged(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    between = text[one[1] : other[0]]
    return f"{text[: one[0]]}{text[slice(*other)]}{between}{text[slice(*one)]}{text[other[1] :]}"


_Rule = Callable[[random.Random, str], Relation | None]
_KEPT: Sequence[_Rule] = (_list_turned, _list_turned, _moved_to_the_end, _moved_to_the_front, paraphrase_edit)
_LOST: Sequence[_Rule] = (_names_exchanged, _names_exchanged, _years_exchanged, _nouns_exchanged, _sides_exchanged)
