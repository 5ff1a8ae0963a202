"""What `crossjudge adapt` does and shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from crossjudge.cli.failures import say
from crossjudge.errors import InputError
from crossjudge.files import FileFormat, parse_columns
from crossjudge.models.boxed import EMBEDDED_NAME
from crossjudge.training.adapting import Adaptation, adapt
from crossjudge.training.adapting.choosing import KINDS
from crossjudge.training.adapting.comparing import Figures
from crossjudge.training.adapting.labelled_rows import LabelledRows, read_labelled

_PROBLEMS_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptRequest:
    """What is adapted to what."""

    file: str
    out: Path
    model: str | None
    objective: str | None
    labels: str | None
    label_column: str
    columns: str | None
    file_format: FileFormat | None
    local_files_only: bool


def run(request: AdaptRequest, *, as_json: bool, quiet: bool) -> Adaptation:
    """Adapt, and show what came of it."""
    labels = parse_labels(request.labels)
    rows = read_labelled(
        request.file,
        label_column=request.label_column,
        columns=None if request.columns is None else parse_columns(request.columns),
        file_format=request.file_format,
    )
    _tell_left_out(rows, quiet=quiet)
    model = None if request.model == EMBEDDED_NAME else request.model
    with _bar(quiet) as advance:
        found = adapt(
            rows,
            request.out,
            model=model,
            objective=request.objective,
            labels=labels,
            progress=lambda done, _: advance(done),
            local_files_only=request.local_files_only,
        )
    if as_json:
        print(json.dumps(found.to_dict()))
    elif not quiet:
        _show(found)
    if not found.better:
        say(f"nothing was saved: {_why_not(found)}")
    return found


def parse_labels(text: str | None) -> dict[str, tuple[str, ...]]:
    """`"yes=entailment,no=contradiction+neutral"` -> label in the file -> labels of ours."""
    if text is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        theirs, _, ours = part.partition("=")
        meant = tuple(name.strip() for name in ours.split("+"))
        if not theirs.strip() or not all(meant) or theirs.strip() in found:
            raise InputError(
                f"Reading --labels: found {part!r}; expected THEIRS=OURS once for each label, as in "
                "yes=entailment,no=contradiction+neutral. Correct it."
            )
        found[theirs.strip()] = meant
    return found


def _tell_left_out(rows: LabelledRows, *, quiet: bool) -> None:
    if rows.problems:
        lines = [f"  {problem.why}" for problem in rows.problems[:_PROBLEMS_SHOWN]]
        if len(rows.problems) > len(lines):
            lines.append(f"  and {len(rows.problems) - len(lines)} more")
        say("\n".join([f"{len(rows.problems)} rows are left out:", *lines]))
    if rows.doubled and not quiet:
        say(f"{rows.doubled} rows say what an earlier one said, and count once.")


def _show(found: Adaptation) -> None:
    seen = found.comparison
    print(f"{found.trained} pairs to learn from, {found.held_out} held out; objective {found.objective}")
    print(f"cross-validation chose: {KINDS[found.chosen.kind]}")
    print(f"before: {_figures(seen.before)}")
    print(f"after:  {_figures(seen.after)}")
    print(
        f"gain:   accuracy {seen.accuracy_gain}, log loss {seen.loss_gain}; {seen.gained} pairs won, {seen.lost} lost"
    )
    print(seen.verdict())
    if found.folder is not None:
        print(f"saved: {found.folder}. Use it with: crossjudge judge --model {found.folder} ...")


def _figures(figures: Figures) -> str:
    return f"accuracy {figures.accuracy}, macro F1 {figures.macro_f1:.3f}, log loss {figures.log_loss:.3f}"


def _why_not(found: Adaptation) -> str:
    seen = found.comparison
    if found.chosen.kind == "unchanged":
        return "in cross-validation no change was better than the model as it is. More pairs may show one."
    return (
        f"on {seen.n} held-out pairs the result is {seen.verdict()} (accuracy {seen.accuracy_gain.value:+.3f}, 95% "
        f"interval {seen.accuracy_gain.low:+.3f} to {seen.accuracy_gain.high:+.3f}). Label more pairs, or take a "
        "stronger model."
    )


def _bar(quiet: bool) -> AbstractContextManager[Callable[[int], None]]:
    """A bar on standard error where a person would see it."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(_nothing)
    from crossjudge.cli.progress import row_bar

    return row_bar(None)


def _nothing(_: int) -> None:
    """No bar."""
