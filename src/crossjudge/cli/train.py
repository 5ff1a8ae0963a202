"""`crossjudge train` and `crossjudge distill`: settings in, a folder of weights with its record and curves out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crossjudge.cli.failures import reported
from crossjudge.cli.options import option, with_options

_SETTINGS, _TEACHING, _AFTER, _OUTPUT = "Settings", "Teaching", "Afterwards", "Output"

SettingsFile = Annotated[Path, typer.Argument(metavar="SETTINGS", help="A toml file of training settings.")]


TeacherNames = Annotated[
    list[str],
    option(
        "--teacher -t",
        _TEACHING,
        "A cross-encoder: a folder, a hub name or 'embedded'. Several, named one by one, are heard as one.",
        metavar="NAME",
    ),
]


class Attention(StrEnum):
    """How the two texts see each other."""

    ONE_WAY = "one_way"
    JOINT = "joint"


class Kind(StrEnum):
    """What of a teacher's logits is learned."""

    KL = "kl"
    MARGIN_MSE = "margin_mse"


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsOptions:
    """What is used in place of the same setting in the file."""

    base: Annotated[
        str | None, option("--base", _SETTINGS, "The encoder to start from: a folder or hub name.", metavar="NAME")
    ] = None
    data: Annotated[
        Path | None,
        option("--data", _SETTINGS, "Read sets from this folder; the hub if nobody names one.", metavar="FOLDER"),
    ] = None
    out: Annotated[Path | None, option("--out -o", _SETTINGS, "The folder of the run.", metavar="FOLDER")] = None
    weights: Annotated[
        Path | None,
        option(
            "--weights", _SETTINGS, "Train the network of this earlier run further, or 'embedded'.", metavar="FOLDER"
        ),
    ] = None
    attention: Annotated[Attention | None, option("--attention", _SETTINGS, "How the two texts see each other.")] = None
    epochs: Annotated[
        float | None, option("--epochs", _SETTINGS, "Passes over the data, 0.5 for half of one.", metavar="NUMBER")
    ] = None
    learning_rate: Annotated[
        float | None, option("--learning-rate", _SETTINGS, "The highest, after warming up.", metavar="NUMBER")
    ] = None
    batch_size: Annotated[int | None, option("--batch-size", _SETTINGS, "Most pairs of a step.", min=1)] = None
    seed: Annotated[int | None, option("--seed", _SETTINGS, "Decides the order of the data.")] = None
    device: Annotated[str | None, option("--device", _SETTINGS, "cpu, cuda, cuda:1 and so on.", metavar="NAME")] = None
    num_threads: Annotated[int | None, option("--num-threads", _SETTINGS, "CPU threads.", min=1)] = None

    def given(self) -> dict[str, Any]:
        """The settings that were named, by name."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class TeachingOptions:
    """What is learned from a teacher, and how much."""

    teacher_head: Annotated[
        str | None, option("--teacher-head", _TEACHING, "Which head of teachers with several.", metavar="NAME")
    ] = None
    head: Annotated[
        str | None,
        option("--head", _TEACHING, "Which head learns; the first of the settings if left out.", metavar="NAME"),
    ] = None
    kind: Annotated[
        Kind,
        option("--kind", _TEACHING, "kl: the teacher's probabilities. margin_mse: its distances between answers."),
    ] = Kind.KL
    temperature: Annotated[
        float, option("--temperature", _TEACHING, "What logits are divided by for kl.", metavar="NUMBER")
    ] = 2.0
    weight: Annotated[
        float, option("--weight", _TEACHING, "How much the teacher counts, gold counting 1.", metavar="NUMBER")
    ] = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AfterwardsOptions:
    """What is measured when the run has ended, and how much is said."""

    held_out: Annotated[
        list[str] | None,
        option(
            "--held-out", _AFTER,
            "An NLI set to measure on, as in snli.dev; may be repeated. If left out: what the mixture's sets have as "
            "development part in the folder.",
            metavar="SET.SPLIT",
        ),
    ] = None  # fmt: skip
    held_out_limit: Annotated[
        int, option("--held-out-limit", _AFTER, "First pairs of each such set; 0 measures nothing.", min=0)
    ] = 1000
    as_json: Annotated[bool, option("--json", _OUTPUT, "One JSON object, for programs.")] = False
    quiet: Annotated[bool, option("--quiet -q", _OUTPUT, "Errors only: no progress, warnings or notes.")] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


@with_options
def train(settings: SettingsFile, *, instead: SettingsOptions, afterwards: AfterwardsOptions) -> None:
    """Train a cross-encoder as a settings file says. Stopped and started again, it goes on where it was.

    Every pair of a development or test set in the data folder, and of the suites that evaluation comes with, is left
    out of training.

    crossjudge train settings.toml --data ./sets --out ./run
    """
    with reported(debug=afterwards.debug, quiet=afterwards.quiet):
        from crossjudge.cli.training import TrainingRequest, run

        run(
            TrainingRequest(
                settings=settings,
                overrides=instead.given(),
                teaching=None,
                held_out=afterwards.held_out,
                held_out_limit=afterwards.held_out_limit,
            ),
            as_json=afterwards.as_json,
            quiet=afterwards.quiet,
        )


@with_options
def distill(
    settings: SettingsFile,
    *,
    teacher: TeacherNames,
    teaching: TeachingOptions,
    instead: SettingsOptions,
    afterwards: AfterwardsOptions,
) -> None:
    """Train as `crossjudge train` does, one head learning from another cross-encoder's answers too.

    The teacher's answers to all training pairs are kept in the folder of the run, and made once.

    crossjudge distill settings.toml --teacher ./joint-run --data ./sets --out ./student
    """
    with reported(debug=afterwards.debug, quiet=afterwards.quiet):
        from crossjudge.cli.training import Teaching, TrainingRequest, run

        run(
            TrainingRequest(
                settings=settings,
                overrides=instead.given(),
                teaching=Teaching(
                    teachers=tuple(teacher),
                    teacher_head=teaching.teacher_head,
                    head=teaching.head,
                    kind=teaching.kind.value,
                    temperature=teaching.temperature,
                    weight=teaching.weight,
                ),
                held_out=afterwards.held_out,
                held_out_limit=afterwards.held_out_limit,
            ),
            as_json=afterwards.as_json,
            quiet=afterwards.quiet,
        )
