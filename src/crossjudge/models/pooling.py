"""How a bi-encoder turns token states into one vector, as sentence-transformers saves it in `modules.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from crossjudge.errors import CheckpointError, RemoteCodeError, UnsupportedModelError
from crossjudge.models.activations import canonical_activation
from crossjudge.models.integrity import check_inside, check_safetensors, corrupt, missing, read_json, read_json_list
from crossjudge.models.layout import WEIGHTS, find_layout, no_weights

MODES = ("mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens")

_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The boolean keys of older saves -> the mode each turns on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dense:
    """A linear layer after pooling: `activation(x @ weight.T + bias)`.

    `weights`: a safetensors file with `linear.weight`, float `(out_features, in_features)`, and, where `bias`,
    `linear.bias`, float `(out_features,)`. `activation`: a canonical name (`activations.canonical_activation`).
    """

    in_features: int
    out_features: int
    bias: bool
    activation: str
    weights: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Pooling:
    """Token states `(n_texts, seq_len, hidden_size)` to vectors: pool by `mode`, then `dense`, then normalise.

    `mode` is one of `MODES`. `normalize`: whether the checkpoint itself ends in L2 normalisation.
    """

    mode: str = "mean"
    normalize: bool = False
    dense: tuple[Dense, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One line of `modules.json`: `kind` is the class name's last part, `folder` where its files are."""

    kind: str
    folder: Path


def read_modules(folder: Path, *, trust_remote_code: bool = False) -> list[Module]:
    """The modules of a sentence-transformers folder, in order; `[]` without `modules.json`."""
    path = folder / "modules.json"
    if not path.is_file():
        return []
    modules = [_module(path, entry, trust_remote_code) for entry in read_json_list(path)]
    if not modules or modules[0].kind != "Transformer":
        found = ", ".join(module.kind for module in modules) or "nothing"
        raise UnsupportedModelError(
            f"Loading {folder}: modules.json lists {found}; expected a Transformer first. crossjudge runs "
            "transformer encoders only.",
            path=folder,
        )
    return modules


def _module(path: Path, entry: Mapping[str, Any], trust_remote_code: bool) -> Module:
    kind, inside = entry.get("type"), entry.get("path", "")
    if not isinstance(kind, str) or not isinstance(inside, str):
        raise corrupt(path, f"the entry {dict(entry)!r} lacks a type or a path")
    if inside:
        check_inside(path, [inside])
    if not kind.startswith("sentence_transformers."):
        _refuse_custom(path, kind, trust_remote_code)
    return Module(kind=kind.rpartition(".")[2], folder=path.parent / inside)


def _refuse_custom(path: Path, kind: str, trust_remote_code: bool) -> NoReturn:
    if trust_remote_code:
        raise UnsupportedModelError(
            f"Loading {path.parent}: modules.json names the custom class {kind}, which crossjudge cannot run even with "
            "trust_remote_code=True. Use a checkpoint made of sentence-transformers' own modules.",
            path=path,
        )
    raise RemoteCodeError(
        f"Loading {path.parent}: modules.json names {kind}, which is Python code of the checkpoint's own; expected "
        "sentence-transformers' modules only. Use another checkpoint.",
        path=path,
    )


def read_pooling(folder: Path, modules: Sequence[Module]) -> Pooling:
    """What follows the Transformer in `modules`; mean pooling where there are none, as in the reference."""
    if not modules:
        return Pooling()
    mode: str | None = None
    dense: list[Dense] = []
    normalize = False
    for module in modules[1:]:
        if module.kind == "Pooling" and mode is None:
            mode = _read_mode(module.folder / "config.json")
        elif module.kind == "Dense" and mode is not None and not normalize:
            dense.append(_read_dense(module.folder))
        elif module.kind == "Normalize" and mode is not None:
            normalize = True
        elif module.kind != "Dropout":
            raise _unsupported(folder, [one.kind for one in modules])
    if mode is None:
        raise _unsupported(folder, [one.kind for one in modules])
    return Pooling(mode=mode, normalize=normalize, dense=tuple(dense))


def _unsupported(folder: Path, kinds: Sequence[str]) -> CheckpointError:
    return UnsupportedModelError(
        f"Loading {folder} as a bi-encoder: its modules are {', '.join(kinds)}. crossjudge runs a Transformer, then "
        "one Pooling, then Dense modules, then Normalize. Use sentence-transformers itself for this checkpoint.",
        path=folder,
    )


def _read_mode(path: Path) -> str:
    if not path.is_file():
        raise missing(path, "modules.json lists this Pooling module")
    config = read_json(path)
    mode = config.get("pooling_mode") or [name for flag, name in _FLAGS.items() if config.get(flag)] or "mean"
    modes = [mode] if isinstance(mode, str) else list(mode)
    if len(modes) != 1 or modes[0] not in MODES:
        raise UnsupportedModelError(
            f"Reading {path}: pooling by {' and '.join(map(str, modes))} is not supported; expected one of "
            f"{', '.join(MODES)}. Use sentence-transformers itself for this checkpoint.",
            path=path,
        )
    if not config.get("include_prompt", True):
        raise UnsupportedModelError(
            f"Reading {path}: include_prompt is false, which leaves the prompt's tokens out of the pooling, and that "
            "is not supported. Use sentence-transformers itself for this checkpoint.",
            path=path,
        )
    return str(modes[0])


def _read_dense(folder: Path) -> Dense:
    path = folder / "config.json"
    if not path.is_file():
        raise missing(path, "modules.json lists this Dense module")
    if not (folder / WEIGHTS).is_file():
        raise no_weights(folder, find_layout([one.name for one in folder.iterdir()]))
    config = read_json(path)
    shape = check_safetensors(folder / WEIGHTS).get("linear.weight", ())
    if (
        len(shape) != 2
        or config.get("use_residual")
        or config.get("module_input_name", "sentence_embedding") != "sentence_embedding"
    ):
        raise UnsupportedModelError(
            f"Reading {folder}: this Dense module has a residual connection, another input than the sentence's vector, "
            "or no linear.weight. crossjudge runs plain linear layers on the pooled vector.",
            path=folder,
        )
    activation = canonical_activation(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    if activation is None:
        raise UnsupportedModelError(
            f"Reading {path}: its activation {config['activation_function']!r} is custom code; expected one of "
            "torch's. Use sentence-transformers itself for this checkpoint.",
            path=path,
        )
    return Dense(
        in_features=shape[1],
        out_features=shape[0],
        bias=bool(config.get("bias", True)),
        activation=activation,
        weights=folder / WEIGHTS,
    )
