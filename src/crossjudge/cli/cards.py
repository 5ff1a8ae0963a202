"""Model cards as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from crossjudge.cli.terminal import facts, new_console
from crossjudge.models.registry import Card, Recommendation

_RECOMMENDED_SHOWN = 5
_ROOMY = 100


def print_list(cards: Sequence[Card]) -> None:
    """One line for each card."""
    console = new_console()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    # Names stay whole whatever the width: they are there to be copied.
    table.add_column("name", no_wrap=True)
    table.add_column("objective", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    roomy = console.width >= _ROOMY
    if roomy:
        table.add_column("tokens", justify="right", no_wrap=True)
        table.add_column("licence", no_wrap=True)
    for card in cards:
        tokens = "" if card.max_length is None else f"{card.max_length:,}"
        further = (tokens, card.licence) if roomy else ()
        table.add_row(card.name, ", ".join(card.objectives), _size(card), *further)
    console.print(table)
    console.print(f"\n{_models(len(cards))}. `crossjudge models NAME` shows one card in full.", style="dim")


def print_recommended(found: Sequence[Recommendation]) -> None:
    """The best few, each with its reason."""
    console = new_console()
    for place, one in enumerate(found[:_RECOMMENDED_SHOWN], start=1):
        console.print(Text(f"{place}. {one.card.name}", style="bold"))
        console.print(Text(f"   {one.why}"))
        for warning in one.card.not_for:
            console.print(Text(f"   Not for: {warning}", style="dim"))
    rest = len(found) - _RECOMMENDED_SHOWN
    if rest > 0:
        console.print(f"\n{_models(rest)} more; `--json` lists them all.", style="dim")
    if not found:
        console.print("No model meets all the conditions. Leave one out.")


def print_card(card: Card) -> None:
    """Everything that is known of one model."""
    console = new_console()
    rows = [
        ("objective", ", ".join(card.objectives)),
        ("labels, in order", ", ".join(card.labels) or "one score"),
        ("score", card.score_scale),
        ("default activation", card.default_activation or "not known"),
        *([("size", f"{_size(card)} parameters")] if card.parameters is not None else []),
        ("longest pair", "not known" if card.max_length is None else f"{card.max_length:,} tokens"),
        ("licence", card.licence),
        ("languages", ", ".join(card.languages)),
        ("family", card.family),
        *(("use for", use) for use in card.use_for),
        *(("not for", use) for use in card.not_for),
        *(("figure", _figure(card, place)) for place in range(len(card.figures))),
        *(("also called", name) for name in card.aliases),
        *([("superseded by", card.superseded_by)] if card.superseded_by else []),
        *([("not verified", ", ".join(card.unverified))] if card.unverified else []),
    ]
    if card.labels and not card.checkpoint_names_labels:
        rows.insert(2, ("note", "the checkpoint itself calls its labels LABEL_0, LABEL_1; pass --labels in this order"))
    console.print(facts(card.name, rows))


def _figure(card: Card, place: int) -> str:
    figure = card.figures[place]
    doubt = "" if figure.verified else " (quoted, not read at the source)"
    return f"{figure.value:g} {figure.metric} on {figure.set}, from {figure.source}{doubt}"


def _size(card: Card) -> str:
    if card.parameters is None:
        return ""
    return f"{card.parameters / 1e6:,.0f}M" if card.parameters < 1e9 else f"{card.parameters / 1e9:.1f}B"


def _models(number: int) -> str:
    return "1 model" if number == 1 else f"{number} models"
