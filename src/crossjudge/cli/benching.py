"""The measuring behind `crossjudge bench`: the model, what stands beside it, and the bar that shows how far it is."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from crossjudge import CrossEncoder
from crossjudge.benchmark.quick import QuickReport, compare_engines
from crossjudge.benchmark.reference import TITLE, Reference, open_reference, reference_logits
from crossjudge.benchmark.texts import TextPair, mixed_pairs
from crossjudge.benchmark.timing import Predict
from crossjudge.benchmark.tokens import useful_tokens
from crossjudge.cli import machine
from crossjudge.models.parity import Parity, compare_logits

PARITY_PAIRS = 100


def measure(encoder: CrossEncoder, *, budget_s: float, alone: bool, quiet: bool) -> QuickReport:
    """Measure `encoder` and, unless `alone`, sentence-transformers beside it."""
    nothing = Reference(predict=None, remark="measured alone, as asked")
    with _bar(quiet=quiet) as progress, nullcontext(nothing) if alone else open_reference(encoder) as reference:
        measured = compare_engines(
            _engines(encoder, reference), _counter(encoder), budget_s=budget_s, progress=progress
        )
        parity = _parity(encoder, reference)
    return QuickReport(
        model=encoder.name,
        machine=_machine(),
        beside=reference.remark[0].upper() + reference.remark[1:],
        reference=TITLE if reference.predict is not None else None,
        measured=measured,
        parity=parity,
    )


def _engines(encoder: CrossEncoder, reference: Reference) -> dict[str, Predict]:
    """The reference first, if there is one."""
    title = f"crossjudge, {encoder.backend} {encoder.precision}, {encoder.attention.replace('_', '-')}"
    ours: dict[str, Predict] = {title: encoder.logits}
    return ours if reference.predict is None else {TITLE: reference.predict, **ours}


def _counter(encoder: CrossEncoder) -> Callable[[Any], int]:
    def count(pairs: list[TextPair]) -> int:
        return useful_tokens(encoder.tokenizer, pairs, max_length=encoder.max_length)

    return count


def _parity(encoder: CrossEncoder, reference: Reference) -> Parity | None:
    if not reference.same_numbers:
        return None
    pairs = mixed_pairs(PARITY_PAIRS, seed=2)
    return compare_logits(reference_logits(reference, pairs), encoder.logits(pairs))


def _machine() -> dict[str, str]:
    """What the figures belong to."""
    processor = machine.processor()
    has = [name for name, there in (processor.features or {}).items() if there]
    versions = machine.package_versions()
    engines = ("onnxruntime", "openvino", "torch", "tokenizers", "numpy")
    return {
        "processor": processor.name,
        "cores": str(processor.cores),
        "features": ", ".join(has) or "not known",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {versions[name]}" for name in engines if versions.get(name)),
    }


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that vanishes when done."""
    if quiet:
        yield lambda done, total: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("opening sentence-transformers", total=None)
        yield lambda done, total: bar.update(task, description="measuring", completed=done, total=total)
