"""The documentation site: figures as measured, links that lead somewhere, and a strict build that needs nobody else."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from crossjudge import CrossEncoder
from headless_browser import Browser, browser, find_browser

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)[^)]*\)")
FENCED = re.compile(r"^[ ]*```.*?^[ ]*```[ ]*$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    """docs/make_figures.py, which is a script and on nobody's path."""
    spec = importlib.util.spec_from_file_location("make_figures", DOCS / "make_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["make_figures"] = importlib.util.module_from_spec(spec)  # where dataclasses look it up
    spec.loader.exec_module(module)
    return module


def test_every_link_of_a_page_leads_to_something_in_the_repository() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        if not page.name.endswith(".template.md") and page.name != "notes.md"
        for link in LINK.findall(FENCED.sub("", page.read_text("utf-8")))
        if not (page.parent / link).exists()
    ]
    assert not broken


# -------------------------------------------------------------------------------------------------------------- figures


def test_pages_hold_the_figures_of_the_card_and_of_what_was_measured(figures: ModuleType) -> None:
    """After a change of the model: `python docs/make_figures.py --measure`."""
    stale = [path.name for path, text in figures.pages().items() if path.read_text("utf-8") != text]
    assert not stale


def test_what_was_measured_was_measured_on_the_model_in_the_box(figures: ModuleType) -> None:
    """After a change of the model: `python docs/make_figures.py --measure`."""
    assert json.loads(figures.MEASURED.read_text("utf-8"))["fingerprint"] == CrossEncoder().fingerprint


def test_the_words_about_failures_hold_no_result(figures: ModuleType) -> None:
    """Guessing, thresholds and examples may stand there; every result comes from the card or the measurement."""
    may_stand = r"\$\w+|AUC of 0\.5|guessing gives 0\.50|Do not read 0\.9|below 0\.7|rate>0\.5|95% interval"
    written = re.sub(may_stand, "", figures.TEMPLATE.read_text("utf-8"))
    assert not re.findall(r"\d+(?:\.\d+)?%|\b0\.\d+", written)


def test_the_surest_mistakes_are_mistakes_and_the_model_makes_them(figures: ModuleType) -> None:
    found = json.loads(figures.MEASURED.read_text("utf-8"))["failures"]
    assert found
    assert all(one["gold"] != one["label"] for one in found)


# ------------------------------------------------------------------------------------------------------------- the site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a broken link or anchor, or a page outside the navigation, fails."""
    pytest.importorskip("mkdocs", reason="the site is built where MkDocs is installed: pip install --group docs")
    pytest.importorskip("material", reason="the site is built where its theme is installed: pip install --group docs")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_of_docs_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    left_out = {"notes.md", "evaluation.template.md", "known-failures.template.md"}
    pages = [page.relative_to(DOCS) for page in DOCS.rglob("*.md") if page.name not in left_out]
    home = (site / "index.html").read_text("utf-8")
    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []
    assert [page for page in pages if f'href="{page.with_suffix(".html").as_posix()}"' not in home] == []


def test_a_block_that_is_not_run_says_why(site: Path) -> None:
    assert "Not run by the tests. Training takes hours" in (site / "training.html").read_text("utf-8")
    assert re.search(r"<strong>all</strong></td>\s*<td[^>]*><strong>\d+", (site / "tested.html").read_text("utf-8"))


def test_links_that_leave_docs_work_in_the_site(site: Path) -> None:
    assert (site / "repository" / "CHANGELOG.html").is_file()
    assert (site / "repository" / "examples" / "github-actions-evaluation.yml").is_file()
    assert 'href="repository/src/crossjudge/models/embedded/index.html"' in (site / "choosing.html").read_text("utf-8")


def test_a_notebook_is_a_page_with_its_output_and_its_pictures(site: Path) -> None:
    page = (site / "notebooks" / "check-rag-answers.html").read_text("utf-8")
    assert "contradicted" in page
    assert "data:image/png;base64," in page
    assert 'href="check-rag-answers.ipynb"' in page


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.skip("needs Chromium or Chrome on the PATH")
    with browser(executable, tmp_path / "profile") as page:
        yield page


@pytest.mark.full
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["wide and light", "narrow and dark"])
def test_pages_ask_nobody_else_and_fit(site: Path, chromium: Browser, width: int, dark: bool) -> None:
    for name in ("index.html", "uses/checking.html", "known-failures.html", "notebooks/check-rag-answers.html"):
        chromium.open(site / name, width=width, dark=dark)
        assert chromium.run("document.documentElement.scrollWidth") <= width, name
        broken = "[...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src)"
        assert chromium.run(broken) == [], name
        assert chromium.run("getComputedStyle(document.body).getPropertyValue('color-scheme') !== ''"), name
    assert chromium.log == []
    assert [address for address in chromium.requested if not address.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.full
def test_the_search_finds_a_page_without_a_server(site: Path, chromium: Browser) -> None:
    chromium.open(site / "index.html")
    chromium.run("document.querySelector('input[name=query]').focus()")
    chromium.run(
        "(() => { const field = document.querySelector('input[name=query]'); field.value = 'paraphrases';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); field.dispatchEvent(new Event('keyup')); })()"
    )
    found = (
        "new Promise(done => { const look = () => { const one = document.querySelector('.md-search-result__link');"
        " one ? done(one.href) : setTimeout(look, 100); }; look(); })"
    )
    assert chromium.run(found).startswith("file:")
