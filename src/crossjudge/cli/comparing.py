"""What `crossjudge compare` does: two models opened, texts streamed through both, the certificate shown and gated."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.text import Text

from crossjudge.cli.failures import BAD_INPUT, GATE_FAILED, say
from crossjudge.cli.inputs import Item, open_source
from crossjudge.cli.loading import LoadingOptions
from crossjudge.cli.options import Backend, InputOptions, Precision
from crossjudge.cli.terminal import facts, new_console, shortened
from crossjudge.errors import InputError
from crossjudge.evaluation.compare import FIGURES, Certificate, Flip, certify
from crossjudge.evaluation.entrants import Opening, find_entrants
from crossjudge.evaluation.gates import Bound, read_bound
from crossjudge.evaluation.subject import Subject
from crossjudge.evaluation.suite import iter_suite
from crossjudge.files import BadRow, Row, json_line
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Pair

SUITE = "stress"
"""The texts of who names none."""

_PROBLEMS_SHOWN = 5
_FLIPS_SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparing:
    """What was asked for: two models as written, the words after them, what must not be, and where the answer goes."""

    sides: tuple[str, str]
    words: tuple[str, ...]
    cut: float | None
    fail_on: tuple[str, ...]
    output: str | None
    as_json: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure of a certificate and a bound: fails where the bound holds."""

    expression: str
    figure: str
    bound: Bound

    def fails(self, certificate: Certificate) -> bool:
        """Whether the certificate is what the expression names."""
        return self.bound.holds(certificate.figures[self.figure])


@dataclass(slots=True)
class _Texts:
    """The pairs of a source, read once; rows that hold none are counted, and the first of them kept to be told."""

    items: Iterable[Item[Pair]]
    several_files: bool
    bad: int = 0
    problems: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Pair]:
        for item in self.items:
            if not isinstance(item.row, BadRow):
                pair = item.row.content
                yield Pair(pair.text_a, pair.text_b, pair.id or self._place(item))
                continue
            self.bad += 1
            if len(self.problems) < _PROBLEMS_SHOWN:
                self.problems.append(str(item.row.error))

    def _place(self, item: Item[Pair]) -> str:
        if item.file is None:
            return f"pair {item.row.line}"
        return f"{item.file} line {item.row.line}" if self.several_files else f"line {item.row.line}"


def run(comparing: Comparing, loading: LoadingOptions, source: InputOptions) -> int:
    """Compare, show, save, and give the exit code."""
    limits = [read_limit(expression) for expression in comparing.fail_on]
    texts, estimate = _texts(comparing.words, source, comparing.output)
    first, second = [read_side(side) for side in comparing.sides]
    reference, other = (_opened(side, loading, comparing.cut) for side in (first, second))
    try:
        with _progress(estimate, quiet=comparing.quiet) as progress:
            certificate = certify(reference, other, texts, progress=progress)
    finally:
        # Also where no row is left: then these are the reason.
        _tell_problems(texts)
    if comparing.output is not None:
        certificate.save(comparing.output)
    if comparing.as_json:
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        print(json_line(certificate.to_dict(), ascii_only=ascii_only))
    else:
        show(certificate)
    failed = [limit for limit in limits if limit.fails(certificate)]
    _tell(certificate, failed, comparing)
    # Bad input outranks a failed gate: where rows are missing, the gate has not been tried on all.
    return BAD_INPUT if texts.bad else GATE_FAILED if failed else 0


def read_limit(expression: str) -> Limit:
    """Read `"flips>0.005"`; raises `InputError` for what is no such thing."""
    found = read_bound(expression)
    if found is None or found[0] not in FIGURES:
        raise InputError(
            f"Reading --fail-on: found {expression!r}; expected FIGURE OP NUMBER with OP one of >, >=, <, <= and "
            f"FIGURE one of {', '.join(FIGURES)}, for example 'flips>0.005'."
        )
    return Limit(expression, *found)


# ------------------------------------------------------------------------------------------------------------- models


@dataclass(frozen=True, slots=True)
class Side:
    """A model as the user wrote it, taken apart."""

    name: str
    backend: str = Backend.AUTO.value
    precision: str | None = None


def read_side(text: str) -> Side:
    """`NAME[@BACKEND[/PRECISION]]`; a folder of that very name is that folder."""
    name, at, engine = text.rpartition("@")
    if not at or Path(text).exists():
        return Side(text)
    backend, slash, precision = engine.partition("/")
    _check("backend", backend, [one.value for one in Backend], text)
    if slash:
        _check("precision", precision, [one.value for one in Precision], text)
    return Side(name, backend, precision or None)


def _check(what: str, seen: str, known: list[str], text: str) -> None:
    if seen not in known:
        raise InputError(
            f"Reading the model {text!r}: its {what} is {seen!r}; expected one of {', '.join(known)}. Write a model as "
            "NAME, NAME@BACKEND or NAME@BACKEND/PRECISION."
        )


def _opened(side: Side, loading: LoadingOptions, cut: float | None) -> Subject:
    opening: Opening = loading.opening(backend=side.backend, precision=side.precision)
    (entrant,) = find_entrants([side.name], opening)
    model = (
        BiEncoder(entrant.path, **opening.of_models)
        if entrant.kind == "bi_encoder"
        else CrossEncoder(entrant.path, head=entrant.head, **opening.of_models)
    )
    return Subject(model, objective=entrant.objective, cut=cut)


# -------------------------------------------------------------------------------------------------------------- texts


def _texts(words: tuple[str, ...], options: InputOptions, output: str | None) -> tuple[_Texts, int | None]:
    """The pairs, and about how many there are, where that is known."""
    if words or options.file:
        found = open_source(words, options)
        _check_not_an_input(output, found.files)
        return _Texts(found.items, several_files=len(found.files) > 1), found.estimate()
    if options.columns or options.file_format or options.text:
        raise InputError(
            "Reading the arguments: --columns, --format and --text say how to read texts or files, and none are named. "
            f"Name some after the two models, or leave the options out to compare on the suite {SUITE!r}."
        )
    shipped = [
        Item(Row(line, Pair(one.text_a, one.text_b, one.id), {})) for line, one in enumerate(iter_suite(SUITE), start=1)
    ]
    return _Texts(shipped, several_files=False), len(shipped)


def _check_not_an_input(output: str | None, files: Iterable[str]) -> None:
    if output is not None and any(
        os.path.exists(name) and os.path.realpath(name) == os.path.realpath(output) for name in files
    ):
        raise InputError(f"Writing {output}: it is also what is read, and would be lost. Name another --output.")


@contextmanager
def _progress(total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where a person would see it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from crossjudge.cli.progress import row_bar

    with row_bar(total) as advance:
        yield advance


# -------------------------------------------------------------------------------------------------------------- shown


def show(certificate: Certificate) -> None:
    """The certificate as people read it: the sentence, the figures, the flips."""
    console = new_console()
    console.print(Text(certificate.sentence), end="\n\n")
    console.print(facts("Figures", _figures(certificate)))
    if not certificate.flips:
        return
    shown = certificate.flips[:_FLIPS_SHOWN]
    rest = certificate.parity.flips - len(shown)
    console.print(Text("\nFlips, those that the first was surest of before the others", style="bold"))
    for flip in shown:
        console.print(_flip(flip, width=console.width))
    if rest:
        console.print(Text(f"  and {rest:,} more", style="dim"))


def _figures(certificate: Certificate) -> list[tuple[str, str]]:
    parity, figures = certificate.parity, certificate.figures
    output = "cosine" if certificate.outputs == ("cosine",) else "logits"
    return [
        ("first", str(certificate.reference)),
        ("", certificate.reference.fingerprint),
        ("second", str(certificate.other)),
        ("", certificate.other.fingerprint),
        ("pairs", f"{parity.n_pairs:,}"),
        ("a decision is", certificate.decided_by),
        ("flips", f"{parity.flips:,}, {figures['flips']:.2%}"),
        ("95% interval", f"{figures['flips_low']:.2%} to {figures['flips_high']:.2%}"),
        (f"drift of {output}", f"{parity.mean_drift:.2g} on average, {parity.max_drift:.2g} at most"),
        ("rank correlation", f"{figures['rank_correlation']:.6f}"),
    ]


def _flip(flip: Flip, *, width: int) -> Text:
    shown = Text(f"  {flip.reference} became {flip.other}", style="bold")
    shown.append(f"  lead {flip.margin:.2g}, drift {flip.drift:.2g}  ", style="not bold")
    shown.append_text(shortened(flip.id or f"pair {flip.place + 1}", most=width // 4)).stylize("dim", len(shown) - 1)
    for text in (flip.text_a, flip.text_b):
        shown.append("\n    ", style="not bold")
        shown.append(shortened(text, most=width - 5).plain, style="not bold")
    return shown


def _tell_problems(texts: _Texts) -> None:
    if not texts.bad:
        return
    lines = [f"  {problem}" for problem in texts.problems]
    if texts.bad > len(lines):
        lines.append(f"  and {texts.bad - len(lines)} more")
    rows = "1 row" if texts.bad == 1 else f"{texts.bad:,} rows"
    say("\n".join([f"{rows} could not be compared:", *lines]))


def _tell(certificate: Certificate, failed: list[Limit], comparing: Comparing) -> None:
    if comparing.quiet:
        return
    if comparing.output is not None:
        say(f"certificate written to {comparing.output}.")
    for limit in failed:
        seen = certificate.figures[limit.figure]
        say(f"{limit.figure} is {seen:.6g}, which is what --fail-on {limit.expression!r} names.")
