"""`crossjudge compare`: do two backends, precisions or versions of a model decide alike on these texts?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.loading import LoadingOptions
from crossjudge.cli.options import InputOptions, option, with_options

_COMPARING, _OUTPUT = "Comparing", "Output"


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareOptions:
    """What counts as a decision, and what must not be."""

    cut: Annotated[
        float | None,
        option(
            "--cut", _COMPARING,
            "Of models of one output: the logit, or cosine, above which they say yes. If left out: 0, or 0.8.",
            metavar="NUMBER",
        ),
    ] = None  # fmt: skip
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on", _COMPARING,
            "Exit with 1 if this is so, as in 'flips>0.005'. Shares: flips, agreement, and flips_low, flips_high, the "
            "ends of the 95% interval. Others: max_drift, mean_drift, rank_correlation. May be repeated.",
            metavar="EXPRESSION",
        ),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateOptions:
    """Where the certificate goes, and how much is said beside it."""

    as_json: Annotated[bool, option("--json", _OUTPUT, "The certificate as one JSON object, for programs.")] = False
    output: Annotated[
        str | None, option("--output -o", _OUTPUT, "Write the certificate there too, as JSON.", metavar="PATH")
    ] = None
    quiet: Annotated[
        bool, option("--quiet -q", _OUTPUT, "Results and errors only: no progress, warnings or notes.")
    ] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@with_options
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A model: NAME, NAME@BACKEND or NAME@BACKEND/PRECISION.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What may take its place.")],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXTS | FILES", help="Your own texts, or files of pairs; else the stress suite."),
    ] = None,
    *,
    comparing: CompareOptions,
    loading: LoadingOptions,
    source: InputOptions,
    output: CertificateOptions,
) -> None:
    """Certify that two models decide alike: drift of their logits, rank correlation, and every decision that flips.

    A name is a folder, a hub name or 'embedded'; "bi:NAME" is its bi-encoder and "NAME#HEAD" one of its heads.

    crossjudge compare embedded embedded@torch/fp32 pairs.jsonl

    crossjudge compare bi:embedded bi:embedded@onnx --fail-on "flips>0.005" --output certificate.json
    """
    with reported(debug=output.debug, quiet=output.quiet):
        from crossjudge.cli.comparing import Comparing, run

        exit_code = run(
            Comparing(
                sides=(first, second),
                words=tuple(pairs or ()),
                cut=comparing.cut,
                fail_on=tuple(comparing.fail_on or ()),
                output=output.output,
                as_json=output.as_json,
                quiet=output.quiet,
            ),
            loading,
            source,
        )
    raise typer.Exit(exit_code)
