"""The family "quantifiers": how many and how often, with labels worked out from what each wording allows.

A wording stands for the counts that make it true. Where people differ on that ("few" and none, "many"), it has two
readings, and a label is given only where it comes out the same under every reading.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from crossjudge.training.augmentation.acts import inflected, words
from crossjudge.training.augmentation.clauses import draw_name, pick, pick_other
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import edited, quantifier_edit
from crossjudge.training.augmentation.relation import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    Relation,
    apart,
    opposed,
    paired,
    same,
    stronger,
)
from crossjudge.training.augmentation.vocabulary import vocabulary

FAMILY = "quantifiers"
_SIZE = 40
"""Members of the group in mind. A group may also be of four: one is then a quarter, all but one three quarters."""
Counts = frozenset[int]


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs; one in twelve is a real sentence with its quantifier changed, where there are sentences."""
    while True:
        if sentences and rng.random() < 0.08:
            relation = edited(rng, sentences, quantifier_edit)
        else:
            relation = pick(rng, _RULES)(rng)
        if relation is not None:
            yield paired(rng, FAMILY, relation)


# ---------------------------------------------------------------------------------------------- what the wordings allow


def _counts(low: float, high: float) -> Counts:
    return frozenset(range(round(low * _SIZE), round(high * _SIZE) + 1))


_ONE = 1 / _SIZE
_READINGS: Mapping[str, tuple[Counts, ...]] = MappingProxyType(
    {
        "all": (_counts(1, 1),),
        "almost all": (_counts(0.85, 1 - _ONE),),
        "most": (_counts(0.5 + _ONE, 1),),
        "half": (_counts(0.5, 0.5),),
        "many": (_counts(0.35, 1), _counts(0.6, 1)),
        "some": (_counts(_ONE, 1),),
        "only some": (_counts(_ONE, 1 - _ONE), _counts(2 * _ONE, 0.5)),
        "a few": (_counts(2 * _ONE, 0.2), _counts(2 * _ONE, 1)),
        "a minority": (_counts(_ONE, 0.5 - _ONE),),
        "few": (_counts(0, 0.25), _counts(_ONE, 0.25)),
        "hardly any": (_counts(0, 0.1), _counts(_ONE, 0.1)),
        "one": (_counts(_ONE, _ONE), _counts(0.25, 0.25)),
        "none": (_counts(0, 0),),
        "not all": (_counts(0, 1 - _ONE),),
        "all but one": (_counts(1 - _ONE, 1 - _ONE), _counts(0.75, 0.75)),
        "a quarter": (_counts(0.25, 0.25),),
        "three quarters": (_counts(0.75, 0.75),),
        "at least half": (_counts(0.5, 1),),
        "under half": (_counts(0, 0.5 - _ONE), _counts(_ONE, 0.5 - _ONE)),
    }
)
_SINGULAR = (
    "every single one",
    "each of",
    "exactly one of",
    "just one of",
    "not one of",
    "not a single",
    "not every one",
    "every one of",
)


def _wordings(table: str) -> Mapping[str, Sequence[str]]:
    """Quantity -> what can stand for it."""
    wordings: Mapping[str, Sequence[str]] = words("quantifiers")[table]
    return wordings


def label(first: Sequence[Counts], second: Sequence[Counts]) -> str | None:
    """NLI label of the second given the first, or None where readings disagree. Each: the counts of every reading."""
    labels = {_label(one, other) for one in first for other in second}
    return labels.pop() if len(labels) == 1 else None


def _label(first: Counts, second: Counts) -> str:
    if first <= second:
        return ENTAILMENT
    return NEUTRAL if first & second else CONTRADICTION


@cache
def _labelled() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Label -> every two quantities of which the first stands in that relation to the second."""
    table: dict[str, list[tuple[str, str]]] = {ENTAILMENT: [], NEUTRAL: [], CONTRADICTION: []}
    for one in _READINGS:
        for other in _READINGS:
            forward = label(_READINGS[one], _READINGS[other])
            if one != other and forward is not None:
                table[forward].append((one, other))
    return table


def _quantified(
    rng: random.Random, readings: Mapping[str, Sequence[Counts]], labelled: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[str, str, str | None, str | None]:
    """Two quantities and the labels between them; entailments and contradictions are as frequent as they are rare."""
    wanted = pick(rng, (ENTAILMENT, ENTAILMENT, CONTRADICTION, CONTRADICTION, NEUTRAL))
    one, other = pick(rng, labelled[wanted])
    return one, other, label(readings[one], readings[other]), label(readings[other], readings[one])


# ---------------------------------------------------------------------------------------------------- groups and counts


@dataclass(frozen=True, slots=True)
class _Group:
    """Plural nouns, "dogs at the shelter": the group, a larger and a narrower one; what they did, narrow and wide."""

    noun: str
    larger: str
    narrower: str
    acts: tuple[tuple[str, str], ...]


@cache
def _groups() -> tuple[_Group, ...]:
    return tuple(_group(line) for line in words("quantifiers")["groups"])


def _group(line: str) -> _Group:
    nouns, _, acts = line.partition(": ")
    noun, rest = nouns.split(" < ")
    larger, narrower = rest.split(" > ")
    narrow_and_wide = (act.partition(" < ") for act in acts.split(", "))
    return _Group(noun, larger, narrower, tuple((narrow, wide or narrow) for narrow, _, wide in narrow_and_wide))


def _said(rng: random.Random, quantity: str, noun: str, act: str) -> str:
    return _counted(pick(rng, _wordings("of_groups")[quantity]), noun, act)


def _counted(wording: str, noun: str, act: str) -> str:
    """The sentence in the past. "of the" and a bare noun need nothing more: nouns come with their place."""
    plural = not wording.startswith(_SINGULAR)
    past = inflected(act, "past")
    past = past.replace("was ", "were ", 1) if plural and past.startswith("was ") else past
    if not plural:
        past = past.replace("their ", "its " if "{}" not in wording else "their ")
    return f"{wording.format(noun)} {past}"


def _group_of_many(rng: random.Random) -> Relation:
    group = pick(rng, _groups())
    act = pick(rng, group.acts)[0]
    if rng.random() < 0.3:
        quantity = pick(rng, tuple(_wordings("of_groups")))
        first, second = rng.sample(_wordings("of_groups")[quantity], 2)
        return same(f"{quantity}, said otherwise", _counted(first, group.noun, act), _counted(second, group.noun, act))
    one, other, forward, backward = _quantified(rng, _READINGS, _labelled())
    return Relation(
        f"{one} against {other}",
        _said(rng, one, group.noun, act),
        _said(rng, other, group.noun, act),
        forward,
        backward,
    )


_UPWARD, _DOWNWARD = 1, -1
_MONOTONE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "all": (_DOWNWARD, _UPWARD), "some": (_UPWARD, _UPWARD), "none": (_DOWNWARD, _DOWNWARD),
        "not all": (_UPWARD, _DOWNWARD), "most": (0, _UPWARD), "at least half": (0, _UPWARD),
        "three": (0, 0), "over five": (_UPWARD, _UPWARD), "under five": (_DOWNWARD, _DOWNWARD), "many": (0, _UPWARD),
    }
)  # fmt: skip
"""Quantity -> what follows for a larger group and a wider act. 1: the larger or wider, -1: the narrower, 0: neither."""


def _monotone(rng: random.Random) -> Relation:
    """A narrower or larger group, or a narrower or wider act, under one quantifier."""
    group, quantity = pick(rng, _groups()), pick(rng, tuple(_MONOTONE))
    wording = pick(rng, _wordings("of_subgroups").get(quantity) or _wordings("of_groups")[quantity])
    narrow, wide = pick(rng, group.acts)
    of_group, of_act = _MONOTONE[quantity]
    if rng.random() < 0.6 or narrow == wide:
        if rng.random() < 0.5:
            first, second = _counted(wording, group.narrower, narrow), _counted(wording, group.noun, narrow)
        else:
            first, second = _counted(wording, group.noun, narrow), _counted(wording, group.larger, narrow)
        direction = of_group
    else:
        first, second = _counted(wording, group.noun, narrow), _counted(wording, group.noun, wide)
        direction = of_act
    kind = f"narrower and wider under {quantity}"
    if direction == 0:
        return apart(kind, first, second)
    return stronger(kind, first, second) if direction == _UPWARD else stronger(kind, second, first)


def _mixed_negation(rng: random.Random) -> Relation:
    """Quantifier and negation exchanged: "not all did" is "some did not"."""
    group = pick(rng, _groups())
    act = pick(rng, group.acts)[0]
    noun, past = group.noun, inflected(act, "past")
    past = past.replace("was ", "were ", 1) if past.startswith("was ") else past
    all_did, none_did = f"all the {noun} {past}", f"none of the {noun} {past}"
    some_did_not = (
        f"at least one of the {noun} did not {act}",
        f"not all the {noun} {past}",
        f"there were {noun} who did not {act}" if _people(noun) else f"some of the {noun} did not {act}",
    )
    no_failing = (
        (f"there were no {noun} that did not {act}", f"none of the {noun} failed to {act}")
        if not _people(noun)
        else (f"there were no {noun} who did not {act}", f"not one of the {noun} failed to {act}")
    )
    luck = rng.random()
    if luck < 0.25:
        return same("not all, some not", *rng.sample(some_did_not, 2))
    if luck < 0.4:
        return same("all, none not", all_did, pick(rng, no_failing))
    if luck < 0.6:
        return opposed("all against some not", pick(rng, (all_did, *no_failing)), pick(rng, some_did_not))
    if luck < 0.75:
        return opposed("none against none not", none_did, pick(rng, no_failing))
    if luck < 0.9:
        return stronger("none, some not", none_did, pick(rng, some_did_not))
    return apart("some, some not", f"some of the {noun} {past}", f"some of the {noun} did not {act}")


def _people(noun: str) -> bool:
    return not noun.startswith(tuple(words("quantifiers")["things"]))


# ----------------------------------------------------------------------------------------------- other sets of wordings

_PAIR_READINGS: Mapping[str, tuple[Counts, ...]] = MappingProxyType(
    {
        "both": (frozenset({2}),), "neither": (frozenset({0}),), "one at least": (frozenset({1, 2}),),
        "one only": (frozenset({1}),), "not both": (frozenset({0, 1}),),
    }
)  # fmt: skip


def _among(
    rng: random.Random,
    wordings: Mapping[str, Sequence[str]],
    readings: Mapping[str, tuple[Counts, ...]],
    say: Callable[[str], str],
) -> Relation:
    """Two of the wordings, put into a sentence by `say`, with the label that their readings give."""
    quantity = pick(rng, tuple(wordings))
    if rng.random() < 0.3 and len(wordings[quantity]) > 1:
        first, second = rng.sample(wordings[quantity], 2)
        return same(f"{quantity}, said otherwise", say(first), say(second))
    other = pick_other(rng, tuple(wordings), quantity)
    first, second = say(pick(rng, wordings[quantity])), say(pick(rng, wordings[other]))
    return Relation(
        f"{quantity} against {other}",
        first,
        second,
        label(readings[quantity], readings[other]),
        label(readings[other], readings[quantity]),
    )


def _persons(rng: random.Random) -> Relation:
    body, act = pick(rng, words("quantifiers")["bodies"]), pick(rng, words("quantifiers")["deeds"])
    past = inflected(act, "past")
    return _among(rng, _wordings("of_persons"), _READINGS, lambda who: f"{who.format(body)} {past}")


def _often(rng: random.Random) -> Relation:
    who, _, acts = pick(rng, words("quantifiers")["routines"]).partition(": ")
    act = pick(rng, acts.split(", "))
    where = f" in {pick(rng, vocabulary().lists['month'])}" if rng.random() < 0.3 else ""

    def say(how: str) -> str:
        if how.startswith("does not"):
            return f"{who} {how.format(act)}{where}"
        if how.startswith("not always"):
            return f"it is not always the case that {who} {inflected(act, 'third')}{where}"
        return f"{who} {how.format(inflected(act, 'third') + where)}"

    return _among(rng, _wordings("of_occasions"), _READINGS, say)


def _mass(rng: random.Random) -> Relation:
    what, _, acts = pick(rng, words("quantifiers")["masses"]).partition(": ")
    past = inflected(pick(rng, acts.split(", ")), "past")
    town = f" in {pick(rng, vocabulary().lists['town'])}" if rng.random() < 0.5 else ""
    return _among(rng, _wordings("of_masses"), _READINGS, lambda how: f"{how.format(what)}{town} {past}")


def _where(rng: random.Random) -> Relation:
    frame = pick(rng, words("quantifiers")["spread"])
    town = f" in {pick(rng, vocabulary().lists['town'])}" if rng.random() < 0.5 else ""
    return _among(rng, _wordings("of_places"), _READINGS, lambda how: f"{frame.format(how)}{town}")


def _of_two(rng: random.Random) -> Relation:
    group = pick(rng, _groups())
    act = pick(rng, group.acts)[0]
    return _among(rng, _wordings("of_two"), _PAIR_READINGS, lambda how: _counted(how, group.noun, act))


def _of_a_few(rng: random.Random) -> Relation:
    """Counts out of a small number: "three of the five"."""
    group, names = pick(rng, _groups()), ("two", "three", "four", "five", "six", "seven", "eight", "nine")
    size = rng.randrange(4, 10)
    count = rng.randrange(2, size)
    noun, act = group.noun, pick(rng, group.acts)[0]
    past = _counted("{}", noun, act).removeprefix(f"{noun} ")
    total = names[size - 2]
    exactly = f"{names[count - 2]} of the {total} {noun} {past}, and the others did not"
    rest = size - count
    left = f"{names[rest - 2] if rest > 1 else 'one'} of the {total} {noun} did not {act}, and the others did"
    luck = rng.random()
    if luck < 0.3:
        return same("so many did, the rest did not", exactly, left)
    if luck < 0.55:
        return opposed(
            "some of so many against all or none",
            exactly,
            pick(rng, (f"all {total} of the {noun} {past}", f"none of the {total} {noun} {past}")),
        )
    if luck < 0.8:
        weaker = f"not all {total} of the {noun} {past}"
        return stronger("some of so many, not all", exactly, weaker)
    side, against = (
        ("most", "fewer than half")
        if 2 * count > size
        else ("fewer than half", "most")
        if 2 * count < size
        else ("exactly half", "most")
    )
    if rng.random() < 0.5:
        return stronger("so many, share", exactly, f"{side} of the {total} {noun} {past}")
    return opposed("so many, other share", exactly, f"{against} of the {total} {noun} {past}")


def _only(rng: random.Random) -> Relation:
    frame, _, things = pick(rng, words("quantifiers")["only"]).partition(": ")
    a, b = rng.sample(things.split(" / "), 2)
    frame = f"in {pick(rng, vocabulary().lists['town'])}, {frame}" if rng.random() < 0.5 else frame
    only_a = (
        frame.format(f"only {a}"),
        frame.format(f"nothing but {a}"),
        frame.format(f"{a} and nothing else"),
        frame.format(f"{a} alone"),
    )
    luck = rng.random()
    if luck < 0.25:
        return same("only, said otherwise", *rng.sample(only_a, 2))
    if luck < 0.5:
        return stronger("only, plain", pick(rng, only_a), frame.format(a))
    if luck < 0.75:
        return opposed(
            "only against another too",
            pick(rng, only_a),
            frame.format(pick(rng, (f"both {a} and {b}", b, f"{a} as well as {b}", f"not only {a} but also {b}"))),
        )
    if luck < 0.85:
        return stronger("both, one of them", frame.format(f"{a} and {b}"), frame.format(pick(rng, (a, b))))
    return stronger(
        "not only, one of them", frame.format(f"not only {a} but also {b}"), frame.format(pick(rng, (a, b)))
    )


def _only_who(rng: random.Random) -> Relation:
    frame, lists = pick(rng, words("quantifiers")["only_who"]), vocabulary().lists
    a, b = (
        draw_name(rng),
        pick(
            rng,
            (
                "the caretaker",
                "the treasurer",
                "the head nurse",
                "the twins' father",
                "the duty officer",
                "the librarian",
            ),
        ),
    )
    if rng.random() < 0.5:
        a, b = b, a
    place = f" in {pick(rng, lists['town'])}" if rng.random() < 0.3 else ""
    frame += place
    only_a = (
        frame.format(f"only {a}"),
        frame.format(f"no one but {a}"),
        frame.format(f"nobody except {a}"),
        frame.format(f"{a} alone"),
    )
    luck = rng.random()
    if luck < 0.3:
        return same("only who, said otherwise", *rng.sample(only_a, 2))
    if luck < 0.55:
        return stronger("only who, plain", pick(rng, only_a), frame.format(a))
    if luck < 0.85:
        return opposed("only who against another", pick(rng, only_a), frame.format(b))
    return Relation(
        "only who, everyone but",
        frame.format(f"only {a}"),
        frame.format(f"everyone except {a}"),
        CONTRADICTION,
        CONTRADICTION,
    )


def _compared(rng: random.Random) -> Relation:
    """More of these than of those."""
    one, other = rng.sample(_groups(), 2)
    act = pick(rng, ("be counted", "be photographed", "be mentioned in the report", "be inspected", "be on the list"))
    past = inflected(act, "past").replace("was ", "were ", 1)
    a, b = one.noun, other.noun
    more = (f"more {a} than {b} {past}", f"fewer {b} than {a} {past}")
    turned = (f"more {b} than {a} {past}", f"fewer {a} than {b} {past}", f"exactly as many {a} as {b} {past}")
    if rng.random() < 0.4:
        return same("more, fewer", *more)
    return opposed("more against fewer", pick(rng, more), pick(rng, turned))


def _conjoined(rng: random.Random) -> Relation:
    """Two acts of one group: all did both, so all did each."""
    group = pick(rng, _groups())
    x, y = rng.sample([act for act, _ in group.acts], 2)
    quantity = pick(rng, ("all", "most", "some", "at least half"))
    wording = pick(rng, _wordings("of_groups")[quantity])
    first = _counted(wording, group.noun, x)
    both = f"{first} and {inflected(y, 'past')}"
    if rng.random() < 0.7:
        return stronger(f"two acts, one of them, {quantity}", both, first)
    neither = f"none of the {group.noun} {pick(rng, (inflected(x, 'past'), inflected(y, 'past')))}"
    return opposed(f"two acts against none, {quantity}", both, neither)


_RULES: Sequence[Callable[[random.Random], Relation]] = (
    *(_group_of_many,) * 4, *(_monotone,) * 3, *(_mixed_negation,) * 2, *(_persons,) * 2, *(_often,) * 2, _mass, _where,
    _of_two, _of_a_few, _only, _only_who, _compared, _conjoined,
)  # fmt: skip
