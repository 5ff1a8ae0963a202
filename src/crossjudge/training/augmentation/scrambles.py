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

from crossjudge.datasets import normalized
from crossjudge.errors import InputError
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import edited, is_cut_off, may_move, paraphrase_edit
from crossjudge.training.augmentation.relation import NOT_ENTAILMENT, Relation, same

FAMILY = "scrambles"
_SHARE_REWORDED = 0.4
_SHARE_KEPT = 0.6
"""More than half, for what is kept is more often a pair that was there before, and such are dropped."""
_TURNS = 4
_LENGTHS = range(7, 33)
_ENDS = re.compile(r"[a-z)]\.$")
_NAME = r"(?:[A-Z][\w'’-]+(?: (?:[A-Z][\w'’-]+|of|de|von|van)){0,3}[\w'’-])"
_LISTED_NAME = r"(?!The )[A-Z][\w-]*[a-z](?: [A-Z][\w-]*[a-z]){0,2}"
_PREPOSITION = "in|of|by|to|from|with|on|at|near|against|into|through|via|under|across|towards|including|such as"
_LIST_ENDS = (
    r"(?=\.$|, (?:and|but|while|although|though|before|after|so)\b"
    r"| (?:in (?:[A-Z]\w+ )?\d{4}|on \d|during|until|since|before|after|when|while)\b"
    r"| (?:in|for|to|from|through|against) (?:the|an?|his|her|its|their)\b)"
)
"""What comes next belongs to both: a verb may open another clause, and "of Leeds" or ", a baker" go with the last."""
_LISTED_NAMES = re.compile(
    rf"\b(?:[a-z][\w-]*,? (?P<before>{_PREPOSITION})|[\w-]+,) "
    rf"(?P<one>{_LISTED_NAME}) and (?P<other>{_LISTED_NAME}){_LIST_ENDS}"
)
"""Behind a preposition or a comma, where a name begins; behind a name ("Bishop of Bath and Wells") it goes on."""
_LISTED_NOUNS = re.compile(
    rf"\b(?P<before>the|of|in|and|both|\w+,) (?P<one>[a-z]{{4,}}) and (?P<other>[a-z]{{4,}}){_LIST_ENDS}"
)
"""Behind a word that none of the two can share with the other, as "electrical wires and tools" do."""
_ONE_NAME = re.compile(
    r"(?:Adam|Antigua|Bosnia|Cain|Dolce|Hereford|Jammu|Marks|Newfoundland|Romeo|Simon|Smith|Trinidad|Turks|Tyne|Wallis|rock)\b"
)
"""What is no list with the name behind it: "Antigua and Barbuda"."""
_SHARED_FIRST = re.compile(
    r"(?:Lakes?|Mount|Saints?|Sir|Lord|King|Queen|Prince|Pope|President|General|Fort|Cape|British|French|German|American|"
    r"Russian|English|Old|New|North|South|East|West|Northern|Southern|Eastern|Western) "
)
"""Begins a name, and may belong to the next one as well."""
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
        rules = _KEPT if rng.random() < _SHARE_KEPT else _LOST
        # Some rules apply to few sentences; another of the same side takes their turn.
        relation = next((found for _ in range(_TURNS) if (found := edited(rng, fitting, pick(rng, rules)))), None)
        relation = None if relation is None else _reworded(rng, relation)
        # To reword may be to move back what was moved.
        if relation is not None and normalized(relation.first) != normalized(relation.second):
            yield _paired(rng, relation)


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
    if " and " not in text or "respectively" in text or is_cut_off(text):
        return None
    listed = (
        *(names for names in _LISTED_NAMES.finditer(text) if _apart(names)),
        *(nouns for nouns in _LISTED_NOUNS.finditer(text) if _alike(nouns)),
    )
    for found in listed:
        if not _ONE_NAME.match(found["one"]) and "between" not in text[: found.start()][-40:]:
            turned = f"{found['other']} and {found['one']}"
            return same("list turned", text, f"{text[: found.start('one')]}{turned}{text[found.end('other') :]}")
    return None


def _apart(names: re.Match[str]) -> bool:
    """Whether no word belongs to both names, as it does in "Kent and Essex County" and in "Lake Huron and Erie"."""
    more = len(names["one"].split()) - len(names["other"].split())
    return more == 0 or (more > 0 and names["before"] is not None and not _SHARED_FIRST.match(names["one"]))


def _alike(nouns: re.Match[str]) -> bool:
    """Whether both are nouns of one number and both belong to what is before them.

    In "crosses the river and rests" the second is a verb; in "the crook of the elbow and groin" it stands apart.
    """
    one, other = nouns["one"], nouns["other"]
    plural = one.endswith("s")
    if plural != other.endswith("s") or re.search(r"(?:ed|ly)\b", f"{one} {other}"):
        return False
    return plural or nouns["before"] != "the"


def _moved_to_the_end(rng: random.Random, text: str) -> Relation | None:
    found = _FRONTED.match(text)
    if found is None or not _PRONOUN_CASE.match(found[2]) or not may_move(found[1], found[2]):
        return None
    return same("adverbial moved to the end", text, f"{sentence_case(found[2])} {found[1][:1].lower()}{found[1][1:]}.")


def _moved_to_the_front(rng: random.Random, text: str) -> Relation | None:
    found = _TRAILING.match(text)
    if found is None or not may_move(sentence_case(found[2]), found[1]) or " from " in found[1]:
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
