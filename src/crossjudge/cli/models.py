"""`crossjudge models`: which models are known, what each is for, and which one fits a task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.errors import InputError, UnknownModelError

if TYPE_CHECKING:
    from crossjudge.models.registry import Card, Recommendation

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def models(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this model's card in full.")] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", metavar="NAME", help="nli, similarity, duplicate, relevance or embedding."),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--for", metavar="TASK", help="Recommend for a task said in words, and say why.")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Only cards with this text in name or use.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", metavar="NAME", help="Only this licence, as in apache-2.0.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="Only models for this language, as in de.")
    ] = None,
    max_parameters: Annotated[
        str | None, typer.Option("--max-parameters", metavar="NUMBER", help="At most this many, as in 50M.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
) -> None:
    """List the known models, show one, or find one for a task.

    crossjudge models --for "find duplicate questions"

    crossjudge models --objective nli --licence apache-2.0 --max-parameters 100M
    """
    with reported(debug=debug):
        from crossjudge.models.registry import filter_cards, recommend

        if name is not None:
            _show_one(_card(name), as_json=as_json)
            return
        most = None if max_parameters is None else parse_count(max_parameters)
        cards = filter_cards(objective=objective, text=search, licence=licence, language=language, max_parameters=most)
        if task is None:
            _show_list(cards, as_json=as_json)
        else:
            _show_recommended([found for found in recommend(task) if found.card in cards], as_json=as_json)


def parse_count(text: str) -> int:
    """`"50M"` -> 50,000,000; raises `InputError` for what is no number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kmb]?)", text.strip().replace(",", "").replace("_", "").lower())
    if found is None:
        raise InputError(f"Reading --max-parameters: found {text!r}; expected a number such as 50M or 1500000.")
    return int(float(found[1]) * _UNITS[found[2]])


def _card(name: str) -> Card:
    from crossjudge.models.registry import find_card, near_names

    card = find_card(name)
    if card is None:
        near = near_names(name)
        guess = f"Did you mean {' or '.join(near)}?" if near else "`crossjudge models` lists them all."
        raise UnknownModelError(f"Showing the card of {name!r}: no card has this name. {guess}", path=name, near=near)
    return card


def _show_one(card: Card, *, as_json: bool) -> None:
    if as_json:
        _print_json([asdict(card)])
        return
    from crossjudge.cli.cards import print_card

    print_card(card)


def _show_list(cards: Sequence[Card], *, as_json: bool) -> None:
    if as_json:
        _print_json([asdict(card) for card in cards])
        return
    from crossjudge.cli.cards import print_list

    print_list(cards)


def _show_recommended(found: Sequence[Recommendation], *, as_json: bool) -> None:
    if as_json:
        _print_json([{"objective": one.objective, "why": one.why, "card": asdict(one.card)} for one in found])
        return
    from crossjudge.cli.cards import print_recommended

    print_recommended(found)


def _print_json(rows: Sequence[dict[str, object]]) -> None:
    import json

    for row in rows:
        print(json.dumps(row))
