"""Real sentences edited by rules that are safe on them: the verb denied, a figure changed, two names exchanged."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.figures import in_words
from crossjudge.training.augmentation.made import MadePair

_AUXILIARY = re.compile(r" (is|was|are|were|will|can|could|would|may|must|(?:has|had)(?= been | [a-z]+ed )) (?=[a-z])")
_SCOPES = (
    "not no never none nobody nothing neither nor without all every each any some many most few several only both "
    "either also too if unless because although though while when whether that which who whom whose where what "
    "but and or as than until before after since so still yet already just even mostly often sometimes usually "
    "always said says believed thought claimed argued suggested reported to hardly rarely about approximately "
    "around least more less how why there"
)
"""Words that open another clause, or whose meaning a denial of the verb would change."""
_UNSAFE_TO_DENY = re.compile(rf"\b(?:{'|'.join(_SCOPES.split())})\b|[,;:()\"?!'\u2019]", re.IGNORECASE)
_AFTER_AUXILIARY = re.compile(
    r"(?:a|an|the|located|born|made|known|used|found|built|in|on|at|from|one|part|named|called)\b"
)
_IT_IS_NOT_SO = ("It is not true that", "It is not the case that", "It is false that", "It is incorrect that")
_OPENING = re.compile(r"(The|A|An|It|He|She|They|This|These|In|On|At|His|Her|Its|Their)\b")
_UNCLEAR_OPENING = re.compile(
    r"(?:Another|Other|Much|Equally|Such|One|Further|More|Most|Some|Among|Of|Also|Here|There)\b"
)
_ENDS_WHOLE = re.compile(r"\b[\w\-]{3,}\.$")
"""A sentence cut off at an abbreviation ends in an initial."""
_LENGTHS = range(5, 29)
"""Words that a sentence may have to be edited."""


def edited(
    rng: random.Random, sentences: Sequence[str], rule: Callable[[random.Random, str], MadePair | None]
) -> Iterator[MadePair]:
    """One pair from each sentence that the rule applies to, in random order; then no more."""
    for text in rng.sample(sentences, len(sentences)):
        made = rule(rng, text)
        if made is not None:
            yield made


def negated_sentence(rng: random.Random, text: str) -> MadePair | None:
    """The sentence and its denial, or two sentences that say the same with a denial; None where no rule is safe."""
    match = _single_auxiliary(text) if _is_whole(text) and not _UNCLEAR_OPENING.match(text) else None
    if match is None or match[1] in ("may", "must"):
        return None
    denied = f"{text[: match.end(1)]} not {text[match.end(1) + 1 :]}"
    if match[1] == "can":
        denied = denied.replace(" can not ", " cannot ")
    inner = _opened(text)
    luck = rng.random() if _OPENING.match(text) else 0.0
    if luck < 0.45:
        pair, kind, label = (text, denied), "sentence_denied", "contradiction"
    elif luck < 0.6:
        pair, kind, label = (f"{pick(rng, _IT_IS_NOT_SO)} {inner}", denied), "sentence_not_true", "entailment"
    elif luck < 0.75:
        pair, kind, label = (
            (text, f"{pick(rng, _IT_IS_NOT_SO)} {_opened(denied)}"),
            "sentence_not_true_that_not",
            "entailment",
        )
    elif luck < 0.9:
        pair, kind, label = (text, f"It is not false that {inner}"), "sentence_not_false", "entailment"
    else:
        pair, kind, label = (text, f"{pick(rng, _IT_IS_NOT_SO)} {inner}"), "sentence_against_not_true", "contradiction"
    return _made(rng, "negation", kind, pair, label)


def _made(rng: random.Random, family: str, kind: str, texts: tuple[str, str], label: str) -> MadePair:
    """The pair in either order: each of these labels holds in both directions."""
    first, second = texts if rng.random() < 0.5 else texts[::-1]
    return MadePair(
        text_a=first,
        text_b=second,
        family=family,
        kind=kind,
        nli=label,
        duplicate=label == "entailment",
        hedged=False,
        weakened=False,
    )


def _single_auxiliary(text: str) -> re.Match[str] | None:
    """The finite verb of a simple sentence; None if it may have more clauses, or a word whose scope would change."""
    if _UNSAFE_TO_DENY.search(text):
        return None
    found = list(_AUXILIARY.finditer(text))
    return found[0] if len(found) == 1 and _AFTER_AUXILIARY.match(text, found[0].end()) else None


def _opened(text: str) -> str:
    """The sentence as it stands inside another: its first word in lower case if it is an article or a pronoun."""
    return _OPENING.sub(lambda found: found[1].lower(), text, count=1) if _OPENING.match(text) else text


def _is_whole(text: str) -> bool:
    return len(text.split()) in _LENGTHS and _ENDS_WHOLE.search(text) is not None


# ------------------------------------------------------------------------------------------------------------- figures

_COUNT = re.compile(
    r"(?<= )(?:of|for|with|has|had|have|in|the|were|are|than|about|over|won|to) (\d{1,2})(?= [a-z]{4,})"
)
_YEAR = re.compile(r"\b[Ii]n (1[0-9]{3}|20[0-2][0-9])(?=[ ,.])")
DONE_ONCE = re.compile(
    r"\b(?:founded|built|born|opened|established|created|elected|discovered|completed|died|killed|launched|invented|"
    r"signed|incorporated|formed|adopted|destroyed|demolished|introduced|abolished|married|constructed|inaugurated|ratified)\b"
)
"""What is done once, so that it was done in one year alone."""
_MONTHS = frozenset(
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)


def renumbered_sentence(rng: random.Random, text: str) -> MadePair | None:
    """The sentence with its year changed, or with a small count spelled out; None where no rule is safe."""
    if not _is_whole(text) or '"' in text or "(" in text:
        return None
    count = _COUNT.search(text)
    if count is not None and 2 <= int(count[1]) <= 99 and rng.random() < 0.5:
        spelled = f"{text[: count.start(1)]}{in_words(int(count[1]))}{text[count.end() :]}"
        pair, kind, label = (text, spelled), "sentence_count_in_words", "entailment"
    else:
        changed = _with_another_year(rng, text)
        if changed is None:
            return None
        pair, kind, label = (text, changed), "sentence_other_year", "contradiction"
    return _made(rng, "numbers", kind, pair, label)


def _with_another_year(rng: random.Random, text: str) -> str | None:
    years = list(_YEAR.finditer(text))
    if len(years) != 1 or not DONE_ONCE.search(text):
        return None
    other = int(years[0][1]) - pick(rng, (1, 2, 3, 10, 20)) * (
        1 if int(years[0][1]) > 2000 or rng.random() < 0.5 else -1
    )
    return f"{text[: years[0].start(1)]}{other}{text[years[0].end(1) :]}"


# --------------------------------------------------------------------------------------------------------------- names

_NAME = r"[A-Z][a-z]+"
_MOVED = re.compile(
    r"\b(?:moved|flew|travell?ed|transferred|sailed|marched|went|came|escorted|sent|shipped|relocated|returned|emigrated|"
    r"drove|walked|rode|fled|retreated|deported|brought|exported|migrated|advanced|journeyed|commuted)\b"
)
"""Without one of these, "from A to B" may be a stretch, which is the same from B to A."""
_FROM_TO = re.compile(rf"(?<=[a-z]) (from) ({_NAME}) (to) ({_NAME})(?= [a-z]|[.,])")
_LISTED = re.compile(
    rf"(?<=[a-z] )(?:in|between|include|includes|including|such as|visited) ({_NAME}) and ({_NAME})"
    r"(?=\.| (?:in|on|at|for|from|to|were|are|have|with|by|during)\b)"
)
"""Names behind a word after which a name begins: "the United States and Canada" is not taken apart."""


def turned_sentence(rng: random.Random, text: str) -> MadePair | None:
    """The sentence with "from A to B" reversed, or with "A and B" listed the other way about; None without either."""
    if not _is_whole(text) or '"' in text:
        return None
    route, listed = _FROM_TO.search(text), _LISTED.search(text)
    if route is not None and _MOVED.search(text) and not _MONTHS.intersection((route[2], route[4])):
        turned = f"{text[: route.start()]} from {route[4]} to {route[2]}{text[route.end() :]}"
        kind, label = "sentence_route_reversed", "contradiction"
    elif listed is not None and "respectively" not in text:
        turned = f"{text[: listed.start(1)]}{listed[2]} and {listed[1]}{text[listed.end() :]}"
        kind, label = "sentence_names_listed", "entailment"
    else:
        return None
    return _made(rng, "roles", kind, (text, turned), label)
