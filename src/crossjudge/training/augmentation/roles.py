"""Pairs in which two parties change places, or are only named in another order: voice, transfers, comparisons, ties."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from crossjudge.training.augmentation.clauses import (
    Clause,
    Tense,
    draw_clause,
    draw_name,
    draw_person,
    draw_place,
    draw_tail,
    pick,
)
from crossjudge.training.augmentation.contexts import Contrast, apart, opposed, same, staged, stronger
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.plain_sentences import edited, turned_sentence
from crossjudge.training.augmentation.slots import Slots
from crossjudge.training.augmentation.vocabulary import Domain, NounPhrase, verb, vocabulary, words_table
from crossjudge.training.augmentation.written import draw_written, word_lists

FAMILY = "roles"
_SHARE_OF_SENTENCES, _SHARE_OF_WRITTEN = 0.1, 0.24
_TENSES: tuple[Tense, ...] = ("past", "past", "perfect", "future", "present", "past_perfect")


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs: templates, and `sentences` with two names exchanged or listed the other way about."""
    real = edited(rng, sentences, turned_sentence)

    def draw_contrast(luck: float, domain: Domain) -> Contrast:
        if luck < _SHARE_OF_SENTENCES + _SHARE_OF_WRITTEN:
            return draw_written(rng, FAMILY, domain)
        return pick(rng, _RULES)(rng, domain)

    return staged(rng, FAMILY, real, _SHARE_OF_SENTENCES, draw_contrast)


# --------------------------------------------------------------------------------------------------- voice, who to whom


def _voice(rng: random.Random, domain: Domain) -> Contrast:
    clause, tense = _clause(rng, domain)
    luck = rng.random()
    if luck < 0.6:
        return same("passive", clause.say(tense), clause.say(tense, passive=True))
    if luck < 0.85:
        return stronger("passive_without_agent", clause.say(tense), clause.say(tense, passive=True, agentless=True))
    done = clause.say().removeprefix(clause.subject.text)
    return same("it_was_who", clause.say(), f"it was {clause.subject.text} who{done}")


def _another_agent(rng: random.Random, domain: Domain) -> Contrast:
    clause = draw_clause(rng, domain)
    other = replace(clause, subject=_other_person(rng, domain, clause.subject))
    passive = rng.random() < 0.5
    if clause.subject.plural:
        return apart("another_agent", clause.say(), other.say(passive=passive))
    if rng.random() < 0.3 or clause.verb.base in words_table(FAMILY)["once"]:
        return opposed("not_this_agent", f"only {clause.say()}", other.say(passive=passive))
    return apart("another_agent", clause.say(), other.say(passive=passive))


def _mutual(rng: random.Random, domain: Domain) -> Contrast:
    clause, tense = _between_people(rng, domain, pick(rng, words_table(FAMILY)["mutual"])), pick(rng, _TENSES)
    return _turned_round(rng, clause, tense, apart)


def _one_way(rng: random.Random, domain: Domain) -> Contrast:
    words, occasion = pick(rng, words_table(FAMILY)["one_way"]).split(" | ")
    clause = replace(_between_people(rng, domain, words), tail=f" {occasion}")
    return _turned_round(rng, clause, pick(rng, ("past", "past", "perfect", "past_perfect")), opposed)


def _turned_round(
    rng: random.Random, clause: Clause, tense: Tense, sign: Callable[[str, str, str], Contrast]
) -> Contrast:
    """The clause against one with the parties exchanged, in either voice; two exchanges are none."""
    turned, kind = clause.swapped(), "exchanged" if sign is opposed else "exchanged_both_may_be_true"
    rows = (
        sign(kind, clause.say(tense), turned.say(tense)),
        sign(f"{kind}_passive", clause.say(tense), turned.say(tense, passive=True)),
        same("passive_of_people", clause.say(tense), clause.say(tense, passive=True)),
        same("passive_of_people", clause.say(tense), clause.say(tense, passive=True)),
        stronger("each_other", f"{clause.say(tense)}, and the other way round", turned.say(tense)),
    )
    return pick(rng, rows[:4] if sign is opposed else rows)


def _relative(rng: random.Random, domain: Domain) -> Contrast:
    """ "the nurse who called the guide left" against "the nurse whom the guide called left"."""
    first, second = rng.sample(domain.agents, 2)
    action, end = verb(pick(rng, words_table(FAMILY)["mutual"])), pick(rng, words_table(FAMILY)["ends"])
    who, whom = (
        f"{first.text} who {action.past} {second.text} {end}",
        f"{first.text} whom {second.text} {action.past} {end}",
    )
    rows = (
        apart("who_against_whom", who, whom),
        same("whom_is_by_whom", whom, f"{first.text} who was {action.participle} by {second.text} {end}"),
        stronger("relative_entails_main", who, f"{first.text} {end}"),
        stronger("relative_entails_inner", who, f"{first.text} {action.past} {second.text}"),
        apart("relative_of_other", who, f"{second.text} {end}"),
        apart("relative_turned", who, f"{second.text} who {action.past} {first.text} {end}"),
        stronger("relative_entails_passive", who, f"{second.text} was {action.participle} by {first.text}"),
        apart("relative_inner_turned", who, f"{second.text} {action.past} {first.text}"),
    )
    return pick(rng, rows)


# ------------------------------------------------------------------------------------------------------------ transfers


def _deal(rng: random.Random, domain: Domain) -> Contrast:
    return _transfer(rng, domain, "deals", "goods", opposed)


def _gift(rng: random.Random, domain: Domain) -> Contrast:
    return _transfer(rng, domain, "gifts", "news", apart)


def _transfer(
    rng: random.Random, domain: Domain, deals: str, things: str, sign: Callable[[str, str, str], Contrast]
) -> Contrast:
    give, to, take, source = (word.replace("_", " ") for word in pick(rng, words_table(FAMILY)[deals]).split())
    a, b = _two_parties(rng, domain)
    thing, tail = pick(rng, words_table(FAMILY)[things]), "" if give == "bequeath" else draw_tail(rng, domain)
    given, taken = verb(give).past, verb(take).past
    sentence = f"{a} {given} {thing} {to} {b}{tail}"
    taking = f"{b} {taken} {thing} {source} {a}{tail}"
    c = draw_name(rng)
    rows = [
        same("transfer_from_other_side", sentence, taking),
        same("transfer_from_other_side", sentence, taking),
        sign("transfer_exchanged", sentence, f"{b} {given} {thing} {to} {a}{tail}"),
        sign("transfer_exchanged_other_side", sentence, f"{a} {taken} {thing} {source} {b}{tail}"),
        stronger("transfer_entails_given", sentence, f"{a} {given} {thing} to somebody{tail}"),
        stronger("transfer_entails_taken", sentence, f"{b} {taken} {thing}{tail}"),
        same("it_was_to", sentence, f"it was {b} to whom {a} {given} {thing}{tail}"),
    ]
    if sign is apart or give in ("sell", "bequeath"):
        rows.append(sign("transfer_to_another", sentence, f"{a} {given} {thing} {to} {c}{tail}"))
    if give in ("give", "send", "sell", "lend", "hand", "offer", "mail", "bequeath"):
        rows.append(same("double_object", sentence, f"{a} {given} {b} {thing}{tail}"))
        rows.append(sign("double_object_exchanged", sentence, f"{b} {given} {a} {thing}{tail}"))
    return pick(rng, rows)


def _owning(rng: random.Random, domain: Domain) -> Contrast:
    a, b = _two_parties(rng, domain)
    thing = pick(rng, [thing for thing in words_table(FAMILY)["goods"] if thing.startswith("the ")])
    bare, town = thing.removeprefix("the "), pick(rng, vocabulary().lists["town"])
    thing = f"{thing} in {town}" if rng.random() < 0.5 else thing
    rows = (
        same("belongs_is_owns", f"{thing} belongs to {a}", f"{a} owns {thing}"),
        same("owner_is_owns", f"{a} is the owner of {thing}", f"{a} owns {thing}"),
        opposed("belongs_to_another", f"{thing} belongs to {a}", f"{thing} belongs to {b}, not to {a}"),
        opposed("owns_nothing_of_it", f"{a} owns {thing}", f"{a} does not own {thing}; it belongs to {b}"),
        stronger("shared_owner", f"{a} and {b} own {thing} together", f"{b} is one of the owners of {thing}"),
        same("whose", f"{a} drove away in {b}'s truck", f"{a} drove away in the truck that belongs to {b}"),
        apart("whose_exchanged", f"{a} found {b}'s {bare}", f"{b} found {a}'s {bare}"),
        same("whose_of", f"the {bare} of {a} was stolen in {town}", f"{a}'s {bare} was stolen in {town}"),
        apart("whose_other", f"{a}'s {bare} was stolen in {town}", f"{b}'s {bare} was stolen in {town}"),
    )
    return pick(rng, rows)


# -------------------------------------------------------------------------------------------- comparisons, ties, places


def _comparison(rng: random.Random, domain: Domain) -> Contrast:
    words, kinds = pick(rng, words_table(FAMILY)["comparisons"]).split(" | ")
    more, less, plain = (word.replace("_", " ") for word in words.split())
    a, b, c = _three_of_a_kind(rng, domain, pick(rng, kinds.split()))
    link = pick(rng, ("", "", " much", " a little")) if not more.startswith("more ") else ""
    longer = f"{a} is{link} {more} than {b}"
    chain = f"{a} is {more} than {b}, and {b} is {more} than {c}"
    clearly = f"{a} is {more} than {b} but {less} than {c}"
    rows = (
        same("converse", longer, f"{b} is{link} {less} than {a}"),
        same("converse", longer, f"{b} is{link} {less} than {a}"),
        same("compared_with", longer, f"compared with {b}, {a} is{link} {more}"),
        opposed("comparison_exchanged", longer, f"{b} is {more} than {a}"),
        opposed("comparison_turned", longer, f"{a} is {less} than {b}"),
        opposed("as_much", longer, f"{a} is just as {plain} as {b}"),
        opposed("not_as_much", longer, f"{a} is not as {plain} as {b}"),
        stronger("not_as_other_side", longer, f"{a} is not {less} than {b}"),
        same("as_is_even", f"{a} is as {plain} as {b}", f"{b} is as {plain} as {a}"),
        stronger("chain", chain, f"{a} is {more} than {c}"),
        opposed("chain_turned", chain, f"{c} is {more} than {a}"),
        stronger("chain_less", chain, f"{c} is {less} than {b}"),
        stronger("between", clearly, f"{c} is {more} than {b}"),
        opposed("between_exchanged", clearly, f"{a} is {more} than {c} but {less} than {b}"),
        apart("common_term", f"{a} is {more} than {b}", f"{a} is {more} than {c}"),
        apart("comparison_of_others", f"{a} is {more} than {b}", f"{c} is {more} than {b}"),
        stronger(
            "most_of_three", f"of {a}, {b} and {c}, {a} is by far the {_superlative(more)}", f"{a} is {more} than {b}"
        ),
        opposed(
            "most_of_three_turned", f"of {a}, {b} and {c}, {a} is the {_superlative(more)}", f"{c} is {more} than {a}"
        ),
        apart("comparison_is_not_quality", f"{a} is {more} than {b}", f"{b} is not {plain} at all"),
    )
    return pick(rng, rows)


def _superlative(more: str) -> str:
    if more.startswith(("more ", "less ")):
        return more.replace("more ", "most ", 1).replace("less ", "least ", 1)
    return f"{more[:-2]}est"


def _three_of_a_kind(rng: random.Random, domain: Domain, kind: str) -> tuple[str, str, str]:
    lists = vocabulary().lists
    if kind == "person":
        names: set[str] = set()
        while len(names) < 3:
            names.add(draw_name(rng))
        a, b, c = rng.sample(sorted(names), 3)
        return a, b, c
    named = {"city": lists["town"], "country": lists["country"]}
    entries = named[kind] if kind in named else word_lists(FAMILY)[kind]
    a, b, c = rng.sample(list(entries), 3)
    if kind == "river":
        return f"the {a}", f"the {b}", f"the {c}"
    if kind in ("city", "country", "lake", "hill", "island") or rng.random() < 0.3:
        return a, b, c
    where = f" in {pick(rng, lists['town'])}"
    return f"{a}{where}", f"{b}{where}", f"{c}{where}"


def _tie(rng: random.Random, domain: Domain) -> Contrast:
    upper, lower = (word.replace("_", " ") for word in pick(rng, words_table(FAMILY)["ties"]).split())
    a, b = draw_name(rng), draw_name(rng)
    while b == a:
        b = draw_name(rng)
    tie = f"{a} is {b}'s {upper}"
    rows = (
        same("tie_from_other_side", tie, f"{b} is {a}'s {lower}"),
        same("tie_with_of", tie, f"{a} is the {upper} of {b}"),
        opposed("tie_exchanged", tie, f"{b} is {a}'s {upper}"),
        opposed("tie_turned", tie, f"{a} is {b}'s {lower}"),
        apart("tie_acts", f"{a}'s {upper} {_did(rng)} {b}", f"{b}'s {upper} {_did(rng)} {a}"),
        apart(
            "whose_tie",
            f"{a}'s {upper} lives in {pick(rng, vocabulary().lists['town'])}",
            f"{a} lives in {pick(rng, vocabulary().lists['town'])}",
        ),
    )
    return pick(rng, rows)


def _even_tie(rng: random.Random, domain: Domain) -> Contrast:
    tie, town = pick(rng, words_table(FAMILY)["even_ties"]), pick(rng, vocabulary().lists["town"])
    a, b = _two_parties(rng, domain)
    since = pick(rng, ("", f" in {town}", f", as {draw_name(rng)} knows", f" and comes from {town}"))
    plain = "comes" not in since
    rows = (
        same(
            "even_tie", f"{a} is {_s(b)} {tie}{since if plain else ''}", f"{b} is {_s(a)} {tie}{since if plain else ''}"
        ),
        same("even_tie_with_of", f"{a} is a {tie} of {_s(b)}{since}", f"{a} is one of {_s(b)} {tie}s{since}"),
        opposed("no_tie", f"{a} is {_s(b)} {tie}{since}", f"{a} is not {_s(b)} {tie}"),
    )
    return pick(rng, rows if tie not in ("twin",) else rows[::2])


def _with_each_other(rng: random.Random, domain: Domain) -> Contrast:
    a, b = _two_parties(rng, domain)
    does = Slots(rng, domain).fill(pick(rng, words_table(FAMILY)["with_each_other"]))
    return same("with_each_other", f"{a} and {b} {does}", f"{b} and {a} {does}")


def _each_alone(rng: random.Random, domain: Domain) -> Contrast:
    a, b = _two_parties(rng, domain)
    c = _other_person(rng, domain, NounPhrase(a)).text
    while c == b:
        c = draw_name(rng)
    does = Slots(rng, domain).fill(pick(rng, words_table(FAMILY)["each_alone"]))
    rows = (
        same("coordinated", f"{a} and {b} {does}", f"{b} and {a} {does}"),
        same("coordinated_three", f"{a}, {b} and {c} {does}", f"{c}, {a} and {b} {does}"),
        same("as_well_as", f"{a} and {b} {does}", f"both {b} and {a} {does}"),
        apart("coordinated_other", f"{a} and {b} {does}", f"{a} and {c} {does}"),
        stronger("coordinated_fewer", f"{a}, {b} and {c} {does}", f"{a} and {b} {does}"),
        opposed(
            "coordinated_only",
            f"of the three of them, only {a} and {b} {does}",
            f"all three of them {does}: {a}, {b} and {c}",
        ),
    )
    return pick(rng, rows)


def _objects_in_order(rng: random.Random, domain: Domain) -> Contrast:
    act = pick(rng, [act for act in domain.acts if len(act.objects) > 2])
    who, tail = draw_person(rng, domain), draw_tail(rng, domain)
    one, two, three = (thing.text for thing in rng.sample(act.objects, 3))
    start = f"{who.text} {act.verb.past}"
    rows = (
        same("objects_in_order", f"{start} {one} and {two}{tail}", f"{start} {two} and {one}{tail}"),
        same(
            "three_objects_in_order",
            f"{start} {one}, {two} and {three}{tail}",
            f"{start} {three}, {one} and {two}{tail}",
        ),
        stronger("fewer_objects", f"{start} {one}, {two} and {three}{tail}", f"{start} {one} and {three}{tail}"),
        apart("another_object", f"{start} {one} and {two}{tail}", f"{start} {one} and {three}{tail}"),
        opposed("object_against_object", f"{start} {one} but not {two}{tail}", f"{start} {two} but not {one}{tail}"),
        same("both_objects", f"{start} {one} and {two}{tail}", f"{start} both {one} and {two}{tail}"),
    )
    return pick(rng, rows)


def _place(rng: random.Random, domain: Domain) -> Contrast:
    words, frame = pick(rng, words_table(FAMILY)["places"]).split(" | ")
    there, back = (frame.format(word.replace("_", " ")) for word in words.split())
    one, two = rng.sample(list(word_lists(FAMILY)["object"]), 2)
    town = f" in {pick(rng, vocabulary().lists['town'])}" if rng.random() < 0.7 else ""
    verbs = pick(rng, ("is", "stands", "lies"))
    placed = f"{one}{town} {verbs} {there} {two}"
    rows = (
        same("place_from_other_side", placed, f"{two} {verbs} {back} {one}{town}"),
        opposed("place_exchanged", placed, f"{two} {verbs} {there} {one}{town}"),
        opposed("place_turned", placed, f"{one}{town} {verbs} {back} {two}"),
        same("next_to", f"{one}{town} {verbs} next to {two}", f"{two} {verbs} next to {one}{town}"),
    )
    return pick(rng, rows)


_RULES: tuple[Callable[[random.Random, Domain], Contrast], ...] = (
    _voice, _voice, _another_agent, _another_agent, _mutual, _mutual, _one_way, _one_way, _relative, _deal, _gift,
    _owning,
    _comparison, _comparison, _tie, _even_tie, _with_each_other, _each_alone, _objects_in_order, _place,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- parts


def _clause(rng: random.Random, domain: Domain) -> tuple[Clause, Tense]:
    tense = pick(rng, _TENSES)
    clause = draw_clause(rng, domain, tail=tense == "past")
    return (clause if tense == "past" else replace(clause, tail=draw_place(rng, domain))), tense


def _between_people(rng: random.Random, domain: Domain, words: str) -> Clause:
    first = draw_person(rng, domain)
    return Clause(first, verb(words), _other_person(rng, domain, first), draw_place(rng, domain))


def _other_person(rng: random.Random, domain: Domain, taken: NounPhrase) -> NounPhrase:
    while (other := draw_person(rng, domain)) == taken:
        pass
    return other


def _two_parties(rng: random.Random, domain: Domain) -> tuple[str, str]:
    first = draw_person(rng, domain)
    return first.text, _other_person(rng, domain, first).text


def _did(rng: random.Random) -> str:
    return str(pick(rng, words_table(FAMILY)["did"]))


def _s(name: str) -> str:
    return f"{name}'s"
