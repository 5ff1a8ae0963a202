"""Questions and searches made from real sentences: "X was founded in 1998" -> "When was X founded?"."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.facts import sentence_case
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_claims import is_whole, reword
from crossjudge.training.augmentation.vocabulary import words_table

_FAMILY = "questions"
_SUBJECT = r"(?P<who>(?:The )?(?!(?:{no})\b)[A-Z][\w'’.-]*(?: (?:[A-Z][\w'’.-]*|of|the|and|de|von|van)){{0,5}})"
_DATE = r"(?:[A-Z]\w+ )?(?:\d{1,2},? )?(?:[A-Z]\w+ )?\d{4}\b"
_PROMISING = re.compile(r"[A-Z].{2,60}? (?:is|was|has|had|died) ")
"""A quick look before the rules, which are slow."""
_UNFINISHED = ("of", "the", "and", "de", "von", "van")
_WORD = re.compile(r"[^\W\d_]{3,}|\d{4}")


def real_questions(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """A question or search that one of the sentences answers, the passage around it, and passages that do not."""
    place = rng.randrange(len(sentences))
    by_rule = rng.random() < 0.5
    for offset in range(40):
        index = (place + offset) % len(sentences)
        found = _asked(rng, sentences[index]) if by_rule else _searched(rng, sentences[index])
        if found is None:
            continue
        question, words = found
        kind = "real question" if by_rule else "real search"
        yield MadePair(question, _around(rng, sentences, index), _FAMILY, kind, relevance=1.0)
        other = _without(rng, sentences, words)
        if other is not None:
            yield MadePair(question, other, _FAMILY, f"{kind}, not answered", relevance=0.0)
        near = " ".join(sentences[index + 4 : index + 4 + rng.randint(1, 3)])
        # Passages of one article are about one thing: with two of the words they may answer as well.
        if near and not by_rule and len(words & _words(near)) < 2:
            yield MadePair(question, near, _FAMILY, f"{kind}, a passage near by", relevance=0.0)
        return


def _asked(rng: random.Random, text: str) -> tuple[str, set[str]] | None:
    """A question that the sentence answers, and the words of what it asks about."""
    if not _PROMISING.match(text) or not is_whole(text):
        return None
    for pattern, questions in _rules():
        match = pattern.match(text)
        if match is None:
            continue
        who = re.sub(r"^The ", "the ", match["who"])
        # "X is a ..." is by far the most frequent rule.
        if len(who) < 4 or who.split()[-1] in _UNFINISHED or (pattern is _rules()[-1][0] and rng.random() < 0.7):
            return None
        return _worded(rng, pick(rng, questions), who, match), _words(who)
    return None


def _worded(rng: random.Random, template: str, who: str, match: re.Match[str]) -> str:
    given = match.groupdict()
    did = given.get("did") or ""
    asked = template.format(
        who=who,
        did=did,
        past="wrote" if did == "written" else did,
        what=given.get("what", ""),
        be="is" if " is " in match.group(0) else "was",
        has="does" if " has " in match.group(0) else "did",
    )
    return sentence_case(asked) if asked[-1] in "?." else asked.lower() if rng.random() < 0.5 else asked


def _searched(rng: random.Random, text: str) -> tuple[str, set[str]] | None:
    """The telling words of a sentence, in order; or the sentence itself, reworded, as one searches for a claim."""
    if not is_whole(text):
        return None
    telling = [word for word in _WORD.findall(text) if word.lower() not in _stop_words()]
    if len(telling) < 6:
        return None
    claim = reword(rng, text)
    if claim != text and rng.random() < 0.5:
        return claim, {word.lower() for word in telling}
    chosen = sorted(rng.sample(range(len(telling)), rng.randint(4, 6)))
    query = " ".join(telling[place] for place in chosen)
    return query.lower() if rng.random() < 0.7 else query, {telling[place].lower() for place in chosen}


@cache
def _rules() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    words = words_table("real_questions")
    subject = _SUBJECT.format(no=words["no_subjects"])
    return tuple(
        (re.compile(subject + rule["pattern"].replace("{date}", _DATE)), tuple(rule["questions"]))
        for rule in words["rule"]
    )


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(words_table("real_questions")["stop"].split())


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if word not in _stop_words()}


def _around(rng: random.Random, sentences: Sequence[str], index: int) -> str:
    """The sentence with up to one before it and up to three after it."""
    return " ".join(sentences[max(0, index - rng.randint(0, 1)) : index + 1 + rng.randint(0, 3)])


def _without(rng: random.Random, sentences: Sequence[str], words: set[str]) -> str | None:
    """A passage that holds none of the words."""
    for _ in range(20):
        text = _around(rng, sentences, rng.randrange(len(sentences)))
        if len(text) > 60 and not words & _words(text):
            return text
    return None
