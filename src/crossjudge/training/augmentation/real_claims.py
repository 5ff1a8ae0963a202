"""Claims made from real sentences: kept, reworded by safe rules, joined, altered in one place, or from elsewhere."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.vocabulary import words_table

_FAMILY = "groundedness"
_THIS_YEAR = 2025
_LONGEST = 200
"""Words of a source at most."""
_WHOLE = re.compile(r"[A-Z][^()\[\]|{}<>@]{25,280}[a-z\d]\.")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Dr|St|Jr|No|vs|c|ca|Inc|Ltd|Co|Gen|Col|Sgt|Lt|etc|e\.g|i\.e|op|vol|pp?)\.$"
)
_NUMBER = re.compile(r"(?<![\w.,:/$£€'’–-])\d{2,4}(?![\w,:/–-]|\.\d)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,}){0,2}\b")
_LEANING_WORDS = (
    "He|She|It|They|His|Her|Its|Their|This|These|That|Those|However|Also|There|In addition|Furthermore|But|And|Such|"
    "Both|Another|Other"
)
_LEANING = re.compile(rf"(?:{_LEANING_WORDS})\b")
_VERB = re.compile(
    r"^((?:The |He|She|It|His |Her |Its )[^,;:\"“()]{0,60}?\b(?:was|is|were|are|has been|had been|will be)) (?!not\b)"
)
_UNSURE_WORDS = (
    "not|no|never|none|nor|neither|if|whether|unless|although|though|some|many|most|several|often|sometimes|few|half|"
    "various|one of|part|partly|usually|others?|certain|only|all|every|each|any|both|more|less|least|rarely|hardly|"
    "also|by far|still|as|than|so|said|believed|thought|considered|may|might|could|would|who|which|that|likely|"
    "to have"
)
_UNSURE = re.compile(rf"\b(?:{_UNSURE_WORDS})\b|n't")


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NOT_THE_NUMBER = re.compile(
    r"\b(?:[Tt]he|[Bb]etween|and|or|[Ff]rom|to|[Aa]fter|[Bb]efore|[Ss]ince|[Uu]ntil|till|[Bb]y|than|[Uu]nder|[Bb]elow|"
    r"[Aa]bove|[Ww]ithin|(?:max|min)imum of|at most|top|first|last|next|\w+['’]s) "
    rf"(?:\d{{1,2}} )?(?:(?:{_MONTHS}) )?$"
)
"""Before a number that is a bound, beside which another may be true as well, or the name of a model: "the 3270"."""
_PART_OF_A_NAME = re.compile(rf"\b(?!(?:In|On|At|For|With|Only|{_MONTHS})\b)[A-Z]\w* $")
"""Before a number that tells one section, order or road from others, of which the same may be true: "Section 907"."""
_ALSO_A_BOUND = re.compile(r"(?: to \d| and \d| or \w| and (?:more|over|above|up)\b| onwards?\b|\+)")
"""Behind such a number."""


def real_claims(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """A source of up to eight sentences in a row, and claims about one of them; nothing where they are unfit."""
    start = rng.randrange(len(sentences))
    run = list(sentences[start : start + rng.randint(2, 8)])
    while sum(len(text.split()) for text in run) > _LONGEST:
        run.pop()
    fit = [text for text in run if is_whole(text)]
    if len(run) < 2 or len(fit) < 2:
        return
    source = " ".join(run)
    for kind, claim, label in _claims(rng, source, fit):
        yield MadePair(source, claim, _FAMILY, f"real: {kind}", nli=label)
    for kind, claim in _elsewhere(rng, sentences, start, len(run), fit):
        if claim not in source:
            yield MadePair(source, claim, _FAMILY, f"real: {kind}", nli="neutral")


def is_whole(text: str) -> bool:
    """Whether a text is one plain sentence: no brackets, an even number of quotes, not cut at an abbreviation."""
    return _WHOLE.fullmatch(text) is not None and text.count('"') % 2 == 0 and not _ABBREVIATED.search(text)


def _claims(rng: random.Random, source: str, fit: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    first, second = rng.sample(range(len(fit)), 2)
    if rng.random() < 0.4:
        yield "kept", fit[first], "entailment"
    reworded = reword(rng, fit[second])
    if reworded != fit[second]:
        yield "reworded", reworded, "entailment"
    if rng.random() < 0.4:
        early, late = sorted((first, second))
        yield "joined", f"{reword(rng, fit[early])} {reword(rng, fit[late])}", "entailment"
    number = _other_number(rng, source, fit[first])
    if number is not None:
        yield "altered number", number, "contradiction"
    denied = _denied(fit[second])
    if denied is not None:
        yield "denied", denied, "contradiction"
    name = _other_name(rng, source, fit[first]) if rng.random() < 0.5 else None
    if name is not None:
        yield "altered name", name, "not_entailment"


def _elsewhere(
    rng: random.Random, sentences: Sequence[str], start: int, length: int, fit: Sequence[str]
) -> Iterator[tuple[str, str]]:
    following = start + length
    if following < len(sentences) and is_whole(sentences[following]) and rng.random() < 0.4:
        yield "the next sentence", sentences[following]
    far = sentences[rng.randrange(len(sentences))]
    if not is_whole(far) or _LEANING.match(far) or rng.random() < 0.4:
        return
    if rng.random() < 0.5:
        yield "from elsewhere", far
    else:
        yield "joined, one from elsewhere", " ".join(rng.sample([far, pick(rng, fit)], 2))


def reword(rng: random.Random, text: str) -> str:
    """The sentence with words exchanged for others that mean the same in any sentence, as far as it has such words."""
    words, pattern = _exchanges()
    found = pattern.search(text)
    if found is None:
        return _date_first(text)
    return pattern.sub(lambda match: pick(rng, words[match.group(0)]), text)


def _date_first(text: str) -> str:
    """ "X happened in 1990." as "In 1990, X happened.", for sentences of one clause that begin with a fixed word."""
    match = re.fullmatch(r"((?:The|He|She|It|They|His|Her|Its|Their|This) [^,;:\"“]*?) (in \d{4})\.", text)
    if match is None or re.search(
        r"\b(?:and|who|which|that|when|until|after|before|but|not|from|between|of|or|as)\b", match[1]
    ):
        return text
    return f"{match[2].capitalize()}, {match[1][0].lower()}{match[1][1:]}."


@cache
def _exchanges() -> tuple[Mapping[str, Sequence[str]], re.Pattern[str]]:
    words: Mapping[str, Sequence[str]] = words_table("groundedness")["same"]
    return words, re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")\b")


def _other_number(rng: random.Random, source: str, text: str) -> str | None:
    """One number in figures made another that the source does not hold."""
    found = [match for match in _NUMBER.finditer(text) if not _bounds(text, match)]
    if not found or re.search(
        r"\b(?:about|around|over|nearly|almost|some|up to|at least|more than|approximately|roughly|circa)\b", text
    ):
        return None
    match = pick(rng, found)
    number = int(match.group(0))
    other = number + rng.choice((-1, 1)) * rng.randint(2, max(3, min(number // 3, 40)))
    if other < 2 or str(other) in source or number <= _THIS_YEAR < other:
        return None
    return f"{text[: match.start()]}{other}{text[match.end() :]}"


def _bounds(text: str, number: re.Match[str]) -> bool:
    """Whether the number is a bound rather than a count, or names a thing."""
    before = text[: number.start()]
    found = _NOT_THE_NUMBER.search(before) or _PART_OF_A_NAME.search(before) or _ALSO_A_BOUND.match(text, number.end())
    return found is not None


def _other_name(rng: random.Random, source: str, text: str) -> str | None:
    """A name in the sentence exchanged for one from elsewhere in the source, of as many words."""
    own = _NAME.findall(text)
    others = [name for name in _NAME.findall(source) if name not in text]
    if not own:
        return None
    name = pick(rng, own)
    fitting = [other for other in others if len(other.split()) == len(name.split())]
    if not fitting or text.count(name) != 1:
        return None
    return text.replace(name, pick(rng, fitting))


def _denied(text: str) -> str | None:
    """The sentence with "not" after the "to be" of its one definite subject; None where that may deny too little."""
    if _UNSURE.search(text) or re.search(r"[;:\"“]|, (?:and|but)| and ", text):
        return None
    match = _VERB.match(text)
    if match is None:
        return None
    head, _, verb = match[1].rpartition(" ")
    if verb == "been" or verb == "be":
        before, _, auxiliary = head.rpartition(" ")
        return f"{before} {auxiliary} not {verb} {text[match.end() :]}"
    return f"{match[1]} not {text[match.end() :]}"
