"""`Errand`: what one route is asked of each of many inputs; and what its answer looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from crossjudge.apps.base import seen
from crossjudge.errors import InputError
from crossjudge.text.tokenization import readable

I = TypeVar("I")  # noqa: E741 - an input
R = TypeVar("R")

WINDOW_CHARS = 2_000
"""About what a model reads at once: a longer text is read in several windows, and takes as much longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand(Generic[I, R]):
    """`doing`: in a word or two, for errors. `many`: the field of the body that holds all inputs.

    `settings`: the other fields, at least one. `plain`: one input and its place -> JSON
    values, or `ItemError`. `pairs`: about how many pairs of short texts the model will judge for it. `result`: what the
    answer holds of each. `fitted_for`: the fingerprint that thresholds among the settings belong to.
    """

    doing: str
    path: str
    many: str
    settings: Mapping[str, Any]
    plain: Callable[[I, int], Any]
    pairs: Callable[[I], int]
    result: type[R]
    fitted_for: str | None = None

    def loads(self, inputs: Iterable[I]) -> list[Load]:
        """Every input, checked and as it goes over the wire."""
        if isinstance(inputs, (str, bytes, Mapping)) or not isinstance(inputs, Iterable):
            raise InputError(
                f"{self.doing}: got {seen(inputs)}; expected a list of inputs. For one, call the use itself."
            )
        given = list(inputs)
        plain = [encoded(self.plain(one, index)) for index, one in enumerate(given)]
        return [Load(body, self.pairs(one)) for body, one in zip(plain, given, strict=True)]

    def body(self, loads: Iterable[Load]) -> bytes:
        """A request for these."""
        head = encoded(self.settings)
        inputs = b",".join(load.body for load in loads)
        return head[:-1] + b"," + encoded(self.many) + b":[" + inputs + b"]}"


@dataclass(frozen=True, slots=True)
class Load:
    """One input: its JSON, and about how many pairs it takes."""

    body: bytes = field(repr=False)
    pairs: int


def windows(*texts: str) -> int:
    """About how many windows these texts are read in together."""
    return 1 + sum(map(len, texts)) // WINDOW_CHARS


def encoded(value: Any) -> bytes:
    """As JSON. Half a character is sent as U+FFFD, which is what a model would read."""
    try:
        return _json(value).encode("utf-8")
    except UnicodeEncodeError:
        return readable(_json(value)).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Asking a server: {error}; expected texts, numbers, lists and mappings. Convert it."
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
