"""Dataclasses to plain JSON values and back, the way back read from their type hints."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from crossjudge.errors import InputError

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """`value` as dicts, lists, texts, numbers and None, dataclasses by the names of their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    return [to_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def from_plain(kind: type[T], value: Any) -> T:
    """The `kind` that `to_plain` made `value` of; fields that it does not know are left out.

    `kind`: a dataclass, `list[...]`, `tuple[...]`, `dict[str, ...]`, `... | None`, a `Literal`, or a type of JSON.
    Raises `InputError`, which names the place, where a value is missing or of another type.
    """
    return cast(T, _read(kind, value, ""))


def _read(kind: Any, value: Any, place: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_optional(kind, value, place)
    if origin is Literal:
        return value if value in get_args(kind) else _refuse(f"one of {get_args(kind)}", _kind_of(value), place)
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](get_args(kind), value, place)
    return _read_dataclass(kind, value, place) if is_dataclass(kind) else _read_simple(kind, value, place)


def _read_optional(kind: Any, value: Any, place: str) -> Any:
    if value is None and type(None) in get_args(kind):
        return None
    (other,) = (one for one in get_args(kind) if one is not type(None))
    return _read(other, value, place)


def _read_list(kinds: tuple[Any, ...], value: Any, place: str) -> list[Any]:
    return [_read(kinds[0], one, f"{place}[{n}]") for n, one in enumerate(_checked(list, value, place))]


def _read_tuple(kinds: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    items = _checked(list, value, place)
    if kinds[1:] == (...,):
        return tuple(_read_list(kinds, items, place))
    if len(items) != len(kinds):
        _refuse(f"{len(kinds)} values", f"{len(items)}", place)
    return tuple(_read(one, item, f"{place}[{n}]") for n, (one, item) in enumerate(zip(kinds, items, strict=True)))


def _read_dict(kinds: tuple[Any, ...], value: Any, place: str) -> dict[str, Any]:
    return {name: _read(kinds[1], one, f"{place}[{name!r}]") for name, one in _checked(dict, value, place).items()}


_CONTAINERS: Mapping[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    list: _read_list,
    tuple: _read_tuple,
    dict: _read_dict,
}


def _read_dataclass(kind: Any, value: Any, place: str) -> Any:
    given, found = _checked(dict, value, place), {}
    for name, (hint, needed) in _fields_of(kind).items():
        if name in given:
            found[name] = _read(hint, given[name], f"{place}.{name}")
        elif needed:
            _refuse(f"the field {name!r} of {kind.__name__}", f"the fields {', '.join(given) or 'none'}", place)
    return kind(**found)


@cache
def _fields_of(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Name -> its type, and whether it has to be there."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING) for one in fields(kind)
    }


def _read_simple(kind: Any, value: Any, place: str) -> Any:
    if kind is Any:
        return value
    if kind is float and type(value) is int:
        return float(value)  # JSON has one kind of number
    return _checked(kind, value, place)


def _checked(kind: type[T], value: Any, place: str) -> T:
    """`value`, which must be of that very type: JSON's true is no number."""
    return value if type(value) is kind else cast(T, _refuse(kind.__name__, _kind_of(value), place))


def _kind_of(value: Any) -> str:
    return type(value).__name__


def _refuse(expected: str, seen: str, place: str) -> Any:
    """Names types and fields, and no content: a value may be somebody's text."""
    raise InputError(
        f"Reading a result at {place.removeprefix('.') or 'its top'}: got {seen}; expected {expected}. It was written "
        "by another version, or changed since."
    )
