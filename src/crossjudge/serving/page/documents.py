"""`documents`: the playground's two HTML documents, each whole in itself, and the policy that they run under."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

THEME = ("theme.js",)
"""Runs before anything is painted, so that a dark page does not begin with a light one."""

DOOR = ("keys.js", "door.js")

PAGE = (
    "theme.js", "keys.js", "elements.js", "server.js", "requests.js", "pieces.js", "answers.js", "checking.js",
    "uses.js", "links.js", "panels.js", "page.js",
)  # fmt: skip
"""Each may use what stands before it."""


@dataclass(frozen=True, slots=True)
class Documents:
    """`page`: the playground. `door`: what a browser is shown that asks for it without a key. `policy`: of both."""

    page: str
    door: str
    policy: str


@cache
def documents() -> Documents:
    """Both documents; made once, as a server's page does not change while it runs."""
    styles, theme, door, page = _asset("page.css"), _script(THEME), _script(DOOR), _script(PAGE)
    return Documents(
        page=Template(_asset("page.html")).substitute(styles=styles, theme=theme, examples=_examples(), script=page),
        door=Template(_asset("door.html")).substitute(styles=styles, theme=theme, script=door),
        policy=_policy(scripts=(theme, door, page), styles=styles),
    )


def _policy(*, scripts: tuple[str, ...], styles: str) -> str:
    """Our scripts and styles run, byte for byte, and ask this server alone; nothing else does.

    One policy for both documents: the door lets the page in without loading another.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {_hash(styles)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _script(names: tuple[str, ...]) -> str:
    """Files as one script with a scope of its own, so that it may run where another has run before."""
    return "".join(('(() => {\n"use strict";\n', *map(_asset, names), "})();"))


def _examples() -> str:
    """JSON that ends no script element."""
    return json.dumps(json.loads(_asset("examples.json")), ensure_ascii=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
