"""A question and a candidate answer -> the statement that the answer makes, by rules; or None where none is sure.

"Where does Sarah work?" and "Google" become "Sarah works at Google." The rules are for plain English questions: who,
what, which, when, where, why and how, with one auxiliary or none; those that are answered by yes or no have rules of
their own. Everything else is left to a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from crossjudge.apps.closed_words import (
    ADVERBS,
    AUXILIARIES,
    BE,
    CONJUNCTIONS,
    DENIED,
    DETERMINERS,
    DO,
    HAVE,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
)
from crossjudge.apps.verbs import agreeing, inflected, is_base, is_finite, is_participle, place_preposition
from crossjudge.apps.yes_no import answer_of, yes_no_statement

ASKING = AUXILIARIES | DENIED.keys()
TIMES = {"time", "year", "day", "month", "date", "hour", "season", "century", "decade", "weekday"}
QUALITIES = {"color", "colour", "size", "shape", "age", "price", "name", "height", "length", "weight", "temperature",
             "speed", "job", "nationality", "title"}  # fmt: skip
MEASURES = {"old", "tall", "long", "high", "wide", "deep", "heavy", "big", "large", "far", "fast", "thick", "hot"}
DAYS = re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
CLOCK = re.compile(r"\b\d{1,2}(:\d\d|\s*(am|pm|a\.m\.|p\.m\.))|o'clock|\b(noon|midnight|dawn|dusk)\b", re.IGNORECASE)
DATE = re.compile(r"\b[A-Z][a-z]{2,8}\.? \d{1,2}(st|nd|rd|th)?\b(?!\d)|\b\d{1,2}(st|nd|rd|th)?( of)? [A-Z][a-z]+\b")
NO_PREPOSITION = re.compile(
    r"(last|next|this|every|yesterday|today|tomorrow|tonight|once|twice|here|there|when|never)\b", re.IGNORECASE
)


def statement(question: str, candidate: str) -> str | None:
    """The statement that `candidate` makes as an answer, with its full stop; None where no rule fits.

    A candidate that is a sentence already stays as it is.
    """
    answer = _unquoted(candidate)
    if _is_that_clause(answer):
        return None
    if is_sentence(answer):
        return _closed(answer)
    asked, yes_or_no = _Asked.read(question), answer_of(answer)
    if yes_or_no is not None:
        said = yes_no_statement(question, yes_or_no)
    elif asked is None or not answer:
        return None
    else:
        said = _said(asked, answer.rstrip("."))
    return None if said is None else _closed(said)


def is_sentence(text: str) -> bool:
    """Whether a text has a verb of its own after its first word.

    Of three words, a form of "be" or "have"; of two, one behind a pronoun.
    """
    words = [word.strip(".,;!") for word in text.split()]
    if len(words) == 2:
        return words[0].lower() in PRONOUNS and text.endswith(".") and _is_third_or_past(words[1])
    if len(words) < 3 or text.endswith("?"):
        return False
    starts = words[0][:1].isupper() or words[0].lower() in DETERMINERS | PRONOUNS
    if len(words) == 3:
        return starts and words[1].lower() in BE | HAVE
    # "The man who was late" is no sentence: the verb belongs to "who".
    return starts and any(
        (word.lower() in AUXILIARIES or _is_third_or_past(word)) and (place == 0 or before.lower() not in RELATIVES)
        for place, (before, word) in enumerate(pairwise(words[:-1]))
    )


def _is_that_clause(text: str) -> bool:
    """Whether a text goes on with what somebody says or knows: "that he was tired"."""
    first, second, *_ = [*text.lower().split(), "", ""]
    return first == "that" and second in PRONOUNS | DETERMINERS


def _is_third_or_past(word: str) -> bool:
    return word.islower() and is_finite(word) and not is_base(word)


def _unquoted(text: str) -> str:
    return " ".join(text.split()).strip("\"'“”")


def _closed(said: str) -> str:
    """First letter large, and a full stop at the end."""
    said = " ".join(said.split())
    said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "!")) else f"{said}."


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question taken apart: "In which year did the war end in Europe?"

    `before` (in), `word` (which), `kind` (year), `auxiliary` (did; "" where there is none), `rest` (the war end in
    Europe). `denied`: the auxiliary has a "not" (didn't).
    """

    before: str
    word: str
    kind: tuple[str, ...]
    auxiliary: str
    rest: tuple[str, ...]
    denied: bool = False

    @staticmethod
    def read(question: str) -> _Asked | None:
        """None for what is no open question of one clause."""
        words = tuple(question.strip().rstrip("?!. ").split())
        before = ""
        if len(words) > 2 and words[0].lower() in PREPOSITIONS and words[1].lower() in ("which", "what", "whom"):
            before, words = words[0].lower(), words[1:]
        if len(words) < 2 or words[0].lower() not in ("who", "whom", "what", "which", "when", "where", "why", "how"):
            return None
        word = words[0].lower()
        words = tuple(one.replace("’", "'") for one in words)
        place = next((n for n, one in enumerate(words[1:6], start=1) if one.lower() in ASKING), None)
        verb = next((n for n, one in enumerate(words[1:4], start=1) if one.islower() and is_finite(one)), None)
        if verb is not None and (place is None or verb < place):
            return _Asked(before, word, _small(words[1:verb]), "", words[verb:])
        if place is None or len(words) < place + 2:
            return None
        auxiliary, rest = words[place].lower(), words[place + 1 :]
        kind, denied = _small(words[1:place]), auxiliary in DENIED
        return _Asked(before, word, kind, DENIED.get(auxiliary, auxiliary), rest, denied)

    @property
    def is_about_time(self) -> bool:
        """When, what time, which year."""
        return self.word == "when" or (self.kind != () and self.kind[-1] in TIMES and self.word != "how")


def _small(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


def _said(asked: _Asked, answer: str) -> str | None:
    if _has_clause(asked):
        return None
    if asked.denied and asked.auxiliary in BE:
        return _denied(_said(replace(asked, denied=False), answer))
    if asked.auxiliary not in BE and not {"not", "never"}.isdisjoint(_small(asked.rest)):
        return None
    if asked.word == "how" and asked.kind and asked.kind[0] not in {"many", "much", "often", *MEASURES}:
        return None
    if asked.auxiliary == "":
        return _subject(asked, answer, asked.rest)
    if asked.auxiliary in BE:
        return _with_be(asked, answer)
    if asked.word in ("who", "what", "which") and _is_of_subject(asked):
        return _subject(asked, answer, (asked.auxiliary, *["not"] * asked.denied, *asked.rest))
    return _with_verb(asked, answer)


def _has_clause(asked: _Asked) -> bool:
    """Whether a clause of its own stands where the answer's place is not known for it.

    "Where was Anna when the war began?", but not "What did Anna do when the war began?", whose answer is by the verb.
    """
    is_placed = asked.word in ("when", "where", "why", "how") or asked.before != "" or asked.is_about_time
    return (is_placed or asked.auxiliary in BE) and not CONJUNCTIONS.isdisjoint(_small(asked.rest))


def _denied(said: str | None) -> str | None:
    """A statement with one form of "be", and "not" behind it; None of any other."""
    words = (said or "").split()
    places = [place for place, word in enumerate(words) if word in BE]
    return _joined(*words[: places[0] + 1], "not", *words[places[0] + 1 :]) if len(places) == 1 else None


def _is_of_subject(asked: _Asked) -> bool:
    """Whether what follows the question word is said of the answer: who can vote, who has a key."""
    if asked.auxiliary in HAVE and not any(map(is_participle, asked.rest)):
        return True
    if asked.denied and is_base(asked.rest[0]):
        return True  # who doesn't eat meat
    return asked.auxiliary not in DO and is_base(asked.rest[0])


def _subject(asked: _Asked, answer: str, predicate: tuple[str, ...]) -> str | None:
    """Who wrote it? -> ANSWER wrote it. How many people live there? -> ANSWER people live there."""
    if asked.word in ("when", "where", "why", "whom") or asked.before or predicate[0] in ("happened", "happens"):
        return None
    if asked.word == "how":
        return None if asked.kind[:1] != ("many",) else _joined(_counted(asked, answer), *predicate)
    verb, *after = predicate
    return _joined(answer, agreeing(verb, answer), *after)


def _counted(asked: _Asked, answer: str) -> str:
    """The number and what is counted, unless the answer says it: "four" -> "four dogs"."""
    noun = " ".join(asked.kind[1:])
    return answer if noun and noun.rstrip("s") in answer.lower() else _joined(answer, noun)


def _with_be(asked: _Asked, answer: str) -> str | None:
    verb, rest = asked.auxiliary, asked.rest
    if rest[0].lower() == "there":
        return _joined("there", verb, _counted(asked, answer), *rest[1:]) if asked.word == "how" else None
    split = _participle_place(rest)
    if asked.word == "who" or (asked.word in ("what", "which") and not asked.before and not asked.is_about_time):
        return _about_thing(asked, answer, split)
    end = len(rest) if split is None else split
    subject, after = rest[:end], rest[end:]
    if not subject or _is_impersonal(asked, subject, after):
        return None
    if asked.word == "how":
        return _measured(asked, answer, _joined(*subject, verb), after)
    placed = _placed(asked, answer, base="")
    return None if placed is None else _joined(*subject, verb, *after, placed)


def _is_impersonal(asked: _Asked, subject: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """How far is it to Rome? When is it? There "it" stands for no thing."""
    return subject[0].lower() == "it" and (len(subject) > 1 or (asked.is_about_time and not after))


def _participle_place(rest: tuple[str, ...]) -> int | None:
    """Where "the bridge first opened in" goes on after its subject: at the participle, or an adverb before it."""
    for place in range(0, len(rest)):
        if is_participle(rest[place]) and (place == 0 or rest[place - 1].lower() not in DETERMINERS):
            while place > 1 and (rest[place - 1].lower() in ADVERBS or rest[place - 1].endswith("ly")):
                place -= 1
            return place
    return None


def _about_thing(asked: _Asked, answer: str, split: int | None) -> str | None:
    """Who was elected? What is the capital? Which city is the capital? What is the dog eating?"""
    verb, rest = asked.auxiliary, asked.rest
    starts_with_name = rest[0].lower() in DETERMINERS | PRONOUNS or rest[0][:1].isupper()
    if starts_with_name and split and rest[split].endswith("ing"):
        return _joined(*rest[:split], verb, rest[split], _with_object(rest[split + 1 :], answer))
    if starts_with_name and split and rest[-1].lower() in PREPOSITIONS:
        return _joined(*rest[:split], verb, *rest[split:], answer)
    if split and rest[-1].lower() in ("called", "named"):
        return _joined(*rest[:-1], verb, rest[-1], answer)
    if asked.word == "who" and split is None and all(one[:1].isupper() for one in rest):
        return _joined(*rest, verb, answer)
    if asked.word == "who" or (asked.word == "which" and asked.kind):
        if rest[0].lower() in PRONOUNS:
            return _joined(*rest, verb, answer)
        return _joined(answer, agreeing(verb, answer), *rest)
    if asked.kind and asked.kind[-1] in QUALITIES:
        return _joined("the", *asked.kind, "of", *rest, verb, answer)
    if starts_with_name and split is None and not asked.kind:
        return _joined(*rest, verb, answer)
    return _joined(answer, agreeing(verb, answer), *rest)


def _measured(asked: _Asked, answer: str, clause: str, after: tuple[str, ...]) -> str | None:
    """How old is the tree? -> The tree is 90 years old."""
    if not asked.kind or asked.kind[0] in ("many", "often") or (asked.kind[0] == "old" and answer.isdigit()):
        return None
    measure = (
        "" if asked.kind[0] in answer.lower() or asked.kind[0] in ("much", "hot", "fast", "far") else asked.kind[0]
    )
    return _joined(clause, answer, measure, *after)


def _with_verb(asked: _Asked, answer: str) -> str | None:
    """What did Anna buy in Paris? -> Anna bought ANSWER in Paris."""
    place = _verb_place(asked)
    if place is None:
        return None
    subject, base, tail = asked.rest[:place], asked.rest[place].lower(), asked.rest[place + 1 :]
    if base == "do" and is_base(answer.split()[0]):
        # What does the queen do? -> The queen lays eggs.
        base, _, answer = answer.partition(" ")
    verb = f"{asked.auxiliary} not {base}" if asked.denied else _inflected(asked.auxiliary, base, subject)
    clause = _joined(*subject, verb)
    if asked.word == "how" and asked.kind[:1] == ("many",):
        return _joined(clause, _counted(asked, answer), *tail)
    if asked.word == "how":
        if not asked.kind:
            return None
        return _joined(clause, answer, *tail) if asked.kind[0] == "much" else _joined(clause, *tail, answer)
    if asked.word in ("when", "where", "why") or asked.before or asked.is_about_time:
        placed = _placed(asked, answer, base=base)
        return None if placed is None else _joined(clause, *tail, placed)
    return _joined(clause, _with_object(tail, answer))


def _with_object(tail: tuple[str, ...], answer: str) -> str:
    """What follows the verb: "in Paris" -> ANSWER in Paris, "for" -> for ANSWER."""
    return _joined(*tail, answer) if tail and tail[-1].lower() in PREPOSITIONS else _joined(answer, *tail)


def _verb_place(asked: _Asked) -> int | None:
    """The verb of "the show start at nine": the first that no determiner stands before."""
    fits = is_participle if asked.auxiliary in HAVE else is_base
    rest = asked.rest
    for place in range(1, len(rest)):
        if fits(rest[place]) and rest[place].islower() and rest[place - 1].lower() not in DETERMINERS | {"to"}:
            return place
    return 1 if len(rest) == 2 and asked.auxiliary in DO else None


def _inflected(auxiliary: str, base: str, subject: tuple[str, ...]) -> str:
    if auxiliary not in DO or subject[-1].lower() in ADVERBS:
        return f"{auxiliary} {base}"
    return inflected(auxiliary, base)


def _placed(asked: _Asked, answer: str, *, base: str) -> str | None:
    """The answer with the word that ties it to its clause: in 1991, at 7:30 PM, because it rained."""
    first = answer.split()[0].lower()
    if first in PREPOSITIONS or NO_PREPOSITION.match(answer):
        return answer
    if asked.before:
        return f"{asked.before} {answer}"
    if asked.is_about_time:
        return f"{_time_preposition(answer)} {answer}"
    if asked.word == "why":
        return f"because {answer}"
    return f"{place_preposition(base)} {answer}" if asked.word == "where" else None


def _time_preposition(answer: str) -> str:
    if CLOCK.search(answer):
        return "at"
    return "on" if DAYS.search(answer) or DATE.search(answer) else "in"


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
