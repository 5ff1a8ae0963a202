"""Rules for real sentences that are safe on plain ones: each gives a relation, or None where it does not apply."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from crossjudge.training.augmentation.acts import words
from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.plain_sentences import DONE_ONCE
from crossjudge.training.augmentation.relation import NEUTRAL, Relation, opposed, same

_LENGTH = range(6, 33)
_STARTERS = (
    "The ",
    "This ",
    "These ",
    "In ",
    "It ",
    "He ",
    "She ",
    "They ",
    "A ",
    "An ",
    "There ",
    "His ",
    "Her ",
    "Its ",
    "Their ",
    "On ",
    "At ",
    "During ",
    "After ",
    "From ",
)
_HEDGES = re.compile(
    r"\b(?:may|might|could|would|should|can|possibl[ey]|possibility|probabl[ey]|perhaps|maybe|likely|unlikely|seem\w*|appear\w*|suggest\w*|"
    r"indicat\w*|believ\w*|thought|think\w*|suppos\w*|alleg\w*|report\w*|rumou?r\w*|claim\w*|apparent\w*|presum\w*|assum\w*|potential\w*|"
    r"according|whether|if|unless|unclear|unknown|uncertain|estimat\w*|said|says|consider\w*|propos\w*|speculat\w*|expect\w*|about|around|"
    r"approximately|roughly|almost|nearly|some|sometimes|often|usually|generally|typically|partly|attribut\w*|argu\w*|accus\w*|suspect\w*|"
    r"hope\w*|plan\w*|intend\w*|predict\w*|doubt\w*|tend\w*|regarded|known as|called|or|not|n't|never|no)\b",
    re.IGNORECASE,
)
_CUT_OFF = re.compile(r"\b(?:[A-Z]|[A-Z][a-z]{1,2})\.$")
"""An initial or an abbreviation, at which a splitter took the sentence to end."""
_NOT_PLAIN = re.compile(r"[?!\"“”:;()\[\]{}]|\.\s")


def plain_statement(text: str) -> str | None:
    """A definite, affirmative sentence without its capital and full stop, so that it can follow "it is likely that"."""
    if not _plain(text) or _HEDGES.search(text) or not text.startswith(_STARTERS):
        return None
    return text[:1].lower() + text[1:-1]


def _plain(text: str) -> bool:
    return (
        text.endswith(".")
        and len(text.split()) in _LENGTH
        and not _NOT_PLAIN.search(text[:-1])
        and not is_cut_off(text)
        and text[:1].isupper()
    )


def is_cut_off(text: str) -> bool:
    """Whether the last word is an initial or an abbreviation, so that the sentence went on."""
    return _CUT_OFF.search(text) is not None


Edit: TypeAlias = Callable[[random.Random, str], Relation | None]


def edited(rng: random.Random, sentences: Sequence[str], edit: Edit, *, tries: int = 40) -> Relation | None:
    """What the rule makes of the first of `tries` drawn sentences to which it applies."""
    return next((found for _ in range(tries) if (found := edit(rng, pick(rng, sentences))) is not None), None)


# ----------------------------------------------------------------------------------------------------------------- time

_YEAR = re.compile(r"\b(before|after|until|since) (1[5-9]\d\d|20[0-2]\d)\b")
_IN_YEAR = re.compile(r"\b[Ii]n (1[5-9]\d\d|20[0-2]\d)\b")
_NEGATED = re.compile(
    r"\b(?:not|never|no|n't|nor|neither|without|only|cannot|none|rarely|hardly|seldom)\b|n't", re.IGNORECASE
)
_STILL = re.compile(r"\b(is|are|was|were) still\b(?! to\b)")
_OF_SOME = re.compile(
    r"\b(?:some|many|most|mostly|several|few|all|both|half|various|certain|others?|much|mainly|parts?|partly|numerous|any|"
    r"every|each|more|less|one of|a number of|percent|per cent|majority|minority)\b",
    re.IGNORECASE,
)
"""What is still so of many may be no longer so of others."""
_TURNED = {"before": "after", "after": "before", "until": "since", "since": "until"}


def time_edit(rng: random.Random, text: str) -> Relation | None:
    """The sentence with its one date turned round or moved, or with "no longer" for "still"."""
    if not _plain(text) or _NEGATED.search(text):
        return None
    still, year, in_years = _STILL.search(text), _YEAR.search(text), _IN_YEAR.findall(text)
    if still:
        no_longer = text.replace(still[0], f"{still[1]} no longer", 1)
        return None if _OF_SOME.search(text) else opposed("sentence: still against no longer", text, no_longer)
    if year and year[1] in ("before", "after"):
        return opposed(
            "sentence: before against after a year", text, text.replace(year[0], f"{_TURNED[year[1]]} {year[2]}", 1)
        )
    if len(in_years) == 1 and DONE_ONCE.search(text):
        moved = str(int(in_years[0]) + pick(rng, (-20, -12, -7, -3, 3, 7, 12, 20)))
        return (
            opposed("sentence: other year", text, text.replace(in_years[0], moved, 1))
            if text.count(in_years[0]) == 1
            else None
        )
    return None


# ---------------------------------------------------------------------------------------------------------- quantifiers

_QUANTIFIED: Sequence[tuple[re.Pattern[str], str, str]] = (
    (re.compile(r"^(?:Some|Several) of the "), "None of the ", "some against none"),
    (re.compile(r"^Most of the "), "Hardly any of the ", "most against hardly any"),
    (re.compile(r"^All of the "), "Not all of the ", "all against not all"),
    (re.compile(r"^All (?=the |these |those )"), "Not all ", "all against not all"),
    (re.compile(r"^Many (?=[a-z]+s )"), "Hardly any ", "many against hardly any"),
    (re.compile(r"^Both of (?=the |these |them )"), "Neither of ", "both against neither"),
    (re.compile(r"^Few (?=[a-z]+s )"), "Most ", "few against most"),
    (re.compile(r"\b(?:always|invariably)\b"), "never", "always against never"),
    (re.compile(r"(?<!more )(?<!most )(?<!less )\b(?:often|frequently)\b"), "never", "often against never"),
    (re.compile(r"\busually\b"), "rarely", "usually against rarely"),

)  # fmt: skip


def quantifier_edit(rng: random.Random, text: str) -> Relation | None:
    """The sentence with its first quantifier, or its adverb of frequency, exchanged for one that contradicts it."""
    if not _plain(text) or _NEGATED.search(text) or " but " in text or " although " in text:
        return None
    for pattern, instead, kind in _QUANTIFIED:
        if len(pattern.findall(text)) == 1:
            return opposed(f"sentence: {kind}", text, pattern.sub(instead, text))
    return None


# ----------------------------------------------------------------------------------------------------------- paraphrase

_FRONTED = re.compile(r"^((?:In|On|During|After|Before|At|By|From|Since|Throughout) (?:[^,]{3,40})), ([^,]+)\.$")
_SUBJECT_CASE = re.compile(r"^(?:the|a|an|he|she|they|it|his|her|their|its|this|these|there) ")


def paraphrase_edit(rng: random.Random, text: str) -> Relation | None:
    """The sentence said again: an adverbial moved, words exchanged, contracted, or opened with an empty phrase."""
    if not _plain(text):
        return None
    second, rules = text, 0
    for edit in _EDITS:
        changed = edit(rng, second)
        if changed is not None:
            second, rules = changed, rules + 1
    if rules == 0 or rng.random() < 0.15:
        second = _opened(rng, second) if rules or rng.random() < 0.02 else text
    return None if second == text else same("sentence reworded", text, second)


_ANOTHER_CLAUSE = re.compile(
    r"[;:]|\b(?:and|but|that|which|who|when|where|while|after|before|until|since|if|because|although|though|as|than|would|being|"
    r"to (?!(?:the|an?|his|her|its|their)\b)[a-z]+|(?:by|for|from|of|about|without|in|on) [a-z]{2,}ing)\b"
)
_INVERTED = re.compile(
    r"(?:In|On|During|At|By|From|Throughout|Between)\b.*\b(?:came|comes?|lies?|lay|stands?|stood|is|was|are|were)\b"
)


def may_move(adverbial: str, rest: str) -> bool:
    """Whether an adverbial from the front may stand behind the rest of the sentence.

    Not where the rest has two verbs to go with ("... after being banned"), nor where the front has the only one ("From
    this came the name").
    """
    return not _ANOTHER_CLAUSE.search(rest) and not _INVERTED.match(adverbial)


def _moved_adverbial(rng: random.Random, text: str) -> str | None:
    """ "In 1990, she left." as "She left in 1990." """
    match = _FRONTED.match(text)
    if not match or not _SUBJECT_CASE.match(match[2]) or not may_move(match[1], match[2]):
        return None
    adverbial = match[1][:1].lower() + match[1][1:]
    return f"{match[2][:1].upper()}{match[2][1:]} {adverbial}."


def _exchanged_words(rng: random.Random, text: str) -> str | None:
    # Behind "a" or "an" another word may want the other article.
    fitting = [
        (one, other)
        for one, other in _pairs("synonyms")
        if f" {one} " in text and not re.search(rf"\b[Aa]n? {one} ", text)
    ]
    changed = text
    for one, other in fitting:
        changed = changed.replace(f" {one} ", f" {other} ")
    # "almost" is exchanged for "nearly", and "nearly" for "almost".
    return None if changed == text else changed


def _contracted(rng: random.Random, text: str) -> str | None:
    found = [(full, short) for full, short in _pairs("contractions") if f" {full} " in text]
    for full, short in found:
        text = text.replace(f" {full} ", f" {short} ")
    return text if found else None


_JOINTS = ((", and ", ". "), (", but ", ". However, "), ("; ", ". "))
_NEW_SUBJECT = re.compile(r"(?:he|she|it|they|this|these|the) [a-z]+")
_SUBORDINATE = re.compile(
    r"\b(?:if|when|while|although|though|because|that|who|which|since|as|both|either|whether|where|after|before|until|than)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(r"\b(?:is|are|was|were|has|have|had|did|does|will|[a-z]{3,}ed)\b")


def _split(rng: random.Random, text: str) -> str | None:
    """ "A, and he left." as "A. He left." """
    for joint, stop in _JOINTS:
        first, found, second = text.partition(joint)
        if (
            found
            and joint not in second
            and _NEW_SUBJECT.match(second)
            and _FINITE.search(second)
            and _FINITE.search(first)
            and not _SUBORDINATE.search(text)
        ):
            return f"{first}{stop}{second if stop.endswith(', ') else second[:1].upper() + second[1:]}"
    return None


def _opened(rng: random.Random, text: str) -> str:
    """Behind a phrase that adds nothing, where the first word can lose its capital."""
    if not text.startswith(_STARTERS):
        return text
    return f"{pick(rng, words('paraphrase')['openers'])}{text[:1].lower()}{text[1:]}"


@cache
def _pairs(name: str) -> Sequence[tuple[str, str]]:
    """ "one / other" both ways for synonyms, one way for contractions."""
    pairs = [(one, other) for one, _, other in (line.partition(" / ") for line in words("paraphrase")[name])]
    return tuple(pairs)


_EDITS: Sequence[Callable[[random.Random, str], str | None]] = (_moved_adverbial, _exchanged_words, _contracted, _split)


def unrelated(rng: random.Random, sentences: Sequence[str]) -> Relation | None:
    """Two sentences from different places in the list, which share no capitalised word."""
    first, second = pick(rng, sentences), pick(rng, sentences)
    names = set(re.findall(r"\b[A-Z]\w{3,}", first)) & set(re.findall(r"\b[A-Z]\w{3,}", second))
    if names or not _plain(first) or not _plain(second) or first == second:
        return None
    return Relation("unrelated sentences", first, second, NEUTRAL, NEUTRAL)
