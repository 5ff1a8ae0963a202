"""What `crossjudge train` and `crossjudge distill` do: settings, what is held out, the run, and what it left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossjudge.cli.failures import say
from crossjudge.errors import MissingExtraError
from crossjudge.extras import require
from crossjudge.models.progress_bar import progress_bar

if TYPE_CHECKING:
    from crossjudge.training import TrainConfig
    from crossjudge.training.measure import Measured

GENERATED = "stress-generated"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Teaching:
    """The arguments of `crossjudge.training.distill`, and which head of the teachers answers."""

    teachers: tuple[str, ...]
    teacher_head: str | None
    head: str | None
    kind: str
    temperature: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRequest:
    """One run. `overrides`: settings in place of the file's. `held_out`: sets to measure on, None for the usual."""

    settings: Path
    overrides: Mapping[str, Any]
    teaching: Teaching | None
    held_out: Sequence[str] | None
    held_out_limit: int


def run(request: TrainingRequest, *, as_json: bool, quiet: bool) -> None:
    """Train, measure, draw, and say where everything is."""
    from crossjudge.training import TrainConfig

    config = TrainConfig.from_toml(request.settings, **request.overrides)
    require("torch", to="train a model")
    from crossjudge.training.held_out import check_measurable, development_sets, write_figures

    sets = list(request.held_out or development_sets(config)) if request.held_out_limit else []
    check_measurable(config, sets)
    if not quiet:
        _announce(config)
    _train(config, request.teaching, quiet=quiet)
    figures = write_figures(config, sets, limit=request.held_out_limit) if sets else []
    left = _curves(config.out, quiet=quiet)
    if as_json:
        print(json.dumps({"folder": str(config.out), **left, "held_out": [one.to_dict() for one in figures]}))
    elif not quiet:
        _tell(config, left, figures)


def held_out_pairs() -> Iterator[tuple[str, str]]:
    """The pairs of the suite that evaluation generates."""
    from crossjudge.evaluation.suite import iter_suite

    return ((pair.text_a, pair.text_b) for pair in iter_suite(GENERATED))


def _train(config: TrainConfig, teaching: Teaching | None, *, quiet: bool) -> None:
    from crossjudge.training.evaluation_pairs import held_out_hashes

    exclude = held_out_hashes(config.data, held_out_pairs()).tolist()
    with _bar("Training", quiet=quiet) as progress:
        if teaching is None:
            from crossjudge.training import train

            train(config, exclude=exclude, progress=progress)
        else:
            _distill(config, teaching, exclude, progress)


def _distill(config: TrainConfig, teaching: Teaching, exclude: Sequence[int], progress: Progress | None) -> None:
    from crossjudge import CrossEncoder
    from crossjudge.training import distill

    distill(
        config,
        [CrossEncoder(name, device=config.device, head=teaching.teacher_head) for name in teaching.teachers],
        kind=teaching.kind,
        temperature=teaching.temperature,
        weight=teaching.weight,
        head=teaching.head,
        exclude=exclude,
        progress=progress,
        # One bar for both stages: it fills once with pairs scored, then anew with steps.
        scoring_progress=progress,
    )


def _bar(title: str, *, quiet: bool) -> AbstractContextManager[Progress | None]:
    return nullcontext() if quiet else progress_bar(title)


def _announce(config: TrainConfig) -> None:
    if step := _last_step(config.out):
        say(f"going on after step {step:,}, the last checkpoint in {config.out}.")
    if config.data is None:
        say("no folder of sets is named: sets come from the hub, and only the pairs of the package's own suites are "
            "left out of training.")  # fmt: skip
    else:
        say(f"reading all development and test sets in {config.data} first, to leave them out of training.")


def _last_step(out: Path) -> int:
    """The step of the last checkpoint of a run that has not ended; 0 where there is none."""
    from crossjudge.training.trainer import CHECKPOINT

    path = out / CHECKPOINT / "progress.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["step"]) if path.is_file() else 0


def _curves(out: Path, *, quiet: bool) -> dict[str, str]:
    """What was made of the run's log: kind -> file."""
    from crossjudge.training.curves import PICTURE, TABLE, draw, read_curve, write_table

    points = read_curve(out)
    left = {"table": str(write_table(points, out / TABLE))}
    try:
        left["picture"] = str(draw(points, out / PICTURE))
    except MissingExtraError as error:
        if not quiet:
            say(f"the curve is in {left['table']} and not drawn: {error}")
    return left


def _tell(config: TrainConfig, left: Mapping[str, str], figures: Sequence[Measured]) -> None:
    print(f"{config.out}: weights, tokenizer, training_record.json and hashes of every training pair")
    print(f"curve: {left.get('picture', left['table'])}")
    for one in figures:
        low, high = one.interval
        asked = " (entailment or not)" if one.two_way else ""
        print(f"{one.name}{asked}: accuracy {one.accuracy:.3f} ({low:.3f} to {high:.3f}), {one.pairs:,} pairs held out")
    if config.attention == "one_way":
        print(f"Make it a model that runs without torch: crossjudge export {config.out} ./model")
    else:
        print(f"Use it with: crossjudge judge --model {config.out} ...")
