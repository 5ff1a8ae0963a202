"""A yes-or-no question and its answer -> the statement that the answer makes, by rules; or None where none is sure.

"Does the museum open on Monday?" and "no" become "The museum does not open on Monday." What has to be known is where
the subject ends: at a verb, a participle, an adjective that is listed, or, behind a noun, at a determiner or
preposition.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from crossjudge.apps.closed_words import ADVERBS, BE, DETERMINERS, DO, HAVE, OTHER_AUXILIARIES, PREPOSITIONS, PRONOUNS
from crossjudge.apps.verbs import inflected, is_base, is_participle, is_predicate

YES, NO = "yes", "no"
_ONLY_ASKED = {"any", "ever", "yet"}
"""Words of questions and denials, which an affirmation does without."""
_NEVER_SUBJECTS = {*_ONLY_ASKED, "anyone", "anybody", "anything"}
_ALL = {"all", "every", "each", "both"}
_NO_THING = {"going", "supposed", "the", "this", "that", "no", "not"}
"""What "there" is followed by where the rule for things does not hold."""
_SUBJECT_LENGTH = 6
"""Longer subjects are clauses more often than not."""


def answer_of(candidate: str) -> str | None:
    """YES or NO if a candidate says no more than that."""
    word = re.sub(r"[\W_]+", "", candidate).casefold()
    return word if word in (YES, NO) else None


def yes_no_statement(question: str, answer: str) -> str | None:
    """`answer`: YES or NO. The statement without its full stop; None where no rule is sure."""
    words = question.strip().rstrip("?!. ").split()
    if len(words) < 3 or "," in question or ";" in question:
        return None
    auxiliary, rest = words[0].lower(), words[1:]
    if auxiliary in BE and rest[0].lower() == "there":
        return _there(auxiliary, rest[1:], answer)
    end = _subject_end(auxiliary, rest)
    if end is None or not 0 < end <= _SUBJECT_LENGTH or {word.lower() for word in rest[:end]} & _NEVER_SUBJECTS:
        return None
    subject, predicate = rest[:end], rest[end:]
    if answer == YES:
        return _affirmed(subject, auxiliary, predicate)
    if subject[0].lower() in _ALL:
        said = _affirmed(subject, auxiliary, predicate)
        return said and f"not {said}"
    denied = ("cannot",) if auxiliary == "can" else (auxiliary, "not")
    return " ".join([*subject, *denied, *predicate])


def _affirmed(subject: list[str], auxiliary: str, predicate: list[str]) -> str | None:
    predicate = [word for word in predicate if word.lower() not in _ONLY_ASKED]
    if not predicate:
        return None
    if auxiliary in DO:
        return " ".join([*subject, inflected(auxiliary, predicate[0].lower()), *predicate[1:]])
    return " ".join([*subject, auxiliary, *predicate])


def _there(verb: str, rest: list[str], answer: str) -> str | None:
    """Is there a pool? -> There is a pool; there is no pool."""
    first = rest[0].lower()
    if first in _NO_THING:
        return None
    if answer == NO:
        rest = rest[1:] if first in {"a", "an", "any"} else rest
        return " ".join(["there", verb, "no", *rest]) if rest else None
    return " ".join(["there", verb, *(rest[1:] if first == "any" else rest)])


def _subject_end(auxiliary: str, rest: list[str]) -> int | None:
    """The place of the first word of the predicate."""
    if rest[0].lower() in PRONOUNS:
        return 1
    if auxiliary in BE:
        return _predicate_place(rest)
    if auxiliary in HAVE:
        return _verb_place(rest, lambda word: is_participle(word) or word == "been")
    return _verb_place(rest, is_base) if auxiliary in DO | OTHER_AUXILIARIES else None


def _verb_place(rest: list[str], fits: Callable[[str], bool]) -> int | None:
    """The first word that fits and neither determiner nor preposition stands before; with an adverb, its place."""
    for place in range(1, len(rest)):
        before = rest[place - 1].lower()
        if rest[place].islower() and fits(rest[place]) and before not in DETERMINERS | PREPOSITIONS:
            return place - 1 if before in ADVERBS and place > 1 else place
    return None


def _predicate_place(rest: list[str]) -> int | None:
    """Behind "is": where the noun of the subject has been said, and something else begins."""
    start = 1 if rest[0].lower() in DETERMINERS else 0
    for place in range(start + 1, len(rest)):
        word, before = rest[place].lower(), rest[place - 1].lower()
        if before in PREPOSITIONS | {"and", "or"} or word in ("of", "and", "or"):
            continue  # within a phrase that the subject goes on with
        if word in PREPOSITIONS or word in DETERMINERS:
            return place if _goes_on_plainly(rest[place + 1 :], behind=word) else None
        if is_predicate(word) or (is_participle(word) and rest[place].islower()):
            return place - 1 if before in ADVERBS and place - 1 > start else place
    return None


def _goes_on_plainly(rest: list[str], *, behind: str) -> bool:
    """Whether no second predicate follows: "the man | in the car | happy", "the film | a quiet place | based on".

    Where one does, it is not sure where the subject ends.
    """
    for before, word, after in zip([behind, *rest], rest, [*rest[1:], ""], strict=False):
        small = word.lower()
        if small in DETERMINERS and before.lower() not in PREPOSITIONS:
            return False
        is_noun_phrase = before.lower() in DETERMINERS or (after.islower() and after not in PREPOSITIONS | {""})
        if is_predicate(small) and not is_noun_phrase:
            return False
        if is_participle(small) and word.islower() and after.lower() in PREPOSITIONS:
            return False
    return True
