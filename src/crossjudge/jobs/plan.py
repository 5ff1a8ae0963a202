"""The plan of a job: a toml file as a frozen `Plan`, with every mistake in it named."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from crossjudge.errors import InputError
from crossjudge.files import PAIR_COLUMNS
from crossjudge.jobs.places import is_url, without_file_scheme
from crossjudge.jobs.task_kinds import KINDS, TaskKind
from crossjudge.settings_file import read_toml

ENGINES = ("local", "ray")
INPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet", "arrow")
OUTPUT_FORMATS = ("parquet", "jsonl")
REPEATS = ("job", "shard")

MODEL_SETTINGS = (
    "path", "backend", "device", "precision", "max_length", "num_labels", "head", "revision", "local_files_only",
    "trust_remote_code", "cache_folder", "premise_cache_bytes",
)  # fmt: skip
"""Arguments of `CrossEncoder` that a plan may state. A token may not: it would stand in the output folder."""

_PLAN = "the plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class InputPlan:
    """Where rows come from. `path`: files, folders, globs or URLs. `format`: what their endings do not say."""

    path: tuple[str, ...]
    format: str | None = None

    def __post_init__(self) -> None:
        _one_of(self.format, (None, *INPUT_FORMATS), "input.format")


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputPlan:
    """Where results go: `path` is a folder, or the URL of one."""

    path: str
    format: str = "parquet"

    def __post_init__(self) -> None:
        _one_of(self.format, OUTPUT_FORMATS, "output.format")


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkPlan:
    """How the work is spread; nothing here but `shard_rows` and `repeats` can change a row of the output.

    `workers`: processes, None for one a core (on a cluster: all it has). `min_workers`: fewest that Ray keeps while it
    scales. `num_threads`, `num_gpus`: of each worker. `shard_rows`: most rows of an output file, None to let the input
    decide. `repeats`: whether what comes again is asked once in the whole "job" or once in each "shard". `max_errors`:
    the job stops when more rows than that have no result. `attempts`: how often a unit of work may cost a worker its
    life.
    """

    workers: int | None = None
    min_workers: int | None = None
    num_threads: int = 1
    num_gpus: float = 0.0
    shard_rows: int | None = None
    repeats: str = "job"
    max_errors: int | None = None
    attempts: int = 3

    def __post_init__(self) -> None:
        _one_of(self.repeats, REPEATS, "work.repeats")
        for name, least, optional in (
            ("workers", 1, True), ("min_workers", 1, True), ("num_threads", 1, False), ("shard_rows", 1, True),
            ("max_errors", 0, True), ("attempts", 1, False),
        ):  # fmt: skip
            value = getattr(self, name)
            if not (_is_count(value, least) or (optional and value is None)):
                raise InputError(
                    f"Reading {_PLAN}: work.{name} is {value!r}; expected a whole number, at least {least}. Correct it."
                )
        if isinstance(self.num_gpus, bool) or not isinstance(self.num_gpus, int | float) or self.num_gpus < 0:
            raise InputError(f"Reading {_PLAN}: work.num_gpus is {self.num_gpus!r}; expected a number of 0 or more.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One job, checked. `columns`: role -> column, as far as stated; `model`: arguments of `CrossEncoder`."""

    task: str
    input: InputPlan
    output: OutputPlan
    engine: str = "local"
    model: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    task_options: Mapping[str, Any] = field(default_factory=dict)
    work: WorkPlan = field(default_factory=WorkPlan)

    def __post_init__(self) -> None:
        _one_of(self.task, tuple(KINDS), "task")
        _one_of(self.engine, ENGINES, "engine")
        _check_names(self.model, MODEL_SETTINGS, "[model]")
        _check_names(self.task_options, self.kind.options, f"[task_options] of {self.task!r}")
        missing = [name for name in self.kind.required if name not in self.task_options]
        if missing:
            raise InputError(
                f"Reading {_PLAN}: the task {self.task!r} needs {missing[0]!r} in [task_options], and it is not there. "
                "State it."
            )

    @property
    def kind(self) -> TaskKind:
        """What its task needs and takes."""
        return KINDS[self.task]

    def with_overrides(self, overrides: Mapping[str, Any]) -> Plan:
        """The plan with another `engine`, or other settings of `[work]`."""
        given = {name: value for name, value in overrides.items() if value is not None}
        engine = given.pop("engine", self.engine)
        _check_names(given, tuple(one.name for one in fields(WorkPlan)), "the settings of [work]")
        return replace(self, engine=engine, work=replace(self.work, **given))

    def identity(self) -> dict[str, Any]:
        """What decides the rows of the output, beside the input itself, as plain JSON values."""
        return {
            "task": self.task,
            "input_format": self.input.format,
            "output_format": self.output.format,
            "model": dict(self.model),
            "columns": dict(self.columns),
            "task_options": dict(self.task_options),
            "shard_rows": self.work.shard_rows,
            "repeats": self.work.repeats,
        }

    def hash(self) -> str:
        """Equal for plans that give the same rows of the same input."""
        return hashlib.blake2b(json.dumps(self.identity(), sort_keys=True).encode(), digest_size=8).hexdigest()


def read_plan(plan: str | Path | Mapping[str, Any] | Plan, overrides: Mapping[str, Any] | None = None) -> Plan:
    """A plan from its file, from the same as a mapping, or as it is. Paths in a file are relative to the file."""
    if isinstance(plan, Plan):
        found = plan
    elif isinstance(plan, Mapping):
        found = _from_content(plan, Path.cwd())
    else:
        found = _from_content(read_toml(Path(plan), _PLAN), Path(plan).resolve().parent)
    return found.with_overrides(overrides or {})


def _from_content(content: Mapping[str, Any], beside: Path) -> Plan:
    _check_names(content, tuple(one.name for one in fields(Plan)), "its top level")
    for name in ("task", "input", "output"):
        if name not in content:
            raise InputError(f"Reading {_PLAN}: {name!r} must be stated, and is not. Add it.")
    tables = {name: _table(content, name) for name in ("input", "output", "model", "columns", "task_options", "work")}
    for name, kind in (("input", InputPlan), ("output", OutputPlan), ("work", WorkPlan)):
        _check_names(tables[name], tuple(one.name for one in fields(kind)), f"[{name}]")
    for name in ("input", "output"):
        if not tables[name].get("path"):
            raise InputError(f"Reading {_PLAN}: [{name}] has no path; expected where to read or write. Add path = ...")
    output = tables["output"] | {"path": _placed(tables["output"]["path"], beside, "output.path")}
    return Plan(
        task=content["task"],
        input=InputPlan(**tables["input"] | {"path": _paths(tables["input"]["path"], beside)}),
        output=OutputPlan(**output),
        engine=content.get("engine", "local"),
        model=_beside(tables["model"], "path", beside),
        columns=_columns(tables["columns"], content["task"]),
        task_options=_beside(tables["task_options"], "calibration", beside),
        work=WorkPlan(**tables["work"]),
    )


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name, {})
    if isinstance(found, Mapping):
        return dict(found)
    raise InputError(f"Reading {_PLAN}: {name} is {found!r}; expected a table. Write [{name}] and its settings below.")


def _paths(path: Any, beside: Path) -> tuple[str, ...]:
    many = path if isinstance(path, Sequence) and not isinstance(path, str) else [path]
    return tuple(_placed(one, beside, "input.path") for one in many)


def _placed(path: Any, beside: Path, where: str) -> str:
    """`path` as it can be opened from any folder; URLs stay as they are."""
    if not isinstance(path, str | Path) or not str(path):
        raise InputError(f"Reading {_PLAN}: {where} is {path!r}; expected the path of a file or folder. Correct it.")
    named = without_file_scheme(str(path))
    return named if is_url(named) else str(beside / Path(named).expanduser())


def _beside(table: dict[str, Any], name: str, beside: Path) -> dict[str, Any]:
    """A setting that may be a path, as one that can be opened from any folder; another name (of a hub) stays."""
    path = table.get(name)
    if isinstance(path, str) and (beside / path).exists():
        return table | {name: str(beside / path)}
    return table


def _columns(columns: Mapping[str, Any], task: Any) -> dict[str, str]:
    """Role -> column; a pair's roles may be called by any of their names (premise and hypothesis, for instance)."""
    _one_of(task, tuple(KINDS), "task")
    kind = KINDS[task]
    aliases = {name: role for names in PAIR_COLUMNS for name, role in zip(names, PAIR_COLUMNS[0], strict=True)}
    spelled = aliases if kind.needs == PAIR_COLUMNS[0] else {}
    named = {spelled.get(role, role): column for role, column in columns.items()}
    _check_names(named, (*kind.needs, *kind.may), f"[columns] of {task!r}")
    for role, column in named.items():
        if not isinstance(column, str) or not column:
            raise InputError(
                f"Reading {_PLAN}: columns.{role} is {column!r}; expected the name of a column. Correct it."
            )
    return named


def _one_of(value: Any, choices: Sequence[str | None], where: str) -> None:
    if value not in choices:
        known = ", ".join(one for one in choices if one is not None)
        raise InputError(f"Reading {_PLAN}: {where} is {value!r}; expected one of {known}. Correct it.")


def _check_names(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Expected {', '.join(known) or 'none'}."
            raise InputError(f"Reading {_PLAN}: {where} has no setting {name!r}. {hint}")


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
