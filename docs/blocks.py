"""The code blocks of a page: in which language, whether they are run, and why not where they are not.

A reader of a page sees fenced blocks; a comment on the line before one says what the tests should know:

    <!-- not run: REASON -->    this block is shown only, and the site says why
    <!-- needs: PACKAGE -->     this block is run where the package is installed; several are separated by commas

and anywhere on the page, on a line of its own:

    <!-- with a server -->      a server answers at localhost:8080 while the page is read
    <!-- full tier: REASON -->  running this page takes long

A block with `title="NAME"` behind its language is a file of that name, in the folder where the page's commands run.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent

RUN = frozenset({"python", "console", "sh"})
"""Languages whose blocks are run: Python, the lines of a terminal that begin with `$ `, and whole shell scripts."""

DATA = frozenset({"csv", "dockerfile", "html", "ini", "json", "jsonl", "text", "toml", "yaml"})
"""Languages of what is only read."""

PARTS = frozenset({"evaluation.template.md", "known-failures.template.md", "benchmarks/notes.md"})
"""Files of docs/ that other pages are made of; what they show is run where it stands in the end."""

_BLOCK = re.compile(
    r"^(?P<mark>[ ]*<!-- (?P<kind>not run|needs): (?P<said>[^\n]*?) -->\n)?"
    r"^(?P<indent>[ ]*)(?P<fence>```+)(?P<language>\w*)(?P<about>[^\n]*)\n"
    r"(?P<code>.*?)^(?P=indent)(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
_PAGE_MARK = re.compile(r"^<!-- (with a server|full tier: .*) -->$", re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')
_PROMISE = re.compile(r"^( *print\(.*\)  # )(.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One fenced block. `line`: of its first line of code, from 1. `start`, `end`: of the code in the page's text."""

    language: str
    code: str
    line: int
    start: int
    end: int
    file: str | None = None
    not_run: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether it is something to run, as a language that nobody knows may be; a file is only written."""
        return self.language not in DATA and self.file is None

    @property
    def promised(self) -> list[str]:
        """What the lines `print(...)  # text` say they print."""
        return [match[2] for match in _PROMISE.finditer(self.code)]

    def promising(self, text: str, lines: list[str]) -> str:
        """The page's text with other promises in this block, as many as it has."""
        new = iter(lines)
        code = _PROMISE.sub(lambda match: match[1] + next(new), text[self.start : self.end])
        return text[: self.start] + code + text[self.end :]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page and its blocks, in order."""

    path: Path
    text: str
    blocks: tuple[Block, ...]
    with_server: bool
    full_tier: str | None

    @property
    def name(self) -> str:
        """Its place in the repository, where it is in there."""
        return self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else str(self.path)


def pages() -> list[Page]:
    """README.md, CONTRIBUTING.md, and every page of docs/, whoever wrote it."""
    found = [path for path in sorted(DOCS.rglob("*.md")) if path.relative_to(DOCS).as_posix() not in PARTS]
    return [read_page(path) for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *found)]


def read_page(path: Path) -> Page:
    """One page."""
    text = path.read_text("utf-8")
    marks = _PAGE_MARK.findall(text)
    slow = next((mark.removeprefix("full tier: ") for mark in marks if mark.startswith("full tier")), None)
    return Page(
        path=path,
        text=text,
        blocks=tuple(_blocks(text)),
        with_server="with a server" in marks,
        full_tier=slow,
    )


def commands_in(code: str) -> list[str]:
    """What is typed in a terminal; a line that ends in a backslash goes on in the next."""
    lines = code.replace("\\\n", "").splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def with_reasons_shown(text: str) -> str:
    """A page's text with its marks as words behind the blocks that they stand before."""
    return _BLOCK.sub(_said_behind, text)


def _said_behind(match: re.Match[str]) -> str:
    if match["mark"] is None:
        return match[0]
    said = match["said"][:1].upper() + match["said"][1:]
    where = f"Run by the tests where {match['said']} is installed."
    words = f"Not run by the tests. {said}." if match["kind"] == "not run" else where
    return f"{match[0].removeprefix(match['mark'])}\n\n{match['indent']}{words}\n{match['indent']}{{ .not-run }}\n"


def _blocks(text: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        said, titled = match["said"], _TITLE.search(match["about"])
        yield Block(
            language=match["language"],
            code=textwrap.dedent(match["code"]),
            line=line,
            start=match.start("code"),
            end=match.end("code"),
            file=titled[1] if titled else None,
            not_run=said if match["kind"] == "not run" else None,
            needs=tuple(re.split(r"\s*,\s*", said)) if match["kind"] == "needs" else (),
        )
