"""When and how long: states and habits that begin or end, tenses, dates, ages, lengths, deadlines, rates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from crossjudge.training.augmentation.acts import draw_deed, draw_scene, entries, inflected, predicate, split_list
from crossjudge.training.augmentation.clauses import draw_name, pick, pick_other
from crossjudge.training.augmentation.relation import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    Relation,
    opposed,
    same,
    stronger,
)
from crossjudge.training.augmentation.vocabulary import vocabulary

# ---------------------------------------------------------------------------------------------------- states and habits


def _state_with_an_end(rng: random.Random) -> Relation:
    things, _, pair = pick(rng, entries("time_order", "states")).partition(": ")
    state, opposite = pair.split(" / ") if rng.random() < 0.5 else pair.split(" / ")[::-1]
    thing, when = _placed(rng, pick(rng, split_list(things))), _moment(rng)
    until = (
        f"{thing} was {state} until {when} and has been {opposite} ever since",
        f"up to {when} {thing} was {state}, but since then it has been {opposite}",
        f"{thing}, which was {state} until {when}, has been {opposite} since",
    )
    since = (
        f"{thing} has been {state} since {when}",
        f"since {when}, {thing} has been {state}",
        f"{thing} became {state} in {when} and has stayed so"
        if when[0].isdigit()
        else f"{thing} has been {state} from {when} on",
    )
    luck = rng.random()
    if luck < 0.4:
        return opposed("until against since", pick(rng, until), pick(rng, since[:2]))
    if luck < 0.55:
        return same("until, said otherwise", *rng.sample(until, 2))
    if luck < 0.7:
        return same("since, said otherwise", since[0], since[1])
    if luck < 0.85:
        return stronger("since, and now", pick(rng, since[:2]), f"{thing} is {state} at present")
    return opposed("until, and now", pick(rng, until), f"{thing} is {state} at present")


def _placed(rng: random.Random, thing: str) -> str:
    return (
        f"{thing} in {pick(rng, vocabulary().lists['town'])}" if rng.random() < 0.5 and " " not in thing[4:] else thing
    )


def _moment(rng: random.Random) -> str:
    lists = vocabulary().lists
    return pick(
        rng,
        (
            str(rng.randrange(1950, 2024)),
            pick(rng, lists["month"]),
            f"last {pick(rng, lists['weekday'])}",
            f"{pick(rng, lists['month'])} {rng.randrange(1970, 2024)}",
        ),
    )


def _habit_forms(base: str) -> dict[str, tuple[str, ...]]:
    third, doing = inflected(base, "third"), inflected(base, "gerund")
    return {
        "used to": (
            f"used to {base}",
            f"used to {base} but stopped",
            f"once {inflected(base, 'past')} but does not any more",
        ),
        "no longer": (
            f"no longer {third}",
            f"does not {base} any more",
            f"has stopped {doing}",
            f"has given up {doing}",
        ),
        "still": (f"still {third}", f"{third} to this day", f"has not stopped {doing}", f"continues to {base}"),
        "new": (
            f"has only just begun to {base}",
            f"did not use to {base} but does now",
            f"has recently started {doing}",
        ),
        "never": (f"has never {inflected(base, 'participle')}", f"does not {base} and never did"),
    }


_HABIT_LABELS = {
    ("used to", "no longer"): (ENTAILMENT, ENTAILMENT),
    ("used to", "still"): (CONTRADICTION, CONTRADICTION),
    ("no longer", "still"): (CONTRADICTION, CONTRADICTION),
    ("new", "no longer"): (CONTRADICTION, CONTRADICTION),
    ("never", "still"): (CONTRADICTION, CONTRADICTION),
    ("never", "used to"): (CONTRADICTION, CONTRADICTION),
    ("never", "no longer"): (CONTRADICTION, CONTRADICTION),
    ("new", "used to"): (CONTRADICTION, CONTRADICTION),
}


def _habit(rng: random.Random) -> Relation:
    scene, base = draw_scene(rng), pick(rng, entries("time_order", "habits"))
    who = draw_name(rng) if rng.random() < 0.6 else pick(rng, scene.who).text
    base = base.replace("her own", "the family's")
    who = (
        who
        if who not in ("the council", "the ministry", "the school", "the library", "the bank", "the club", "the league")
        else draw_name(rng)
    )
    forms = _habit_forms(base)
    luck = rng.random()
    if luck < 0.3:
        # What is new is begun recently in one wording and at some time in another.
        form = pick(rng, ("used to", "no longer", "still", "never"))
        first, second = rng.sample(forms[form], 2)
        return same(f"habit, {form}, said otherwise", f"{who} {first}", f"{who} {second}")
    if luck < 0.4:
        return Relation(
            "still, and now", f"{who} {forms['still'][0]}", f"{who} {inflected(base, 'third')}", ENTAILMENT, None
        )
    if luck < 0.5:
        return opposed(
            "used to, and now",
            f"{who} {pick(rng, forms['used to'] + forms['no longer'])}",
            f"{who} {inflected(base, 'third')}",
        )
    (one, other), (forward, backward) = pick(rng, tuple(_HABIT_LABELS.items()))
    merged = None if forward == ENTAILMENT else False
    return Relation(
        f"{one} against {other}",
        f"{who} {pick(rng, forms[one])}",
        f"{who} {pick(rng, forms[other])}",
        forward,
        backward,
        merged,
    )


# --------------------------------------------------------------------------------------------------------------- tenses


def _tense(rng: random.Random) -> Relation:
    deed = draw_deed(rng, draw_scene(rng))
    clause, rest = deed.clause, predicate(deed)
    who = clause.subject.text
    done = (
        f"{clause.say('perfect', adverb='already')}",
        f"{clause.say()} yesterday",
        f"{clause.say()} last week",
        f"{clause.say('perfect')}",
    )
    pending = (
        f"{who} has yet to {rest[2]}",
        f"{clause.say('perfect', negative=True)} yet",
        f"{who} still has to {rest[2]}",
    )
    future = (
        f"{clause.say('future')} tomorrow",
        f"{who} is going to {rest[2]} next week",
        f"{who} is due to {rest[2]} on Friday",
        f"{clause.say('future')} in a fortnight",
    )
    plan = (
        f"{who} plans to {rest[2]}",
        f"{who} intends to {rest[2]}",
        f"{who} is thinking of {rest[1]}",
        f"{who} would like to {rest[2]}",
    )
    luck = rng.random()
    if luck < 0.2:
        return opposed("done against not yet", pick(rng, done), pick(rng, pending))
    if luck < 0.4:
        return opposed("past against future", pick(rng, done[1:3]), pick(rng, future))
    if luck < 0.55:
        return same("not yet, said otherwise", *rng.sample(pending[:2], 2))
    if luck < 0.65:
        return stronger("future, not yet", pick(rng, future), pending[1])
    if luck < 0.8:
        return Relation("plan, done", pick(rng, plan), pick(rng, done), NEUTRAL, None)
    if luck < 0.9:
        return Relation("plan, future", pick(rng, plan), pick(rng, future), NEUTRAL, None)
    return stronger("done at a time, done", pick(rng, done[1:3]), clause.say())


def _term(rng: random.Random) -> Relation:
    thing, _, verbs = pick(rng, entries("time_order", "terms")).partition(": ")
    verb, other = split_list(verbs)
    length = pick(rng, split_list(pick(rng, entries("time_order", "lengths"))))
    past, future = f"{thing} {inflected(verb, 'past')} {length} ago", f"{thing} will {verb} in {length}"
    luck = rng.random()
    if luck < 0.4:
        return opposed("ago against in", past, future)
    if luck < 0.6:
        return same("ago, said otherwise", past, f"{length} ago, {thing} {inflected(other, 'past')}")
    if luck < 0.75:
        return same("in, said otherwise", future, f"{length} from now, {thing} will {other}")
    if luck < 0.9:
        return opposed(
            "ago against not yet",
            past,
            f"{thing} {pick(rng, ('has yet to ' + verb, 'has not ' + inflected(other, 'participle') + ' yet'))}",
        )
    return stronger("in, not yet", future, f"{thing} has not {inflected(verb, 'participle')} yet")


# ------------------------------------------------------------------------------------------------------- dates and ages


def _dated_deed(rng: random.Random) -> Relation:
    clause = draw_deed(rng, draw_scene(rng)).clause.say()
    day, year = rng.randrange(1, 29), rng.randrange(1955, 2024)
    months = vocabulary().lists["month"]
    month = pick(rng, months)
    exact = pick(rng, (f"on {day} {month} {year}", f"on {month} {day}, {year}"))
    nested = (exact, f"in {month} {year}", f"in {year}", f"in the {year // 10 * 10}s")
    fine = int(rng.random() * 3)
    luck = rng.random()
    if luck < 0.35:
        return stronger("date, coarser date", f"{clause} {nested[fine]}", f"{clause} {pick(rng, nested[fine + 1 :])}")
    if luck < 0.6:
        other_year = pick_other(rng, range(1955, 2024), year)
        other = (f"on {day} {pick_other(rng, months, month)} {year}", f"in {month} {other_year}", f"in {other_year}")[
            fine
        ]
        return opposed("other date", f"{clause} {nested[fine]}", f"{clause} {other}")
    if luck < 0.75:
        return same("date, said otherwise", f"{clause} {nested[fine]}", f"{nested[fine]}, {clause}")
    bound = pick_other(rng, range(1955, 2024), year)
    before, after = (f"before {bound}", f"after {bound}")
    held, broken = (before, after) if year < bound else (after, before)
    if luck < 0.88:
        return stronger("date, before or after a year", f"{clause} {nested[fine]}", f"{clause} {held}")
    return opposed("date, before or after a year turned", f"{clause} {nested[fine]}", f"{clause} {broken}")


def _day_of_week(rng: random.Random) -> Relation:
    clause = draw_deed(rng, draw_scene(rng)).clause.say()
    days = vocabulary().lists["weekday"]
    day = pick(rng, days)
    part = pick(rng, ("morning", "afternoon", "evening"))
    luck = rng.random()
    if luck < 0.4:
        return stronger("part of a day, day", f"{clause} on {day} {part}", f"{clause} on {day}")
    if luck < 0.7:
        return opposed("other day", f"{clause} on {day}", f"{clause} on {pick_other(rng, days, day)}")
    if luck < 0.85:
        return opposed(
            "other part of the day",
            f"{clause} on {day} {part}",
            f"{clause} on {day} {pick_other(rng, ('morning', 'afternoon', 'evening'), part)}",
        )
    return same("day, said otherwise", f"{clause} on {day} {part}", f"on {day} {part}, {clause}")


def _founded(rng: random.Random) -> Relation:
    (a, does_a), (b, does_b) = (entry.split(": ") for entry in rng.sample(entries("time_order", "founded"), 2))
    town = pick(rng, vocabulary().lists["town"])
    early, late = sorted(rng.sample(range(1850, 2024), 2))
    past_a, past_b = inflected(does_a, "past"), inflected(does_b, "past")
    dated = f"in {town}, {a} {past_a} in {early} and {b} {past_b} in {late}"
    held = pick(
        rng,
        (
            f"in {town}, {a} {past_a} before {b} {past_b}",
            f"in {town}, {b} {past_b} later than {a} {past_a}",
            f"in {town}, {a} is older than {b}",
        ),
    )
    broken = pick(
        rng,
        (
            f"in {town}, {b} {past_b} before {a} {past_a}",
            f"in {town}, {a} {past_a} later than {b} {past_b}",
            f"in {town}, {b} is older than {a}",
        ),
    )
    luck = rng.random()
    if luck < 0.35:
        return stronger("two years, which came first", dated, held)
    if luck < 0.7:
        return opposed("two years, which came first turned", dated, broken)
    if luck < 0.85:
        return opposed("two years exchanged", dated, f"in {town}, {a} {past_a} in {late} and {b} {past_b} in {early}")
    return same("two years, order of naming", dated, f"in {town}, {b} {past_b} in {late} and {a} {past_a} in {early}")


def _age(rng: random.Random) -> Relation:
    who, what = draw_name(rng), inflected(pick(rng, entries("time_order", "milestones")), "past")
    born, age = rng.randrange(1890, 1958), rng.randrange(18, 66)
    at = (
        f"{who} {what} at the age of {age}",
        f"{who} was {age} years old and {what} that year",
        f"{who} {what} aged {age}",
    )
    luck = rng.random()
    if luck < 0.3:
        return same("age, said otherwise", at[0], at[2])
    if luck < 0.6:
        return opposed(
            "other age", pick(rng, at[::2]), f"{who} {what} at the age of {pick_other(rng, range(18, 66), age)}"
        )
    dated = f"{who}, who was born on 1 January {born}, {what} in the summer of {born + age}"
    if luck < 0.8:
        return stronger("born and done, age", dated, at[0])
    over = pick_other(rng, range(20, 70, 5), age)
    side = "before" if age < over else "after"
    against = "after" if side == "before" else "before"
    if luck < 0.9:
        return stronger(
            "age, before or after a birthday",
            at[0],
            f"{who} {what} {'before turning' if side == 'before' else 'after turning'} {over}",
        )
    return opposed("age, before or after a birthday turned", at[0], f"{who} {what} {against} turning {over}")


def _length(rng: random.Random) -> Relation:
    what, all_lengths = _placed(rng, pick(rng, entries("time_order", "lasting"))), entries("time_order", "lengths")
    place = int(rng.random() * len(all_lengths))
    equal = split_list(all_lengths[place])
    length = pick(rng, equal)
    says = ("lasted {}", "went on for {}", "took {}", "was over after {}")
    say = pick(rng, says)
    luck = rng.random()
    if luck < 0.25:
        return same(
            "length, said otherwise",
            f"{what} {say.format(length)}",
            f"{what} {pick_other(rng, says, say).format(length)}",
        )
    if luck < 0.5:
        return same("equal lengths", f"{what} {say.format(equal[0])}", f"{what} {say.format(equal[1])}")
    other_place = pick_other(rng, range(len(all_lengths)), place)
    other = pick(rng, split_list(all_lengths[other_place]))
    if luck < 0.7:
        return opposed("other length", f"{what} {say.format(length)}", f"{what} {say.format(other)}")
    held = "longer than" if place > other_place else "shorter than"
    broken = "shorter than" if place > other_place else "longer than"
    if luck < 0.85:
        return stronger("length, longer or shorter", f"{what} {say.format(length)}", f"{what} was {held} {other}")
    return opposed("length, longer or shorter turned", f"{what} {say.format(length)}", f"{what} was {broken} {other}")


def _deadline(rng: random.Random) -> Relation:
    thing, _, done = pick(rng, entries("time_order", "due")).partition(": ")
    plural = thing.endswith("s")
    when = _due_day(rng)
    must = pick(rng, ("must be", "has to be" if not plural else "have to be", "should be"))
    by = (
        f"{thing} {must} {done} by {when}",
        f"{thing} {must} {done} no later than {when}",
        f"{thing} {must} {done} on {when} at the latest",
    )
    luck = rng.random()
    if luck < 0.35:
        return same("deadline, said otherwise", *rng.sample(by, 2))
    if luck < 0.7:
        must_not = pick(rng, ("cannot be", "must not be", "may not be"))
        return opposed(
            "no later than, not before", pick(rng, by), f"{thing} {must_not} {done} until the day after {when}"
        )
    has = "have" if plural else "has"
    deadline = f"the deadline by which {thing} {has} to be {done} is {when}"
    return opposed("other deadline", deadline, deadline.replace(when, _other_due_day(rng, when)))


def _due_day(rng: random.Random) -> str:
    return _date(rng) if rng.random() < 0.6 else pick(rng, vocabulary().lists["weekday"])


def _other_due_day(rng: random.Random, taken: str) -> str:
    """A date for a date and a weekday for a weekday: 5 May may well be a Friday."""
    if not taken[0].isdigit():
        return pick_other(rng, vocabulary().lists["weekday"], taken)
    while (when := _date(rng)) == taken:
        pass
    return when


def _date(rng: random.Random) -> str:
    return f"{rng.randrange(1, 29)} {pick(rng, vocabulary().lists['month'])}"


def _how_often(rng: random.Random) -> Relation:
    scene = draw_scene(rng)
    who = pick(
        rng,
        (
            "the safety committee",
            "the choir",
            "the reading group",
            "the project team",
            "the town band",
            "the supervisory board",
            "the tenants' union",
            "the ward team",
        ),
    )
    does = pick(
        rng,
        ("meets", "publishes a bulletin", "holds a vote", "sees the director", "practises", "inspects the building"),
    )
    where = f" {pick(rng, scene.where)}" if rng.random() < 0.4 else ""
    rates = [tuple(line.split("; ")) for line in entries("time_order", "rates")]
    rate = pick(rng, rates)
    if rng.random() < 0.45:
        return same("how often, said otherwise", f"{who} {does}{where} {rate[0]}", f"{who} {does}{where} {rate[1]}")
    # Who meets every month may meet every week: only rates that are counted exclude each other.
    first, second = (
        f"{who} {does}{where} exactly {counted}".replace("exactly daily", "daily")
        for counted in (rate[1], pick_other(rng, rates, rate)[1])
    )
    return opposed("other rate", first, second)


POINT_RULES: Sequence[Callable[[random.Random], Relation]] = (
    _state_with_an_end, *(_habit,) * 2, *(_tense,) * 2, _term, _dated_deed, _day_of_week, _founded, _age, _length,
    _deadline, _how_often,
)  # fmt: skip
"""As often as they are drawn beside the rules of order."""
