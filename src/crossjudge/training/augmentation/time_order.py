"""The family "time": the order of deeds, events and steps, and the rules of `time_points`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from crossjudge.training.augmentation.acts import (
    Deed,
    Scene,
    draw_deed,
    draw_scene,
    entries,
    inflected,
    predicate,
    split_list,
)
from crossjudge.training.augmentation.clauses import pick, pick_other, sentence
from crossjudge.training.augmentation.made import MadePair
from crossjudge.training.augmentation.real_sentences import edited, time_edit
from crossjudge.training.augmentation.relation import (
    Relation,
    apart,
    opposed,
    paired,
    same,
    stronger,
)
from crossjudge.training.augmentation.time_points import POINT_RULES
from crossjudge.training.augmentation.vocabulary import vocabulary

FAMILY = "time"


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs; one in twelve is a real sentence with its time turned, where there are sentences."""
    while True:
        if sentences and rng.random() < 0.08:
            relation = edited(rng, sentences, time_edit)
            if relation is not None:
                yield paired(rng, FAMILY, relation, reports=False)
                continue
        yield paired(rng, FAMILY, pick(rng, _RULES)(rng))


# --------------------------------------------------------------------------------------------------- two deeds in order

Ordered = Callable[[random.Random, Deed, Deed], str]
"""Says that the first deed came before the second."""


def _said(rng: random.Random, deed: Deed) -> str:
    """The deed in the past, now and then with another verb."""
    return (deed.reworded(rng) if rng.random() < 0.2 else deed.clause).say()


def _earlier(rng: random.Random, deed: Deed, adverb: str = "") -> str:
    return deed.clause.say("past_perfect", adverb=adverb)


_ORDERS: Sequence[Ordered] = (
    lambda rng, x, y: f"{_said(rng, x)} before {_said(rng, y)}",
    lambda rng, x, y: f"before {_said(rng, y)}, {_said(rng, x)}",
    lambda rng, x, y: f"{_said(rng, y)} after {_said(rng, x)}",
    lambda rng, x, y: f"after {_earlier(rng, x)}, {_said(rng, y)}",
    lambda rng, x, y: f"{_said(rng, x)}, and after that {_said(rng, y)}",
    lambda rng, x, y: f"first {_said(rng, x)}, then {_said(rng, y)}",
    lambda rng, x, y: f"{_said(rng, x)}; later {_said(rng, y)}",
    lambda rng, x, y: f"when {_said(rng, y)}, {_earlier(rng, x, 'already')}",
    lambda rng, x, y: f"by the time {_said(rng, y)}, {_earlier(rng, x)}",
    lambda rng, x, y: f"it was only after {_earlier(rng, x)} that {_said(rng, y)}",
    lambda rng, x, y: f"{_said(rng, y)} once {_earlier(rng, x)}",
    lambda rng, x, y: f"{_said(rng, y)}, but not until {_earlier(rng, x)}",
    lambda rng, x, y: f"{_said(rng, x)} earlier than {_said(rng, y)}",
)
_SPANS = ("an hour", "two days", "three weeks", "a month", "ten minutes", "half a year", "four days", "a few hours")


def _order_of_deeds(rng: random.Random) -> Relation:
    x, y = _two_deeds(rng)
    one = pick(rng, _ORDERS)
    luck = rng.random()
    if luck < 0.4:
        return opposed("order of two deeds turned", one(rng, x, y), one(rng, y, x))
    other = pick_other(rng, _ORDERS, one)
    if luck < 0.5:
        return opposed("order of two deeds turned, said otherwise", one(rng, x, y), other(rng, y, x))
    if luck < 0.9:
        return same("order of two deeds kept", one(rng, x, y), other(rng, x, y))
    return stronger("two deeds in order, one of them", one(rng, x, y), pick(rng, (x, y)).clause.say())


def _converse(rng: random.Random) -> Relation:
    """ "A before B" against "B after A", which is the same, and "A after B", which is not."""
    x, y = (deed.clause.say() for deed in _two_deeds(rng))
    if rng.random() < 0.5:
        first, second = pick(rng, ((f"{x} before {y}", f"{y} after {x}"), (f"before {y}, {x}", f"after {x}, {y}")))
        return same("before and after, deeds exchanged", first, second)
    first, second = pick(
        rng,
        (
            (f"{x} before {y}", f"{x} after {y}"),
            (f"before {y}, {x}", f"after {y}, {x}"),
            (f"before {y}, {x}", f"{x} after {y}"),
        ),
    )
    return opposed("before against after", first, second)


def _measured_order(rng: random.Random) -> Relation:
    x, y = (deed.clause.say() for deed in _two_deeds(rng))
    span = pick(rng, _SPANS)
    when, against = pick(rng, (("before", "after"), ("after", "before")))
    luck = rng.random()
    if luck < 0.35:
        return stronger("how long before, and before", f"{x} {span} {when} {y}", f"{x} {when} {y}")
    if luck < 0.7:
        return opposed("how long before against how long after", f"{x} {span} {when} {y}", f"{x} {span} {against} {y}")
    if luck < 0.85:
        return opposed(
            "at the same moment against before", f"{x} at the very same time as {y}", f"{x} {span} {when} {y}"
        )
    return opposed("other distance", f"{x} {span} {when} {y}", f"{x} {pick_other(rng, _SPANS[:5], span)} {when} {y}")


def _one_actor(rng: random.Random) -> Relation:
    """One person doing two things in order: "X signed it before reading it"."""
    scene = draw_scene(rng)
    x = draw_deed(rng, scene)
    y = draw_deed(rng, scene, x)
    who, does_x, does_y = x.clause.subject.text, predicate(x), predicate(y)
    orders: Sequence[Callable[[tuple[str, str, str], tuple[str, str, str]], str]] = (
        lambda a, b: f"{who} {a[0]} before {b[1]}",
        lambda a, b: f"{who} {b[0]} after {a[1]}",
        lambda a, b: f"after {a[1]}, {who} {b[0]}",
        lambda a, b: f"before {b[1]}, {who} {a[0]}",
        lambda a, b: f"{who} {a[0]} and then {b[0]}",
        lambda a, b: f"{who} started by {a[1]} and went on to {b[2]}",
        lambda a, b: f"{who} did not {b[2]} until after {a[1]}",
        lambda a, b: f"the first thing that {who} did was to {a[2]}; next, {who} {b[0]}",
    )
    one = pick(rng, orders)
    if rng.random() < 0.5:
        return opposed("one person's two deeds turned", one(does_x, does_y), one(does_y, does_x))
    return same("one person's two deeds kept", one(does_x, does_y), pick_other(rng, orders, one)(does_x, does_y))


def _chain(rng: random.Random) -> Relation:
    """Three who did the same one after another."""
    a, b, c = _three_names(rng)
    past = pick(
        rng,
        (
            "arrived",
            "spoke",
            "left",
            "finished",
            "was called in",
            "was vaccinated",
            "crossed the line",
            "signed",
            "was served",
            "logged in",
        ),
    )
    chains = (
        f"{a} {past} before {b}, and {b} {past} before {c}",
        f"{a} {past} first, {b} second and {c} third",
        f"{b} {past} after {a} but before {c}",
        f"{c} {past} after {b}, who in turn {past} after {a}",
    )
    chain = pick(rng, chains)
    held = pick(
        rng,
        (
            f"{a} {past} before {c}",
            f"of the three, {c} {past} last",
            f"{c} {past} later than {a}",
            f"{b} {past} after {a}",
        ),
    )
    broken = pick(
        rng,
        (f"{c} {past} before {a}", f"of the three, {a} {past} last", f"{a} {past} later than {c}", f"{b} {past} first"),
    )
    if rng.random() < 0.5:
        return stronger("order of three, of two", chain, held)
    return opposed("order of three, of two turned", chain, broken)


def _two_deeds(rng: random.Random) -> tuple[Deed, Deed]:
    scene = draw_scene(rng)
    x = draw_deed(rng, scene)
    y = draw_deed(rng, scene, x)
    return x, y


def _three_names(rng: random.Random) -> tuple[str, str, str]:
    given = vocabulary().lists["given"]
    a = pick(rng, given)
    b = pick_other(rng, given, a)
    return a, b, pick_other(rng, given, a, b)


# --------------------------------------------------------------------------------------------------------------- events


def _order_of_events(rng: random.Random) -> Relation:
    scene = draw_scene(rng)
    x = pick(rng, scene.events)
    y = pick_other(rng, scene.events, x)
    town = f" in {pick(rng, vocabulary().lists['town'])}" if rng.random() < 0.6 else ""
    orders: Sequence[Callable[[str, str], str]] = (
        lambda a, b: f"{a}{town} took place before {b}",
        lambda a, b: f"{b}{town} took place after {a}",
        lambda a, b: f"{a}{town} preceded {b}",
        lambda a, b: f"{b}{town} followed {a}",
        lambda a, b: f"{a}{town} came first, and then came {b}",
        lambda a, b: f"first came {a}{town}, then {b}",
        lambda a, b: f"{b}{town} was later than {a}",
        lambda a, b: f"{a}{town} was earlier than {b}",
        lambda a, b: f"{a}{town} was held prior to {b}",
    )
    one = pick(rng, orders)
    luck = rng.random()
    if luck < 0.45:
        return opposed("order of two events turned", one(x, y), one(y, x))
    if luck < 0.8:
        return same("order of two events kept", one(x, y), pick_other(rng, orders, one)(x, y))
    months = vocabulary().lists["month"]
    first, second = sorted(rng.sample(range(12), 2))
    year = rng.randrange(1960, 2024)
    dated = f"{x}{town} took place in {months[first]} {year}, and {y} in {months[second]} {year}"
    if luck < 0.9:
        return stronger("dates of two events, order", dated, one(x, y))
    return opposed("dates of two events, order turned", dated, one(y, x))


_BEFORE = ("before", "prior to", "ahead of", "in the run-up to")
_DURING = ("during", "in the course of", "in the middle of")
_AFTER = ("after", "following", "once they were through with", "in the aftermath of")


def _deed_and_event(rng: random.Random) -> Relation:
    scene = draw_scene(rng)
    clause, event = draw_deed(rng, scene).clause.say(), pick(rng, scene.events)
    times = (_BEFORE[:3], _DURING, _AFTER[:2])
    one = pick(rng, times)
    fronted = rng.random() < 0.4

    def say(when: str) -> str:
        return f"{when} {event}, {clause}" if fronted else f"{clause} {when} {event}"

    if rng.random() < 0.55:
        return opposed(
            "before, during or after an event", say(pick(rng, one)), say(pick(rng, pick_other(rng, times, one)))
        )
    word = pick(rng, one[:2])
    return same("before or after an event, said otherwise", say(word), say(pick_other(rng, one[:2], word)))


def _moved_event(rng: random.Random) -> Relation:
    event = pick(rng, draw_scene(rng).events)
    early, late = sorted(rng.sample(range(7), 2))
    names = vocabulary().lists["weekday"]
    a, b = names[early], names[late]
    reason = pick(
        rng,
        ("", " because of the weather", " at short notice", " to suit the guests", " after a call from head office"),
    )
    later = (f"{event} has been moved from {a} to {b}{reason}", f"{event}, planned for {a}, will now be on {b}{reason}",
)  # fmt: skip
    sooner = (
        f"{event} has been moved from {b} to {a}{reason}",
        f"{event}, planned for {b}, will now be on {a}{reason}",
    )
    luck = rng.random()
    if luck < 0.35:
        return opposed("moved to a later day, to an earlier one", later[0], sooner[0])
    if luck < 0.6:
        return same("moved to a later day, said otherwise", later[0], later[1])
    if luck < 0.8:
        return stronger(
            "moved to another day of the same week, later",
            f"{later[0]}, later in the same week",
            f"{event} will be later than planned{reason}",
        )
    return opposed(
        "moved to another day of the same week, later turned",
        f"{later[0]}, later in the same week",
        f"{event} will be earlier than planned{reason}",
    )


# ---------------------------------------------------------------------------------------------------------------- steps


def _steps(rng: random.Random) -> Relation:
    procedure = split_list(pick(rng, entries("time_order", "procedures")))
    count = pick(rng, (2, 2, 3, 3, 4))
    kept = [procedure[place] for place in sorted(rng.sample(range(len(procedure)), count))]
    turned = kept[:]
    while turned == kept:
        rng.shuffle(turned)
    says = _SAID_STEPS_OF_TWO if count == 2 else _SAID_STEPS
    one = pick(rng, says)
    luck = rng.random()
    if luck < 0.5:
        return opposed("order of steps turned", sentence(one(kept)), sentence(one(turned)))
    other = pick_other(rng, says, one)
    if luck < 0.92:
        return same("order of steps kept", sentence(one(kept)), sentence(other(kept)))
    return opposed("order of steps turned, said otherwise", sentence(one(kept)), sentence(other(turned)))


def _listed(steps: Sequence[str]) -> str:
    return " ".join(f"{number}. {sentence(step)}" for number, step in enumerate(steps, 1))


def _first_then_finally(steps: Sequence[str]) -> str:
    middle = "".join(f", then {step}" for step in steps[1:-1])
    return f"first {steps[0]}{middle}, and finally {steps[-1]}"


def _begin_with(steps: Sequence[str]) -> str:
    middle = " ".join(sentence(f"after that, {step}") for step in steps[1:-1])
    return f"Begin by {inflected(steps[0], 'gerund')}. {middle} {sentence(f'last of all, {steps[-1]}')}".replace(
        "  ", " "
    )


def _in_turn(steps: Sequence[str]) -> str:
    return " ".join(
        sentence(step if place == 0 else f"{'now' if place % 2 else 'next'} {step}") for place, step in enumerate(steps)
    )


_SAID_STEPS = (_listed, _first_then_finally, _begin_with, _in_turn)
_SAID_STEPS_OF_TWO: Sequence[Callable[[Sequence[str]], str]] = (
    _listed,
    lambda steps: f"{steps[0]} before you {steps[1]}",
    lambda steps: f"before you {steps[1]}, {steps[0]}",
    lambda steps: f"{steps[0]}, then {steps[1]}",
    lambda steps: f"{steps[1]} only after {inflected(steps[0], 'gerund')}",
    lambda steps: f"do not {steps[1]} until you {_have_done(steps[0])}",
    lambda steps: f"once you {_have_done(steps[0])}, {steps[1]}",
    lambda steps: f"start by {inflected(steps[0], 'gerund')} and then {steps[1]}",
)


def _have_done(step: str) -> str:
    return f"have {inflected(step, 'participle')}"


def _near_miss(rng: random.Random) -> Relation:
    """A deed at one time, and another deed at the same time: the shared time proves nothing."""
    scene: Scene = draw_scene(rng)
    x = draw_deed(rng, scene)
    y = draw_deed(rng, scene, x)
    z = draw_deed(rng, scene, x, y)
    return apart(
        "order of other deeds", f"{x.clause.say()} before {y.clause.say()}", f"{x.clause.say()} before {z.clause.say()}"
    )


_RULES: Sequence[Callable[[random.Random], Relation]] = (
    *(_order_of_deeds,) * 3, *(_converse,) * 2, _measured_order, *(_one_actor,) * 2, _chain, _order_of_events,
    _deed_and_event, _moved_event, *(_steps,) * 2, _near_miss, *POINT_RULES,
)  # fmt: skip
