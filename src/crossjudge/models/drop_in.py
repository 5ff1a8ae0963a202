"""What sentence-transformers calls things, now and in older versions, and what they are called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossjudge.errors import InputError

_INIT_NAMES = {
    "model_name": "path",
    "model_name_or_path": "path",
    "default_activation_function": "activation_fn",
    "cache_dir": "cache_folder",
    "automodel_args": "model_kwargs",
    "tokenizer_args": "processor_kwargs",
    "tokenizer_kwargs": "processor_kwargs",
    "config_args": "config_kwargs",
}
_CALL_NAMES = {"sentences": "pairs", "inputs": "pairs", "activation_fct": "activation_fn"}

_NO_EFFECT = frozenset({"num_workers"})
"""Arguments of older versions that the reference, too, takes and ignores."""

_ELSEWHERE = {
    "device": "Pass device=... to CrossEncoder; it runs there.",
    "pool": "One process uses all cores; leave it out.",
    "chunk_size": "It belongs to pools of processes; leave it out.",
    "prompt_name": "Pass the text itself as prompt=...",
}
"""Arguments of `predict` and `rank` that are refused unless they are None, and what to do instead."""

_NESTED = {
    ("processor_kwargs", "model_max_length"): "max_length",
    ("config_kwargs", "num_labels"): "num_labels",
}

_DTYPES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16", "auto": None}

_SPEED_ONLY = frozenset({"attn_implementation", "low_cpu_mem_usage", "provider", "export", "use_safetensors"})
"""Entries of `model_kwargs` that change how fast a model runs or loads, and not what it says."""


def init_arguments(ours: Mapping[str, Any], spelled: Mapping[str, Any]) -> dict[str, Any]:
    """`ours`, completed with what was `spelled` as sentence-transformers' `CrossEncoder(...)` spells it.

    Raises `TypeError` for a name that neither knows, and `InputError` for an argument that was given under two names,
    or a setting that would change the numbers and is not supported.
    """
    theirs = _init_arguments(spelled)
    twice = [name for name in theirs if ours[name] is not None]
    if twice:
        raise InputError(
            f"Loading a model: {twice[0]} was passed under two names ({', '.join(spelled)}). Pass it once."
        )
    return {**ours, **theirs}


def _init_arguments(spelled: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in spelled.items():
        name = _INIT_NAMES.get(name, name)
        if name in ("processor_kwargs", "config_kwargs", "model_kwargs"):
            plain |= _unpacked(name, value or {})
        elif name in _INIT_NAMES.values():
            plain[name] = value
        else:
            raise TypeError(f"CrossEncoder() got an unexpected keyword argument {name!r}")
    return plain


def call_arguments(spelled: Mapping[str, Any], *, method: str) -> dict[str, Any]:
    """Keyword arguments of sentence-transformers' `predict` or `rank` that ours does not name -> those of ours."""
    plain: dict[str, Any] = {}
    for name, value in spelled.items():
        if name in _CALL_NAMES:
            plain[_CALL_NAMES[name]] = value
        elif name in _ELSEWHERE:
            if value is not None:
                raise InputError(f"Scoring pairs: {method}() was given {name}={value!r}. {_ELSEWHERE[name]}")
        elif name not in _NO_EFFECT:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")
    return plain


def _unpacked(group: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in settings.items():
        if (group, name) in _NESTED:
            plain[_NESTED[group, name]] = value
        elif group == "model_kwargs" and name in ("torch_dtype", "dtype"):
            plain["precision"] = _precision(value)
        elif group != "model_kwargs" or name not in _SPEED_ONLY:
            raise InputError(
                f"Loading a model: {group} holds {name!r}, which could change the numbers and is not supported. Leave "
                "it out, or save the model with that setting and load the folder."
            )
    return plain


def _precision(dtype: Any) -> str | None:
    name = str(dtype).removeprefix("torch.")
    if dtype is None:
        return None
    if name not in _DTYPES:
        raise InputError(f"Loading a model: dtype {dtype!r} is not known; expected one of {', '.join(_DTYPES)}.")
    return _DTYPES[name]
