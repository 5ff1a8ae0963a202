"""The card of an adapted model, written from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crossjudge.models.bundle import name_of
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.training.adapting.choosing import KINDS
from crossjudge.training.adapting.comparing import Figures
from crossjudge.training.adapting.outcome import Adaptation

BASE_CARD = "README.base.md"


def write_card(path: Path, base: CrossEncoder, found: Adaptation) -> None:
    """Write `path`; the card of the model that was adapted, if there is one, goes beside it as `BASE_CARD`."""
    had_card = path.is_file()
    licence = _licence_line(path) if had_card else None
    if had_card:
        path.rename(path.with_name(BASE_CARD))
    path.write_text("\n".join(_lines(base, found, licence, had_card)) + "\n", encoding="utf-8")


def _licence_line(path: Path) -> str | None:
    head = path.read_text(encoding="utf-8", errors="replace").splitlines()[:40]
    return next((line for line in head if line.startswith("license:")), None)


def _lines(base: CrossEncoder, found: Adaptation, licence: str | None, had_card: bool) -> Iterator[str]:
    seen = found.comparison
    if licence:
        yield from ("---", licence, "---")
    yield f"# {name_of(base)}, adapted for {found.objective}"
    yield ""
    yield f"The last layer of `{name_of(base)}` (fingerprint `{found.base}`) was fitted to"
    yield f"{found.trained} labelled pairs. Nothing else was changed."
    yield f"Change: {KINDS[found.chosen.kind]} (held back by {found.chosen.penalty})."
    yield ""
    yield "| label | means | pairs |"
    yield "|---|---|---:|"
    for name, count in found.classes.items():
        yield f"| {name} | {' or '.join(found.meanings[name])} | {count:,} |"
    yield ""
    yield f"## Before and after, on {seen.n} pairs held out"
    yield ""
    yield "Nothing was fitted to these pairs nor chosen by them. Intervals are 95%."
    yield ""
    yield "| | accuracy | macro F1 | log loss |"
    yield "|---|---|---:|---:|"
    yield f"| before | {_row(seen.before)} |"
    yield f"| after | {_row(seen.after)} |"
    yield f"| gain | {seen.accuracy_gain} | | {seen.loss_gain} |"
    yield ""
    yield f"{seen.gained} pairs are right only after, {seen.lost} only before. Verdict: {seen.verdict()}."
    yield "Gains are paired bootstrap intervals, pairs that share a first text drawn together where there are many."
    yield "The figures hold for pairs like those of the file, cut to the model's length, and for its mix of labels."
    yield ""
    yield "## Licence and data"
    yield ""
    yield f"The weights derive from `{name_of(base)}`" + (
        f" (`{licence}`)" if licence else " (its licence is not stated)"
    )
    yield "and from the labelled pairs, whose licence whoever adapted it knows: both apply. `adaptation.json` holds"
    yield "64-bit hashes of the pairs and none of their texts."
    if had_card:
        yield f"What the model was before is in [{BASE_CARD}]({BASE_CARD})."


def _row(figures: Figures) -> str:
    return f"{figures.accuracy} | {figures.macro_f1:.3f} | {figures.log_loss:.3f}"
