"""Model names -> cards (objective, label order, scale, licence, figures), and which model fits a task."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from crossjudge.errors import InputError

NLI_LABELS = frozenset({"contradiction", "entailment", "neutral"})
"""An NLI card names these three, in the order of the model's outputs."""

OBJECTIVES = ("nli", "similarity", "duplicate", "relevance", "embedding")
"""What a model may have been trained for."""

MANY_LANGUAGES = "multilingual"
"""Stands among a card's languages where they are too many to name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One published number: `metric` on `set`, as `source` states it; not `verified` if only a quotation was read."""

    set: str
    metric: str
    value: float
    source: str
    verified: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is known of one published model; `models.toml` explains each field.

    `labels` are by id and empty for one output. `parameters`, `max_length` (tokens) and `default_activation` are None
    where they are not known. `unverified` names the fields that were not read at a source.
    """

    name: str
    family: str
    objective: str
    score_scale: str
    licence: str
    languages: tuple[str, ...]
    use_for: tuple[str, ...]
    not_for: tuple[str, ...]
    labels: tuple[str, ...] = ()
    checkpoint_names_labels: bool = True
    default_activation: str | None = None
    parameters: int | None = None
    max_length: int | None = None
    aliases: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    superseded_by: str | None = None
    unverified: tuple[str, ...] = ()

    @property
    def objectives(self) -> tuple[str, ...]:
        """The main objective, then those of further heads."""
        return (self.objective, *(head for head in self.heads if head != self.objective))

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling that finds this card: full name, aliases, and both without the organisation."""
        full = (self.name, *self.aliases)
        return tuple(dict.fromkeys((*full, *(name.rpartition("/")[2] for name in full))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something people want to do, the objective that does it, and the words that give it away."""

    task: str
    objective: str
    example: str
    keywords: tuple[str, ...]
    families: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """A model that fits a task. `why` is a sentence for the user."""

    objective: str
    card: Card
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """The content of `models.toml`. `objectives`: name -> the question it answers."""

    cards: tuple[Card, ...]
    tasks: tuple[Task, ...]
    objectives: Mapping[str, str]


# ------------------------------------------------------------------------------------------------------------- lookup


def cards() -> tuple[Card, ...]:
    """Every card, in the file's order; the embedded model is the first."""
    return _registry().cards


def find_card(name: str) -> Card | None:
    """The card of a full name, an alias, or either without its organisation, in any case; None if there is none."""
    return _cards_by_name().get(name.strip().casefold())


def near_names(name: str, n: int = 3) -> tuple[str, ...]:
    """At most `n` full names that look like `name`, nearest first; empty if nothing is near."""
    wanted = name.strip().casefold()
    spellings = difflib.get_close_matches(wanted, _cards_by_name(), n=4 * n, cutoff=0.6)
    return tuple(dict.fromkeys(_cards_by_name()[spelling].name for spelling in spellings))[:n]


def filter_cards(
    *,
    objective: str | None = None,
    text: str | None = None,
    licence: str | None = None,
    language: str | None = None,
    max_parameters: int | None = None,
) -> tuple[Card, ...]:
    """The cards that meet every condition given, in the file's order.

    `text`: found in a name, the family or what a card is for, in any case. `language`: a code such as "de"; models of
    many languages are taken to know it. `max_parameters`: cards whose size is not known are left out, save the embedded
    model, which is small. Raises `InputError` for an unknown objective, or a language that is no code.
    """
    if objective is not None and objective not in OBJECTIVES:
        raise InputError(
            f"Listing models: {objective!r} is no objective. Expected one of {', '.join(OBJECTIVES)}; "
            "to go by what you want to do, describe it in words instead."
        )
    if language is not None and not re.fullmatch(r"[A-Za-z]{2,3}", language):
        raise InputError(
            f"Listing models: {language!r} is no language. Expected a code of two or three letters: de, zh."
        )
    return tuple(
        card
        for card in cards()
        if (objective is None or objective in card.objectives)
        and (language is None or not {language.casefold(), MANY_LANGUAGES}.isdisjoint(card.languages))
        and (text is None or text.casefold() in _searched_text(card))
        and (licence is None or licence.casefold() == card.licence.casefold())
        and (max_parameters is None or _size(card) <= max_parameters)
    )


def _searched_text(card: Card) -> str:
    return "\n".join((*card.names, card.family, *card.use_for)).casefold()


def _size(card: Card) -> float:
    return float("inf") if card.parameters is None else card.parameters


@cache
def _cards_by_name() -> dict[str, Card]:
    return {spelling.casefold(): card for card in cards() for spelling in card.names}


# ----------------------------------------------------------------------------------------------------- recommendation


def recommend(task: str) -> tuple[Recommendation, ...]:
    """The models that fit `task`, said in free words, best first.

    The embedded model leads where it has the objective, then the families made for the very task, then small to large;
    superseded models are left out. Raises `InputError`, listing the tasks that are understood, if no objective can be
    made out.
    """
    return tuple(
        Recommendation(objective=match.objective, card=card, why=_why(match, card))
        for match in _matches(task)
        for card in sorted(filter_cards(objective=match.objective), key=lambda card: _preference(match, card))
        if card.superseded_by is None
    )


def _matches(task: str) -> tuple[Task, ...]:
    """The tasks with the highest keyword score; of several with one objective, the first in the file."""
    words = _words(task)
    scores = {entry.task: _keyword_score(entry.keywords, words) for entry in _registry().tasks}
    best = max(scores.values())
    if best == 0:
        raise _not_understood(task)
    winners: dict[str, Task] = {}
    for entry in _registry().tasks:
        if scores[entry.task] == best:
            winners.setdefault(entry.objective, entry)
    return tuple(winners.values())


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9*]+", text.casefold())


def _keyword_score(keywords: Iterable[str], words: list[str]) -> int:
    """The sum over the keywords present of their length in words, squared: a phrase says more than its words."""
    phrases = [[stem.rstrip("*") if stem.endswith("*") else f"{stem} " for stem in _words(key)] for key in keywords]
    ended = [f"{word} " for word in words]
    return sum(len(phrase) ** 2 for phrase in phrases if _contains(ended, phrase))


def _contains(words: list[str], phrase: list[str]) -> bool:
    starts = range(len(words) - len(phrase) + 1)
    return any(all(word.startswith(stem) for word, stem in zip(words[at:], phrase, strict=False)) for at in starts)


_PLACES = {"embedded": 0, "embedded-joint": 1}
"""Models of the box that are named before all others, which stand by their sizes."""


def _preference(task: Task, card: Card) -> tuple[int, bool, float, str]:
    return (_PLACES.get(card.name, len(_PLACES)), card.family not in task.families, _size(card), card.name)


def _why(task: Task, card: Card) -> str:
    need = f"To {task.task}, ask for objective '{task.objective}': {_registry().objectives[task.objective]}?"
    if card.name == "embedded":
        return f"{need} The embedded model does it, offline and without a download."
    size = "" if card.parameters is None else f", {card.parameters / 1e6:,.0f}M parameters"
    figure = "".join(f", {found.value:g} {found.metric} on {found.set}" for found in card.figures[:1])
    return f"{need} {card.name} was trained for it{size}{figure}."


def _not_understood(task: str) -> InputError:
    known = "\n".join(f'  {entry.task}, such as "{entry.example}"' for entry in _registry().tasks)
    return InputError(
        f"Recommending a model: no objective can be made out of {task!r}. Expected words about one of these tasks:\n"
        f"{known}\nSay it in such words, or name an objective: {', '.join(OBJECTIVES)}."
    )


# ------------------------------------------------------------------------------------------------------- reading cards


@cache
def _registry() -> Registry:
    return parse_registry(resources.files("crossjudge.models").joinpath("models.toml").read_text(encoding="utf-8"))


def parse_registry(text: str) -> Registry:
    """Read and check the text of a `models.toml`. Raises `InputError` naming the entry and the field at fault."""
    content = tomllib.loads(text)
    measures, sources = content.get("measures", {}), content.get("sources", {})
    found = tuple(
        _card({**shared, **model}, measures, sources)
        for family in content.get("families", ())
        for shared in [{key: value for key, value in family.items() if key != "models"}]
        for model in family.get("models", ())
    )
    _check_names(found)
    tasks = tuple(_build(Task, entry, f"the task {entry.get('task')!r}") for entry in content.get("tasks", ()))
    for task in tasks:
        _check_choice(task.objective, OBJECTIVES, f"the task {task.task!r}", "objective")
    return Registry(cards=found, tasks=tasks, objectives=content.get("objectives", {}))


def _card(entry: dict[str, Any], measures: Mapping[str, Any], sources: Mapping[str, str]) -> Card:
    where = f"the card {entry.get('name')!r}"
    figures = tuple(_figure(key, value, measures, sources, where) for key, value in entry.get("figures", {}).items())
    card = _build(Card, {**entry, "figures": figures}, where)
    for objective in card.objectives:
        _check_choice(objective, OBJECTIVES, where, "objective")
    for name in card.unverified:
        _check_choice(name, tuple(known.name for known in fields(Card)), where, "unverified")
    if card.objective == "nli" and (set(card.labels) != NLI_LABELS or len(card.labels) != len(NLI_LABELS)):
        raise _fault(where, "labels", card.labels, f"{', '.join(sorted(NLI_LABELS))}, in the order of the outputs")
    return card


def _figure(key: str, value: Any, measures: Mapping[str, Any], sources: Mapping[str, str], where: str) -> Figure:
    _check_choice(key, tuple(measures), where, "figures")
    measure = measures[key]
    _check_choice(measure.get("source"), tuple(sources), f"the measure {key!r}", "source")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _fault(where, f"figures.{key}", value, "a number")
    return _build(Figure, {**measure, "value": float(value), "source": sources[measure["source"]]}, where)


_Entry = TypeVar("_Entry", Card, Figure, Task)

_KINDS: Mapping[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "str | None": (str, "a text"),
    "int | None": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "tuple[str, ...]": (tuple, "a list of texts"),
    "tuple[Figure, ...]": (tuple, "figures"),
}
"""A field's annotation -> the type that its value must have, and that type in words."""


def _build(kind: type[_Entry], entry: Mapping[str, Any], where: str) -> _Entry:
    """A checked dataclass from a toml table: no field unknown, none missing, each of its annotated type."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    known = {spec.name: spec for spec in fields(kind)}
    for key in values:
        _check_choice(key, tuple(known), where, "field")
    for name, spec in known.items():
        if name not in values:
            if spec.default is MISSING:
                raise _fault(where, name, "nothing", "a value")
            continue
        _check_kind(values[name], str(spec.type), where, name)
    return kind(**values)


def _check_kind(value: Any, annotation: str, where: str, name: str) -> None:
    wanted, words = _KINDS[annotation]
    right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if annotation == "tuple[str, ...]":
        right = right and all(isinstance(item, str) for item in value)
    if not right:
        raise _fault(where, name, value, words)


def _check_choice(value: Any, choices: tuple[str, ...], where: str, name: str) -> None:
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise _fault(where, name, value, f"one of {', '.join(choices)}{hint}")


def _check_names(found: tuple[Card, ...]) -> None:
    owners: dict[str, Card] = {}
    for card in found:
        for spelling in card.names:
            other = owners.setdefault(spelling.casefold(), card)
            if other is not card:
                raise _fault(f"the card {card.name!r}", "name", spelling, f"a name that {other.name!r} does not use")
    for card in found:
        if card.superseded_by is not None:
            _check_choice(
                card.superseded_by, tuple(other.name for other in found), f"the card {card.name!r}", "superseded_by"
            )


def _fault(where: str, name: str, seen: object, expected: str) -> InputError:
    return InputError(
        f"Reading models.toml: in {where}, {name!r} is {seen!r}; expected {expected}. Correct that entry."
    )
