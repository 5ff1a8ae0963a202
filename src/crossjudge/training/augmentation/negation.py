"""Pairs in which one text denies: not, never, without, fail to, nobody, neither, antonyms; and denials that agree."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from crossjudge.training.augmentation.clauses import (
    Clause,
    Tense,
    draw_clause,
    draw_name,
    draw_place,
    draw_subject,
    pick,
    pick_other,
)
from crossjudge.training.augmentation.contexts import Contrast, apart, opposed, same, staged, stronger
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.plain_sentences import edited, negated_sentence
from crossjudge.training.augmentation.vocabulary import Act, Domain, Quality, vocabulary, words_table
from crossjudge.training.augmentation.written import draw_written

FAMILY = "negation"
_TENSES: tuple[Tense, ...] = (
    "past",
    "past",
    "past",
    "perfect",
    "future",
    "past_perfect",
    "present",
    "past_progressive",
)
_TENSES_OF_NEVER: tuple[Tense, ...] = ("past", "perfect", "present", "future", "past_perfect")
_BE = {"past": ("was", "were"), "present": ("is", "are")}
_SHARE_OF_SENTENCES, _SHARE_OF_QUALITIES, _SHARE_OF_WRITTEN = 0.12, 0.22, 0.22


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: templates, and `sentences` with their verb denied."""
    real = edited(rng, sentences, negated_sentence)

    def draw_contrast(luck: float, domain: Domain) -> Contrast:
        if luck < _SHARE_OF_SENTENCES + _SHARE_OF_QUALITIES:
            return _of_quality(rng)
        if luck < _SHARE_OF_SENTENCES + _SHARE_OF_QUALITIES + _SHARE_OF_WRITTEN:
            return draw_written(rng, FAMILY, domain)
        return pick(rng, _RULES)(rng, domain)

    return staged(rng, FAMILY, real, _SHARE_OF_SENTENCES, draw_contrast)


# -------------------------------------------------------------------------------------------------------- of one clause


def _plain_not(rng: random.Random, domain: Domain) -> Contrast:
    clause, tense, passive = _clause_in_tense(rng, domain)
    return opposed("not", clause.say(tense, passive=passive), _denied(rng, clause, tense, passive))


def _contraction(rng: random.Random, domain: Domain) -> Contrast:
    clause, tense, passive = _clause_in_tense(rng, domain)
    full = clause.say(tense, passive=passive, negative=True)
    return same("contraction", full, clause.say(tense, passive=passive, negative=True, contracted=True))


def _never(rng: random.Random, domain: Domain) -> Contrast:
    clause, tense = _without_time(rng, domain), pick(rng, _TENSES_OF_NEVER)
    never = clause.say(tense, adverb="never")
    denied = _denied(rng, clause, tense, passive=False)
    if rng.random() < 0.6:
        return opposed("never", clause.say(tense), never)
    if tense in ("perfect", "past_perfect"):
        return same(
            "never_not_once",
            never,
            clause.say(tense, negative=True, adverb="once").replace(" not once ", " not even once "),
        )
    return stronger("never_entails_not", never, denied)


def _agent_of(rng: random.Random, domain: Domain) -> Clause:
    """A clause of something that people try to do."""
    while True:
        clause = draw_clause(rng, domain)
        if clause.verb.base.split()[0] not in _unwilled():
            return clause


def _failed(rng: random.Random, domain: Domain) -> Contrast:
    clause = _agent_of(rng, domain)
    done, infinitive = clause.say(), _infinitive(clause)
    failed = f"{clause.subject.text} {pick(rng, ('failed', 'neglected', 'omitted'))} to {infinitive}"
    if rng.random() < 0.5:
        return same("failed_is_did_not", failed, _denied(rng, clause, "past", passive=False))
    return opposed("failed_to", done, failed)


def _refused(rng: random.Random, domain: Domain) -> Contrast:
    clause = _agent_of(rng, domain)
    be = "were" if clause.subject.plural else "was"
    how = pick(
        rng,
        (
            "refused to",
            "declined to",
            f"{be} not able to",
            "forgot to",
            "could not",
            "did not manage to",
            f"{be} prevented from",
        ),
    )
    what = _gerund(clause) if how.endswith("from") else _infinitive(clause)
    kept = f"{clause.subject.text} {how} {what}"
    if rng.random() < 0.5:
        return opposed("refused_to", clause.say(), kept)
    return stronger("refused_entails_not", kept, _denied(rng, clause, "past", passive=False))


def _double_negation(rng: random.Random, domain: Domain) -> Contrast:
    clause = _agent_of(rng, domain)
    done, denied = clause.say(), _denied(rng, clause, "past", passive=False)
    luck = rng.random()
    if luck < 0.25:
        return same("did_not_fail", done, f"{clause.subject.text} did not fail to {_infinitive(clause)}")
    if luck < 0.5:
        return same("not_true_that_not", done, f"{pick(rng, _IT_IS_NOT_SO)} {denied}")
    if luck < 0.75:
        return same("not_true_that", f"{pick(rng, _IT_IS_NOT_SO)} {done}", denied)
    return opposed("did_not_fail_against_not", f"{clause.subject.text} did not fail to {_infinitive(clause)}", denied)


def _in_that_clause(rng: random.Random, domain: Domain) -> Contrast:
    clause, person = draw_clause(rng, domain), draw_name(rng)
    done, denied = clause.say(), _denied(rng, clause, "past", passive=False)
    luck = rng.random()
    if luck < 0.3:
        knew = pick(
            rng, ("proved that", "found out that", "was sorry that", "knew that", "was glad that", "overlooked that")
        )
        if rng.random() < 0.5:
            return opposed("factive_that_not", f"{person} {knew} {done}", f"{person} {knew} {denied}")
        return stronger("factive_entails_not", f"{person} {knew} {denied}", denied)
    if luck < 0.5:
        return opposed("confirmed_denied", f"{person} confirmed that {done}", f"{person} denied that {done}")
    if luck < 0.7:
        return apart("did_not_say", f"{person} did not say that {done}", f"{person} said that {denied}", definite=False)
    if luck < 0.85:
        return same("claim_untrue", f"the claim that {done} is untrue", denied)
    return opposed("because_not", f"{person} stayed because {done}", f"{person} stayed because {denied}")


def _condition(rng: random.Random, domain: Domain) -> Contrast:
    clause, person = _without_time(rng, domain), draw_name(rng)
    result = f"{person} will {pick(rng, words_table(FAMILY)['results'])}"
    does, denied = clause.say("present"), _denied(rng, clause, "present", passive=False)
    if rng.random() < 0.5:
        return same("unless_if_not", f"unless {does}, {result}", f"if {denied}, {result}", definite=False)
    return apart("if_against_if_not", f"if {does}, {result}", f"if {denied}, {result}", definite=False)


# ---------------------------------------------------------------------------------------------- of who, and of two acts


def _nobody(rng: random.Random, domain: Domain) -> Contrast:
    clause = draw_clause(rng, domain)
    rest = clause.say().removeprefix(clause.subject.text)
    nobody, luck = f"{pick(rng, ('nobody', 'no one', 'not a single person'))}{rest}", rng.random()
    if luck < 0.3:
        return opposed(
            "nobody_against_somebody", nobody, f"{pick(rng, ('somebody', 'someone', 'at least one person'))}{rest}"
        )
    if luck < 0.6:
        return opposed("nobody_against_one", nobody, clause.say())
    if luck < 0.85:
        return stronger("nobody_entails_not", nobody, _denied(rng, clause, "past", passive=False))
    return same(
        "nobody_is_no_one", f"nobody{rest}", f"{pick(rng, ('no one', 'not a single person', 'not one person'))}{rest}"
    )


def _none_of(rng: random.Random, domain: Domain) -> Contrast:
    group = pick(rng, domain.groups)
    clause = draw_clause(rng, domain)
    rest = clause.say().removeprefix(clause.subject.text)
    none, bare, luck = f"none of {group.text}{rest}", group.text.removeprefix("the "), rng.random()
    if luck < 0.3:
        return opposed(
            "none_against_some", none, f"{pick(rng, ('some', 'most', 'all', 'several', 'two'))} of {group.text}{rest}"
        )
    if luck < 0.6:
        return same("none_is_not_one", none, f"{pick(rng, ('not one', 'not a single one'))} of {group.text}{rest}")
    if luck < 0.8:
        return stronger("none_entails_not_all", none, f"not all of {group.text}{rest}")
    return opposed("no_against_some", f"no {bare}{rest}", f"some {bare}{rest}")


def _nothing(rng: random.Random, domain: Domain) -> Contrast:
    clause = draw_clause(rng, domain)
    nothing = f"{clause.subject.text} {clause.verb.past} nothing{clause.tail}"
    luck = rng.random()
    if luck < 0.35:
        return opposed("nothing_against_something", nothing, clause.say())
    if luck < 0.7:
        return stronger("nothing_entails_not", nothing, _denied(rng, clause, "past", passive=False))
    return same(
        "nothing_is_not_anything", nothing, f"{clause.subject.text} did not {clause.verb.base} anything{clause.tail}"
    )


def _neither_who(rng: random.Random, domain: Domain) -> Contrast:
    first, act = draw_subject(rng, domain).text, pick(rng, domain.acts)
    second = _other_subject(rng, domain, first)
    base, past = _infinitive_of(rng, act)
    neither, luck = f"neither {first} nor {second} {past}", rng.random()
    if luck < 0.25:
        return opposed("neither_against_both", neither, f"both {first} and {second} {past}")
    if luck < 0.5:
        return opposed("neither_against_one", neither, f"{pick(rng, (first, second))} {past}")
    if luck < 0.75:
        return stronger("neither_entails_not", neither, f"{pick(rng, (first, second))} did not {base}")
    return same("neither_is_not_and_not", neither, f"{first} did not {base}, and neither did {second}")


def _two_acts(rng: random.Random, domain: Domain) -> Contrast:
    who, act = draw_subject(rng, domain).text, pick(rng, domain.acts)
    (base, past), (base2, past2) = _infinitive_of(rng, act), _infinitive_of(rng, pick_other(rng, domain.acts, act))
    neither, but = f"{who} neither {past} nor {past2}", f"{who} {past} but did not {base2}"
    rows = (
        opposed("neither_nor_against_and", neither, f"{who} {past} and {past2}"),
        stronger("neither_nor_entails_not", neither, f"{who} did not {base2}"),
        same("neither_nor_is_not_and_not", neither, f"{who} did not {base} and did not {base2} either"),
        opposed("neither_nor_against_but", neither, but),
        stronger("but_not_entails_did", but, f"{who} {past}"),
        stronger("but_not_entails_not", but, f"{who} did not {base2}"),
        opposed("but_not_turned_round", but, f"{who} {past2} but did not {base}"),
        opposed("but_not_against_both", but, f"{who} {past} and {past2}"),
        apart("another_act_denied", f"{who} {past}", f"{who} did not {base2}"),
        apart("two_denials", f"{who} did not {base}", f"{who} did not {base2}"),
        same("although_not", but, f"although {who} {past}, {who} did not {base2}"),
        same(
            "order_of_denials", f"{who} did not {base} and did not {base2}", f"{who} did not {base2} and did not {base}"
        ),
    )
    return pick(rng, rows)


def _without_doing(rng: random.Random, domain: Domain) -> Contrast:
    clause = draw_clause(rng, domain, tail=False)
    act = pick_other(rng, domain.acts, next(act for act in domain.acts if act.verb == clause.verb))
    thing = pick(rng, act.objects).text
    without = f"{clause.say()} without {act.verb.gerund} {thing}"
    who, luck = clause.subject.text, rng.random()
    if luck < 0.3:
        return opposed("without_against_and", without, f"{clause.say()} and {act.verb.past} {thing}")
    if luck < 0.6:
        return same("without_is_and_not", without, f"{clause.say()} and did not {act.verb.base} {thing}")
    if luck < 0.8:
        return stronger("without_entails_did", without, clause.say())
    return stronger("without_entails_not", without, f"{who} did not {act.verb.base} {thing}")


def _another(rng: random.Random, domain: Domain) -> Contrast:
    clause = draw_clause(rng, domain)
    who = _other_subject(rng, domain, clause.subject.text)
    rest = clause.say(negative=True).removeprefix(clause.subject.text)
    return apart("somebody_else_did_not", clause.say(), f"{who}{rest}")


def _not_there(rng: random.Random, domain: Domain) -> Contrast:
    clause, place = draw_clause(rng, domain, tail=False), f" {pick(rng, domain.places)}"
    denied = clause.say(negative=True)
    if rng.random() < 0.5:
        return stronger("not_at_all_entails_not_there", f"{denied} at all", f"{denied}{place}")
    return apart(
        "not_there_against_elsewhere",
        f"{denied}{place}",
        f"{clause.say()} {pick(rng, ('elsewhere', 'somewhere else'))}",
    )


_RULES: tuple[Callable[[random.Random, Domain], Contrast], ...] = (
    _plain_not, _plain_not, _contraction, _never, _failed, _refused, _double_negation, _in_that_clause, _condition,
    _nobody, _none_of, _nothing, _neither_who, _two_acts, _two_acts, _two_acts, _without_doing, _another, _another,
    _not_there,
)  # fmt: skip
_IT_IS_NOT_SO = (
    "it is not true that",
    "it is not the case that",
    "it is false that",
    "it is wrong that",
    "it is untrue that",
)


# --------------------------------------------------------------------------------------------------------- of a quality


def _of_quality(rng: random.Random) -> Contrast:
    quality = pick(rng, vocabulary().qualities)
    thing = pick(rng, quality.things)
    tense = pick(rng, ("past", "past", "present"))
    be = _BE[tense][thing.plural]
    if rng.random() < 0.12 and thing.text.startswith("the ") and " of " not in thing.text:
        here, there = (f"{thing.text} in {town} {be}" for town in rng.sample(vocabulary().lists["town"], 2))
        return apart("another_thing", f"{here} {quality.adjective}", f"{there} not {quality.adjective}")
    return pick(rng, _quality_rows(rng, quality, f"{_owned(rng, thing.text)} {be}"))


def _owned(rng: random.Random, thing: str) -> str:
    """ "the door", or whose or where it is, so that more pairs are there to be made."""
    luck, bare = rng.random(), thing.removeprefix("the ")
    if luck < 0.35 or not thing.startswith("the ") or " of " in thing:
        return thing
    if luck < 0.55:
        return f"{draw_name(rng)}'s {bare}"
    if luck < 0.8:
        return f"{thing} in {pick(rng, vocabulary().lists['town'])}"
    return f"{thing} that {draw_name(rng)} had mentioned"


def _quality_rows(rng: random.Random, quality: Quality, start: str) -> tuple[Contrast, ...]:
    good, bad = quality.adjective, quality.opposite
    if rng.random() < 0.5 and not quality.prefixed:
        good, bad = bad, good
    strongly = pick(rng, ("by no means", "not at all", "not in the least", "in no way"))
    rows = (
        opposed("antonym", f"{start} {good}", f"{start} {bad}"),
        opposed("not_quality", f"{start} {good}", f"{start} not {good}"),
        opposed("by_no_means", f"{start} {good}", f"{start} {strongly} {good}"),
        opposed("not_opposite", f"{start} {bad}", f"{start} not {bad}"),
        opposed("either_or", f"{start} {good}, not {bad}", f"{start} {bad}, not {good}"),
    )
    if quality.complementary:
        return (
            *rows,
            same("not_is_opposite", f"{start} not {good}", f"{start} {bad}"),
            same("not_opposite_is_quality", f"{start} not {bad}", f"{start} {good}"),
            opposed("neither_of_not", f"{start} not {good}", f"{start} not {bad}"),
        )
    return (
        *rows,
        stronger("opposite_entails_not", f"{start} {bad}", f"{start} not {good}"),
        stronger("quality_entails_not_opposite", f"{start} {good}", f"{start} not {bad}"),
        stronger("neither_entails_not", f"{start} neither {good} nor {bad}", f"{start} not {bad}"),
        opposed("neither_against_quality", f"{start} neither {good} nor {bad}", f"{start} {good}"),
    )


# ---------------------------------------------------------------------------------------------------------------- parts


def _clause_in_tense(rng: random.Random, domain: Domain) -> tuple[Clause, Tense, bool]:
    tense = pick(rng, _TENSES)
    clause = draw_clause(rng, domain) if tense == "past" else _without_time(rng, domain)
    return clause, tense, rng.random() < 0.25 and not tense.endswith("progressive")


def _without_time(rng: random.Random, domain: Domain) -> Clause:
    clause = draw_clause(rng, domain, tail=False)
    return Clause(clause.subject, clause.verb, clause.object, draw_place(rng, domain))


def _denied(rng: random.Random, clause: Clause, tense: Tense, passive: bool) -> str:
    return clause.say(tense, passive=passive, negative=True, contracted=rng.random() < 0.4)


def _infinitive(clause: Clause) -> str:
    return _with_object(clause, clause.verb.base)


def _gerund(clause: Clause) -> str:
    return _with_object(clause, clause.verb.gerund)


def _with_object(clause: Clause, form: str) -> str:
    thing = f" {clause.object.text}" if clause.object is not None else ""
    return f"{form}{thing}{clause.tail}"


def _infinitive_of(rng: random.Random, act: Act) -> tuple[str, str]:
    """An act with one of its objects: "sign the lease", "signed the lease"."""
    thing = pick(rng, act.objects).text
    return f"{act.verb.base} {thing}", f"{act.verb.past} {thing}"


def _other_subject(rng: random.Random, domain: Domain, taken: str) -> str:
    while (other := draw_subject(rng, domain).text) == taken:
        pass
    return other


@cache
def _unwilled() -> frozenset[str]:
    return frozenset(words_table("negation")["unwilled"])
