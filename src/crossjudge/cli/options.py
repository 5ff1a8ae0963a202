"""The options that several commands share: each group is a dataclass, and each of its fields one option."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from crossjudge import CrossEncoder

_MODEL, _INPUT, _OUTPUT = "Model", "Input", "Output"
"""Panels of the help."""


class Backend(StrEnum):
    """What runs the model."""

    AUTO = "auto"
    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCH = "torch"
    FAKE = "fake"


class Precision(StrEnum):
    """The numbers that the model computes with."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"


class Format(StrEnum):
    """How rows stand in a file."""

    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


def option(flags: str, panel: str, text: str, **more: Any) -> Any:
    """One option; `flags` as in `"--model -m"`."""
    return typer.Option(*flags.split(), rich_help_panel=panel, help=text, **more)


class OnlyHere:
    """Marks an option, in its `Annotated`, as one that only a model on this machine can honour."""


ONLY_HERE = OnlyHere()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelOptions:
    """Which model a command uses and how it is run."""

    model: Annotated[
        str | None,
        option("--model -m", _MODEL, "A folder or a hub name; one in the box if left out.", metavar="NAME"),
    ] = None
    backend: Annotated[
        Backend, option("--backend", _MODEL, "What runs the model; fake needs no weights."), ONLY_HERE
    ] = Backend.AUTO
    device: Annotated[
        str | None, option("--device", _MODEL, "cpu, cuda, cuda:1 and so on.", metavar="NAME"), ONLY_HERE
    ] = None
    precision: Annotated[
        Precision | None,
        option(
            "--precision",
            _MODEL,
            "If left out: as shipped (embedded model) or fp32. auto: the fastest that decides as fp32 does.",
        ),
        ONLY_HERE,
    ] = None
    max_length: Annotated[
        int | None,
        option("--max-length", _MODEL, "Most tokens of a pair; the model's own if left out.", min=1),
        ONLY_HERE,
    ] = None
    revision: Annotated[
        str | None, option("--revision", _MODEL, "Branch, tag or commit of a hub model.", metavar="NAME"), ONLY_HERE
    ] = None
    local_files_only: Annotated[
        bool, option("--local-files-only", _MODEL, "Never ask the hub; use what is cached."), ONLY_HERE
    ] = False
    trust_remote_code: Annotated[
        bool, option("--trust-remote-code", _MODEL, "Let the model run Python code of its own."), ONLY_HERE
    ] = False
    # Left out of the repr: what is shown in logs and tracebacks must not hold it. It may come from the environment, so
    # that it says nothing of where the model is.
    token: Annotated[
        str | None, option("--token", _MODEL, "For private hub models.", metavar="TEXT", envvar="HF_TOKEN")
    ] = field(default=None, repr=False)

    @property
    def leaves_choice(self) -> bool:
        """Whether a use may take the model in the box that it wants: none is named, and it runs as stated."""
        from crossjudge.models.boxed import joint_runs

        precision = None if self.precision is None else self.precision.value
        return self.model is None and joint_runs(backend=self.backend.value, precision=precision, device=self.device)

    def cross_encoder(
        self, *, unnamed: str | None = None, head: str | None = None, activation: str | None = None
    ) -> CrossEncoder:
        """Load the model; where none is named, `unnamed` if it runs as stated, or else the embedded one.

        `head`: one of a multi-head model's; `activation`: a name, for `predict`.
        """
        from crossjudge import CrossEncoder

        return CrossEncoder(
            unnamed if self.leaves_choice else self.model,
            backend=self.backend.value,
            device=self.device,
            precision=None if self.precision is None else self.precision.value,
            max_length=self.max_length,
            activation_fn=activation,
            head=head,
            revision=self.revision,
            local_files_only=self.local_files_only,
            trust_remote_code=self.trust_remote_code,
            token=self.token,
        )

    def cross_encoder_for(self, objective: str) -> CrossEncoder:
        """Load the model, with its head for the objective where it has several."""
        encoder = self.cross_encoder()
        if encoder.objective != objective and objective in encoder.checkpoint.heads:
            return self.cross_encoder(head=objective)
        return encoder


@dataclass(frozen=True, kw_only=True, slots=True)
class InputOptions:
    """Where a command's pairs come from, beside its arguments."""

    file: Annotated[
        list[str] | None,
        option("--file -f", _INPUT, "A file of pairs, or - for standard input; may be repeated.", metavar="PATH"),
    ] = None
    text: Annotated[bool, option("--text", _INPUT, "Take every argument as text, even if it names a file.")] = False
    file_format: Annotated[
        Format | None,
        option("--format", _INPUT, "Read files so, whatever their names; standard input is jsonl if left out."),
    ] = None
    columns: Annotated[
        str | None,
        option(
            "--columns", _INPUT,
            "The columns of the two texts, where they are not text_a/text_b, premise/hypothesis, query/document or "
            "sentence1/sentence2.",
            metavar="A,B",
        ),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class UseInputOptions(InputOptions):
    """Where a use's rows come from, beside its arguments."""

    file: Annotated[
        list[str] | None,
        option("--file -f", _INPUT, "A file of rows, or - for standard input; may be repeated.", metavar="PATH"),
    ] = None
    columns: Annotated[
        str | None,
        option("--columns", _INPUT, "The columns of the fields, in order, where they have other names.",
               metavar="A,B"),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputOptions:
    """Where a command's results go, and how much is said beside them."""

    as_json: Annotated[bool, option("--json", _OUTPUT, "One JSON object a line, for programs.")] = False
    output: Annotated[
        str | None,
        option("--output -o", _OUTPUT, "Write there instead: .jsonl, .csv, .tsv (or .gz of these), .parquet.",
               metavar="PATH"),
    ] = None  # fmt: skip
    quiet: Annotated[
        bool, option("--quiet -q", _OUTPUT, "Results and errors only: no progress, warnings or notes.")
    ] = False
    debug: Annotated[bool, option("--debug", _OUTPUT, "Show an error's traceback.")] = False


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """`command` as typer can read it: each parameter that is a group of options becomes the options in it."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    def spread(**given: Any) -> None:
        command(**_gathered(given, groups))

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        group = groups.get(parameter.name)
        found = _fields_of(group) if group else [parameter.replace(annotation=hints[parameter.name])]
        parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in found]
    spread.__name__, spread.__doc__, spread.__module__ = command.__name__, _help(command), command.__module__
    spread.__annotations__ = {one.name: one.annotation for one in parameters}
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return spread


def _help(command: Callable[..., None]) -> str:
    """Its docstring without the breaks of our own lines, which would stay beside those of the terminal's."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


def _fields_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(one.name, kind, default=one.default, annotation=hints[one.name]) for one in fields(group)]


def _gathered(given: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Options put back into their groups."""
    built = {name: group(**{one.name: given[one.name] for one in fields(group)}) for name, group in groups.items()}
    in_groups = {one.name for group in groups.values() for one in fields(group)}
    return built | {name: value for name, value in given.items() if name not in in_groups}
