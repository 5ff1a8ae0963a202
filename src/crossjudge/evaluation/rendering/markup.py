"""HTML that is escaped by construction: text becomes `Markup` only through these functions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

_VOID = frozenset({"input", "meta", "br", "col"})


class Markup(str):
    """Finished HTML."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Text as HTML shows it; what is HTML already stays as it is."""
    return text if isinstance(text, Markup) else Markup(escape(text, quote=True))


def tag(name: str, /, *children: str, **attributes: str | bool | None) -> Markup:
    """An element. In an attribute's name `_` stands for `-`, and a last one is dropped (`class_`); True makes it bare,
    False and None leave it out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value, quote=True)}"'


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other, texts among them escaped."""
    return Markup("".join(map(escaped, parts)))


def prose(text: str) -> Markup:
    """A sentence of ours, in which names of models stand between backticks."""
    pieces = text.split("`")
    return joined(tag("code", piece) if place % 2 else piece for place, piece in enumerate(pieces))


def script_json(value: Any) -> Markup:
    """JSON that may stand in a `<script>`: no `<`, so that nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)
