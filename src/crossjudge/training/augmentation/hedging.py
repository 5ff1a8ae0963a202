"""The family "hedging": statements made with more or less certainty, and texts hedged or definite as a whole.

What is definite entails the same as possible or likely; it entails no report, belief, sign, doubt, condition or open
question about it. What is hedged never entails the definite statement. No change of certainty leaves a duplicate.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from crossjudge.training.augmentation.acts import draw_deed, draw_scene, inflected, split_list, words
from crossjudge.training.augmentation.clauses import draw_name, pick, pick_other
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import plain_statement
from crossjudge.training.augmentation.relation import (
    ENTAILMENT,
    NEUTRAL,
    Relation,
    opposed,
    paired,
    same,
    stronger,
)
from crossjudge.training.augmentation.vocabulary import vocabulary

FAMILY = "hedging"
_ENTAILED = ("possible", "likely")
_NOT_ENTAILED = ("evidence", "report", "belief", "open", "condition", "doubt")
_ALIKE: Mapping[str, int] = {"possible": 99, "likely": 99, "open": 2}
"""Kinds of hedge whose wordings (the first so many) are equally strong, so that one can stand for the other."""
_SENTENCE_WAYS = ("possible", "likely", "evidence", "report", "belief", "open", "doubt", "definite")


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs; one in six hedges a real sentence, where there are sentences."""
    while True:
        if sentences and rng.random() < 0.17:
            statement = plain_statement(pick(rng, sentences))
            if statement is None:
                continue
            relation = _weakened_or_not(rng, _real(rng, statement))
        else:
            relation = pick(rng, _RULES)(rng)
        yield paired(rng, FAMILY, relation, reports=False)


# ---------------------------------------------------------------------------------------------- a statement in all ways

Ways = Mapping[str, Sequence[str]]
"""Kind of certainty -> the statement said so, every way of it."""


def _draw_ways(rng: random.Random) -> Ways:
    """A drawn statement: a general claim, or a deed of the past or the future."""
    tense = pick(rng, ("present", "present", "past", "past", "future"))
    return _said(
        rng, tense, _claim(rng, pick(rng, ("claims", "claims_for_good"))) if tense == "present" else _deed(rng, tense)
    )


def _claim(rng: random.Random, table: str) -> dict[str, str]:
    subjects, _, acts = pick(rng, words("hedging")[table]).partition(": ")
    subject, base = pick(rng, split_list(subjects)), pick(rng, acts.split(", "))
    third = inflected(base, "third")
    return {"subject": subject, "base": base, "third": third, "s": f"{subject} {third}"}


def _deed(rng: random.Random, tense: str) -> dict[str, str]:
    clause = draw_deed(rng, draw_scene(rng)).clause
    assert clause.object is not None
    rest = f" {clause.object.text}{clause.tail}"
    if rng.random() < 0.4:
        lists = vocabulary().lists
        rest += f" {pick(rng, lists['past_time' if tense == 'past' else 'future_time'])}"
    subject, act = clause.subject.text, clause.verb
    forms = {"base": act.base, "past": act.past, "part": act.participle, "ger": act.gerund}
    said = {name: form + rest for name, form in forms.items()}
    finite = said["past"] if tense == "past" else f"will {said['base']}"
    return {"subject": subject, "s": f"{subject} {finite}", **said}


def _said(rng: random.Random, tense: str, slots: Mapping[str, str]) -> Ways:
    filled = {**_drawn_words(rng), **slots}
    return {
        kind: [template.format(**filled) for template in templates]
        for kind, templates in words("hedging")[tense].items()
    }


def _real(rng: random.Random, statement: str) -> Ways:
    """A real sentence in those ways that put something before or after it."""
    filled, present = {**_drawn_words(rng), "s": statement}, words("hedging")["past"]
    return {
        kind: [way.format(**filled) for way in present[kind] if "{s}" in way and "{subject}" not in way]
        for kind in _SENTENCE_WAYS
    }


def _drawn_words(rng: random.Random) -> dict[str, str]:
    lists = vocabulary().lists
    return {"name": draw_name(rng), "town": pick(rng, lists["town"]), "company": pick(rng, lists["company"])}


# ------------------------------------------------------------------------------------------------------------ relations


def _weakened_or_not(rng: random.Random, ways: Ways) -> Relation:
    """The statement as definite and as hedged."""
    plain = ways["definite"][0] if rng.random() < 0.6 else pick(rng, ways["definite"])
    kind = pick(rng, tuple(kind for kind in (*_ENTAILED, *_ENTAILED, *_NOT_ENTAILED) if kind in ways))
    forward = ENTAILMENT if kind in _ENTAILED else NEUTRAL
    return Relation(
        f"definite, {kind}",
        plain,
        pick(rng, ways[kind]),
        forward,
        NEUTRAL,
        False,
        hedged=(False, True),
        weakened=(True, False),
    )


def _definite_and_hedged(rng: random.Random) -> Relation:
    return _weakened_or_not(rng, _draw_ways(rng))


def _hedged_alike(rng: random.Random) -> Relation:
    kind = pick(rng, tuple(_ALIKE))
    first, second = rng.sample(list(_draw_ways(rng)[kind])[: _ALIKE[kind]], 2)
    return replace(same(f"{kind}, said otherwise", first, second), hedged=(True, True))


def _definite_alike(rng: random.Random) -> Relation:
    """One hedge around a statement whose clauses are the same: only the place of the hedge changes."""
    ways = _draw_ways(rng)
    first, second = rng.sample(list(ways["definite"]), 2)
    return replace(same("definite, said otherwise", first, second), hedged=(False, False))


def _likely_and_possible(rng: random.Random) -> Relation:
    ways = _draw_ways(rng)
    relation = stronger("likely, possible", pick(rng, ways["likely"]), pick(rng, ways["possible"]))
    return replace(relation, hedged=(True, True), weakened=(True, False))


def _proven(rng: random.Random) -> Relation:
    while "proven" not in (ways := _draw_ways(rng)):
        pass
    return replace(
        stronger("proven, definite", pick(rng, ways["proven"]), ways["definite"][0]),
        hedged=(False, False),
        weakened=(False, False),
    )


def _proven_and_hedged(rng: random.Random) -> Relation:
    while "proven" not in (ways := _draw_ways(rng)):
        pass
    kind = pick(rng, ("possible", "likely", "evidence", "belief"))
    forward = ENTAILMENT if kind in _ENTAILED else NEUTRAL
    return Relation(
        f"proven, {kind}",
        pick(rng, ways["proven"]),
        pick(rng, ways[kind]),
        forward,
        NEUTRAL,
        False,
        (False, True),
        (True, False),
    )


def _denied(rng: random.Random) -> Relation:
    """A denial is definite: it contradicts the statement, and if it is emphatic also the possibility."""
    ways = _draw_ways(rng)
    if rng.random() < 0.5:
        return replace(
            opposed("definite, denied", pick(rng, ways["definite"]), pick(rng, ways["denied"])), hedged=(False, False)
        )
    emphatic = ways["denied"][-2:]
    return replace(
        opposed("possible, ruled out", pick(rng, ways["possible"]), pick(rng, emphatic)), hedged=(True, False)
    )


def _possibly_not(rng: random.Random) -> Relation:
    ways = _draw_ways(rng)
    if rng.random() < 0.3:
        first, second = rng.sample(list(ways["possibly_not"]), 2)
        return replace(same("possibly not, said otherwise", first, second), hedged=(True, True))
    relation = stronger("not, possibly not", ways["denied"][0], pick(rng, ways["possibly_not"]))
    return replace(relation, hedged=(False, True), weakened=(True, False))


def _partly_or_almost(rng: random.Random) -> Relation:
    if rng.random() < 0.5:
        ways = _said(rng, "present", _claim(rng, "claims"))
        return replace(
            stronger("in general, in some cases", ways["definite"][0], pick(rng, ways["partly"])), hedged=(False, False)
        )
    ways = _said(rng, "past", _deed(rng, "past"))
    return replace(
        opposed("done, almost done", pick(rng, ways["definite"][:2]), pick(rng, ways["almost"])), hedged=(False, False)
    )


def _degree(rng: random.Random) -> Relation:
    """In full, in part: another claim, not another certainty, so that `hedged` stays open."""
    thing, _, adjective = pick(rng, words("hedging")["degrees"]).partition(": ")
    when, be = (
        pick(
            rng, ("by noon", "in the end", "after the first try", "at that point", "when we came back", "by the spring")
        ),
        "were" if thing.endswith("versions") else "was",
    )
    full = [
        f"{when}, {thing} {be} {how} {adjective}" for how in ("completely", "fully", "entirely", "one hundred per cent")
    ]
    part = [
        f"{when}, {thing} {be} {how} {adjective}"
        for how in ("only partly", "not entirely", "only to some extent", "only in part")
    ]
    some = [
        f"{when}, {thing} {be} {how} {adjective}"
        for how in ("somewhat", "more or less", "to a certain degree", "largely")
    ]
    luck = rng.random()
    if luck < 0.4:
        return opposed("in full, in part only", pick(rng, full), pick(rng, part))
    if luck < 0.6:
        return same("in full, said otherwise", *rng.sample(full[:3], 2))
    if luck < 0.8:
        return Relation("plain, to some degree", f"{when}, {thing} {be} {adjective}", pick(rng, some), None, None)
    return Relation("in full, plain", pick(rng, full), f"{when}, {thing} {be} {adjective}", ENTAILMENT, None)


def _other_content(rng: random.Random) -> Relation:
    """The same certainty, another statement about the same thing."""
    kind = pick(rng, ("possible", "likely", "evidence", "definite"))
    subjects, _, acts = pick(rng, words("hedging")["claims"]).partition(": ")
    subject, (one, other) = pick(rng, split_list(subjects)), rng.sample(acts.split(", "), 2)
    template = pick(rng, words("hedging")["present"][kind])
    filled = _drawn_words(rng)
    first, second = (_claimed(template, filled, subject, base) for base in (one, other))
    hedged = kind != "definite"
    return Relation(f"{kind}, other content", first, second, NEUTRAL, NEUTRAL, False, (hedged, hedged), (False, False))


def _claimed(template: str, filled: Mapping[str, str], subject: str, base: str) -> str:
    third = inflected(base, "third")
    return template.format(**filled, subject=subject, base=base, third=third, s=f"{subject} {third}")


# ----------------------------------------------------------------------------------------------------- scientific prose

_LOWERED = (
    "These ",
    "Our ",
    "It ",
    "We ",
    "The ",
    "Whether ",
    "This ",
    "To ",
    "Such ",
    "No ",
    "Here ",
    "In ",
    "Perhaps ",
    "Either ",
    "Neither ",
    "A ",
    "Cells ",
    "Samples ",
    "Treatment ",
    "Deletion ",
    "Mutation ",
    "Expression ",
    "Activation ",
    "Overexpression ",
    "Taken ",
)
_TITLES = ("Regulation of", "Role of")


def _abstract(rng: random.Random) -> Relation:
    """Two sentences about other things; whether the second is hedged is what there is to learn."""
    first, second = _science(rng), _science(rng)
    return Relation(
        "scientific prose", first[0], second[0], NEUTRAL, NEUTRAL, False, (first[1], second[1]), (None, None)
    )


def _science(rng: random.Random) -> tuple[str, bool]:
    """A sentence, and whether it is hedged; one in four joins two, hedged if either is."""
    text, hedged = _simple_science(rng)
    more, more_hedged = _simple_science(rng)
    if rng.random() < 0.75 or text.startswith(_TITLES) or more.startswith(_TITLES):
        return _capitalised(text), hedged
    joint = pick(rng, ("; ", ", and ", ", but ", ", whereas "))
    lowered = more[:1].lower() + more[1:] if more.startswith(_LOWERED) else more
    return _capitalised(f"{text[:-1]}{joint}{lowered}"), hedged or more_hedged


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _simple_science(rng: random.Random) -> tuple[str, bool]:
    science = words("hedging")["science"]
    hedged = rng.random() < 0.5
    a = pick(rng, science["entities"])
    filled = {
        "a": a,
        "b": pick_other(rng, science["entities"], a),
        "p": pick(rng, science["processes"]),
        "w": pick(rng, science["settings"]),
    }
    text = pick(rng, science["hedged" if hedged else "definite"]).format(**filled)
    text = text.replace("  ", " ").replace(" .", ".").replace(" ,", ",")
    return text, hedged


_RULES: Sequence[Callable[[random.Random], Relation]] = (
    *(_definite_and_hedged,) * 9, *(_hedged_alike,) * 3, *(_definite_alike,) * 2, _likely_and_possible, _proven,
    _proven_and_hedged, *(_denied,) * 2, _possibly_not, _partly_or_almost, _degree, _other_content, *(_abstract,) * 5,
)  # fmt: skip
