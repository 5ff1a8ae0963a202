"""What the site needs beyond the Markdown in docs/: called by MkDocs, see mkdocs.yml.

* Links that leave docs/ work: what they lead to comes along, under `repository/`.
* `uses/*` in the navigation stands for the pages of that folder; a page that nobody names comes under "More".
* Notebooks are pages.
* A block that the tests do not run says so, and why; `<!-- what is run -->` becomes the account of all blocks, and
  `<!-- all cards -->` the known models.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from blocks import ROOT, pages, with_reasons_shown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from notebook_pages import page_of
from reader import why_not

from crossjudge.models.registry import OBJECTIVES, Card, cards

OUTSIDE = "repository/"
"""Where files from outside docs/ lie in the site, under their path in the repository."""

BROUGHT = ("CHANGELOG.md", "CONTRIBUTING.md", "src/crossjudge/models/embedded/README.md")
"""Pages of the navigation that lie outside docs/."""

HOME = {"README.md": "index.md"}
"""What stands in the site in place of a file."""

NOTEBOOK = ".ipynb"

ACCOUNT, CARDS = "<!-- what is run -->", "<!-- all cards -->"

_LINK = re.compile(r"(\]\()(?!\w+:|#|/)([^)\s#]+)([^)]*\))")
_FENCED = re.compile(r"(^[ ]*```.*?^[ ]*```[ ]*$)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Bring along notebooks as pages, and what pages link to outside docs/; then complete the navigation."""
    for notebook in [file for file in files if file.src_uri.endswith(NOTEBOOK)]:
        source = page_of(Path(str(notebook.abs_src_path)))
        files.append(File.generated(config, notebook.src_uri.removesuffix(NOTEBOOK) + ".md", content=source))
    waiting = [
        *BROUGHT,
        *(path for file in files.documentation_pages() for path in _outside(_in_repository(file), file)),
    ]
    while waiting:
        path = waiting.pop()
        if files.get_file_from_path(OUTSIDE + path) is None and (ROOT / path).is_file() and path not in HOME:
            brought = _brought(path, config)
            files.append(brought)
            waiting += _outside(path, brought)
    config.nav = [*_expanded(config.nav or [], files), *_left_over(config.nav or [], files)]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page's text as the site shows it."""
    text = markdown
    for slot, table in ((ACCOUNT, _account), (CARDS, _cards)):
        text = text.replace(slot, table()) if slot in text else text
    here = _in_repository(page.file)
    shown = with_reasons_shown(text)
    return "".join(
        piece if place % 2 else _LINK.sub(lambda link: _relinked(link, here, page.file.src_uri), piece)
        for place, piece in enumerate(_FENCED.split(shown))
    )


# --------------------------------------------------------------------------------------------------------------- links


def _in_repository(file: File) -> str:
    """A file's path in the repository."""
    return file.src_uri.removeprefix(OUTSIDE) if file.src_uri.startswith(OUTSIDE) else f"docs/{file.src_uri}"


def _in_site(path: str, here: str) -> str:
    """The site's path of a file of the repository; a notebook is its page, save on that page itself."""
    if path in HOME:
        return HOME[path]
    if path.endswith(NOTEBOOK) and path.removesuffix(NOTEBOOK) != here.removesuffix(".md"):
        path = path.removesuffix(NOTEBOOK) + ".md"
    return path.removeprefix("docs/") if path.startswith("docs/") else OUTSIDE + path


def _outside(here: str, file: File) -> Iterator[str]:
    """What a page links to outside docs/, by path in the repository."""
    if not file.is_documentation_page():
        return
    for place, piece in enumerate(_FENCED.split(file.content_string)):
        for link in () if place % 2 else _LINK.finditer(piece):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(here), link[2]))
            if not path.startswith("docs/"):
                yield path


def _relinked(link: re.Match[str], here: str, at: str) -> str:
    """A link from the site's page `at`; in the repository it stands in `here`."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), link[2]))
    return f"{link[1]}{posixpath.relpath(_in_site(path, here), posixpath.dirname(at) or '.')}{link[3]}"


def _brought(path: str, config: MkDocsConfig) -> File:
    file = File.generated(config, OUTSIDE + path, abs_src_path=str(ROOT / path))
    file.inclusion = InclusionLevel.INCLUDED if path in BROUGHT else InclusionLevel.NOT_IN_NAV
    return file


# ---------------------------------------------------------------------------------------------------------- navigation


def _expanded(nav: Iterable[Any], files: Files) -> Iterator[Any]:
    """The navigation with folders in place of stars; a folder without pages is left out."""
    for entry in nav:
        if not isinstance(entry, dict):
            yield entry
            continue
        ((title, inside),) = entry.items()
        if isinstance(inside, list):
            yield {title: list(_expanded(inside, files))}
        elif not inside.endswith("/*"):
            yield entry
        elif found := _pages_in(inside.removesuffix("*"), files):
            yield {title: found}


def _pages_in(folder: str, files: Files) -> list[str]:
    found = [file.src_uri for file in files.documentation_pages() if posixpath.dirname(file.src_uri) + "/" == folder]
    return sorted(found, key=lambda uri: (not uri.endswith("/index.md"), uri))


def _left_over(nav: Iterable[Any], files: Files) -> list[Any]:
    """Pages of docs/ that no entry names."""
    named = set(_named(_expanded(nav, files)))
    rest = [
        file.src_uri
        for file in files.documentation_pages(inclusion=InclusionLevel.is_included)
        if file.src_uri not in named and file.inclusion is not InclusionLevel.NOT_IN_NAV
    ]
    return [{"More": sorted(rest)}] if rest else []


def _named(nav: Iterable[Any]) -> Iterator[str]:
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            (inside,) = entry.values()
            yield from [inside] if isinstance(inside, str) else _named(inside)


# -------------------------------------------------------------------------------------------------------------- blocks


def _account() -> str:
    """A table of all pages: how many blocks of code, how many are run, and why the others are not."""
    rows = ["| page | blocks of code | run | not run, and why |", "|---|---:|---:|---|"]
    total = run = 0
    for page in pages():
        code = [block for block in page.blocks if block.is_code]
        if not code:
            continue
        reasons = [f"line {block.line}: {reason}" for block in code if (reason := why_not(block)) is not None]
        total, run = total + len(code), run + len(code) - len(reasons)
        rows.append(f"| {page.name} | {len(code)} | {len(code) - len(reasons)} | {'; '.join(reasons)} |")
    return "\n".join([*rows, f"| **all** | **{total}** | **{run}** | |"])


# ------------------------------------------------------------------------------------------------------------- models


def _cards() -> str:
    """Every known model that no other supersedes, by objective."""
    parts = []
    for objective in OBJECTIVES:
        rows = [
            "| model | parameters | tokens | licence | languages | a published figure |",
            "|---|---:|---:|---|---|---|",
            *(_card(card) for card in cards() if card.objective == objective and card.superseded_by is None),
        ]
        parts += [f"### {objective}", "\n".join(rows)]
    return "\n\n".join(parts)


def _card(card: Card) -> str:
    size = "" if card.parameters is None else f"{card.parameters / 1e6:,.0f}M"
    tokens = "" if card.max_length is None else f"{card.max_length:,}"
    figure = "".join(f"{one.value:g} {one.metric}, {one.set}" for one in card.figures[:1])
    return f"| `{card.name}` | {size} | {tokens} | {card.licence} | {', '.join(card.languages)} | {figure} |"
