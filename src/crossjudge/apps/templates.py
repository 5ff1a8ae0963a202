"""A template and what is put into it, so that the hypothesis is one a person would write."""

from __future__ import annotations

import re

from crossjudge.apps.statements import is_sentence

_ARTICLE = re.compile(r"\b(?P<a>[Aa])n?(?P<blank>\s+)\{\}")
_NAME_OF_CODE = re.compile(r"[^\W_]+(?:_+[^\W_]+)+")
# Vowels that are spoken as consonants, and the other way round.
_AFTER_A = re.compile(r"(?:eu|ewe|one\b|once\b|ubiq|unanim|uni(?!n|m|d)|us[aeiu]|ut[ei]|ur[aeio]|ufo)", re.IGNORECASE)
_AFTER_AN = re.compile(r"(?:[aeiou]|heir|hono|hour|honest)", re.IGNORECASE)
_SPELLED = re.compile(r"[A-Z][A-Z0-9]*\b|[A-Z]-")
_SPELLED_AFTER_AN = frozenset("AEFHILMNORSX")


def fill(template: str, words: str) -> str:
    """`template` with `words` at its `{}`: "a" or "an" before them agrees with their sound, no stop stands twice."""
    words = words.strip()
    fitted = _ARTICLE.sub(lambda found: f"{_article(found['a'], words)}{found['blank']}{{}}", template)
    before, _, after = fitted.partition("{}")
    return before + (words.rstrip(".") if after[:1] in (".", "!", "?") else words) + after


def stated(template: str, label: str) -> str:
    """What is asked for a label.

    A whole sentence with its full stop is asked as it stands; anything else in the template, names as code spells them
    without their underscores ("late_delivery").
    """
    label = label.strip()
    if label.endswith(".") and is_sentence(label):
        return label
    return fill(template, _NAME_OF_CODE.sub(lambda found: re.sub("_+", " ", found.group()), label))


def _article(given: str, following: str) -> str:
    """ "a" or "an", whichever `following` asks for, as large as the one that was given."""
    if _SPELLED.match(following):
        asks_for_an = following[0] in _SPELLED_AFTER_AN
    else:
        asks_for_an = bool(_AFTER_AN.match(following)) and not _AFTER_A.match(following)
    return f"{given}n" if asks_for_an else given
