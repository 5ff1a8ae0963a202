"""Long real passages, and short statements of what one of their sentences says: a part of it, or an answer from it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_claims import is_unsure, is_whole, reword
from crossjudge.training.augmentation.vocabulary import words_table

FAMILY = "passages"
LONGEST = 190
"""Words of a passage at most."""
_FEWEST = 40
"""Sentences, without which passages would all be alike."""

_CUT = re.compile(
    r",? (?:who|whose|which|where|when|while|and|but|as well as|including|such as|after|before|during|until|since|"
    r"because|although|with|by|in|on|at|from|for|near|under) "
)
_FINITE = re.compile(r" (?:was|were|is|are|has|had|became|won|[a-z]{3,}ed) [a-z]*")
_OPEN_END = re.compile(
    r"(?: (?:the|an?|of|to|in|on|at|by|for|from|with|and|or|as|was|were|is|are|has|had|be|been|being|its|his|her|their|"
    r"became|into|who|two|three|four|five|mainly|largely|later|then|first|both|between)|,)$"
)
_TOO_MUCH = re.compile(
    r"\b(?:first|last|second|third|only|best|largest|\w{3,}est|between|either|not|against|if|unless|until|same|"
    r"different|enough|too|so|such|like|near|almost|nearly|believed|supposed|alleged\w*|failed|refused|denied)\b"
)
"""With one of these, what stands before the cut may say more than the sentence does: "the first to cross" it."""
_FRONTED = re.compile(r"(?:In|On|During|After|At|By|From|Since) [^,;:]{3,40}, (?=(?:the|an?|he|she|it|they|[A-Z]\w+) )")
_NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{2,}(?: (?:of |de |van )?[A-Z][a-z]{2,}){0,2}\b")
_FIGURE = re.compile(r"(?<![\w.,:/$£€'’–-])\d{2,4}(?![\w,:/–-]|\.\d)")
_LEANING_START = re.compile(
    r"(?:When|While|If|As|With|Although|Though|Because|Since|After|Before|Where|Whether|Who|Which)\b"
)
_TAIL = re.compile(r", (?:[^ ]+ ?){1,3}$")
"""A few words behind the last comma, which are a clause begun rather than one that ends."""
_NOBODY = "He|She|It|They|There|This|That|These|Those|His|Her|Its|Their|The|In|One|Another|Both|We|You"
_VERBS = (
    "was|is|became|won|served|played|led|wrote|married|received|moved|joined|attended|graduated|died|has|had|founded|"
    "built|produced|released|opened|worked|lived|studied|lies|covers|contains|provides|operates"
)
_SUBJECT = re.compile(
    rf"(?P<who>(?:The )?(?!(?:{_NOBODY})\b)[A-Z][\w'’-]+(?: (?:of |the |de |van )?[A-Z][\w'’-]+){{0,3}}) "
    rf"(?P<rest>(?:{_VERBS}) [^;:,]{{8,}})\.$"
)


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs of a passage of 60 to 190 words and a short statement; none where no sentence can be shortened."""
    if len(sentences) < _FEWEST or not any(shortened(rng, text) for text in sentences):
        return
    while True:
        start = rng.randrange(len(sentences))
        run = _run(rng, sentences, start)
        far = [sentences[rng.randrange(len(sentences))] for _ in range(12)]
        for text in rng.sample(run, len(run))[:2]:
            yield from _stated(rng, " ".join(run), text, far)


def _run(rng: random.Random, sentences: Sequence[str], start: int) -> list[str]:
    """Sentences in a row, of as many words together as chance says."""
    wanted, run = rng.randint(60, LONGEST), list[str]()
    for text in sentences[start:]:
        if sum(len(one.split()) for one in (*run, text)) > wanted:
            break
        run.append(text)
    return run


def _stated(rng: random.Random, passage: str, text: str, far: Sequence[str]) -> Iterator[MadePair]:
    part = shortened(rng, text)
    if part is None:
        return
    answers = list(_answered(rng, passage, part, far))
    yield from answers
    if not answers or rng.random() < 0.3:
        yield _pair(passage, reword(rng, part), "part", "entailment")
    altered = _altered(rng, passage, part, far)
    if altered is not None:
        yield _pair(passage, altered, "part, altered", "not_entailment")
    elif rng.random() < 0.5:
        other = next((found for one in far if (found := shortened(rng, one))), None)
        if other is not None and other not in passage:
            yield _pair(passage, other, "part from elsewhere", "not_entailment")


def shortened(rng: random.Random, text: str) -> str | None:
    """The sentence up to a place where it could have ended, which it entails; None where no such place is safe."""
    text = _opened(text)
    if not is_whole(text) or _LEANING_START.match(text):
        return None
    ends = [found.start() for found in _CUT.finditer(text) if _may_end(text[: found.start()])]
    whole = len(text.split()) <= 14 and _may_end(text[:-1])
    if not ends:
        return text if whole else None
    return f"{text[: pick(rng, ends)]}."


def _may_end(part: str) -> bool:
    finite = _FINITE.search(part)
    return (
        finite is not None
        and 4 <= len(part.split()) <= 18
        and (len(part) > finite.end() or finite.group(0).split()[-1] != part.split()[-1] or part.endswith("ed"))
        and _OPEN_END.search(part) is None
        and _TAIL.search(part) is None
        and not is_unsure(part[:1].lower() + part[1:])
        and _TOO_MUCH.search(part) is None
    )


def _opened(text: str) -> str:
    """Without a phrase of time or place in front, behind which a sentence stands."""
    rest = _FRONTED.sub("", text, count=1)
    return rest[:1].upper() + rest[1:]


def _answered(rng: random.Random, passage: str, part: str, far: Sequence[str]) -> Iterator[MadePair]:
    """Behind the passage a question about the part's subject, and that the answer is the subject, or somebody else."""
    found = _SUBJECT.match(part)
    if found is None:
        return
    who = found["who"].removeprefix("The ")
    asked = f"{pick(rng, ('What', 'Who or what'))} {found['rest']}?"
    templates = words_table("passages")["answers"]
    yield _pair(f"{passage} {asked}", pick(rng, templates).format(who), "answer", "entailment")
    others = [name for name in (*_NAME.findall(passage), *_spans(far)) if not _share(name, who)]
    if others:
        yield _pair(
            f"{passage} {asked}", pick(rng, templates).format(pick(rng, others)), "wrong answer", "not_entailment"
        )


def _altered(rng: random.Random, passage: str, part: str, far: Sequence[str]) -> str | None:
    """A name or figure of the statement, or its subject, exchanged for one from elsewhere or from the passage."""
    subject = _SUBJECT.match(part)
    own = [*_NAME.findall(part), *_FIGURE.findall(part), *([subject["who"]] if subject else [])]
    if not own:
        return None
    span = pick(rng, own)
    kind = _FIGURE if span[0].isdigit() else _NAME
    pool = _spans(far) if rng.random() < 0.25 else kind.findall(passage if rng.random() < 0.5 else " ".join(far))
    others = [other for other in pool if not _share(other, span) and other not in part]
    if not others or part.count(span) != 1:
        return None
    changed = part.replace(span, pick(rng, others))
    return None if changed[:-1] in passage else changed


def _spans(texts: Sequence[str]) -> list[str]:
    """Names, figures, and short ends of sentences: what might answer some question."""
    ends = [" ".join(text.rstrip(".").split()[-number:]) for number, text in enumerate(texts, start=1) if number < 6]
    return [*_NAME.findall(" ".join(texts)), *_FIGURE.findall(" ".join(texts)), *ends]


def _share(one: str, other: str) -> bool:
    return not _words(one).isdisjoint(_words(other))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{2,}", text.lower()))


def _pair(passage: str, claim: str, kind: str, label: str) -> MadePair:
    return MadePair(passage, claim, FAMILY, f"passages: {kind}", nli=label)
