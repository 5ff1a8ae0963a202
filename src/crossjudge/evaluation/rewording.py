"""Changes that keep a text's meaning, by rule: case, white space, punctuation, quotes, contractions, synonyms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

CONTRACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "cannot": "can't",
        "will not": "won't",
        **{
            f"{verb} not": f"{verb}n't"
            for verb in (
                "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "could", "would", "should",
                "must",
            )
        },
    }
)  # fmt: skip
"""Full form -> contraction, lower case. Only negations: each means the same wherever it stands, as "it's" does not."""

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        **{
            word: str(number)
            for number, word in enumerate(
                ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2
            )
        },
        "until": "till",
        "although": "even though",
        "nobody": "no one",
        "everyone": "everybody",
        "someone": "somebody",
        "anyone": "anybody",
        "perhaps": "maybe",
    }
)
"""Word -> what says the same wherever it stands, lower case."""

_FULL_FORMS = {short: full for full, short in CONTRACTIONS.items()}
_CONTRACTED = re.compile(rf"\b({'|'.join(_FULL_FORMS)})\b".replace("'", "['\u2019]"), re.IGNORECASE)
_FULL = re.compile(rf"\b({'|'.join(full.replace(' ', ' +') for full in CONTRACTIONS)})\b", re.IGNORECASE)
# Not in "twenty-two", "two-thirds", "two thirds" or "two hundred", of which the word is only a part.
_SYNONYM = re.compile(
    rf"(?<![\w-])({'|'.join(SYNONYMS)})(?![\w-]| (?:hundred|thousand|million|billion|dozen|\w+(?:ths|rds)|quarters))",
    re.IGNORECASE,
)
_ACRONYM = re.compile(r"\b[^\W\d_]*[A-Z][^\W\d_]*[A-Z]\w*\b|\bI\b")
_LAST_STOP = re.compile(r"(?<![.])\.\s*$")
_ENDS_OPEN = re.compile(r"[\w)%]\s*$")
_STRAIGHT = str.maketrans({"'": "\u2019"})
_CURLY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Rewording:
    """One rule. `change` gives a text as it was where the rule has nothing to change."""

    name: str
    description: str
    change: Callable[[str], str]


def lower_case(text: str) -> str:
    """All in lower case, but for acronyms and "I", which lower case can turn into other words (US, us)."""
    kept = {found.span(): found.group() for found in _ACRONYM.finditer(text)}
    letters = list(text.lower()) if len(text.lower()) == len(text) else list(text)
    for (start, end), word in kept.items():
        letters[start:end] = word
    return "".join(letters)


def white_space(text: str) -> str:
    """Two spaces for one, and a space at either end."""
    return f" {re.sub(r' ', '  ', text)} "


def last_stop(text: str) -> str:
    """Without the full stop at the end; with one where the text just ends."""
    if _LAST_STOP.search(text):
        return _LAST_STOP.sub("", text)
    return f"{text.rstrip()}." if _ENDS_OPEN.search(text) else text


def quotes(text: str) -> str:
    """Typographic quotes and apostrophes for straight ones, or straight ones where they are typographic."""
    straight = text.translate(_CURLY)
    if straight != text:
        return straight
    return _QUOTED.sub("\u201c\\1\u201d", text).translate(_STRAIGHT)


def contractions(text: str) -> str:
    """ "does not" as "doesn't", or the other way about where the text contracts already.

    In a question nothing is spelled out: "isn't it" would become "is not it".
    """
    spelled = text if "?" in text else _CONTRACTED.sub(_spelled_out, text)
    return spelled if spelled != text else _FULL.sub(_contracted, text)


def synonyms(text: str) -> str:
    """With words exchanged for `SYNONYMS`: "2" for "two", "till" for "until"."""
    return _SYNONYM.sub(lambda found: _in_case_of(found.group(), SYNONYMS[found.group().lower()]), text)


def _spelled_out(found: re.Match[str]) -> str:
    return _in_case_of(found.group(), _FULL_FORMS[found.group().lower().replace("\u2019", "'")])


def _contracted(found: re.Match[str]) -> str:
    return _in_case_of(found.group(), CONTRACTIONS[re.sub(" +", " ", found.group().lower())])


def _in_case_of(model: str, word: str) -> str:
    """`word` in capitals, capitalised or in lower case, as `model` is."""
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word


REWORDINGS: tuple[Rewording, ...] = (
    Rewording("case", "in lower case, acronyms left as they are", lower_case),
    Rewording("white_space", "with two spaces for one, and one at either end", white_space),
    Rewording("last_stop", "with the last full stop left out, or added where there is none", last_stop),
    Rewording("quotes", "with typographic quotes and apostrophes for straight ones, or the reverse", quotes),
    Rewording("contractions", "with negations contracted (does not, doesn't), or the reverse", contractions),
    Rewording("synonyms", "with other words that say the same (two, 2; until, till)", synonyms),
)
